"""Encoders and decoders of sequences."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
from keras import layers

from skunsup._networks import BuiltSpec, Initializer, dense_layers, tail
from skunsup.inputs.sequences._step_layers import StepLayers, hstack


@dataclass(frozen=True)
class SequenceEncoder(BuiltSpec):
    """Layers over the steps, then fully connected ones.

    Parameters
    ----------
    shape : (int, int)
        Steps, and numbers in each.
    ragged : bool
        Whether columns behind the values say which steps there are.
    steps : StepLayers
        Layers over the steps.
    sizes : tuple of int
        Widths of the fully connected layers; the last one's output is returned.
    activation, output_activation : str or callable
        Of the fully connected layers but the last, and of that.
    n_beside : int, default=0
        Further columns of a row, which join behind the layers over steps.
    """

    shape: tuple[int, int]
    ragged: bool
    steps: StepLayers
    sizes: tuple[int, ...]
    activation: str | Callable
    output_activation: str | Callable = "linear"
    n_beside: int = 0

    @property
    def n_inputs(self) -> int:
        """Columns of a row, and those beside."""
        length, width = self.shape
        return length * (width + self.ragged) + self.n_beside

    @property
    def n_outputs(self) -> int:
        """Width of the last layer."""
        return self.sizes[-1]

    def make(self, start: Initializer) -> keras.Model:
        rows = keras.Input((self.n_inputs,), dtype="float32")
        length, width = self.shape
        n = length * width
        x, seen = layers.Reshape(self.shape)(rows[:, :n]), None
        if self.ragged:
            seen = layers.Reshape((length, 1))(rows[:, n : n + length])
            # So that a code does not depend on what stands in the padding.
            x = x * seen
        x = hstack(self.steps.summary(x, seen, start), rows, self.n_beside)
        return keras.Model(rows, tail(x, self, start, self.steps.spectral))


@dataclass(frozen=True)
class SequenceDecoder(BuiltSpec):
    """Fully connected layers, then layers over steps and one at each step.

    Parameters
    ----------
    n_inputs : int
        Width of the code.
    shape, ragged, steps, activation, output_activation
        As of `SequenceEncoder`, of which this is the mirror image.
    sizes : tuple of int
        Widths of the fully connected layers.
    """

    n_inputs: int
    shape: tuple[int, int]
    ragged: bool
    steps: StepLayers
    sizes: tuple[int, ...]
    activation: str | Callable
    output_activation: str | Callable = "linear"

    @property
    def n_outputs(self) -> int:
        """Number of values, and a logit for each length."""
        length, width = self.shape
        return length * (width + self.ragged)

    def make(self, start: Initializer) -> keras.Model:
        code = keras.Input((self.n_inputs,), dtype="float32")
        length, width = self.shape
        x = dense_layers(code, self.sizes, [self.activation] * len(self.sizes), start)
        features = self.steps.unfolded(x, length, start)
        each = layers.Dense(
            width, self.output_activation, kernel_initializer=start.kernel
        )
        out = layers.Reshape((length * width,))(each(features))
        if self.ragged:
            # The code says it at once, counting steps makes it exact.
            ends = layers.Dense(length, kernel_initializer=start.kernel)(x)
            here = layers.Dense(1, kernel_initializer=start.kernel)(features)
            ends = layers.Add()([ends, layers.Reshape((length,))(here)])
            out = layers.Concatenate()([out, ends])
        return keras.Model(code, out)
