"""Likelihood of rows that are made of blocks of different kinds."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._networks import Likelihood, RealLoss
from skunsup.inputs.blocks._layers import BlockBalance, BlockCorruption, Place


@keras.saving.register_keras_serializable(package="skunsup")
class BlockLikelihood(Likelihood):
    """Blocks side by side, and behind them for each block whether it is there.

    Parameters
    ----------
    blocks : sequence of Likelihood
        The blocks, or as Keras has serialised them.
    weights : sequence of float
        Weight of each block's loss.
    input_dropout : float, default=0.0
        Share of the blocks that are hidden from the encoder in training.
    balanced : bool, default=False
        Whether losses are weighted by their uncertainty, too.
    """

    def __init__(
        self,
        blocks: Sequence[Likelihood | dict[str, Any]],
        weights: Sequence[float],
        input_dropout: float = 0.0,
        balanced: bool = False,
    ) -> None:
        self.blocks: tuple[Likelihood, ...] = tuple(
            keras.saving.deserialize_keras_object(block)
            if isinstance(block, dict)
            else block
            for block in blocks
        )
        self.block_weights, self.input_dropout = tuple(weights), input_dropout
        self.balanced = balanced
        n_columns, n_cells, n_outputs = (
            [getattr(block, name) for block in self.blocks]
            for name in ("n_columns", "n_cells", "n_outputs")
        )
        self.places = [
            Place(*places)
            for places in zip(
                *map(_slices, (n_columns, n_cells, n_outputs)), strict=True
            )
        ]
        self.smooth = all(block.smooth for block in self.blocks)
        width = sum(n_columns) + len(self.blocks)
        super().__init__(width, sum(n_cells), sum(n_outputs))

    def losses(self, x: Any, output: Any, real: RealLoss) -> Any:
        """Return the weighted losses of the blocks' cells, 0 in absent blocks."""
        parts = []
        for block, place, here, weight in self._with_flags(x):

            def shifted(target: Any, out: Any, at: Any, place: Place = place) -> Any:
                whole = isinstance(at, slice) and at == slice(None)
                there = np.arange(self.n_cells)[place.cells]
                return real(target, out, place.cells if whole else there[at])

            loss = block.losses(
                x[..., place.columns], output[..., place.outputs], shifted
            )
            parts.append(weight * here * loss)
        return ops.concatenate(parts, axis=-1)

    def rows(self, output: Any) -> Any:
        """Return the rows of all blocks, which are all there."""
        parts = [
            block.rows(output[..., place.outputs]) for block, place in self._placed()
        ]
        flags = ops.ones_like(parts[0][..., :1])
        return ops.concatenate([*parts, *[flags] * len(parts)], axis=-1)

    def observed(self, x: Any) -> Any:
        """Return 1 for each cell of the blocks that are there, and was observed."""
        parts = []
        for block, place, here, _ in self._with_flags(x):
            seen = block.observed(x[..., place.columns])
            ones = ops.ones((*[1] * (len(x.shape) - 1), block.n_cells))
            parts.append(here * (ones if seen is None else seen))
        return ops.concatenate(parts, axis=-1)

    def weights(self, x: Any) -> Any:
        """Return weights such that the loss is the mean over blocks of their means."""
        n_here = sum(here for _, _, here, _ in self._with_flags(x))
        parts = []
        for block, place, here, _ in self._with_flags(x):
            own = block.weights(x[..., place.columns])
            ones = ops.ones((*[1] * (len(x.shape) - 1), block.n_cells))
            parts.append(ones * own * here / ops.maximum(n_here, 1.0))
        return ops.concatenate(parts, axis=-1)

    def residual(self, x: Any, rows: Any) -> Any:
        """Return the residuals of the blocks that are there."""
        parts = [
            here * block.residual(x[..., place.columns], rows[..., place.columns])
            for block, place, here, _ in self._with_flags(x)
        ]
        flags = x[..., -len(self.blocks) :]
        return ops.concatenate([*parts, ops.zeros_like(flags)], axis=-1)

    def masked(self, x: Any, hit: Any) -> Any:
        """Return `x` without the cells of `hit`, left out as their kinds do."""
        parts = [
            block.masked(x[..., place.columns], hit[..., place.cells])
            for block, place in self._placed()
        ]
        return ops.concatenate([*parts, x[..., -len(self.blocks) :]], axis=-1)

    def noisy(self, x: Any, noise: Any) -> Any:
        """Return `x` with noise where the blocks' kinds take it."""
        parts = [
            block.noisy(x[..., place.columns], noise[..., place.columns])
            for block, place in self._placed()
        ]
        return ops.concatenate([*parts, x[..., -len(self.blocks) :]], axis=-1)

    def distance_features(self, x: np.ndarray) -> np.ndarray:
        """Return the rows that say how far apart rows are."""
        parts = [
            block.distance_features(x[:, place.columns])
            for block, place in self._placed()
        ]
        return np.hstack([*parts, x[:, -len(self.blocks) :]])

    def corruption(self) -> keras.layers.Layer | None:
        """Return the layer that changes and hides blocks, if anything does."""
        layer = BlockCorruption(self.blocks, self.places, self.input_dropout)
        return layer if layer.changes or self.input_dropout else None

    def balance(self) -> keras.layers.Layer | None:
        """Return the layer that weights losses by their uncertainty, if any."""
        return BlockBalance(self.places) if self.balanced else None

    def feature_index(self) -> np.ndarray:
        """Cell that each column belongs to; flags belong to their block's first."""
        parts = [
            block.feature_index() + place.cells.start for block, place in self._placed()
        ]
        firsts = [place.cells.start for place in self.places]
        return np.concatenate([*parts, firsts])

    def sample(
        self, rows: np.ndarray, variance: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw the rows of each block."""
        drawn = rows.copy()
        for block, place in self._placed():
            part = rows[:, place.columns]
            drawn[:, place.columns] = block.sample(part, variance[place.cells], rng)
        return drawn

    def _placed(self) -> Iterator[tuple[Likelihood, Place]]:
        return zip(self.blocks, self.places, strict=True)

    def _with_flags(self, x: Any) -> Iterator[tuple[Likelihood, Place, Any, float]]:
        n = len(self.blocks)
        for i, (block, place) in enumerate(self._placed()):
            flag = x[..., x.shape[-1] - n + i, None]
            yield block, place, flag, self.block_weights[i]

    @property
    def identity(self) -> Hashable:
        """Everything that it was made of."""
        return self.blocks, self.block_weights, self.input_dropout, self.balanced

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            "blocks": [serialize(block) for block in self.blocks],
            "weights": self.block_weights,
            "input_dropout": self.input_dropout,
            "balanced": self.balanced,
        }


def _slices(widths: Sequence[int]) -> list[slice]:
    ends = np.cumsum([0, *widths]).tolist()
    return [slice(*ends[i : i + 2]) for i in range(len(widths))]
