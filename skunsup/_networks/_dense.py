"""Stacks of fully connected layers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np


@dataclass(frozen=True)
class DenseStack:
    """Fully connected layers from `n_inputs` columns to the last of `sizes`.

    Parameters
    ----------
    n_inputs : int
        Number of columns in.
    sizes : tuple of int
        Width of each layer; the last is the number of columns out.
    activation : str or callable
        Of every layer but the last.
    output_activation : str, default="linear"
        Of the last layer.
    """

    n_inputs: int
    sizes: tuple[int, ...]
    activation: str | Callable
    output_activation: str = "linear"
    regularized: ClassVar[bool] = False

    @property
    def n_outputs(self) -> int:
        """Number of columns out."""
        return self.sizes[-1]

    def build(self) -> keras.Model:
        """Return the layers as a new Keras model."""
        *hidden, last = self.sizes
        layers = [
            keras.layers.Dense(size, activation=self.activation, dtype="float32")
            for size in hidden
        ]
        out = keras.layers.Dense(
            last, activation=self.output_activation, dtype="float32"
        )
        inputs = keras.Input((self.n_inputs,), dtype="float32")
        return keras.Sequential([inputs, *layers, out])

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Glorot-uniform kernels and zero biases (Glorot & Bengio 2010, eq. 16)."""
        values = []
        widths = (self.n_inputs, *self.sizes)
        for fan_in, fan_out in zip(widths, self.sizes, strict=False):
            limit = np.sqrt(6.0 / (fan_in + fan_out))
            kernel = rng.uniform(-limit, limit, size=(fan_in, fan_out))
            values += [kernel.astype(np.float32), np.zeros(fan_out, np.float32)]
        return values
