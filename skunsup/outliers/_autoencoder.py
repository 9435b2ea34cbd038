"""The autoencoder as an outlier detector."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import keras

from skunsup.models import Autoencoder
from skunsup.outliers._flat import FlatDetector


class AutoencoderDetector(FlatDetector):
    """Outlier detector that scores rows by how well an autoencoder reconstructs them.

    An autoencoder trained on mostly normal rows reconstructs normal rows well and
    others badly [1]_. `score_samples` is minus the reconstruction error,
    `feature_scores` says which columns made it, and a threshold learned from the
    training scores makes `predict`. The parameters but `contamination` are those of
    :class:`Autoencoder`; the input is corrupted by a little Gaussian noise by default,
    which keeps the network from learning to copy whatever it sees [2]_.

    Parameters
    ----------
    contamination : "auto" or float, default="auto"
        A float in (0, 0.5] makes that share of the training rows outliers. "auto" puts
        the threshold where clean data would be flagged at a rate of 1 %; see
        :class:`OutlierDetector`.
    n_components : int, default=None
        Width of the code. None means 16, or what an own `encoder` returns; noise keeps
        a code wider than the data from being a copy.
    hidden_layer_sizes : int or sequence of int, default=(64,)
        Widths of the hidden layers of the encoder; the decoder mirrors them. Empty for
        a linear autoencoder.
    activation : str or callable, default="swish"
        Of the hidden layers: a Keras name or a callable on tensors. Code and output are
        linear.
    loss : str, keras.losses.Loss or callable, default="mean_squared_error"
        Reconstruction loss: a Keras name, an instance, or a callable of (X, output)
        that returns one value a row. With "binary_crossentropy" the output is a
        sigmoid and X must lie in [0, 1], with "poisson" a softplus and X non-negative.
    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        A Keras name, configuration or instance; an instance is copied.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, \
default=0.002
        None means the optimizer's own, 0.001 for Adam. Fits that differ in a constant
        rate share one compiled program.
    weight_decay : float, default=None
        Decoupled weight decay [3]_ of the kernels, not of the biases. None means the
        optimizer's own.
    batch_size : int, default=128
        Rows a step. None, or more than there are rows, takes all rows in one step; 1
        trains on one row at a time.
    epochs : int, default=None
        Passes over the rows, at most. None means 100, or fewer where these would be
        more than 1,000 steps, but at least 5. Where `batch_size` does not divide the
        number of rows, the last minibatch is filled up with rows drawn a second time.
    early_stopping : bool, default=False
        Hold out `validation_fraction` of the distinct rows (or take `X_val` of `fit`),
        stop when their loss no longer falls, and keep the best weights.
    validation_fraction : float, default=0.1
        In (0, 1). Only used with early stopping and without `X_val`.
    n_iter_no_change : int, default=10
        Epochs to wait for a better validation loss.
    tol : float, default=1e-4
        What counts as better, in units of the loss.
    noise : {"gaussian", "masking", "swap"} or None, default="gaussian"
        Corrupt the input in training and learn to restore the clean rows [2]_: add
        Gaussian noise, set cells to 0, or swap cells with another row of the minibatch.
    noise_level : float, default=0.1
        Standard deviation of Gaussian noise in the units of X, or else the probability
        that a cell is hit.
    l1_penalty : float, default=0.0
        Weight of the mean absolute sum of the code in the loss: a sparse autoencoder.
    init : {"random", "pca"}, default="random"
        Where the weights start: Glorot-uniform, or such that the network reconstructs
        the training rows as PCA with `n_components` does, before the first step. "pca"
        needs hidden layers of at least `n_components` units.
    encoder, decoder : keras.Model or callable, default=None
        Own networks for either half: an unfitted Keras model, or a callable that
        returns one. An encoder is called with (n_features, n_components), a decoder
        with (n_components, n_features). They are copied and trained from fresh
        weights, fixed by `random_state`; layers with `trainable=False` keep theirs.
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
    estimator_ : Autoencoder
        The fitted model.
    offset_ : float
        `decision_function` is `score_samples` minus this.
    n_components_ : int
        Width of the code.
    n_iter_ : int
        Epochs run.
    history_ : dict of str to list of float
        One entry an epoch: `loss`, its terms if there are several, `val_loss`.
    model_ : keras.Model
        The network, with `encoder` and `decoder`.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X had string names.

    See Also
    --------
    OutlierDetector : The same around any estimator with `score_samples`.
    Autoencoder : The model as a transformer.

    References
    ----------
    .. [1] Hawkins, He, Williams & Baxter, "Outlier detection using replicator neural
       networks", DaWaK 2002.
    .. [2] Vincent, Larochelle, Lajoie, Bengio & Manzagol, "Stacked denoising
       autoencoders", JMLR 11, 2010.
    .. [3] Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skunsup import AutoencoderDetector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 1)) * [1.0, 2.0, -1.0]
    >>> X += 0.1 * rng.normal(size=X.shape)
    >>> detector = AutoencoderDetector(n_components=1, epochs=30, random_state=0).fit(X)
    >>> detector.predict([[1.0, 2.0, -1.0], [1.0, -2.0, 1.0]])
    array([ 1, -1])
    """

    _model = Autoencoder
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **Autoencoder._parameter_constraints,
        **FlatDetector._own,
    }

    def __init__(
        self,
        contamination: str | float = "auto",
        *,
        n_components: int | None = None,
        hidden_layer_sizes: int | Sequence[int] = (64,),
        activation: str | Callable = "swish",
        loss: str | keras.losses.Loss | Callable = "mean_squared_error",
        optimizer: str | dict | keras.optimizers.Optimizer = "adam",
        learning_rate: Any = 2e-3,
        weight_decay: float | None = None,
        batch_size: int | None = 128,
        epochs: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        noise: str | None = "gaussian",
        noise_level: float = 0.1,
        l1_penalty: float = 0.0,
        init: str = "random",
        encoder: keras.Model | Callable | None = None,
        decoder: keras.Model | Callable | None = None,
        callbacks: Sequence[keras.callbacks.Callback] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.contamination = contamination
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.epochs = epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.noise = noise
        self.noise_level = noise_level
        self.l1_penalty = l1_penalty
        self.init = init
        self.encoder = encoder
        self.decoder = decoder
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
