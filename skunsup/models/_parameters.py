"""Groups of parameters that several models have."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from skunsup._networks import ADVERSARIAL_LOSSES, PRIORS
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import StrOptions, integers, reals
from skunsup._training_parameters import RATE

OWN_NETWORK = [keras.Model, callable, None]
SIZES = ["array-like", integers(1), None]


@parameters
class LayerParameters:
    """Layers.

    Parameters
    ----------
    n_components : int
        Width of the code. None means 2, or what an own `encoder` returns.
    hidden_layer_sizes : int or sequence of int
        Widths of the hidden layers of the encoder; the decoder mirrors them. Empty for
        a linear model; None for (128, 64), or what suits `inputs`.
    activation : str or callable
        Of the hidden layers: a Keras name or a callable on tensors. Code and output are
        linear.

    Attributes
    ----------
    n_components_ : int
        Width of the code.
    """

    n_components: int | None = parameter(
        [integers(1), None], default=None, kw_only=False
    )
    hidden_layer_sizes: int | Sequence[int] | None = parameter(SIZES, default=None)
    activation: str | Callable = parameter([str, callable], default="relu")


@parameters
class CodeParameters(LayerParameters):
    """Encoder and decoder.

    Parameters
    ----------
    encoder, decoder : keras.Model or callable
        Own networks for either half: an unfitted Keras model, or a callable that
        returns one. An encoder is called with (n_features, n_components), a decoder
        with (n_components, n_features). They are copied and trained from fresh
        weights, fixed by `random_state`; layers with `trainable=False` keep theirs.
    """

    encoder: keras.Model | Callable | None = parameter(OWN_NETWORK, default=None)
    decoder: keras.Model | Callable | None = parameter(OWN_NETWORK, default=None)


@parameters
class LossParameters:
    """Reconstruction loss.

    Parameters
    ----------
    loss : str, keras.losses.Loss or callable
        Reconstruction loss: a Keras name, an instance, or a callable of (X, output)
        that returns one value a row. With "binary_crossentropy" the output is a
        sigmoid and X must lie in [0, 1], with "poisson" a softplus and X non-negative.
    """

    loss: str | keras.losses.Loss | Callable = parameter(
        [str, keras.losses.Loss, callable], default="mean_squared_error"
    )


@parameters
class NoiseParameters:
    """Corruption of the input.

    Parameters
    ----------
    noise : {"gaussian", "masking", "swap"} or None
        Corrupt the input in training and learn to restore the clean rows [1]_: add
        Gaussian noise, set cells to 0, or swap cells with another row of the minibatch.
    noise_level : float
        Standard deviation of Gaussian noise in the units of X, or else the probability
        that a cell is hit.

    References
    ----------
    .. [1] Vincent, Larochelle, Lajoie, Bengio & Manzagol, "Stacked denoising
       autoencoders", JMLR 11, 2010.
    """

    noise: str | None = parameter(
        [StrOptions({"gaussian", "masking", "swap"}), None], default=None
    )
    noise_level: float = parameter([reals(0, None, "left")], default=0.1)


@parameters
class PriorParameters:
    """Prior of the codes.

    Parameters
    ----------
    prior : {"gaussian", "uniform", "mixture", "swiss-roll"} or callable
        Distribution that codes shall follow: standard normal; uniform on [-1, 1]; ten
        Gaussians on a circle of radius 4; a spiral (both in the first two columns, the
        others normal); or a callable of (n_samples, rng), with a
        `numpy.random.Generator`, that returns (n_samples, n_components) draws.
    """

    prior: str | Callable = parameter(
        [StrOptions(set(PRIORS)), callable], default="gaussian"
    )


@parameters
class DiscriminatorParameters:
    """Discriminator.

    Parameters
    ----------
    adversarial_loss : {"non-saturating", "least-squares", "hinge", "wasserstein"}
        Adversarial objective of the discriminator and of the network that it judges.
    discriminator_learning_rate : float or \
keras.optimizers.schedules.LearningRateSchedule
        Of the discriminator; None means `learning_rate`.
    n_critic : int
        Steps of the discriminator for one step of all other weights, at most 10,000.
    gradient_penalty : float
        Weight of a penalty on the discriminator's gradient by its input. None means 10
        with the Wasserstein loss and 0 with the others.
    gradient_penalty_at : {"between", "real"}
        Where the gradient is taken: between real and generated rows, with the squared
        distance of its norm from 1 as penalty [1]_, or at real rows, with half its
        squared norm, which is known as R1 [3]_.
    spectral_normalization : bool
        Divide the weights of the discriminator by their spectral norms [2]_; not those
        of an own `discriminator`.
    discriminator : keras.Model or callable
        Own network from codes to hidden features, on which a linear unit is put: an
        unfitted Keras model, or a callable of (n_inputs, None) that returns one.
        Treated as `encoder` and `decoder`.
    discriminator_layer_sizes : int or sequence of int
        Widths of the hidden layers of each discriminator; None means
        `hidden_layer_sizes`.

    References
    ----------
    .. [1] Gulrajani, Ahmed, Arjovsky, Dumoulin & Courville, "Improved training of
       Wasserstein GANs", NeurIPS 2017.
    .. [2] Miyato, Kataoka, Koyama & Yoshida, "Spectral normalization for generative
       adversarial networks", ICLR 2018.
    .. [3] Mescheder, Geiger & Nowozin, "Which training methods for GANs do actually
       converge?", ICML 2018.
    """

    adversarial_loss: str = parameter(
        [StrOptions(set(ADVERSARIAL_LOSSES))], default="non-saturating"
    )
    discriminator_learning_rate: Any = parameter(RATE, default=None)
    n_critic: int = parameter([integers(1, 10_000)], default=1)
    gradient_penalty: float | None = parameter(
        [reals(0, None, "left"), None], default=None
    )
    gradient_penalty_at: str = parameter(
        [StrOptions({"between", "real"})], default="between"
    )
    spectral_normalization: bool = parameter(["boolean"], default=False)
    discriminator: keras.Model | Callable | None = parameter(OWN_NETWORK, default=None)
    discriminator_layer_sizes: int | Sequence[int] | None = parameter(
        SIZES, default=None
    )
