"""Start values of a dense autoencoder from fitted models, and layer by layer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skunsup._estimator import DeepEstimator, network_of
from skunsup._fit_data import FitData
from skunsup._networks import Architecture, DenseStack, Network, check_loss
from skunsup._random import draw_seed
from skunsup._training import (
    BaggedSampler,
    FittedNetwork,
    OptimizerConfig,
    Rows,
    Sampler,
    TrainingConfig,
    TrainingState,
    shared_network,
    train,
)

HALVES = ("encoder", "decoder")


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
    theirs = fitted.template()
    new = list(values)
    for name in HALVES:
        given = fitted.architecture.taken(theirs, fitted.values, name)
        wanted = architecture.taken(network, values, name)
        same = _activation(fitted.architecture) == _activation(architecture)
        if not same or [v.shape for v in given] != [v.shape for v in wanted]:
            raise ValueError(
                f"init={type(source).__name__} has a network of "
                f"{_described(fitted.architecture)}, but the parameters and the "
                f"columns of X describe {_described(architecture)}. Give both the same "
                "columns, n_components, hidden_layer_sizes and activation, or use "
                "init='random'."
            )
        architecture.put(network, new, name, [value.copy() for value in given])
    return new


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


def layerwise_values(
    architecture: Architecture,
    network: Network,
    values: list[np.ndarray],
    data: FitData,
    recipes: Sequence[OptimizerConfig],
    plan: TrainingConfig,
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """Train the layers of a dense autoencoder one by one, each on the one before.

    Every layer of the encoder, with the layer of the decoder that undoes it, is an
    autoencoder with one hidden layer, which learns to return what the layers below
    give for the training rows (Bengio, Lamblin, Popovici & Larochelle 2007, section
    2.3; Hinton & Salakhutdinov 2006 train the layers as Boltzmann machines).

    Parameters
    ----------
    architecture : Architecture
        Whose parts `encoder` and `decoder` are dense stacks, one the other's mirror.
    network : Network
        What it builds.
    values : list of arrays
        Variables of `network`; not changed.
    data : FitData
        The training rows.
    recipes, plan
        How each layer is trained; of the plan, how long and in what minibatches.
    rng : numpy.random.Generator
        Draws what each layer starts from and its minibatches.

    Raises
    ------
    ValueError
        If there are several networks side by side.
    """
    if architecture.n_members > 1:
        raise ValueError(
            f"init='layerwise' trains the layers of one network, not of "
            f"{architecture.n_members} side by side. Use n_estimators=1, or "
            "init='random'."
        )
    rows = data.rows
    encoder: list[np.ndarray] = []
    decoder: list[np.ndarray] = []
    for layer in _layers(architecture):
        layer_rng = np.random.default_rng(draw_seed(rng))
        built = shared_network(layer)
        start = layer.initial_values(built, layer_rng)
        trained = train_first(layer, start, recipes, plan, rows, data.sample, layer_rng)
        encoder += layer.taken(built, trained, "encoder")
        decoder = layer.taken(built, trained, "decoder") + decoder
        rows = Rows(FittedNetwork(layer, trained).compute("encode", rows))
    new = list(values)
    architecture.put(network, new, "encoder", encoder)
    architecture.put(network, new, "decoder", decoder)
    return new


def train_first(
    architecture: Architecture,
    values: list[np.ndarray],
    recipes: Sequence[OptimizerConfig],
    plan: TrainingConfig,
    rows: Rows,
    sample: Sampler | BaggedSampler,
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """Train a network whose weights another one starts from, and return them.

    Parameters
    ----------
    architecture : Architecture
        What to train.
    values : list of arrays
        Its variables at the start.
    recipes, plan
        How; of the plan, how long and in what minibatches.
    rows : Rows
        What the rows of the model have become.
    sample : sampler
        Draws minibatches.
    rng : numpy.random.Generator
        For the sampler.
    """
    plan = replace(plan, patience=None, callbacks=(), verbose=0, preliminary=True)
    state = TrainingState(values, None, rng)
    return train(architecture, recipes, plan, rows, sample, None, state).values


def _layers(architecture: Architecture) -> list[Architecture]:
    """Return the autoencoder of each layer of the encoder, from the input up."""
    parts: Any = architecture.parts
    encoder, decoder = parts["encoder"].stack, parts["decoder"].stack
    widths, last = (encoder.n_inputs, *encoder.sizes), len(encoder.sizes) - 1
    layers = []
    for i, size in enumerate(encoder.sizes):
        up = encoder.output_activation if i == last else encoder.activation
        down = decoder.output_activation if i == 0 else decoder.activation
        halves = {
            "encoder": DenseStack(widths[i], (size,), up, up),
            "decoder": DenseStack(size, (widths[i],), down, down),
        }
        settings = dict(architecture.settings)
        if i > 0:
            settings["loss"] = check_loss("mean_squared_error", widths[i])
        if i < last:
            settings["l1_penalty"] = 0.0
        layers.append(replace(architecture, parts=halves, settings=settings))
    return layers
