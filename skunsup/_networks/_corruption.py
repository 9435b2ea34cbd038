"""Corruption of the input of a denoising model."""

from typing import Any

import keras
from keras import ops

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
        """Return a corrupted copy of `x`, of shape (batch, n_features)."""
        seed = self.seed_generator
        if self.kind == "gaussian":
            return x + keras.random.normal(ops.shape(x), 0.0, self.level, seed=seed)
        hit = keras.random.uniform(ops.shape(x), seed=seed) < self.level
        if self.kind == "masking":
            return ops.where(hit, ops.zeros_like(x), x)
        return ops.where(hit, _other_rows(x, seed), x)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shapes do not change."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as Keras saves them."""
        config = super().get_config()
        config.pop("dtype")
        return {**config, "kind": self.kind, "level": self.level}


def _other_rows(x: Any, seed: keras.random.SeedGenerator) -> Any:
    """Each cell drawn from its column, independently of its row."""
    shape = ops.shape(x)
    position = keras.random.uniform(shape, seed=seed) * ops.cast(shape[0], "float32")
    row = ops.minimum(ops.cast(position, "int32"), shape[0] - 1)
    return ops.take_along_axis(x, row, axis=0)
