"""The adversarial autoencoder."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import keras

from skunsup._estimator import FitData
from skunsup._networks import Architecture, Group, Prior, fooling_loss, make_prior
from skunsup._sklearn import reals
from skunsup.inputs import DenseLayout, Inputs
from skunsup.models._adversary import (
    ADVERSARIAL_LOSS,
    ADVERSARY,
    AdversarialEstimator,
    Adversary,
    discriminator_parts,
    penalty_weight,
    spread,
)
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


@keras.saving.register_keras_serializable(package="skunsup")
class AdversarialNetwork(Adversary, PriorNetwork):
    """Autoencoder whose codes a discriminator cannot tell from draws of a prior.

    Objective: mean reconstruction loss; plus the loss of the discriminator, on draws
    and on codes that it takes as given; plus `adversarial_weight` times the loss of the
    encoder, that its codes be taken for draws by a discriminator that it takes as given
    (Makhzani et al. 2015, section 2), in units of the reconstruction loss.

    Parameters
    ----------
    encoder, decoder, discriminator, head : keras.Model
        The two halves; the discriminator's hidden layers and its linear unit.
    prior : Prior
        Of the codes.
    n_features : int
        Width of rows.
    adversarial_loss : str
        As `fooling_loss` takes it.
    adversarial_weight, gradient_penalty : float
        Weights of the encoder's adversarial loss and of the gradient penalty.
    n_critic : int
        Steps of the discriminator for one step of the halves.
    loss, noise, noise_level
        See `CodeNetwork`.
    density_weight : float
        See `PriorNetwork`.
    """

    own_terms = ("reconstruction", "discriminator", "adversarial")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        discriminator: keras.Model,
        head: keras.Model,
        prior: Prior,
        n_features: int,
        adversarial_loss: str = "non-saturating",
        adversarial_weight: float = 0.1,
        gradient_penalty: float = 0.0,
        n_critic: int = 1,
        loss: Any = "mean_squared_error",
        noise: str | None = None,
        noise_level: float = 0.1,
        density_weight: float = 1.0,
        **kwargs: Any,
    ) -> None:
        parts: Mapping[str, keras.Model] = {
            "encoder": encoder,
            "decoder": decoder,
            "discriminator": discriminator,
            "head": head,
        }
        settings = {
            "prior": prior,
            "n_features": n_features,
            "adversarial_loss": adversarial_loss,
            "adversarial_weight": adversarial_weight,
            "gradient_penalty": gradient_penalty,
            "n_critic": n_critic,
            "loss": loss,
            "noise": noise,
            "noise_level": noise_level,
            "density_weight": density_weight,
        }
        super().__init__(parts, settings, **kwargs)
        self.groups = (
            Group(("discriminator", "head")),
            Group(("encoder", "decoder"), n_critic),
        )

    def loss_terms(self, x: Any) -> list[Any]:
        """Losses of the halves, of the discriminator and of the encoder, metrics."""
        code, loss = self.code_and_error(x)
        draws = self.prior_draws(code)
        own, metrics = self.discriminate(draws, code)
        kind, weight = (
            self.settings[f"adversarial_{name}"] for name in ("loss", "weight")
        )
        fooling = fooling_loss(kind, self.judge_frozen(code))
        return [
            loss,
            own,
            weight * relative(fooling, loss),
            *metrics,
            spread(code, draws),
        ]


class AdversarialAutoencoder(AdversarialEstimator, Sampler, LatentTransformer):
    """Autoencoder whose codes follow a prior, because a discriminator says so.

    While encoder and decoder learn to copy rows, a discriminator learns to tell codes
    from draws of the prior, and the encoder to fool it [1]_. The prior may be anything
    that can be drawn from. `sample` decodes draws from it.

    `score_samples` is the logarithm, but for a constant, of the joint density of the
    row x and its code z: log p(z) - n_features loss(x) / (2 e), with p the prior and e
    the mean training loss. With the squared error the second term is the log-density of
    a Gaussian around the reconstruction. For the spiral and for callables p is a kernel
    estimate from 1024 draws; the uniform distribution is given Gaussian edges.
    `density_weight` weakens the part of the code or leaves it out.

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
    adversarial_loss : {"non-saturating", "least-squares", "hinge", "wasserstein"}, \
default="non-saturating"
        What discriminator and encoder play for.
    adversarial_weight : float, default=0.1
        Weight of the term by which the encoder fools the discriminator, in units of
        the reconstruction loss, so that it means the same on any scale of X. Lower it,
        to 0.01 or less, for a cross-entropy of many words, most of which no code can
        explain: in its units the game outweighs what can be learned.
    inputs : Images, Sequences, Text, Table, Blocks or None, default=None
        What a row of X is, which chooses networks and likelihood. None for numbers.
    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        A Keras name, configuration or instance; an instance is copied, once for the
        discriminator and once for all else.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, \
default=None
        None means the optimizer's own, 0.001 for Adam. Fits that differ in a constant
        rate share one compiled program.
    discriminator_learning_rate : float or \
keras.optimizers.schedules.LearningRateSchedule, default=None
        Of the discriminator; None means `learning_rate`.
    learning_rate_schedule : {"constant", "cosine"}, default="constant"
        "cosine" lets the learning rate rise over the first fiftieth of the steps and
        fall along half a cosine to nothing, in short pieces of constant rate [4]_.
    weight_decay : float, default=None
        Decoupled weight decay of the kernels, not of the biases. None means the
        optimizer's own.
    n_critic : int, default=1
        Steps of the discriminator for one step of all else.
    gradient_penalty : float, default=None
        Weight of the squared distance from 1 of the norm of the discriminator's
        gradient, between real and generated rows [2]_. None means 10 with the
        Wasserstein loss and 0 with the others.
    spectral_normalization : bool, default=False
        Whether the discriminator's own layers are divided by their spectral norms
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
    noise : {"gaussian", "masking", "swap"}, default=None
        Corrupt the input in training and learn to restore the clean rows: add Gaussian
        noise, set cells to 0, or swap cells with another row of the minibatch.
    noise_level : float, default=0.1
        Standard deviation of Gaussian noise in the units of X, or else the probability
        that a cell is hit.
    density_weight : float, default=1.0
        Weight of log p(z) in `score_samples`, which training does not see. 0 makes the
        score minus the reconstruction loss of the row, in the units of the loss.
    encoder, decoder : keras.Model or callable, default=None
        Own networks for either half: an unfitted Keras model, or a callable that
        returns one. An encoder is called with (n_features, n_components), a decoder
        with (n_components, n_features). They are copied and trained from fresh
        weights, fixed by `random_state`; layers with `trainable=False` keep theirs.
    discriminator : keras.Model or callable, default=None
        Own network from codes to hidden features, on which a linear unit is put: an
        unfitted Keras model, or a callable of (n_inputs, None) that returns one.
        Treated as `encoder` and `decoder`.
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
    n_components_ : int
        Width of the code.
    n_iter_ : int
        Epochs run.
    history_ : dict of str to list of float
        One entry an epoch: `loss`, the sum of its terms `reconstruction`,
        `discriminator` and `adversarial` (weighted); `accuracy_real` and
        `accuracy_fake`, the shares of prior draws and of codes that the discriminator
        tells (0.5 is a draw, 1 means the encoder has lost); `spread`, the standard
        deviation of codes relative to the prior's; and `val_loss` if rows were held
        out.
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
        If the codes lost nearly all of their variance in the course of training.

    See Also
    --------
    WassersteinAutoencoder : The prior without a discriminator.
    VariationalAutoencoder : The prior by a bound of the likelihood.

    References
    ----------
    .. [1] Makhzani, Shlens, Jaitly, Goodfellow & Frey, "Adversarial autoencoders",
       arXiv:1511.05644, 2015.
    .. [2] Gulrajani, Ahmed, Arjovsky, Dumoulin & Courville, "Improved training of
       Wasserstein GANs", NeurIPS 2017.
    .. [3] Miyato, Kataoka, Koyama & Yoshida, "Spectral normalization for generative
       adversarial networks", ICLR 2018.
    .. [4] Loshchilov & Hutter, "SGDR: Stochastic gradient descent with warm restarts",
       ICLR 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skunsup import AdversarialAutoencoder
    >>> X = StandardScaler().fit_transform(load_iris().data)
    >>> model = AdversarialAutoencoder(n_components=2, epochs=30, random_state=0)
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
        **ADVERSARY,
        "adversarial_loss": ADVERSARIAL_LOSS,
        "adversarial_weight": [reals(0, None, "left")],
        "density_weight": [reals(0, None, "left")],
    }
    _judged = "the encoder returns"

    def __init__(
        self,
        n_components: int | None = None,
        *,
        hidden_layer_sizes: int | Sequence[int] | None = None,
        activation: str | Callable = "relu",
        loss: str | keras.losses.Loss | Callable = "mean_squared_error",
        prior: str | Callable = "gaussian",
        adversarial_loss: str = "non-saturating",
        adversarial_weight: float = 0.1,
        inputs: Inputs | None = None,
        optimizer: str | dict | keras.optimizers.Optimizer = "adam",
        learning_rate: Any = None,
        discriminator_learning_rate: Any = None,
        learning_rate_schedule: str = "constant",
        weight_decay: float | None = None,
        n_critic: int = 1,
        gradient_penalty: float | None = None,
        spectral_normalization: bool = False,
        batch_size: int | None = 32,
        epochs: int | None = 100,
        max_steps: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        noise: str | None = None,
        noise_level: float = 0.1,
        density_weight: float = 1.0,
        encoder: keras.Model | Callable | None = None,
        decoder: keras.Model | Callable | None = None,
        discriminator: keras.Model | Callable | None = None,
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
        self.prior = prior
        self.adversarial_loss = adversarial_loss
        self.adversarial_weight = adversarial_weight
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
        self.density_weight = density_weight
        self.encoder = encoder
        self.decoder = decoder
        self.discriminator = discriminator
        self.discriminator_layer_sizes = discriminator_layer_sizes
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
            **discriminator_parts(self, DenseLayout(n_components)),
        }
        settings = {
            "prior": make_prior(self.prior, n_components),
            "n_features": data.n_features,
            "adversarial_loss": self.adversarial_loss,
            "adversarial_weight": float(self.adversarial_weight),
            "gradient_penalty": penalty_weight(
                self.gradient_penalty, self.adversarial_loss
            ),
            "n_critic": int(self.n_critic),
            "loss": loss,
            "noise": self.noise,
            "noise_level": checked_noise_level(self.noise, self.noise_level),
            "density_weight": float(self.density_weight),
        }
        return self._made(AdversarialNetwork, parts, settings, n_components, data)
