"""Classification by an adversarial autoencoder, from few labels."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import keras
import numpy as np
from sklearn.base import ClassifierMixin

from skunsup._estimator import FitData
from skunsup._networks import Architecture, Network
from skunsup._sklearn import reals, unchanged_on_error
from skunsup._training import Pairs
from skunsup.inputs import Inputs
from skunsup.models._categorical import CategoricalPrior
from skunsup.models._categorical_estimator import CATEGORICAL, CategoricalEstimator
from skunsup.models._labels import (
    accuracy,
    as_labels,
    check_labels,
    distinct,
    find_classes,
    label_numbers,
)

ONE_CLASS = (
    "y labels rows of {n} class{es} with positive weight, but a classifier needs at "
    "least 2 classes. Give labels of more classes; -1 marks a row without a label."
)


class AAEClassifier(ClassifierMixin, CategoricalEstimator):
    """Classifier that learns from rows with and without a label.

    The encoder of an adversarial autoencoder gives probabilities of classes and a
    continuous code, the style; the decoder makes the row of both. One discriminator
    pushes the probabilities to one-hot draws of the labels, another the styles to a
    normal distribution, on all rows; and the cross-entropy of labelled rows says which
    class is which [1]_. A label of -1 means unknown, as in `sklearn.semi_supervised`
    (strings need an array of dtype object for it), and so does a missing value: None,
    NaN or pandas.NA. Where y holds -1 and 1 and nothing else, both are classes, since
    one class alone leaves nothing to learn.

    Beside each row of a minibatch a labelled one is drawn, so that few labels count as
    much as many. `transform` gives the probabilities with the style behind them, which
    `inverse_transform` decodes; `sample` decodes draws of both. `score` is the
    accuracy. `score_samples` is the logarithm, but for a constant, of the joint density
    of the row x and its style z: log p(z) - n_features loss(x) / (2 e), with p the
    normal distribution and e the mean training loss.

    Parameters
    ----------
    n_components : int, default=None
        Width of the continuous part of the code, the style. None means 2, or what an
        own `encoder` returns beside the classes.
    hidden_layer_sizes : int or sequence of int, default=None
        Widths of the hidden layers of the encoder; the decoder mirrors them. Empty for
        a linear one; None for (128, 64), or what `inputs` finds suitable.
    activation : str or callable, default="relu"
        Of the hidden layers: a Keras name or a callable on tensors.
    loss : str, keras.losses.Loss or callable, default="mean_squared_error"
        Reconstruction loss: a Keras name, an instance, or a callable of (X, output)
        that returns one value a row. With "binary_crossentropy" the output is a
        sigmoid and X must lie in [0, 1], with "poisson" a softplus and X non-negative.
    adversarial_loss : {"non-saturating", "least-squares", "hinge", "wasserstein"}, \
default="non-saturating"
        What discriminators and encoder play for.
    adversarial_weight : float, default=1.0
        Weight of the term by which the encoder fools the discriminators, in units of
        the reconstruction loss, so that it means the same on any scale of X.
    label_weight : float, default=10.0
        Weight of the cross-entropy of labelled rows, in the same units.
    inputs : Images, Sequences, Text, Table, Blocks or None, default=None
        What a row of X is, which chooses networks and likelihood. None for numbers.
    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        A Keras name, configuration or instance; an instance is copied, once for the
        discriminators and once for all else.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, \
default=None
        None means the optimizer's own, 0.001 for Adam. Fits that differ in a constant
        rate share one compiled program.
    discriminator_learning_rate : float or \
keras.optimizers.schedules.LearningRateSchedule, default=None
        Of the discriminators; None means `learning_rate`.
    learning_rate_schedule : {"constant", "cosine"}, default="constant"
        "cosine" lets the learning rate rise over the first fiftieth of the steps and
        fall along half a cosine to nothing, in short pieces of constant rate [4]_.
    weight_decay : float, default=None
        Decoupled weight decay of the kernels, not of the biases. None means the
        optimizer's own.
    n_critic : int, default=1
        Steps of the discriminators for one step of all else.
    gradient_penalty : float, default=None
        Weight of the squared distance from 1 of the norm of a discriminator's
        gradient, between real and generated rows [2]_. None means 10 with the
        Wasserstein loss and 0 with the others.
    spectral_normalization : bool, default=True
        Whether the discriminators' own layers are divided by their spectral norms
        [3]_; not those of an own `discriminator`.
    batch_size : int, default=32
        Rows a step. None, or more than there are rows, takes all rows in one step.
    epochs : int or None, default=100
        Passes over the rows, at most; None for as many as `max_steps` takes.
    max_steps : int, default=None
        Minibatches to train on, at most, for a length that suits few rows and many
        alike; the last epoch may be cut short. None means no limit.
    early_stopping : bool, default=False
        Hold out `validation_fraction` of the distinct rows (or take `X_val` of `fit`),
        stop when their loss no longer falls, and keep the best weights. The loss is
        that of reconstruction.
    validation_fraction : float, default=0.1
        In (0, 1). Only used with early stopping and without `X_val`.
    n_iter_no_change : int, default=10
        Epochs to wait for a better validation loss.
    tol : float, default=1e-4
        What counts as better, in units of the validation loss.
    noise : {"gaussian", "masking", "swap"} or None, default="gaussian"
        Corrupt the input in training and learn to restore the clean rows: add Gaussian
        noise, set cells to 0, or swap cells with another row of the minibatch.
    noise_level : float, default=0.5
        Standard deviation of Gaussian noise in the units of X, or else the probability
        that a cell is hit.
    encoder, decoder : keras.Model or callable, default=None
        Own networks for either half: an unfitted Keras model, or a callable that
        returns one. An encoder is called with (n_features, n_classes + n_components)
        and returns logits with the style behind them, a decoder is called with
        (n_classes + n_components, n_features). They are copied and trained from fresh
        weights, fixed by `random_state`; layers with `trainable=False` keep theirs.
    discriminator : keras.Model or callable, default=None
        Own network from styles to hidden features, on which a linear unit is put: an
        unfitted Keras model, or a callable of (n_inputs, None) that returns one.
        Treated as `encoder` and `decoder`.
    category_discriminator : keras.Model or callable, default=None
        Own network in the same way for the classes.
    discriminator_layer_sizes : int or sequence of int, default=None
        Widths of the hidden layers of each discriminator; None means
        `hidden_layer_sizes`.
    callbacks : list of keras.callbacks.Callback, default=None
        Copied before use; the used copies are in `callbacks_`. Hooks of minibatches are
        called once for each compiled block of minibatches.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights and the optimizer state of the last call.
    random_state : int, RandomState instance or None, default=None
        Fixes weights, minibatches and noise. An int gives equal results, to the bit, in
        every call on one machine and backend.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, in order.
    class_prior_ : ndarray of shape (n_classes,)
        Share of each class among labelled rows when training began; `sample` draws
        classes by it.
    n_components_ : int
        Width of the whole code, classes and style.
    n_iter_ : int
        Epochs run.
    history_ : dict of str to list of float
        One entry an epoch: `loss`, the sum of its terms `reconstruction`,
        `discriminator`, `adversarial` and `classification` (weighted); `accuracy_real`
        and `accuracy_fake`, the shares of normal draws and of styles that the
        discriminator tells (0.5 is a draw, 1 means the encoder has lost),
        `category_accuracy_real` and `category_accuracy_fake` of the other one;
        `spread`, the standard deviation of styles relative to the prior's; `usage`, the
        perplexity of the classes in a minibatch relative to that of equal shares; and
        `val_loss` if rows were held out.
    model_ : keras.Model
        The network, with its parts as attributes.
    callbacks_ : list of keras.callbacks.Callback
        The copies of `callbacks` that were called in the last fit.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X had string names.

    Warns
    -----
    ConvergenceWarning
        If the styles lost nearly all of their variance in the course of training.

    See Also
    --------
    AAEClustering : The same network without labels.
    sklearn.semi_supervised.SelfTrainingClassifier : Labels for a supervised classifier.

    References
    ----------
    .. [1] Makhzani, Shlens, Jaitly, Goodfellow & Frey, "Adversarial autoencoders",
       arXiv:1511.05644, 2015, section 4.
    .. [2] Gulrajani, Ahmed, Arjovsky, Dumoulin & Courville, "Improved training of
       Wasserstein GANs", NeurIPS 2017.
    .. [3] Miyato, Kataoka, Koyama & Yoshida, "Spectral normalization for generative
       adversarial networks", ICLR 2018.
    .. [4] Loshchilov & Hutter, "SGDR: Stochastic gradient descent with warm restarts",
       ICLR 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skunsup import AAEClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> X = StandardScaler().fit_transform(X)
    >>> known = np.where(np.arange(150) % 10 == 0, y, -1)
    >>> model = AAEClassifier(epochs=30, random_state=0).fit(X, known)
    >>> model.classes_
    array([0, 1, 2])
    >>> bool(model.score(X, y) > 0.8)
    True
    """

    classes_: np.ndarray
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **CATEGORICAL,
        "label_weight": [reals(0, None, "neither")],
    }

    def __init__(
        self,
        n_components: int | None = None,
        *,
        hidden_layer_sizes: int | Sequence[int] | None = None,
        activation: str | Callable = "relu",
        loss: str | keras.losses.Loss | Callable = "mean_squared_error",
        adversarial_loss: str = "non-saturating",
        adversarial_weight: float = 1.0,
        label_weight: float = 10.0,
        inputs: Inputs | None = None,
        optimizer: str | dict | keras.optimizers.Optimizer = "adam",
        learning_rate: Any = None,
        discriminator_learning_rate: Any = None,
        learning_rate_schedule: str = "constant",
        weight_decay: float | None = None,
        n_critic: int = 1,
        gradient_penalty: float | None = None,
        spectral_normalization: bool = True,
        batch_size: int | None = 32,
        epochs: int | None = 100,
        max_steps: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        noise: str | None = "gaussian",
        noise_level: float = 0.5,
        encoder: keras.Model | Callable | None = None,
        decoder: keras.Model | Callable | None = None,
        discriminator: keras.Model | Callable | None = None,
        category_discriminator: keras.Model | Callable | None = None,
        discriminator_layer_sizes: int | Sequence[int] | None = None,
        callbacks: Sequence[keras.callbacks.Callback] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.adversarial_loss = adversarial_loss
        self.adversarial_weight = adversarial_weight
        self.label_weight = label_weight
        self.inputs = inputs
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.discriminator_learning_rate = discriminator_learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.weight_decay = weight_decay
        self.n_critic = n_critic
        self.gradient_penalty = gradient_penalty
        self.spectral_normalization = spectral_normalization
        self.batch_size = batch_size
        self.epochs = epochs
        self.max_steps = max_steps
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.noise = noise
        self.noise_level = noise_level
        self.encoder = encoder
        self.decoder = decoder
        self.discriminator = discriminator
        self.category_discriminator = category_discriminator
        self.discriminator_layer_sizes = discriminator_layer_sizes
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self, X: Any, y: Any = None, *, sample_weight: Any = None, X_val: Any = None
    ) -> Self:
        """Train on `X` and on the labels that are known.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Training rows, on a scale near 1.
        y : array-like of shape (n_samples,)
            Labels; -1, None, NaN or pandas.NA for unknown.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative. A row of weight 2 is the same as that row twice, a row of
            weight 0 as none, exactly.
        X_val : array-like of shape (n_val, n_features), default=None
            Rows to judge epochs by, instead of a fraction held out of `X`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data, a parameter or their combination cannot be used, fewer than two
            classes have a label, or the loss is not finite in the first epoch. The
            estimator is then as it was before.
        """
        with unchanged_on_error(self):
            y = check_labels(y, type(self).__name__)
            going_on = self.warm_start and hasattr(self, "classes_")
            self.classes_ = self.classes_ if going_on else _several(find_classes(y))
            return super().fit(X, y, sample_weight=sample_weight, X_val=X_val)

    def partial_fit(
        self, X: Any, y: Any = None, classes: Any = None, *, sample_weight: Any = None
    ) -> Self:
        """Train on one more batch of a stream: one pass over `X`.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            At least one row.
        y : array-like of shape (n_samples,)
            Labels, for unknown ones as in `fit`; in the first call of two classes at
            least.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come, for the first call. None means those in its
            `y`.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            As in `fit`, and if `X` has other columns than before, or `y` or `classes`
            other labels.
        """
        with unchanged_on_error(self):
            y = check_labels(y, type(self).__name__)
            self.classes_ = self._classes_of_stream(y, classes)
            return super().partial_fit(X, y, sample_weight=sample_weight)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Give the probabilities that the encoder sees.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Rows like those of `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64
            Sums to 1 in each row. Adversarial training pushes it towards 0 and 1, so it
            is more certain than it is right.
        """
        return self._probabilities(X)

    def predict(self, X: Any) -> np.ndarray:
        """Find the most probable class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Rows like those of `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
            Of `classes_`.
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:  # type: ignore[override]
        """Return the accuracy of `predict` on rows whose label is not missing.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Rows like those of `fit`.
        y : array-like of shape (n_samples,)
            Their true labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        float
            Share of rows, in [0, 1].
        """
        return accuracy(y, self.predict(X), sample_weight)

    def _classes_of_stream(self, y: np.ndarray, classes: Any) -> np.ndarray:
        """Return the classes, known before, given, or in the first batch."""
        known = getattr(self, "classes_", None)
        if classes is None:
            return _several(find_classes(y)) if known is None else known
        given = distinct(as_labels(classes))
        if known is not None and not np.array_equal(given, known):
            raise ValueError(
                f"classes={given.tolist()}, but the first call had {known.tolist()}. "
                "Leave classes out, or call fit to start anew."
            )
        return _several(given)

    def _categories(self) -> int:
        return len(self.classes_)

    def _weights(self) -> dict[str, float]:
        return {"label_weight": float(self.label_weight)}

    def _labels(self, y: Any, n: int) -> np.ndarray | None:
        return label_numbers(y, self.classes_, n)

    def _start_values(
        self,
        architecture: Architecture,
        network: Network,
        data: FitData,
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        assert isinstance(data.sample, Pairs)
        shares = data.sample.shares(self._categories())
        n = np.count_nonzero(shares)
        if n < 2:
            raise ValueError(ONE_CLASS.format(n=n, es="" if n == 1 else "es"))
        self.class_prior_ = shares
        return architecture.initial_values(network, rng)

    def _prior(self) -> CategoricalPrior:
        return CategoricalPrior(self.n_components_, tuple(self.class_prior_))


def _several(classes: np.ndarray) -> np.ndarray:
    if len(classes) < 2:
        raise ValueError(ONE_CLASS.format(n=len(classes), es=""))
    return classes
