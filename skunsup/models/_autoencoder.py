"""The autoencoder."""

from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops
from sklearn.base import BaseEstimator

from skunsup._fit_data import FitData
from skunsup._networks import Architecture, Network, fitted_prior, pca_values
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import StrOptions, reals
from skunsup._training import all_rows, n_processes
from skunsup.models._code import CodeNetwork
from skunsup.models._fitted_prior import (
    FittedPriorParameters,
    FittedPriorSampler,
    fitted_setting,
)
from skunsup.models._latent import LatentTransformer
from skunsup.models._layerwise import layerwise_values
from skunsup.models._parameters import (
    CodeParameters,
    LossParameters,
    NoiseParameters,
)
from skunsup.models._parts import (
    encoder_and_decoder,
    noise_settings,
    reconstruction,
)
from skunsup.models._start_values import fitted_values

PCA_ROWS = 20_000


@keras.saving.register_keras_serializable(package="skunsup")
class AutoencoderNetwork(CodeNetwork):
    """Encoder and decoder trained to reconstruct their input.

    Objective: mean over the minibatch of loss(x, decode(encode(corrupt(x)))), plus
    `l1_penalty` times the mean absolute sum of the code.

    Parameters
    ----------
    encoder, decoder : keras.Model
        The two halves.
    loss, noise, noise_level
        See `CodeNetwork`.
    l1_penalty : float
        Weight of the sparsity term.
    """

    defaults: ClassVar[dict[str, Any]] = {
        **CodeNetwork.defaults,
        "l1_penalty": 0.0,
        "fitted_prior": None,
    }

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        more = ("sparsity",) if self.settings["l1_penalty"] else ()
        self.own_terms = ("reconstruction", *more)
        self.fitted = fitted_prior(self)

    def loss_terms(self, x: Any) -> list[Any]:
        """Reconstruction and sparsity of the minibatch `x`."""
        code, loss = self.code_and_loss(x)
        terms = [loss]
        if self.settings["l1_penalty"]:
            size = ops.mean(ops.sum(ops.abs(code), axis=-1))
            terms.append(self.settings["l1_penalty"] * size)
        return terms


@parameters
class AutoencoderParameters(NoiseParameters, LossParameters, CodeParameters):
    """Sparsity and start.

    Parameters
    ----------
    l1_penalty : float
        Weight of the mean absolute sum of the code in the loss: a sparse autoencoder.
    init : {"random", "pca", "layerwise"} or fitted model
        Where the weights start: Glorot-uniform; or such that the network reconstructs
        the training rows as PCA with `n_components` does, before the first step, which
        needs hidden layers of at least `n_components` units; or trained layer by layer
        [1]_, each for `epochs` and `max_steps`, which helps deep networks of sigmoids;
        or those of a fitted model with the same widths, best given as
        `sklearn.frozen.FrozenEstimator(model)`, since `clone` would unfit the model.

    References
    ----------
    .. [1] Bengio, Lamblin, Popovici & Larochelle, "Greedy layer-wise training of deep
       networks", NeurIPS 19, 2007.
    """

    l1_penalty: float = parameter([reals(0, None, "left")], default=0.0)
    init: str | BaseEstimator = parameter(
        [StrOptions({"random", "pca", "layerwise"}), BaseEstimator], default="random"
    )


@parameters
class Autoencoder(
    FittedPriorSampler, LatentTransformer, FittedPriorParameters, AutoencoderParameters
):
    """Nonlinear dimension reduction by a network that learns to copy its input.

    The encoder maps each row to a short code, the decoder maps the code back, and both
    are trained to minimise the reconstruction error [1]_. `transform` gives codes,
    `inverse_transform` decodes them, and `score_samples` is minus the reconstruction
    error, which is low for rows unlike the training data. With a linear network and the
    squared error this is PCA. With a `fitted_prior` it generates rows as well.

    Attributes
    ----------
    history_ : dict of str to list of float
        One entry an epoch: `loss` as trained on (noisy, with penalties), its terms if
        there are several, and `val_loss` (clean, without) if rows were held out.

    See Also
    --------
    sklearn.decomposition.PCA : The linear case in closed form.
    AutoencoderDetector : Outlier detection by this model.

    References
    ----------
    .. [1] Hinton & Salakhutdinov, "Reducing the dimensionality of data with neural
       networks", Science 313, 2006.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skunsup import Autoencoder
    >>> X = load_iris().data
    >>> codes = make_pipeline(
    ...     StandardScaler(), Autoencoder(n_components=2, epochs=30, random_state=0)
    ... ).fit_transform(X)
    >>> codes.shape
    (150, 2)
    """

    def _has_sample(self) -> bool:
        if self.fitted_prior is False:
            raise AttributeError(
                "Codes of an Autoencoder follow no prior, so there is none to sample "
                "from. Give fitted_prior=True before fit, or use "
                "VariationalAutoencoder."
            )
        return True

    def _architecture(self, data: FitData) -> Architecture:
        loss, output_activation = reconstruction(self.loss, data)
        parts = encoder_and_decoder(self, data.inputs, output_activation)
        n_components = parts["encoder"].n_outputs
        settings = {
            "loss": loss,
            **noise_settings(self),
            "l1_penalty": float(self.l1_penalty),
            **fitted_setting(self, n_components),
        }
        return self._made(AutoencoderNetwork, parts, settings, n_components, data)

    def _start_values(
        self,
        architecture: Architecture,
        network: Network,
        data: FitData,
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        values = architecture.initial_values(network, rng)
        if isinstance(self.init, BaseEstimator):
            return fitted_values(self.init, architecture, network, values)
        if self.init == "random":
            return values
        parts = architecture.parts
        if not all(hasattr(part, "stack") for part in parts.values()):
            raise ValueError(
                f"init={self.init!r} writes the weights of the default network, but "
                "encoder or decoder is your own. Use init='random', or "
                "hidden_layer_sizes."
            )
        if data.inputs.n_outputs_ != data.inputs.n_columns_:
            raise ValueError(
                f"init={self.init!r} starts from networks that copy rows of numbers, "
                f"which those of inputs={self.inputs!r} do not. Use init='random'."
            )
        if self.init == "layerwise":
            plan, recipes = self._plan(data, stopping=False), self._optimizer_configs()
            return layerwise_values(
                architecture, network, values, data, recipes, plan, rng
            )
        most = PCA_ROWS // n_processes()
        drawn = data.sample.draw(min(data.sample.n_draws, most), rng)
        rows = all_rows(data.rows.take(drawn))
        return pca_values(architecture, network, values, rows)
