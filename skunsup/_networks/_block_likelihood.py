"""Cells of rows that are made of blocks of different kinds."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._networks._likelihood import Likelihood, RealLoss
from skunsup._networks._noise import noise_state, uniform

DECAY = 0.98


@dataclass(frozen=True)
class Place:
    """Positions of the columns, the cells and the outputs of a block."""

    columns: slice
    cells: slice
    outputs: slice


@keras.saving.register_keras_serializable(package="skunsup")
class BlockLikelihood(Likelihood):
    """Blocks side by side, and behind them for each block whether it is there.

    Parameters
    ----------
    blocks : sequence of Cells
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
        layer = BlockCorruption(self)
        return layer if layer.changes or self.input_dropout else None

    def balance(self) -> keras.layers.Layer | None:
        """Return the layer that weights losses by their uncertainty, if any."""
        return BlockBalance(self) if self.balanced else None

    def feature_index(self) -> np.ndarray:
        """Return which cell each column belongs to; flags to their block's first."""
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
        """Return the constructor's arguments."""
        serialize = keras.saving.serialize_keras_object
        return {
            "blocks": [serialize(block) for block in self.blocks],
            "weights": self.block_weights,
            "input_dropout": self.input_dropout,
            "balanced": self.balanced,
        }


class BlockCorruption(keras.layers.Layer):
    """Changes the blocks as their kinds do, and hides whole blocks at random.

    Of a row with blocks to hide, at least one that is there stays.

    Parameters
    ----------
    likelihood : BlockLikelihood
        The blocks.
    """

    def __init__(self, likelihood: BlockLikelihood, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.likelihood = likelihood
        self.changes = {
            str(i): layer
            for i, block in enumerate(likelihood.blocks)
            if (layer := block.corruption()) is not None
        }
        self.noise_state = noise_state()
        self.built = True

    def call(self, x: Any) -> Any:
        """Return changed copies of rows."""
        n = len(self.likelihood.blocks)
        flags = x[..., -n:]
        if self.likelihood.input_dropout:
            flags = self._hidden(flags)
        parts = []
        for i, place in enumerate(self.likelihood.places):
            part = x[..., place.columns]
            part = self.changes[str(i)](part) if str(i) in self.changes else part
            parts.append(part * flags[..., i, None])
        return ops.concatenate([*parts, flags], axis=-1)

    def _hidden(self, flags: Any) -> Any:
        drawn = uniform(ops.shape(flags), self.noise_state)
        there = drawn * flags
        stays = ops.equal(there, ops.max(there, axis=-1, keepdims=True))
        share = self.likelihood.input_dropout
        kept = ops.logical_or(drawn > share, stays)
        return ops.where(kept, flags, ops.zeros_like(flags))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shapes do not change."""
        return input_shape


class BlockBalance(keras.layers.Layer):
    """Weights of the blocks' losses by their uncertainty (Kendall et al. 2018, eq. 7).

    The paper's objective is the sum over blocks of loss / v + log(v), least where v is
    the loss. So v follows the loss by a moving average, and needs no gradient.

    Parameters
    ----------
    likelihood : BlockLikelihood
        The blocks.
    """

    def __init__(self, likelihood: BlockLikelihood, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.likelihood = likelihood
        self.variance = self.add_weight(
            name="variance",
            shape=(len(likelihood.blocks),),
            initializer="ones",
            trainable=False,
        )
        self.built = True

    def call(self, losses: Any, training: bool = False) -> Any:
        """Divide the losses of cells, (..., n_cells), by their block's variance."""
        old = ops.convert_to_tensor(self.variance)
        if training:
            means = [
                ops.mean(ops.sum(losses[..., place.cells], axis=-1))
                for place in self.likelihood.places
            ]
            now = ops.stop_gradient(ops.stack(means))
            old = DECAY * old + (1.0 - DECAY) * now
            self.variance.assign(old)
        sizes = [
            place.cells.stop - place.cells.start for place in self.likelihood.places
        ]
        scale = 1.0 / ops.maximum(old, 1e-6)
        return losses * ops.take(scale, np.repeat(np.arange(len(sizes)), sizes))


def _slices(widths: Sequence[int]) -> list[slice]:
    ends = np.cumsum([0, *widths]).tolist()
    return [slice(*ends[i : i + 2]) for i in range(len(widths))]
