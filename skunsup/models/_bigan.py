"""The bidirectional generative adversarial network."""

from typing import Any, ClassVar

import keras
from keras import ops

from skunsup._fit_data import FitData
from skunsup._networks import (
    Architecture,
    Group,
    fitted_prior,
    generator_loss,
    noise_state,
    normal,
    with_shares,
)
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import reals
from skunsup.models._adversarial_estimator import AdversarialEstimator
from skunsup.models._adversary import (
    Adversary,
    discriminator_parts,
    penalty_settings,
    spread,
)
from skunsup.models._code import DecodingNetwork
from skunsup.models._fitted_prior import (
    FittedPriorParameters,
    FittedPriorSampler,
    fitted_setting,
)
from skunsup.models._latent import LatentTransformer
from skunsup.models._parameters import CodeParameters, DiscriminatorParameters
from skunsup.models._parts import encoder_and_decoder

SHARE = 0.9  # of the reconstruction in the anomaly score


@keras.saving.register_keras_serializable(package="skunsup")
class BiGANNetwork(Adversary, DecodingNetwork):
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
        As `generator_loss` takes it.
    reconstruction_weight, gradient_penalty : float
        Weights of the reconstruction error and of the gradient penalty.
    n_critic : int
        Steps of the discriminator for one of the halves.
    """

    defaults: ClassVar[dict[str, Any]] = {
        **Adversary.defaults,
        "reconstruction_weight": 0.0,
        "fitted_prior": None,
    }

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        more = ("reconstruction",) if self.settings["reconstruction_weight"] else ()
        self.own_terms = ("discriminator", "adversarial", *more)
        self.noise_state = noise_state()
        self.fitted = fitted_prior(self)
        self.groups = (
            Group(("discriminator", "head")),
            Group(("encoder", "decoder"), self.settings["n_critic"]),
        )

    def loss_terms(self, x: Any) -> list[Any]:
        """Losses of the discriminator and of the halves, then the metrics."""
        z = normal((ops.shape(x)[0], self.settings["n_components"]), self.noise_state)
        code = self.encoder(self.seen(x), training=True)
        fake = self.hidden(self.rows(self.decoder(z, training=True)), x)
        real_pair = ops.concatenate([x, code], axis=-1)
        fake_pair = ops.concatenate([fake, z], axis=-1)
        own, metrics = self.discriminator_terms(real_pair, fake_pair)
        kind = self.settings["adversarial_loss"]
        decoding = generator_loss(kind, self.discriminate_frozen(fake_pair))
        encoding = generator_loss(kind, self.discriminate_frozen(real_pair), -1)
        terms = [own, decoding + encoding]
        if self.settings["reconstruction_weight"]:
            output = self.rows(self.decoder(code, training=True))
            error = ops.mean(ops.square(x - self.hidden(output, x)))
            terms.append(self.settings["reconstruction_weight"] * error)
        return [*terms, *metrics, spread(fake, x)]

    def encode(self, x: Any) -> Any:
        """Codes of rows."""
        return self.encoder(x, training=False)

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
        return -SHARE * error - (1.0 - SHARE) * matching

    def split_loss(self, x: Any) -> Any:
        """Part of reconstruction in the anomaly score, then each column's share."""
        shares = SHARE * ops.abs(self.residual(x))
        return with_shares(ops.sum(shares, axis=-1), shares)

    def call(self, x: Any, training: bool = False) -> Any:
        """Reconstruct, as Keras users expect of the model."""
        code = self.encoder(x, training=training)
        return self.rows(self.decoder(code, training=training))


@parameters
class BiGANParameters(DiscriminatorParameters, CodeParameters):
    """Weight of the reconstruction.

    Parameters
    ----------
    reconstruction_weight : float
        Weight of the mean squared error of decode(encode(x)) in the loss of encoder and
        decoder [1]_; 0 for the plain BiGAN, whose reconstructions are loose.
    discriminator : keras.Model or callable
        Own network from rows with their codes behind them to hidden features, on which
        a linear unit is put: an unfitted Keras model, or a callable of (n_inputs, None)
        that returns one. Treated as `encoder` and `decoder`.

    References
    ----------
    .. [1] Li et al., "ALICE: Towards understanding adversarial learning for joint
       distribution matching", NeurIPS 2017.
    """

    reconstruction_weight: float = parameter([reals(0, None, "left")], default=0.0)


@parameters
class BiGAN(
    AdversarialEstimator,
    FittedPriorSampler,
    LatentTransformer,
    FittedPriorParameters,
    BiGANParameters,
):
    """Generator of rows with its inverse, trained against a discriminator of pairs.

    An encoder and a decoder make pairs of a row and a code from different ends: one
    encodes rows, the other decodes normal noise. A discriminator learns to tell the
    two kinds of pairs, encoder and decoder to make them alike; if that works, they are
    each other's inverse [1]_ [2]_. `sample` decodes noise, `transform` encodes rows.

    `score_samples` is ``-0.9 |x - x'| - 0.1 |f(x, z) - f(x', z)|`` for a row x with the
    code z and the reconstruction x', with sums of absolute values and f the last hidden
    features of the discriminator [3]_.

    Attributes
    ----------
    history_ : dict of str to list of float
        One entry an epoch: `loss`, the sum of its terms `discriminator` and
        `adversarial` (and `reconstruction`, weighted); `accuracy_real` and
        `accuracy_fake`, the shares of encoded and of decoded pairs that the
        discriminator recognises (about 0.5 if it cannot tell them apart, near 1 if
        encoder and generator are not inverse yet); `spread`, the standard deviation of
        generated rows relative to the data's; and `val_loss` if rows were held out.

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

    def _architecture(self, data: FitData) -> Architecture:
        parts = encoder_and_decoder(self, data.inputs, "linear")
        n_components = parts["encoder"].n_outputs
        parts |= discriminator_parts(self, data.inputs, n_beside=n_components)
        settings = {
            "n_components": n_components,
            "adversarial_loss": self.adversarial_loss,
            "reconstruction_weight": float(self.reconstruction_weight),
            **penalty_settings(self),
            "n_critic": int(self.n_critic),
            **fitted_setting(self, n_components),
        }
        return self._made(BiGANNetwork, parts, settings, n_components, data)
