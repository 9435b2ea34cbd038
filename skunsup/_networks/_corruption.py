"""Corruption of the input of a denoising model."""

from typing import Any

import keras
from keras import ops

from skunsup._networks._cells import Cells
from skunsup._networks._noise import noise_state, normal, uniform

KINDS = ("gaussian", "masking", "swap")


@keras.saving.register_keras_serializable(package="skunsup")
class Corruption(keras.layers.Layer):
    """Corrupt a minibatch (Vincent et al. 2010, section 3.5).

    Parameters
    ----------
    kind : {"gaussian", "masking", "swap"}
        Add noise of standard deviation `level`; or, each cell with probability `level`,
        set it to 0 or take the same column of another row of the minibatch.
    level : float
        Standard deviation in the data's units, or probability in [0, 1].
    cells : Cells, default=None
        What the columns mean: each cell is hit as a whole. None for plain numbers.
    """

    def __init__(
        self, kind: str, level: float, cells: Cells | None = None, **kwargs: Any
    ) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.kind, self.level, self.cells = kind, level, cells
        self.noise_state = noise_state()
        self.built = True

    def call(self, x: Any) -> Any:
        """Return a corrupted copy of `x`, of shape (..., batch, n_features)."""
        shape, state, cells = ops.shape(x), self.noise_state, self.cells
        if self.kind == "gaussian":
            noise = self.level * normal(shape, state)
            return x + noise if cells is None else cells.noisy(x, noise)
        if cells is not None:
            shape = (*shape[:-1], cells.n_cells)
        hit = uniform(shape, state) < self.level
        if self.kind == "masking":
            if cells is not None:
                return cells.masked(x, hit)
            return ops.where(hit, ops.zeros_like(x), x)
        position = uniform(shape, state)
        if cells is not None:
            hit, position = cells.spread(hit), cells.spread(position)
        return ops.where(hit, _other_rows(x, position), x)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shapes do not change."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as Keras saves them."""
        config = super().get_config()
        config.pop("dtype")
        cells = keras.saving.serialize_keras_object(self.cells)
        return {**config, "kind": self.kind, "level": self.level, "cells": cells}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Corruption":
        """Rebuild what `get_config` described."""
        cells = keras.saving.deserialize_keras_object(config.pop("cells"))
        return cls(**config, cells=cells)


def _other_rows(x: Any, position: Any) -> Any:
    """Each cell drawn from its column, independently of its row."""
    n_rows = ops.shape(x)[-2]
    row = ops.cast(position * n_rows, "int32")
    return ops.take_along_axis(x, ops.minimum(row, n_rows - 1), axis=-2)
