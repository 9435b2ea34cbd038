"""The Wasserstein autoencoder."""

from typing import Any, ClassVar

import keras
from keras import ops

from skunsup._fit_data import FitData
from skunsup._networks import Architecture, make_prior
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import reals
from skunsup.models._fitted_prior import (
    FittedPriorParameters,
    FittedPriorSampler,
    fitted_setting,
)
from skunsup.models._latent import LatentTransformer
from skunsup.models._parameters import (
    CodeParameters,
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

    defaults: ClassVar[dict[str, Any]] = {**PriorNetwork.defaults, "mmd_weight": 1.0}

    def loss_terms(self, x: Any) -> list[Any]:
        """Reconstruction loss and weighted discrepancy of the minibatch `x`."""
        code, loss, unit = self.code_and_error(x)
        distance = mmd(code, self.prior_draws(code))
        return [loss, self.settings["mmd_weight"] * rescale(distance, unit)]


@parameters
class WassersteinParameters(
    PriorParameters, NoiseParameters, LossParameters, CodeParameters
):
    """Weight of the discrepancy.

    Parameters
    ----------
    mmd_weight : float
        Weight of the maximum mean discrepancy in the loss, in units of the
        reconstruction loss, so that it means the same on any scale of X.
    """

    mmd_weight: float = parameter([reals(0, None, "left")], default=1.0)


@parameters
class WassersteinAutoencoder(
    FittedPriorSampler, LatentTransformer, FittedPriorParameters, WassersteinParameters
):
    """Autoencoder whose codes follow a prior, by penalising their distance from it.

    Codes of a minibatch are compared with draws from the prior in maximum mean
    discrepancy, which joins the reconstruction loss [1]_. There is no discriminator,
    and a row has one code. `sample` decodes draws from the prior.

    `score_samples` is the logarithm, but for a constant, of the joint density of the
    row x and its code z: log p(z) - n_features loss(x) / (2 e), with p the prior and e
    the mean training loss. With the squared error the second term is the log-density of
    a Gaussian around the reconstruction.

    Attributes
    ----------
    history_ : dict of str to list of float
        One entry an epoch: `loss`, its terms `reconstruction` and `mmd` (weighted), and
        `val_loss` if rows were held out.

    See Also
    --------
    AdversarialAutoencoder : The prior by a discriminator instead.
    VariationalAutoencoder : The prior by a bound of the likelihood.

    References
    ----------
    .. [1] Tolstikhin, Bousquet, Gelly & Schoelkopf, "Wasserstein auto-encoders", ICLR
       2018.

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

    def _architecture(self, data: FitData) -> Architecture:
        loss, last = reconstruction(self.loss, data)
        parts = encoder_and_decoder(self, data.inputs, last)
        n_components = parts["encoder"].n_outputs
        settings = {
            "prior": make_prior(self.prior, n_components),
            "n_features": data.n_features,
            "mmd_weight": float(self.mmd_weight),
            "loss": loss,
            **noise_settings(self),
            **fitted_setting(self, n_components),
        }
        return self._made(WassersteinNetwork, parts, settings, n_components, data)
