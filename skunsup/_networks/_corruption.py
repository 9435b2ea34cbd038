"""Corruption of the input of a denoising model."""

from typing import Any

import keras
from keras import ops

from skunsup._networks._noise import normal, uniform

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
    """

    def __init__(self, kind: str, level: float, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.kind, self.level = kind, level
        self.seed_generator = keras.random.SeedGenerator(1)
        self.built = True

    def call(self, x: Any) -> Any:
        """Return a corrupted copy of `x`, of shape (..., batch, n_features)."""
        shape, seed = ops.shape(x), self.seed_generator
        if self.kind == "gaussian":
            return x + self.level * normal(shape, seed)
        hit = uniform(shape, seed) < self.level
        if self.kind == "masking":
            return ops.where(hit, ops.zeros_like(x), x)
        return ops.where(hit, _other_rows(x, uniform(shape, seed)), x)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shapes do not change."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as Keras saves them."""
        config = super().get_config()
        config.pop("dtype")
        return {**config, "kind": self.kind, "level": self.level}


def _other_rows(x: Any, position: Any) -> Any:
    """Each cell drawn from its column, independently of its row."""
    n_rows = ops.shape(x)[-2]
    row = ops.cast(position * n_rows, "int32")
    return ops.take_along_axis(x, ops.minimum(row, n_rows - 1), axis=-2)
