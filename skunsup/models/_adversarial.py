"""The adversarial autoencoder."""

from typing import Any, ClassVar

import keras

from skunsup._fit_data import FitData
from skunsup._networks import Architecture, Group, generator_loss, make_prior
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import reals
from skunsup.inputs import Dense
from skunsup.models._adversarial_estimator import AdversarialEstimator
from skunsup.models._adversary import (
    Adversary,
    discriminator_parts,
    penalty_settings,
    spread,
)
from skunsup.models._fitted_prior import (
    FittedPriorParameters,
    FittedPriorSampler,
    fitted_setting,
)
from skunsup.models._latent import LatentTransformer
from skunsup.models._parameters import (
    CodeParameters,
    DiscriminatorParameters,
    LossParameters,
    NoiseParameters,
    PriorParameters,
)
from skunsup.models._parts import (
    encoder_and_decoder,
    noise_settings,
    reconstruction,
)
from skunsup.models._prior import PriorNetwork, rescale


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
        As `generator_loss` takes it.
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

    defaults: ClassVar[dict[str, Any]] = {
        **PriorNetwork.defaults,
        **Adversary.defaults,
        "adversarial_weight": 0.1,
    }

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.groups = (
            Group(("discriminator", "head")),
            Group(("encoder", "decoder"), self.settings["n_critic"]),
        )

    def loss_terms(self, x: Any) -> list[Any]:
        """Losses of the halves, of the discriminator and of the encoder, metrics."""
        code, loss, unit = self.code_and_error(x)
        draws = self.prior_draws(code)
        own, metrics = self.discriminator_terms(draws, code)
        kind, weight = (
            self.settings[f"adversarial_{name}"] for name in ("loss", "weight")
        )
        adversarial = generator_loss(kind, self.discriminate_frozen(code))
        return [
            loss,
            own,
            weight * rescale(adversarial, unit),
            *metrics,
            spread(code, draws),
        ]


@parameters
class AdversarialParameters(
    DiscriminatorParameters,
    PriorParameters,
    NoiseParameters,
    LossParameters,
    CodeParameters,
):
    """Weights of the terms.

    Parameters
    ----------
    adversarial_weight : float
        Weight of the adversarial term of the encoder, in units of the reconstruction
        loss, so that it means the same on any scale of X. Lower it, to 0.01 or less,
        for a cross-entropy of many words, most of which no code can explain: in its
        units the adversarial term outweighs what can be learned.
    density_weight : float
        Weight of log p(z) in `score_samples`, which training does not see. 0 makes the
        score minus the reconstruction loss of the row, in the units of the loss.
    """

    adversarial_weight: float = parameter([reals(0, None, "left")], default=0.1)
    density_weight: float = parameter([reals(0, None, "left")], default=1.0)


@parameters
class AdversarialAutoencoder(
    AdversarialEstimator,
    FittedPriorSampler,
    LatentTransformer,
    FittedPriorParameters,
    AdversarialParameters,
):
    """Autoencoder whose codes follow a prior, by a discriminator of the codes.

    While encoder and decoder learn to copy rows, a discriminator learns to tell codes
    from draws of the prior, and the encoder to make them look like such draws [1]_. The
    prior may be anything that can be drawn from. `sample` decodes draws from it.

    `score_samples` is the logarithm, but for a constant, of the joint density of the
    row x and its code z: log p(z) - n_features loss(x) / (2 e), with p the prior and e
    the mean training loss. With the squared error the second term is the log-density of
    a Gaussian around the reconstruction. For the spiral and for callables p is a kernel
    estimate from 1024 draws; the uniform distribution is given Gaussian edges.
    `density_weight` weakens the part of the code or leaves it out.

    Attributes
    ----------
    history_ : dict of str to list of float
        One entry an epoch: `loss`, the sum of its terms `reconstruction`,
        `discriminator` and `adversarial` (weighted); `accuracy_real` and
        `accuracy_fake`, the shares of prior draws and of codes that the discriminator
        recognises (about 0.5 if it cannot tell them apart, near 1 if codes do not
        follow the prior); `spread`, the standard deviation of codes relative to the
        prior's; and `val_loss` if rows were held out.

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

    _judged = "the encoder returns"

    def _architecture(self, data: FitData) -> Architecture:
        loss, last = reconstruction(self.loss, data)
        parts = encoder_and_decoder(self, data.inputs, last)
        n_components = parts["encoder"].n_outputs
        parts |= discriminator_parts(self, Dense.of_width(n_components))
        settings = {
            "prior": make_prior(self.prior, n_components),
            "n_features": data.n_features,
            "adversarial_loss": self.adversarial_loss,
            "adversarial_weight": float(self.adversarial_weight),
            **penalty_settings(self),
            "n_critic": int(self.n_critic),
            "loss": loss,
            **noise_settings(self),
            "density_weight": float(self.density_weight),
            **fitted_setting(self, n_components),
        }
        return self._made(AdversarialNetwork, parts, settings, n_components, data)
