"""Base of the estimators whose code has a category."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from skunsup._fit_data import FitData
from skunsup._networks import Architecture, NetworkSpec
from skunsup._networks import resolve_activation as resolved
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import reals
from skunsup.inputs import Dense, Inputs
from skunsup.models._adversary import (
    AdversarialEstimator,
    discriminator_parts,
    penalty_settings,
)
from skunsup.models._categorical import (
    CategoricalEncoder,
    CategoricalNetwork,
    CategoricalPrior,
)
from skunsup.models._latent import LatentTransformer, summing_to_one
from skunsup.models._parameters import (
    OWN_NETWORK,
    CodeParameters,
    DiscriminatorParameters,
    LossParameters,
    NoiseParameters,
)
from skunsup.models._parts import (
    decoder_part,
    hidden_sizes,
    noise_settings,
    own_encoder,
    reconstruction,
)
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


def categorical_encoder(
    estimator: Any, inputs: Inputs, n_categories: int
) -> CategoricalEncoder:
    """Return the network from rows to probabilities with a continuous code behind.

    Raises
    ------
    ValueError
        If an own encoder does not fit.
    """
    wanted, given = estimator.n_components, estimator.encoder
    if given is None:
        hidden = hidden_sizes(estimator, inputs)
        sizes = (*hidden, n_categories + (wanted or 2))
        inner = inputs.encoder(sizes, resolved(estimator.activation))
        return CategoricalEncoder(inner, n_categories)
    asked = None if wanted is None else n_categories + wanted
    encoder = own_encoder(given, inputs, asked)
    if encoder.n_outputs <= n_categories or asked not in (None, encoder.n_outputs):
        least = f"{asked}" if asked else f"at least {n_categories + 1}"
        raise ValueError(
            f"encoder returns {encoder.n_outputs} columns, but expected {least}: "
            f"{n_categories} logits and n_components={wanted} columns of style behind "
            "them. Let its last layer have that many units."
        )
    return CategoricalEncoder(encoder, n_categories)
