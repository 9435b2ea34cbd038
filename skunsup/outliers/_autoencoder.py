"""The autoencoder as an outlier detector."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import keras

from skunsup._sklearn import StrOptions, integers, reals
from skunsup._training import Members
from skunsup.inputs import Inputs
from skunsup.models import Autoencoder
from skunsup.outliers._flat import MAX_SAMPLES, FlatDetector


class AutoencoderDetector(FlatDetector):
    """Outlier detector by what autoencoders leave unexplained, and by neighbours.

    An autoencoder trained on mostly normal rows reconstructs normal rows well and
    others badly [1]_, but now and then a row far from all others well too. So a row is
    scored by both what several small autoencoders leave unexplained and the distance to
    its neighbours: `score_samples` is minus that, `feature_scores` says which columns
    made it, and a threshold learned from the training scores makes `predict`. The
    parameters from `n_components` on are those of :class:`Autoencoder`; the input is
    corrupted by a little Gaussian noise by default, which keeps the networks from
    learning to copy whatever they see [2]_.

    Parameters
    ----------
    contamination : "auto" or float, default="auto"
        A float in (0, 0.5] makes that share of the training rows outliers. "auto" puts
        the threshold where clean data would be flagged at a rate of 1 %; see
        :class:`OutlierDetector`.
    score_by : {"hybrid", "residual", "neighbors", "reconstruction"}, default="hybrid"
        What makes a row an outlier. "residual": the Mahalanobis distance of what the
        network leaves unexplained [5]_. "neighbors": the distance to neighbour number
        `n_neighbors` among at most 1,000 training rows (3,000 with `novelty`) [6]_, by
        columns in standard deviations, or as normal scores where their tails are heavy.
        "hybrid": the geometric mean of these two, in which neighbours weigh three
        times as much.
        "reconstruction": minus the score of :class:`Autoencoder`, the error
        of reconstruction.
    novelty : bool, default=False
        Whether the training rows are known to be normal, as in scikit-learn's
        LocalOutlierFactor. It sets what None means for `trim` and `n_neighbors`. Either
        way new rows can be scored, and a training row is never its own neighbour.
    trim : float, default=None
        Share in [0, 0.5] of the training rows, those with the highest scores, to leave
        out when the score is fitted. None means 0.2, or 0 with `novelty`.
    n_neighbors : int or float, default=None
        Number of the neighbour, or a share in (0, 1) of the rows to look among. None
        means 0.03, or 1 with `novelty`.
    n_estimators : int, default=4
        Networks to train side by side in one program. Each but the first has narrower
        layers than the one before, down to half; scores are means over networks. On
        TensorFlow and JAX an even number from 4 up is trained on two cores, unless
        `OMP_NUM_THREADS` says otherwise; the result is the same.
    max_samples : float, default=None
        Share in (0, 1] of the rows that each of several networks trains on. Below 1, a
        training row is judged by the networks that did not see it [7]_, so that its
        score compares with those of new rows. None means 1, or 0.5 with `novelty`.
    max_features : float, default=1.0
        Share in (0, 1] of the columns that the encoder of each of several networks
        sees; all have to be reconstructed.
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
    inputs : Images, Sequences, Text, Table, Blocks or None, default=None
        What a row of X is, which chooses networks and likelihood. None for numbers.
    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        A Keras name, configuration or instance; an instance is copied.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, \
default=0.002
        None means the optimizer's own, 0.001 for Adam. Fits that differ in a constant
        rate share one compiled program.
    learning_rate_schedule : {"constant", "cosine"}, default=None
        "cosine" lets the learning rate rise over the first fiftieth of the steps and
        fall along half a cosine to nothing, in short pieces of constant rate [4]_. None
        means "cosine", or "constant" where `learning_rate` is a schedule itself.
    weight_decay : float, default=None
        Decoupled weight decay [3]_ of the kernels, not of the biases. None means the
        optimizer's own.
    batch_size : int, default=128
        Rows a step. None, or more than there are rows, takes all rows in one step; 1
        trains on one row at a time.
    epochs : int, default=None
        Passes over the rows, at most. None means as many as `max_steps` takes.
    max_steps : int, default=None
        Minibatches to train on, at most; the last epoch may be cut short. None means
        500 (1,000 with `novelty`) where `epochs` is None too, else no limit.
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
        The fitted model. Of several networks, codes stand side by side, and all else is
        a mean over them.
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
    .. [4] Loshchilov & Hutter, "SGDR: Stochastic gradient descent with warm restarts",
       ICLR 2017.
    .. [5] Denouden, Salay, Czarnecki, Abdelzad, Phan & Vernekar, "Improving
       reconstruction autoencoder out-of-distribution detection with Mahalanobis
       distance", arXiv:1812.02765, 2018.
    .. [6] Ramaswamy, Rastogi & Shim, "Efficient algorithms for mining outliers from
       large data sets", SIGMOD 2000.
    .. [7] Breiman, "Out-of-bag estimation", Statistics Department, University of
       California, Berkeley, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from skunsup import AutoencoderDetector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 1)) * [1.0, 2.0, -1.0]
    >>> X += 0.1 * rng.normal(size=X.shape)
    >>> detector = AutoencoderDetector(n_components=1, epochs=30, random_state=0).fit(X)
    >>> detector.predict([[1.0, 2.0, -1.0], [3.0, -6.0, 3.0]])
    array([ 1, -1])
    """

    _model = Autoencoder
    # Outliers among the rows are learned last.
    _steps: ClassVar[dict[bool, int]] = {True: 1000, False: 500}
    _side_by_side = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **Autoencoder._parameter_constraints,
        **FlatDetector._own,
        "learning_rate_schedule": [StrOptions({"constant", "cosine"}), None],
        "n_estimators": [integers(1)],
        "max_samples": [reals(0, 1, "right"), None],
        "max_features": [reals(0, 1, "right")],
    }

    def __init__(
        self,
        contamination: str | float = "auto",
        *,
        score_by: str = "hybrid",
        novelty: bool = False,
        trim: float | None = None,
        n_neighbors: float | None = None,
        n_estimators: int = 4,
        max_samples: float | None = None,
        max_features: float = 1.0,
        n_components: int | None = None,
        hidden_layer_sizes: int | Sequence[int] = (64,),
        activation: str | Callable = "swish",
        loss: str | keras.losses.Loss | Callable = "mean_squared_error",
        inputs: Inputs | None = None,
        optimizer: str | dict | keras.optimizers.Optimizer = "adam",
        learning_rate: Any = 2e-3,
        learning_rate_schedule: str | None = None,
        weight_decay: float | None = None,
        batch_size: int | None = 128,
        epochs: int | None = None,
        max_steps: int | None = None,
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
        self.score_by = score_by
        self.novelty = novelty
        self.trim = trim
        self.n_neighbors = n_neighbors
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.max_features = max_features
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.inputs = inputs
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.epochs = epochs
        self.max_steps = max_steps
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

    def _ensemble(self, before: Members | None) -> Members | None:
        if self.n_estimators == 1:
            return None
        default = MAX_SAMPLES[bool(self.novelty)]
        share = default if self.max_samples is None else float(self.max_samples)
        features = float(self.max_features)
        return Members(self.n_estimators, share, features, self._seed(before))
