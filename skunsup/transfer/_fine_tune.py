"""Fine-tuning: a fitted encoder as the start of a classifier or regressor."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from skunsup.transfer._encoder import fitted_encoder

TASKS = ("classification", "regression")


def fine_tune(
    fitted: Any,
    *,
    task: str = "classification",
    head_layer_sizes: int | Sequence[int] = (),
    activation: str | Callable = "relu",
    freeze: bool = False,
    loss: str | keras.losses.Loss | Callable | None = None,
    metrics: Sequence[Any] | None = None,
    optimizer: str | dict | keras.optimizers.Optimizer = "adam",
    learning_rate: Any = None,
    batch_size: int | None = 32,
    epochs: int = 50,
    validation_split: float = 0.0,
    callbacks: Sequence[keras.callbacks.Callback] | None = None,
    class_weight: dict | str | None = None,
    warm_start: bool = False,
    random_state: Any = None,
    verbose: int = 0,
) -> Any:
    """Make a classifier or regressor that starts from the encoder of a fitted model.

    A model trained on many rows without labels gives a network for few rows with
    labels a head start [1]_. The network is a copy of the encoder and a head; Keras's
    own `fit` trains it, through scikeras.

    Parameters
    ----------
    fitted : estimator
        Fitted model with an encoder, such as :class:`Autoencoder`, or a detector around
        one; of a pipeline, its last step. What is taken are the numbers that
        `transform` gives: of :class:`VariationalAutoencoder` the means. It is copied;
        what becomes of `fitted` later changes nothing.
    task : {"classification", "regression"}, default="classification"
        What y holds.
    head_layer_sizes : int or sequence of int, default=()
        Widths of hidden layers between code and output. Empty for none: with a frozen
        encoder this is logistic or linear regression on codes.
    activation : str or callable, default="relu"
        Of these layers.
    freeze : bool, default=False
        Whether the encoder keeps its weights, and only the head is trained.
    loss : str, keras.losses.Loss or callable, default=None
        None means cross-entropy for classes and the squared error for numbers. A loss
        for classes sees their numbers and a softmax.
    metrics : list of str or keras.metrics.Metric, default=None
        What Keras shall record beside the loss.
    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        A Keras name, configuration or instance; an instance is copied.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, \
default=None
        None means the optimizer's own, 0.001 for Adam.
    batch_size : int, default=32
        Rows a step; None for all. Where it does not divide the number of rows, the last
        minibatch is filled up with rows drawn a second time.
    epochs : int, default=50
        Passes over the rows.
    validation_split : float, default=0.0
        Share of the distinct rows, in [0, 1), that is drawn to be held out and judged
        after each epoch, which callbacks such as `EarlyStopping` can watch.
    callbacks : list of keras.callbacks.Callback, default=None
        Copied before use; the used copies are in `callbacks_`.
    class_weight : dict or "balanced", default=None
        Weight of each class, for classification, as scikit-learn has it. An epoch draws
        as many rows as without.
    warm_start : bool, default=False
        Whether `fit` goes on from the last call instead of from the encoder.
    random_state : int, RandomState instance or None, default=None
        Fixes the head's first weights and the minibatches. No global seed is set.
    verbose : int, default=0
        As Keras has it.

    Returns
    -------
    KerasClassifier or KerasRegressor
        Unfitted estimator, a subclass of scikeras's with `fit`, `partial_fit`,
        `predict`, `score`, for classes `predict_proba`, and after `fit` `classes_`,
        `history_` and `model_`. A search reaches `model__freeze`,
        `model__head_layer_sizes`, `model__activation`, `optimizer`,
        `optimizer__learning_rate` and other arguments of the optimizer, `batch_size`,
        `epochs`. `classes_` are the labels that `fit` has seen: where a fold of a
        cross-validation lacks one, it cannot be predicted, and `score` counts its rows
        as told wrong. A row whose label is None, NaN or pandas.NA is left out; -1 is a
        class like any other.

    Raises
    ------
    TypeError
        If `fitted` has no encoder.
    ValueError
        If `fitted` is not fitted, or `task` is another word.

    See Also
    --------
    Autoencoder : Learns encoders from rows without labels.
    AAEClassifier : Learns from rows with and without labels together.
    PretrainedFeatures : Features from networks that others have trained.

    Notes
    -----
    The first call imports scikeras. What that import does to Keras, replacing how its
    models are copied and pickled, is undone. The estimators pass scikit-learn's checks
    but for two on how classes of scikeras are made: they define `_more_tags`, and
    inherit `BaseEstimator` before `ClassifierMixin`.

    References
    ----------
    .. [1] Hinton & Salakhutdinov, "Reducing the dimensionality of data with neural
       networks", Science 313, 2006.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skunsup import Autoencoder, fine_tune
    >>> X, y = load_digits(return_X_y=True)
    >>> encoder = Autoencoder(16, epochs=20, random_state=0).fit(X / 16)
    >>> classifier = fine_tune(encoder, epochs=40, random_state=0)
    >>> classifier.fit(X[:200] / 16, y[:200]).score(X[200:] / 16, y[200:]) > 0.8
    True
    """
    if task not in TASKS:
        raise ValueError(f"task={task!r}, but expected one of {', '.join(TASKS)}.")
    encoder = fitted_encoder(fitted)
    # Only here, since it imports scikeras.
    from skunsup.transfer._tuned import FineTunedClassifier, FineTunedRegressor

    params: dict[str, Any] = {
        "model__freeze": freeze,
        "model__head_layer_sizes": head_layer_sizes,
        "model__activation": activation,
        "loss": loss,
        "metrics": metrics,
        "optimizer": optimizer,
        "optimizer__learning_rate": learning_rate,
        "batch_size": batch_size,
        "epochs": epochs,
        "validation_split": validation_split,
        "callbacks": callbacks,
        "warm_start": warm_start,
        "random_state": random_state,
        "verbose": verbose,
    }
    if task == "classification":
        return FineTunedClassifier(encoder, class_weight=class_weight, **params)
    if class_weight is not None:
        raise ValueError(
            f"class_weight={class_weight!r} is for task='classification', but "
            "task='regression'. Give sample_weight to fit."
        )
    return FineTunedRegressor(encoder, **params)
