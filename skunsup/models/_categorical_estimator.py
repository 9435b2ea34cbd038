"""Base of the estimators whose code has a category."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from skunsup._fit_data import FitData
from skunsup._networks import Architecture, NetworkSpec
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import reals
from skunsup.inputs import Dense
from skunsup.models._adversarial_estimator import AdversarialEstimator
from skunsup.models._adversary import (
    discriminator_parts,
    penalty_settings,
)
from skunsup.models._categorical import CategoricalNetwork
from skunsup.models._categorical_encoder import categorical_encoder
from skunsup.models._categories import CategoricalPrior
from skunsup.models._latent import LatentTransformer, summing_to_one
from skunsup.models._parameters import (
    OWN_NETWORK,
    CodeParameters,
    DiscriminatorParameters,
    LossParameters,
    NoiseParameters,
)
from skunsup.models._parts import decoder_part, noise_settings, reconstruction
from skunsup.models._sampler import Sampler


@parameters
class CategoricalParameters(
    DiscriminatorParameters, NoiseParameters, LossParameters, CodeParameters
):
    """Categories.

    Parameters
    ----------
    adversarial_weight : float
        Weight of the adversarial term of the encoder, in units of the reconstruction
        loss, so that it means the same on any scale of X.
    discriminator : keras.Model or callable
        Own network from styles to hidden features, on which a linear unit is put: an
        unfitted Keras model, or a callable of (n_inputs, None) that returns one.
        Treated as `encoder` and `decoder`.
    category_discriminator : keras.Model or callable
        Own network in the same way from the probabilities.
    """

    adversarial_weight: float = parameter([reals(0, None, "left")], default=1.0)
    spectral_normalization: bool = parameter(default=True)
    noise: str | None = parameter(default="gaussian")
    noise_level: float = parameter(default=0.5)
    category_discriminator: keras.Model | Callable | None = parameter(
        OWN_NETWORK, default=None
    )


class CategoricalEstimator(
    AdversarialEstimator, Sampler, LatentTransformer, CategoricalParameters
):
    """Base of the estimators around a `CategoricalNetwork`.

    A subclass says in `_categories` how many there are, and in `_weights` what balance
    or labels weigh.
    """

    _judged = "the encoder returns beside the probabilities"

    def _probabilities(self, X: Any) -> np.ndarray:
        return summing_to_one(self._compute("probabilities", X)[0])

    @abstractmethod
    def _categories(self) -> int:
        """Return the number of categories."""

    def _architecture(self, data: FitData) -> Architecture:
        loss, last = reconstruction(self.loss, data)
        k = self._categories()
        encoder = categorical_encoder(self, data.inputs, k)
        width = encoder.n_outputs
        parts: dict[str, NetworkSpec] = {
            "encoder": encoder,
            "decoder": decoder_part(self, width, data.inputs, last),
            **discriminator_parts(self, Dense.of_width(width - k)),
            **discriminator_parts(self, Dense.of_width(k), of="category_"),
        }
        settings = {
            "prior": CategoricalPrior(width, (1.0 / k,) * k),
            "n_features": data.n_features,
            "adversarial_loss": self.adversarial_loss,
            "adversarial_weight": float(self.adversarial_weight),
            **penalty_settings(self),
            "n_critic": int(self.n_critic),
            **self._weights(),
            "loss": loss,
            **noise_settings(self),
        }
        return self._made(CategoricalNetwork, parts, settings, width, data)

    @abstractmethod
    def _weights(self) -> dict[str, float]:
        """Return the weights of terms that the subclass has."""
