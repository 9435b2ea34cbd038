"""The bidirectional generative adversarial network."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from skunsup._estimator import FitData
from skunsup._networks import Architecture, Group, fooling_loss, noise_state, normal
from skunsup._sklearn import reals
from skunsup.inputs import Inputs
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
from skunsup.models._parts import CODE, decoder_part, encoder_part
from skunsup.models._sampler import Sampler

RECONSTRUCTION_SHARE = 0.9


@keras.saving.register_keras_serializable(package="skunsup")
class BiGANNetwork(Adversary):
    """Encoder, decoder and a discriminator of pairs of a row and a code.

    Objective: the loss of the discriminator on pairs (x, encode(x)) as real ones and
    (decode(z), z) as others, which it takes as given; plus the loss of encoder and
    decoder, that each pair be taken for the other kind (Donahue et al. 2017, eq. 2).

    Parameters
    ----------
    encoder, decoder, discriminator, head : keras.Model
        The two halves; the discriminator's hidden layers and its linear unit.
    n_components : int
        Width of the code.
    adversarial_loss : str
        As `fooling_loss` takes it.
    reconstruction_weight, gradient_penalty : float
        Weights of the reconstruction error and of the gradient penalty.
    n_critic : int
        Steps of the discriminator for one of the halves.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        discriminator: keras.Model,
        head: keras.Model,
        n_components: int,
        adversarial_loss: str = "non-saturating",
        reconstruction_weight: float = 0.0,
        gradient_penalty: float = 0.0,
        n_critic: int = 1,
        **kwargs: Any,
    ) -> None:
        parts = {
            "encoder": encoder,
            "decoder": decoder,
            "discriminator": discriminator,
            "head": head,
        }
        settings = {
            "n_components": n_components,
            "adversarial_loss": adversarial_loss,
            "reconstruction_weight": reconstruction_weight,
            "gradient_penalty": gradient_penalty,
            "n_critic": n_critic,
        }
        super().__init__(parts, settings, **kwargs)
        more = ("reconstruction",) if reconstruction_weight else ()
        self.own_terms = ("discriminator", "adversarial", *more)
        self.noise_state = noise_state()
        self.groups = (
            Group(("discriminator", "head")),
            Group(("encoder", "decoder"), n_critic),
        )

    def loss_terms(self, x: Any) -> list[Any]:
        """Losses of the discriminator and of the halves, then the metrics."""
        z = normal((ops.shape(x)[0], self.settings["n_components"]), self.noise_state)
        code = self.encoder(self.seen(x), training=True)
        fake = self.hidden(self.rows(self.decoder(z, training=True)), x)
        real_pair = ops.concatenate([x, code], axis=-1)
        fake_pair = ops.concatenate([fake, z], axis=-1)
        own, metrics = self.discriminate(real_pair, fake_pair)
        kind = self.settings["adversarial_loss"]
        fooling = fooling_loss(kind, self.judge_frozen(fake_pair))
        fooling = fooling + fooling_loss(kind, self.judge_frozen(real_pair), -1)
        terms = [own, fooling]
        if self.settings["reconstruction_weight"]:
            output = self.rows(self.decoder(code, training=True))
            error = ops.mean(ops.square(x - self.hidden(output, x)))
            terms.append(self.settings["reconstruction_weight"] * error)
        return [*terms, *metrics, spread(fake, x)]

    def encode(self, x: Any) -> Any:
        """Codes of rows."""
        return self.encoder(x, training=False)

    def decode(self, code: Any) -> Any:
        """Rows of codes."""
        return self.rows(self.decoder(code, training=False))

    def reconstruct(self, x: Any) -> Any:
        """Rows of the codes of rows."""
        return self.decode(self.encode(x))

    def row_loss(self, x: Any) -> Any:
        """Mean squared error of each row's reconstruction."""
        return ops.mean(ops.square(self.residual(x)), axis=-1)

    def row_score(self, x: Any) -> Any:
        """Minus the anomaly score of each row (Zenati et al. 2018, section 3)."""
        code = self.encode(x)
        output = self.hidden(self.decode(code), x)
        pairs = (ops.concatenate([rows, code], axis=-1) for rows in (x, output))
        own, other = (self.discriminator(pair, training=False) for pair in pairs)
        matching = ops.sum(ops.abs(own - other), axis=-1)
        error = ops.sum(ops.abs(x - output), axis=-1)
        share = RECONSTRUCTION_SHARE
        return -share * error - (1.0 - share) * matching

    def column_losses(self, x: Any) -> Any:
        """Share of each column in the anomaly score's part of reconstruction."""
        return RECONSTRUCTION_SHARE * ops.abs(self.residual(x))

    def explained_loss(self, x: Any) -> Any:
        """What the `column_losses` of each row sum to."""
        return ops.sum(self.column_losses(x), axis=-1)

    def call(self, x: Any, training: bool = False) -> Any:
        """Reconstruct, as Keras users expect of the model."""
        code = self.encoder(x, training=training)
        return self.rows(self.decoder(code, training=training))


class BiGAN(AdversarialEstimator, Sampler, LatentTransformer):
    """Generator of rows with its inverse, trained against a discriminator of pairs.

    An encoder and a decoder make pairs of a row and a code from different ends: one
    encodes rows, the other decodes normal noise. A discriminator learns to tell the
    two kinds of pairs, and encoder and decoder to fool it; if they succeed, they are
    each other's inverse [1]_ [2]_. `sample` decodes noise, `transform` encodes rows.

    `score_samples` is ``-0.9 |x - x'| - 0.1 |f(x, z) - f(x', z)|`` for a row x with the
    code z and the reconstruction x', with sums of absolute values and f the last hidden
    features of the discriminator [3]_.

    Parameters
    ----------
    n_components : int, default=None
        Width of the code. None means 2, or what an own `encoder` returns.
    hidden_layer_sizes : int or sequence of int, default=None
        Widths of the hidden layers of the encoder; the decoder mirrors them. Empty for
        a linear one; None for (128, 64), or what `inputs` finds suitable.
    activation : str or callable, default="relu"
        Of the hidden layers: a Keras name or a callable on tensors.
    adversarial_loss : {"non-saturating", "least-squares", "hinge", "wasserstein"}, \
default="non-saturating"
        What discriminator and the other two play for.
    reconstruction_weight : float, default=0.0
        Weight of the mean squared error of decode(encode(x)) in the loss of encoder and
        decoder [4]_; 0 for the plain BiGAN, whose reconstructions are loose.
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
    n_components_ : int
        Width of the code.
    n_iter_ : int
        Epochs run.
    history_ : dict of str to list of float
        One entry an epoch: `loss`, the sum of its terms `discriminator` and
        `adversarial` (and `reconstruction`, weighted); `accuracy_real` and
        `accuracy_fake`, the shares of encoded and of decoded pairs that the
        discriminator tells (0.5 is a draw, 1 means the others have lost); `spread`, the
        standard deviation of generated rows relative to the data's; and `val_loss` if
        rows were held out.
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
        If the generated rows lost nearly all of their variance in training.

    See Also
    --------
    GAN : The same without an encoder.
    AdversarialAutoencoder : An autoencoder with a discriminator of codes.

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

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skunsup import BiGAN
    >>> X = StandardScaler().fit_transform(load_iris().data)
    >>> model = BiGAN(n_components=2, epochs=30, random_state=0)
    >>> model.fit_transform(X).shape
    (150, 2)
    >>> model.sample(3, random_state=0).shape
    (3, 4)
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **LatentTransformer._shared_constraints,
        **CODE,
        **ADVERSARY,
        "adversarial_loss": ADVERSARIAL_LOSS,
        "reconstruction_weight": [reals(0, None, "left")],
    }

    def __init__(
        self,
        n_components: int | None = None,
        *,
        hidden_layer_sizes: int | Sequence[int] | None = None,
        activation: str | Callable = "relu",
        adversarial_loss: str = "non-saturating",
        reconstruction_weight: float = 0.0,
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

    def _architecture(self, data: FitData) -> Architecture:
        encoder = encoder_part(self, data.layout)
        n_components = encoder.n_outputs
        parts = {
            "encoder": encoder,
            "decoder": decoder_part(self, n_components, data.layout, "linear"),
            **discriminator_parts(self, data.layout, n_beside=n_components),
        }
        settings = {
            "n_components": n_components,
            "adversarial_loss": self.adversarial_loss,
            "reconstruction_weight": float(self.reconstruction_weight),
            "gradient_penalty": penalty_weight(
                self.gradient_penalty, self.adversarial_loss
            ),
            "n_critic": int(self.n_critic),
        }
        return self._made(BiGANNetwork, parts, settings, n_components, data)
