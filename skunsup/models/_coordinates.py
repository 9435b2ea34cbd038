"""Coordinates of rows, which a head of a neighbour embedding learns."""

import numpy as np

from skunsup._fit_data import TrainingTask
from skunsup._graph import nearest_neighbors
from skunsup._networks import Architecture
from skunsup._training import TrainingState
from skunsup.models._map_layout import NEAREST, leading_columns, map_layout
from skunsup.models._map_training import of_codes, of_places
from skunsup.models._neighbor_data import NeighborData
from skunsup.models._pair_training import (
    continued,
    own_outputs,
    shortened,
    with_columns,
)
from skunsup.models._spectral import affinity, spectral_coordinates

SPECTRAL_NEIGHBORS = 20
SHARE = 1.0  # of the steps, in which coordinates are learned

TOO_MANY_COORDINATES = (
    "coordinates='spectral' with n_components={k}, but X has {n} distinct rows to "
    "train on. Use fewer components than rows, or coordinates='code'."
)


def train_coordinates(
    task: TrainingTask, kind: str, width: int, noise_level: float
) -> tuple[Architecture, TrainingState]:
    """Train a network on pairs, and its head on coordinates that follow from its codes.

    Where training goes on, the head learns the coordinates that it gives already.

    Parameters
    ----------
    task : TrainingTask
        On `NeighborData`.
    kind : {"map", "spectral"}
        Kind of the coordinates.
    width : int
        How many.
    noise_level : float
        Of rows from which codes are learned, of a map.
    """
    data, architecture, first = task.data, task.architecture, task
    assert isinstance(data, NeighborData)
    if kind == "map":
        first, task = of_codes(task, noise_level), of_places(task)
    if task.going_on:
        start = own_outputs(architecture, task.start.values, data, "coordinates")
        return architecture, with_columns(task, _known(start)).run()
    unknown = np.zeros((len(data.origin), width + 1))
    state = continued(first, first.start, unknown)
    if state.interrupted:
        return architecture, state
    codes = own_outputs(first.architecture, state.values, data)
    of_map = kind == "map"
    wanted = (
        _map(codes, data, width, state.rng) if of_map else _spectral(codes, data, width)
    )
    return architecture, continued(shortened(task, SHARE), state, _known(wanted))


def _map(
    codes: np.ndarray, data: NeighborData, width: int, rng: np.random.Generator
) -> np.ndarray:
    """Places of distinct rows in a map."""
    n = len(codes)
    near = nearest_neighbors(codes, min(NEAREST, n - 1)) if n > 1 else None
    return map_layout(data.neighbors, near, leading_columns(codes, width), rng)


def _spectral(codes: np.ndarray, data: NeighborData, width: int) -> np.ndarray:
    """Spectral coordinates of distinct rows."""
    n = len(codes)
    if width >= n:
        raise ValueError(TOO_MANY_COORDINATES.format(k=width, n=n))
    near = nearest_neighbors(codes, min(SPECTRAL_NEIGHBORS, n - 1))
    return spectral_coordinates(affinity(near, data.sample.sample.weight), width)


def _known(coordinates: np.ndarray) -> np.ndarray:
    """Coordinates with a 1 behind each row."""
    return np.column_stack([coordinates, np.ones(len(coordinates))])
