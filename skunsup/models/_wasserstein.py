"""The Wasserstein autoencoder."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from skunsup._estimator import FitData
from skunsup._networks import Architecture, Prior, make_prior
from skunsup._sklearn import reals
from skunsup.inputs import Inputs
from skunsup.models._latent import LatentTransformer
from skunsup.models._parts import (
    CODE,
    LOSS,
    NOISE,
    checked_noise_level,
    decoder_part,
    encoder_part,
    reconstruction,
)
from skunsup.models._prior import PRIOR, PriorNetwork, relative
from skunsup.models._sampler import Sampler

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def mmd(a: Any, b: Any) -> Any:
    """Squared maximum mean discrepancy of two samples, an unbiased estimate.

    With a sum of inverse multiquadratic kernels C / (C + |x - y|^2), C = 2 k times each
    of `SCALES` (Tolstikhin et al. 2018, section 4 and algorithm 2).

    Parameters
    ----------
    a, b : tensors of shape (n, k)
        Samples of equal size, n > 1; 0 is returned for n = 1.
    """
    n = ops.shape(a)[0]
    within = ops.sum(_kernel(a, a) + _kernel(b, b)) - 2.0 * n * len(SCALES)
    across = ops.mean(_kernel(a, b))
    return (within / max(n - 1, 1) / n - 2.0 * across) * float(n > 1)


def _kernel(a: Any, b: Any) -> Any:
    distance = ops.sum(ops.square(a[:, None] - b[None]), axis=-1)
    widths = [2.0 * a.shape[-1] * scale for scale in SCALES]
    return sum(width / (width + distance) for width in widths)


@keras.saving.register_keras_serializable(package="skunsup")
class WassersteinNetwork(PriorNetwork):
    """Autoencoder whose codes match a prior in maximum mean discrepancy.

    Objective: mean reconstruction loss plus `mmd_weight` MMD^2(codes, prior draws), the
    latter in units of the former.

    Parameters
    ----------
    encoder, decoder : keras.Model
        The two halves.
    prior : Prior
        Of the codes.
    n_features : int
        Width of rows.
    mmd_weight : float
        Weight of the discrepancy.
    loss, noise, noise_level
        See `CodeNetwork`.
    """

    own_terms = ("reconstruction", "mmd")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        prior: Prior,
        n_features: int,
        mmd_weight: float = 1.0,
        loss: Any = "mean_squared_error",
        noise: str | None = None,
        noise_level: float = 0.1,
        **kwargs: Any,
    ) -> None:
        settings = {
            "prior": prior,
            "n_features": n_features,
            "mmd_weight": mmd_weight,
            "loss": loss,
            "noise": noise,
            "noise_level": noise_level,
        }
        super().__init__({"encoder": encoder, "decoder": decoder}, settings, **kwargs)

    def loss_terms(self, x: Any) -> list[Any]:
        """Reconstruction loss and weighted discrepancy of the minibatch `x`."""
        code, loss = self.code_and_error(x)
        distance = mmd(code, self.prior_draws(code))
        return [loss, self.settings["mmd_weight"] * relative(distance, loss)]


class WassersteinAutoencoder(Sampler, LatentTransformer):
    """Autoencoder whose codes follow a prior, by penalising their distance from it.

    Codes of a minibatch are compared with draws from the prior in maximum mean
    discrepancy, which joins the reconstruction loss [1]_. No second network plays
    against the first, and a row has one code. `sample` decodes draws from the prior.

    `score_samples` is the logarithm, but for a constant, of the joint density of the
    row x and its code z: log p(z) - n_features loss(x) / (2 e), with p the prior and e
    the mean training loss. With the squared error the second term is the log-density of
    a Gaussian around the reconstruction.

    Parameters
    ----------
    n_components : int, default=None
        Width of the code. None means 2, or what an own `encoder` returns.
    hidden_layer_sizes : int or sequence of int, default=None
        Widths of the hidden layers of the encoder; the decoder mirrors them. Empty for
        a linear one; None for (128, 64), or what `inputs` finds suitable.
    activation : str or callable, default="relu"
        Of the hidden layers: a Keras name or a callable on tensors.
    loss : str, keras.losses.Loss or callable, default="mean_squared_error"
        Reconstruction loss: a Keras name, an instance, or a callable of (X, output)
        that returns one value a row. With "binary_crossentropy" the output is a
        sigmoid and X must lie in [0, 1], with "poisson" a softplus and X non-negative.
    prior : {"gaussian", "uniform", "mixture", "swiss-roll"} or callable, \
default="gaussian"
        Distribution that codes shall follow: standard normal; uniform on [-1, 1]; ten
        Gaussians on a circle of radius 4; a spiral (both in the first two columns, the
        others normal); or a callable of (n_samples, rng), with a
        `numpy.random.Generator`, that returns (n_samples, n_components) draws.
    mmd_weight : float, default=1.0
        Weight of the maximum mean discrepancy in the loss, in units of the
        reconstruction loss, so that it means the same on any scale of X.
    inputs : Images, Sequences, Text, Table, Blocks or None, default=None
        What a row of X is, which chooses networks and likelihood. None for numbers.
    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        A Keras name, configuration or instance; an instance is copied.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, \
default=None
        None means the optimizer's own, 0.001 for Adam. Fits that differ in a constant
        rate share one compiled program.
    learning_rate_schedule : {"constant", "cosine"}, default="constant"
        "cosine" lets the learning rate rise over the first fiftieth of the steps and
        fall along half a cosine to nothing, in short pieces of constant rate [2]_.
    weight_decay : float, default=None
        Decoupled weight decay of the kernels, not of the biases. None means the
        optimizer's own.
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
    noise : {"gaussian", "masking", "swap"}, default=None
        Corrupt the input in training and learn to restore the clean rows: add Gaussian
        noise, set cells to 0, or swap cells with another row of the minibatch.
    noise_level : float, default=0.1
        Standard deviation of Gaussian noise in the units of X, or else the probability
        that a cell is hit.
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
    n_components_ : int
        Width of the code.
    n_iter_ : int
        Epochs run.
    history_ : dict of str to list of float
        One entry an epoch: `loss`, its terms `reconstruction` and `mmd` (weighted), and
        `val_loss` if rows were held out.
    model_ : keras.Model
        The network, with its parts as attributes.
    callbacks_ : list of keras.callbacks.Callback
        The copies of `callbacks` that were called in the last fit.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X had string names.

    See Also
    --------
    AdversarialAutoencoder : The prior by a discriminator instead.
    VariationalAutoencoder : The prior by a bound of the likelihood.

    References
    ----------
    .. [1] Tolstikhin, Bousquet, Gelly & Schoelkopf, "Wasserstein auto-encoders", ICLR
       2018.
    .. [2] Loshchilov & Hutter, "SGDR: Stochastic gradient descent with warm restarts",
       ICLR 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skunsup import WassersteinAutoencoder
    >>> X = StandardScaler().fit_transform(load_iris().data)
    >>> model = WassersteinAutoencoder(n_components=2, epochs=30, random_state=0)
    >>> model.fit_transform(X).shape
    (150, 2)
    >>> model.sample(3, random_state=0).shape
    (3, 4)
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **LatentTransformer._shared_constraints,
        **CODE,
        **LOSS,
        **NOISE,
        **PRIOR,
        "mmd_weight": [reals(0, None, "left")],
    }

    def __init__(
        self,
        n_components: int | None = None,
        *,
        hidden_layer_sizes: int | Sequence[int] | None = None,
        activation: str | Callable = "relu",
        loss: str | keras.losses.Loss | Callable = "mean_squared_error",
        prior: str | Callable = "gaussian",
        mmd_weight: float = 1.0,
        inputs: Inputs | None = None,
        optimizer: str | dict | keras.optimizers.Optimizer = "adam",
        learning_rate: Any = None,
        learning_rate_schedule: str = "constant",
        weight_decay: float | None = None,
        batch_size: int | None = 32,
        epochs: int | None = 100,
        max_steps: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        noise: str | None = None,
        noise_level: float = 0.1,
        encoder: keras.Model | Callable | None = None,
        decoder: keras.Model | Callable | None = None,
        callbacks: Sequence[keras.callbacks.Callback] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.prior = prior
        self.mmd_weight = mmd_weight
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
        self.encoder = encoder
        self.decoder = decoder
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def _architecture(self, data: FitData) -> Architecture:
        loss, last = reconstruction(self.loss, data)
        encoder = encoder_part(self, data.layout)
        n_components = encoder.n_outputs
        parts = {
            "encoder": encoder,
            "decoder": decoder_part(self, n_components, data.layout, last),
        }
        settings = {
            "prior": make_prior(self.prior, n_components),
            "n_features": data.n_features,
            "mmd_weight": float(self.mmd_weight),
            "loss": loss,
            "noise": self.noise,
            "noise_level": checked_noise_level(self.noise, self.noise_level),
        }
        return self._made(WassersteinNetwork, parts, settings, n_components, data)
