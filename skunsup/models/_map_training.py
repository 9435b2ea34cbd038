"""The two stages in which a network learns a map of rows."""

from dataclasses import replace

from skunsup._fit_data import TrainingTask
from skunsup._networks import Architecture
from skunsup.models._map_layout import NEAREST
from skunsup.models._neighbor_data import NeighborData
from skunsup.models._neighbor_decoder import (
    DecodedCoordinateNetwork,
    DecodedMapNetwork,
)
from skunsup.models._neighbor_network import (
    CoordinateNetwork,
    MapNetwork,
    PairNetwork,
)

NOISE = 1 / 3  # of the noise of codes, for places
OF_CODES: dict[type, type[PairNetwork]] = {
    MapNetwork: CoordinateNetwork,
    DecodedMapNetwork: DecodedCoordinateNetwork,
}


def with_place_noise(
    architecture: Architecture, kind: str, noise_level: float
) -> Architecture:
    """Return the architecture with the noise of rows that places are learned from.

    Parameters
    ----------
    architecture : Architecture
        Of a map.
    kind : {"gaussian", "masking"}
        Noise of such rows.
    noise_level : float
        That of codes; 0 for none.
    """
    noise = {"noise": kind if noise_level else None, "noise_level": NOISE * noise_level}
    return replace(architecture, settings={**architecture.settings, **noise})


def of_codes(task: TrainingTask, noise_level: float) -> TrainingTask:
    """Return the training of codes that precedes that of a map, of the same variables.

    Parameters
    ----------
    task : TrainingTask
        Of a map.
    noise_level : float
        Of rows, 0 where they have views.
    """
    architecture = task.architecture
    changed = replace(
        architecture,
        network=OF_CODES[architecture.network],
        settings={**architecture.settings, "noise_level": noise_level},
    )
    return replace(task, architecture=changed)


def of_places(task: TrainingTask) -> TrainingTask:
    """Return the training of a map: of rows as they are, and of fewer neighbours."""
    data = task.data
    assert isinstance(data, NeighborData)
    data = data.unchanged(NEAREST)
    return replace(task, data=data, sample=data.sample)
