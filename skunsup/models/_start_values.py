"""Start values of an autoencoder from those of a fitted model."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skunsup._estimator import DeepEstimator, network_of
from skunsup._networks import Architecture, Network
from skunsup._training import FittedNetwork
from skunsup.models._halves import HALVES, halves_of, with_halves


def fitted_values(
    init: BaseEstimator,
    architecture: Architecture,
    network: Network,
    values: list[np.ndarray],
) -> list[np.ndarray]:
    """Put the encoder and the decoder of a fitted model into start values.

    Parameters
    ----------
    init : DeepEstimator or FrozenEstimator
        The fitted model, or what holds it.
    architecture : Architecture
        With parts `encoder` and `decoder`, and perhaps others, which keep theirs.
    network : Network
        What it builds.
    values : list of arrays
        Variables of `network`; not changed.

    Raises
    ------
    ValueError
        If `init` is not fitted, or has halves of other shapes.
    """
    source = init.estimator if isinstance(init, FrozenEstimator) else init
    fitted = _fitted_network(source)
    halves = halves_of(fitted.architecture, fitted.template(), fitted.values)
    same = _activation(fitted.architecture) == _activation(architecture)
    for name, given in halves.items():
        wanted = architecture.taken(network, values, name)
        if not same or [v.shape for v in given] != [v.shape for v in wanted]:
            raise ValueError(
                f"init={type(source).__name__} has a network of "
                f"{_described(fitted.architecture)}, but the parameters and the "
                f"columns of X describe {_described(architecture)}. Give both the same "
                "columns, n_components, hidden_layer_sizes and activation, or use "
                "init='random'."
            )
    return with_halves(architecture, network, values, halves)


def _fitted_network(source: Any) -> FittedNetwork:
    name = type(source).__name__
    has_network = isinstance(source, DeepEstimator)
    try:
        check_is_fitted(source)
    except NotFittedError as error:
        raise ValueError(
            f"init={name} is not fitted, so it has no weights to start from. Fit it "
            "first; and since clone, which searches and pipelines call, makes a fitted "
            "model an unfitted one, give it as sklearn.frozen.FrozenEstimator(model)."
        ) from error
    if not has_network or not set(HALVES) <= set(network_of(source).architecture.parts):
        raise ValueError(
            f"init={name}, but expected 'random', 'pca', 'layerwise' or a fitted model "
            "of skunsup with an encoder and a decoder, such as Autoencoder."
        )
    return network_of(source)


def _described(architecture: Architecture) -> str:
    """Write the widths of the layers, of both halves as one where they fit."""
    encoder, decoder = (_widths(architecture.parts[name]) for name in HALVES)
    halves = (
        [encoder + decoder[1:]] if encoder[-1] == decoder[0] else [encoder, decoder]
    )
    written = ", ".join("-".join(map(str, widths)) for widths in halves)
    n, activation = architecture.n_members, _activation(architecture)
    times = f"{n} times " if n > 1 else ""
    kind = getattr(activation, "__name__", activation)
    return f"{times}{written} units" + (f" ({kind})" if kind else "")


def _widths(part: Any) -> list[Any]:
    stack = getattr(part, "stack", None)
    inner = ["..."] if stack is None else stack.sizes[:-1]
    return [part.n_inputs, *inner, part.n_outputs]


def _activation(architecture: Architecture) -> Any:
    """Return the activation of hidden layers, None where there are none of ours."""
    stack = getattr(architecture.parts["encoder"], "stack", None)
    return None if stack is None or not stack.sizes[:-1] else stack.activation
