"""Layers of blocks: what hides blocks, and what weights their losses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._networks import Likelihood, noise_state, uniform

DECAY = 0.98


@dataclass(frozen=True)
class Place:
    """Positions of the columns, the cells and the outputs of a block."""

    columns: slice
    cells: slice
    outputs: slice


class BlockCorruption(keras.layers.Layer):
    """Changes the blocks as their kinds do, and hides whole blocks at random.

    Of a row with blocks to hide, at least one that is there stays.

    Parameters
    ----------
    blocks : sequence of Likelihood
        The blocks.
    places : sequence of Place
        Where each is.
    hidden_share : float
        Share of the blocks to hide.
    """

    def __init__(
        self,
        blocks: Sequence[Likelihood],
        places: Sequence[Place],
        hidden_share: float,
    ) -> None:
        super().__init__(dtype="float32")
        self.places, self.hidden_share = tuple(places), hidden_share
        self.changes = {
            str(i): layer
            for i, block in enumerate(blocks)
            if (layer := block.corruption()) is not None
        }
        self.noise_state = noise_state()
        self.built = True

    def call(self, x: Any) -> Any:
        """Return changed copies of rows."""
        flags = x[..., -len(self.places) :]
        if self.hidden_share:
            flags = self._hidden(flags)
        parts = []
        for i, place in enumerate(self.places):
            part = x[..., place.columns]
            part = self.changes[str(i)](part) if str(i) in self.changes else part
            parts.append(part * flags[..., i, None])
        return ops.concatenate([*parts, flags], axis=-1)

    def _hidden(self, flags: Any) -> Any:
        drawn = uniform(ops.shape(flags), self.noise_state)
        there = drawn * flags
        stays = ops.equal(there, ops.max(there, axis=-1, keepdims=True))
        kept = ops.logical_or(drawn > self.hidden_share, stays)
        return ops.where(kept, flags, ops.zeros_like(flags))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class BlockBalance(keras.layers.Layer):
    """Weights of the blocks' losses by their uncertainty (Kendall et al. 2018, eq. 7).

    The paper's objective is the sum over blocks of loss / v + log(v), least where v is
    the loss. So v follows the loss by a moving average, and needs no gradient.

    Parameters
    ----------
    places : sequence of Place
        Where each block is.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        super().__init__(dtype="float32")
        self.cells = [place.cells for place in places]
        self.variance = self.add_weight(
            name="variance",
            shape=(len(self.cells),),
            initializer="ones",
            trainable=False,
        )
        self.built = True

    def call(self, losses: Any, training: bool = False) -> Any:
        """Divide the losses of cells, (..., n_cells), by their block's variance."""
        old = ops.convert_to_tensor(self.variance)
        if training:
            means = [
                ops.mean(ops.sum(losses[..., cells], axis=-1)) for cells in self.cells
            ]
            now = ops.stop_gradient(ops.stack(means))
            old = DECAY * old + (1.0 - DECAY) * now
            self.variance.assign(old)
        sizes = [cells.stop - cells.start for cells in self.cells]
        scale = 1.0 / ops.maximum(old, 1e-6)
        return losses * ops.take(scale, np.repeat(np.arange(len(sizes)), sizes))
