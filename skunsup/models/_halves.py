"""Weights of the encoder and the decoder of one network, for another one."""

import numpy as np

from skunsup._networks import Architecture, Network

HALVES = ("encoder", "decoder")
Halves = dict[str, list[np.ndarray]]


def halves_of(
    architecture: Architecture, network: Network, values: list[np.ndarray]
) -> Halves:
    """Copies of the weights of encoder and decoder, from the variables of a network."""
    return {
        name: [value.copy() for value in architecture.taken(network, values, name)]
        for name in HALVES
    }


def with_halves(
    architecture: Architecture,
    network: Network,
    values: list[np.ndarray],
    halves: Halves,
) -> list[np.ndarray]:
    """Variables of a network with other weights in encoder and decoder."""
    new = list(values)
    for name, weights in halves.items():
        architecture.put(network, new, name, weights)
    return new
