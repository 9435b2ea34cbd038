"""The model whose encoder and decoder deep embedded clustering starts from."""

from typing import Any

from sklearn.frozen import FrozenEstimator

from skunsup._estimator import DeepEstimator
from skunsup._fit_data import FitData
from skunsup._networks import Architecture, check_loss
from skunsup.models._autoencoder import Autoencoder
from skunsup.models._halves import HALVES
from skunsup.models._parts import LIKELIHOOD_LOSSES


def default_start(model: DeepEstimator, seed: int) -> Autoencoder:
    """Return the autoencoder that is trained where none is given."""
    given: dict[str, Any] = {
        "n_components": 10,
        "hidden_layer_sizes": (256, 128) if model.inputs is None else None,
        "noise": "masking",
        "noise_level": 0.2,
        "random_state": seed,
    }
    shared = ("inputs", "batch_size", "epochs", "max_steps", "verbose")
    return Autoencoder(**given, **{name: getattr(model, name) for name in shared})


def unwrapped(start: Any) -> Any:
    """Return the model that `FrozenEstimator` may hold, once it is one of ours.

    Raises
    ------
    ValueError
        If it is something else.
    """
    model = start.estimator if isinstance(start, FrozenEstimator) else start
    if model is not None and not isinstance(model, DeepEstimator):
        raise ValueError(
            f"estimator={type(model).__name__}, but expected a model of skunsup with "
            "an encoder and a decoder, such as Autoencoder, or None."
        )
    return model


def check_start(start: DeepEstimator, theirs: Architecture, data: FitData) -> None:
    """Raise ValueError where the network of the start does not fit.

    Parameters
    ----------
    start : DeepEstimator
        For the message.
    theirs : Architecture
        Its network.
    data : FitData
        The training data.
    """
    name = type(start).__name__
    if not set(HALVES) <= set(theirs.parts):
        raise ValueError(
            f"estimator={name} has no encoder with a decoder. Use a model that has "
            "both, such as Autoencoder, VariationalAutoencoder or AAEClustering."
        )
    if theirs.n_members > 1:
        raise ValueError(
            f"estimator={name} holds {theirs.n_members} networks side by side, but "
            "expected one. Use a model with n_estimators=1."
        )
    n_inputs = theirs.parts["encoder"].n_inputs
    if n_inputs != data.n_features:
        raise ValueError(
            f"estimator={name} was fitted to {n_inputs} columns, but X has "
            f"{data.n_features}. Give rows like those that it saw, or fit it anew."
        )


def loss_of(theirs: Architecture, n_features: int) -> Any:
    """Return the reconstruction loss of a network, described."""
    settings = theirs.settings
    if "loss" in settings:
        return settings["loss"]
    return check_loss(LIKELIHOOD_LOSSES[settings["distribution"]], n_features)
