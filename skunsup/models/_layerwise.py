"""Start values of a dense autoencoder, trained layer by layer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

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
from skunsup.models._halves import with_halves


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
    halves = {"encoder": encoder, "decoder": decoder}
    return with_halves(architecture, network, values, halves)


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
