"""The bidirectional generative adversarial network as an outlier detector."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import keras

from skunsup.inputs import Inputs
from skunsup.models import BiGAN
from skunsup.outliers._flat import FlatDetector


class GANDetector(FlatDetector):
    """Outlier detector by what a generative adversarial network leaves unexplained.

    The generator comes with its inverse, an encoder, so that a row needs no search for
    the noise that would generate it: a BiGAN [1]_ [2]_. Rows that the pair reconstructs
    badly, or whose reconstruction the discriminator finds different, are outliers [3]_.
    `score_by` says what a row is judged by: what the network leaves unexplained, the
    distance to neighbours, both, or the sum that :class:`BiGAN` defines.
    `feature_scores` says which columns made it, and a threshold learned from the
    training scores makes `predict`. The parameters from `n_components` on are those of
    :class:`BiGAN`.

    Parameters
    ----------
    contamination : "auto" or float, default="auto"
        A float in (0, 0.5] makes that share of the training rows outliers. "auto" puts
        the threshold where clean data would be flagged at a rate of 1 %; see
        :class:`OutlierDetector`.
    score_by : {"hybrid", "residual", "neighbors", "reconstruction"}, default="hybrid"
        What makes a row an outlier. "residual": the Mahalanobis distance of what the
        network leaves unexplained [8]_. "neighbors": the distance to neighbour number
        `n_neighbors` among at most 1,000 training rows (3,000 with `novelty`) [9]_, by
        columns in standard deviations, or as normal scores where their tails are heavy.
        "hybrid": the geometric mean of these two, in which neighbours weigh three
        times as much.
        "reconstruction": minus the score of :class:`BiGAN`.
    novelty : bool, default=False
        Whether the training rows are known to be normal, as in scikit-learn's
        LocalOutlierFactor. It sets what None means for `trim` and `n_neighbors`, and
        makes two networks learn one after the other, each on half of the rows, so that
        a training row is judged by the one that did not see it. Either way new rows can
        be scored, and a training row is never its own neighbour.
    trim : float, default=None
        Share in [0, 0.5] of the training rows, those with the highest scores, to leave
        out when the score is fitted. None means 0.2, or 0 with `novelty`.
    n_neighbors : int or float, default=None
        Number of the neighbour, or a share in (0, 1) of the rows to look among. None
        means 0.03, or 1 with `novelty`.
    n_components : int, default=None
        Width of the code. None means 16, or what an own `encoder` returns.
    hidden_layer_sizes : int or sequence of int, default=(64,)
        Widths of the hidden layers of the encoder; the decoder mirrors them. Empty for
        a linear one.
    activation : str or callable, default="swish"
        Of the hidden layers: a Keras name or a callable on tensors.
    adversarial_loss : {"non-saturating", "least-squares", "hinge", "wasserstein"}, \
default="non-saturating"
        What discriminator and the other two play for.
    reconstruction_weight : float, default=10.0
        Weight of the mean squared error of decode(encode(x)) in the loss of encoder and
        decoder [4]_; 0 for the plain BiGAN, whose reconstructions are loose.
    inputs : Images, Sequences, Text, Table, Blocks or None, default=None
        What a row of X is, which chooses networks and likelihood. None for numbers.
    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        A Keras name, configuration or instance; an instance is copied, once for the
        discriminator and once for all else.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, \
default=0.002
        None means the optimizer's own, 0.001 for Adam. Fits that differ in a constant
        rate share one compiled program.
    discriminator_learning_rate : float or \
keras.optimizers.schedules.LearningRateSchedule, default=None
        Of the discriminator; None means `learning_rate`.
    learning_rate_schedule : {"constant", "cosine"}, default="constant"
        "cosine" lets the learning rate rise over the first fiftieth of the steps and
        fall along half a cosine to nothing, in short pieces of constant rate [7]_.
    weight_decay : float, default=None
        Decoupled weight decay of the kernels, not of the biases. None means the
        optimizer's own.
    n_critic : int, default=1
        Steps of the discriminator for one step of all else.
    gradient_penalty : float, default=None
        Weight of the squared distance from 1 of the norm of the discriminator's
        gradient, between real and generated rows [5]_. None means 10 with the
        Wasserstein loss and 0 with the others.
    spectral_normalization : bool, default=False
        Whether the discriminator's own layers are divided by their spectral norms
        [6]_; not those of an own `discriminator`.
    batch_size : int, default=128
        Rows a step. None, or more than there are rows, takes all rows in one step.
    epochs : int, default=None
        Passes over the rows, at most. None means as many as `max_steps` takes.
    max_steps : int, default=None
        Minibatches to train on, at most; the last epoch may be cut short. None means
        1,000 where `epochs` is None too, else no limit.
    early_stopping : bool, default=False
        Hold out `validation_fraction` of the distinct rows (or take `X_val` of `fit`),
        stop when their loss no longer falls, and keep the best weights. The loss is
        their mean squared error of reconstruction.
    validation_fraction : float, default=0.1
        In (0, 1). Only used with early stopping and without `X_val`.
    n_iter_no_change : int, default=10
        Epochs to wait for a better validation loss.
    tol : float, default=1e-4
        What counts as better, in units of the validation loss.
    encoder, decoder : keras.Model or callable, default=None
        Own networks for either half: an unfitted Keras model, or a callable that
        returns one. An encoder is called with (n_features, n_components), a decoder
        with (n_components, n_features). They are copied and trained from fresh
        weights, fixed by `random_state`; layers with `trainable=False` keep theirs.
    discriminator : keras.Model or callable, default=None
        Own network from rows with their codes behind them to hidden features, on which
        a linear unit is put: an unfitted Keras model, or a callable of (n_inputs, None)
        that returns one. Treated as `encoder` and `decoder`.
    discriminator_layer_sizes : int or sequence of int, default=None
        Widths of the hidden layers of the discriminator; None means
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
    estimator_ : BiGAN
        The fitted model; with `novelty` the first of two.
    offset_ : float
        `decision_function` is `score_samples` minus this.
    n_components_ : int
        Width of the code.
    n_iter_ : int
        Epochs run.
    history_ : dict of str to list of float
        One entry an epoch; see :class:`BiGAN`.
    model_ : keras.Model
        The network, with its parts as attributes.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X had string names.

    See Also
    --------
    BiGAN : The model as a transformer and generator.
    OutlierDetector : The same around any estimator with `score_samples`.

    References
    ----------
    .. [1] Donahue, Kraehenbuehl & Darrell, "Adversarial feature learning", ICLR 2017.
    .. [2] Dumoulin et al., "Adversarially learned inference", ICLR 2017.
    .. [3] Zenati, Foo, Lecouat, Manek & Chandrasekhar, "Efficient GAN-based anomaly
       detection", arXiv:1802.06222, 2018.
    .. [4] Li et al., "ALICE: Towards understanding adversarial learning for joint
       distribution matching", NeurIPS 2017.
    .. [5] Gulrajani, Ahmed, Arjovsky, Dumoulin & Courville, "Improved training of
       Wasserstein GANs", NeurIPS 2017.
    .. [6] Miyato, Kataoka, Koyama & Yoshida, "Spectral normalization for generative
       adversarial networks", ICLR 2018.
    .. [7] Loshchilov & Hutter, "SGDR: Stochastic gradient descent with warm restarts",
       ICLR 2017.
    .. [8] Denouden, Salay, Czarnecki, Abdelzad, Phan & Vernekar, "Improving
       reconstruction autoencoder out-of-distribution detection with Mahalanobis
       distance", arXiv:1812.02765, 2018.
    .. [9] Ramaswamy, Rastogi & Shim, "Efficient algorithms for mining outliers from
       large data sets", SIGMOD 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from skunsup import GANDetector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 1)) * [1.0, 2.0, -1.0]
    >>> X += 0.1 * rng.normal(size=X.shape)
    >>> detector = GANDetector(n_components=1, epochs=30, random_state=0).fit(X)
    >>> detector.predict([[1.0, 2.0, -1.0], [3.0, -6.0, 3.0]])
    array([ 1, -1])
    """

    _model = BiGAN
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **BiGAN._parameter_constraints,
        **FlatDetector._own,
    }

    def __init__(
        self,
        contamination: str | float = "auto",
        *,
        score_by: str = "hybrid",
        novelty: bool = False,
        trim: float | None = None,
        n_neighbors: float | None = None,
        n_components: int | None = None,
        hidden_layer_sizes: int | Sequence[int] = (64,),
        activation: str | Callable = "swish",
        adversarial_loss: str = "non-saturating",
        reconstruction_weight: float = 10.0,
        inputs: Inputs | None = None,
        optimizer: str | dict | keras.optimizers.Optimizer = "adam",
        learning_rate: Any = 0.002,
        discriminator_learning_rate: Any = None,
        learning_rate_schedule: str = "constant",
        weight_decay: float | None = None,
        n_critic: int = 1,
        gradient_penalty: float | None = None,
        spectral_normalization: bool = False,
        batch_size: int | None = 128,
        epochs: int | None = None,
        max_steps: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        encoder: keras.Model | Callable | None = None,
        decoder: keras.Model | Callable | None = None,
        discriminator: keras.Model | Callable | None = None,
        discriminator_layer_sizes: int | Sequence[int] | None = None,
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
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.adversarial_loss = adversarial_loss
        self.reconstruction_weight = reconstruction_weight
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
        self.encoder = encoder
        self.decoder = decoder
        self.discriminator = discriminator
        self.discriminator_layer_sizes = discriminator_layer_sizes
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
