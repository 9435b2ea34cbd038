"""Networks that tell noise from data at each level of noise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._networks._built import BuiltSpec, Initializer

HIDDEN, LAST = 1.4, 0.1  # gains of start values: silu takes about half
N_FREQUENCIES, LOWEST, HIGHEST = 32, 0.5, 16.0


@keras.saving.register_keras_serializable(package="skunsup")
class Frequencies(keras.layers.Layer):
    """Cosines and sines of one number a row, at 32 frequencies from 0.5 to 16."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        at = np.geomspace(LOWEST, HIGHEST, N_FREQUENCIES)
        self.frequencies = at.astype(np.float32)

    def call(self, x: Any) -> Any:
        """Return an array of shape (n, 64) of one of shape (n, 1)."""
        angles = x * ops.convert_to_tensor(self.frequencies)
        return ops.concatenate([ops.cos(angles), ops.sin(angles)], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Two numbers a frequency."""
        return (*input_shape[:-1], 2 * N_FREQUENCIES)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("dtype")
        return config


@dataclass(frozen=True)
class DenoiserSpec(BuiltSpec):
    """The part that builds hidden layers to which the level of noise is added.

    Each is h = activation(W h + b + V e), where e is two layers on cosines and sines of
    the last column of the input.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Columns in, the last of which says how much noise there is, and out.
    sizes : tuple of int
        Widths of the layers; the first is linear.
    activation : str or callable
        Of the layers.
    """

    n_inputs: int
    n_outputs: int
    sizes: tuple[int, ...]
    activation: str | Callable

    def make(self, start: Initializer) -> keras.Model:
        """Return the layers as a model."""
        given = keras.Input((self.n_inputs,), dtype="float32")

        def dense(x: Any, width: int, gain: float = 1.0, **options: Any) -> Any:
            kernel = start.scaled(gain)
            return keras.layers.Dense(width, kernel_initializer=kernel, **options)(x)

        level = Frequencies()(given[:, -1:])
        for _ in range(2):
            level = dense(level, 2 * N_FREQUENCIES, activation=self.activation)
        h = given[:, :-1]
        if self.sizes:
            h = dense(h, self.sizes[0])
        for width in self.sizes:
            moved = dense(level, width, use_bias=False)
            total = keras.layers.Add()([dense(h, width, HIDDEN), moved])
            h = keras.layers.Activation(self.activation)(total)
        return keras.Model(given, dense(h, self.n_outputs, LAST))
