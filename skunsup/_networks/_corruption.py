"""Corruption of the input of a denoising model."""

from typing import Any

import keras
from keras import ops

from skunsup._networks._likelihood import Likelihood
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
    likelihood : Likelihood, default=None
        What the columns mean: each cell is hit as a whole. None for plain numbers.
    """

    def __init__(
        self,
        kind: str,
        level: float,
        likelihood: Likelihood | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.kind, self.level, self.likelihood = kind, level, likelihood
        self.noise_state = noise_state()
        self.built = True

    def call(self, x: Any) -> Any:
        """Return a corrupted copy of `x`, of shape (..., batch, n_features)."""
        shape, state, likelihood = ops.shape(x), self.noise_state, self.likelihood
        if self.kind == "gaussian":
            noise = self.level * normal(shape, state)
            return x + noise if likelihood is None else likelihood.noisy(x, noise)
        if likelihood is not None:
            shape = (*shape[:-1], likelihood.n_cells)
        hit = uniform(shape, state) < self.level
        if self.kind == "masking":
            if likelihood is not None:
                return likelihood.masked(x, hit)
            return ops.where(hit, ops.zeros_like(x), x)
        position = uniform(shape, state)
        if likelihood is not None:
            hit, position = likelihood.to_columns(hit), likelihood.to_columns(position)
        return ops.where(hit, _other_rows(x, position), x)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("dtype")
        likelihood = keras.saving.serialize_keras_object(self.likelihood)
        return {
            **config,
            "kind": self.kind,
            "level": self.level,
            "likelihood": likelihood,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Corruption":
        likelihood = keras.saving.deserialize_keras_object(config.pop("likelihood"))
        return cls(**config, likelihood=likelihood)


def _other_rows(x: Any, position: Any) -> Any:
    """Each cell drawn from its column, independently of its row."""
    n_rows = ops.shape(x)[-2]
    row = ops.cast(position * n_rows, "int32")
    return ops.take_along_axis(x, ops.minimum(row, n_rows - 1), axis=-2)
