"""The generative adversarial network."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from sklearn.base import TransformerMixin
from sklearn.utils import Tags

from skunsup._docstrings import documented
from skunsup._documentation import ROWS
from skunsup._estimator import CodeNamesMixin, DeepEstimator
from skunsup._fit_data import FitData
from skunsup._networks import (
    Architecture,
    DecoderLayers,
    resolve_activation,
)
from skunsup._parameters import parameter, parameters
from skunsup.inputs import Inputs
from skunsup.models._adversarial_estimator import AdversarialEstimator
from skunsup.models._adversary import (
    discriminator_parts,
    penalty_settings,
)
from skunsup.models._gan_network import GANNetwork
from skunsup.models._latent import bounded
from skunsup.models._own_parts import own_output
from skunsup.models._parameters import (
    OWN_NETWORK,
    DiscriminatorParameters,
    LayerParameters,
)
from skunsup.models._parts import hidden_sizes
from skunsup.models._sampler import Sampler

N_NOISE = 16


@parameters
class GANParameters(DiscriminatorParameters, LayerParameters):
    """Generator.

    Parameters
    ----------
    generator : keras.Model or callable
        Own network from noise to rows: an unfitted Keras model, or a callable of
        (n_components, n_features) that returns one. It is copied and trained from fresh
        weights, fixed by `random_state`; layers with `trainable=False` keep theirs.
    """

    generator: keras.Model | Callable | None = parameter(OWN_NETWORK, default=None)


@parameters
class GAN(
    CodeNamesMixin,
    TransformerMixin,
    AdversarialEstimator,
    Sampler,
    DeepEstimator,
    GANParameters,
):
    """Generator of rows, trained against a discriminator of rows.

    The generator turns noise into rows, the discriminator learns to tell them from the
    training rows, and the generator to make them
    look real [1]_. `sample` generates rows.
    `transform` gives the last hidden features of the discriminator [2]_, which a
    linear classifier or a clusterer can use, and `score_samples` its logits: how real a
    row looks to it, which says little once both are well trained.

    Parameters
    ----------
    n_components : int
        Width of the noise that rows are made from. None means 16.
    hidden_layer_sizes : int or sequence of int
        Widths of the hidden layers of the discriminator; the generator mirrors them.
        None for (128, 64), or what suits `inputs`.
    activation : str or callable
        Of the hidden layers: a Keras name or a callable on tensors.
    ema : float
        Decay in [0, 1) of the moving average of the generator's weights [4]_, by which
        rows are generated; 0 for none. It rises to this value over the first steps.
    early_stopping : bool
        Hold out `validation_fraction` of the distinct rows (or take `X_val` of `fit`),
        stop when their loss no longer falls, and keep the best weights. The loss is
        their energy distance from generated rows [3]_.
    discriminator : keras.Model or callable
        Own network from rows to hidden features, on which a linear unit is put: an
        unfitted Keras model, or a callable of (n_inputs, None) that returns one.
        Treated as `generator`.

    Attributes
    ----------
    n_components_ : int
        Width of the noise.
    history_ : dict of str to list of float
        One entry an epoch: `loss`, the sum of its terms `discriminator` and
        `generator`; `accuracy_real` and `accuracy_fake`, the shares of rows and of
        generated rows that the discriminator recognises (about 0.5 if it cannot tell
        them apart, near 1 if generated rows are unlike the data); `spread`, the
        standard deviation of generated rows relative to the data's; and `val_loss` if
        rows were held out.

    Warns
    -----
    ConvergenceWarning
        If the generated rows lost nearly all of their variance in training.

    See Also
    --------
    BiGAN : A generator with an encoder beside it.
    VariationalAutoencoder : A generator with a likelihood.

    References
    ----------
    .. [1] Goodfellow et al., "Generative adversarial nets", NeurIPS 2014.
    .. [2] Radford, Metz & Chintala, "Unsupervised representation learning with deep
       convolutional generative adversarial networks", ICLR 2016.
    .. [3] Szekely & Rizzo, "Energy statistics: A class of statistics based on
       distances", Journal of Statistical Planning and Inference 143, 2013.
    .. [4] Yazici, Foo, Winkler, Yap, Piliouras & Chandrasekhar, "The unusual
       effectiveness of averaging in GAN training", ICLR 2019.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skunsup import GAN
    >>> X = StandardScaler().fit_transform(load_iris().data)
    >>> model = GAN(epochs=30, random_state=0).fit(X)
    >>> model.sample(3, random_state=0).shape
    (3, 4)
    >>> model.transform(X).shape
    (150, 64)
    """

    ema: float = parameter(default=0.999)

    _criterion = "row_loss"

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        return self._network.architecture.parts["discriminator"].n_outputs

    @documented(ROWS)
    def transform(self, X: Any) -> np.ndarray:
        """Return the last hidden features of the discriminator.

        Returns
        -------
        ndarray of shape (n_samples, n_hidden)
            As many columns as the last hidden layer has units; float32 for float32
            rows, else float64. A row depends on that row alone, to the bit.
        """
        features, dtype = self._compute("features", X)
        return features.astype(dtype, copy=False)

    @documented(ROWS)
    def score_samples(self, X: Any) -> np.ndarray:
        """Score rows by how real they look to the discriminator.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Logits: higher is more like a training row than a generated one.
        """
        return bounded(self._compute("row_score", X)[0], -1.0)

    @documented(ROWS)
    def score(self, X: Any, y: Any = None) -> float:
        """Compare rows with generated ones, for model selection.

        Returns
        -------
        float
            Minus the energy distance between X and 256 generated rows, but for a
            constant of X: higher is better. Not the mean of `score_samples`, which
            says how the discriminator fares and not what the rows are worth.
        """
        return -float(bounded(self._compute("row_loss", X)[0]).mean())

    def _architecture(self, data: FitData) -> Architecture:
        n_components = self.n_components or N_NOISE
        settings = {
            "n_components": n_components,
            "adversarial_loss": self.adversarial_loss,
            **penalty_settings(self),
            "n_critic": int(self.n_critic),
        }
        parts = {
            **discriminator_parts(self, data.inputs),
            "generator": self._generator_part(n_components, data.inputs),
        }
        return self._made(GANNetwork, parts, settings, n_components, data)

    def _generator_part(self, n_components: int, inputs: Inputs) -> Any:
        if self.generator is not None:
            return own_output("generator", self.generator, n_components, inputs)
        hidden = hidden_sizes(self, inputs)[::-1]
        activation = resolve_activation(self.activation)
        return inputs.decoder(DecoderLayers(n_components, hidden, activation, "linear"))
