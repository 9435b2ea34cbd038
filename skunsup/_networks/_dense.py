"""Stacks of fully connected layers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import keras
import numpy as np

from skunsup._networks._built import Initializer
from skunsup._networks._spectral import SpectralDense


class EncoderLayers(NamedTuple):
    """Fully connected layers at the end of an encoder of rows.

    Parameters
    ----------
    sizes : tuple of int
        Widths of the layers behind what a kind of data brings along.
    activation, last : str or callable
        Activations of hidden layers and of the last one.
    n_beside : int, default=0
        Further columns behind those of a row.
    spectral : bool, default=False
        Whether kernels are divided by their largest singular value.
    """

    sizes: tuple[int, ...]
    activation: str | Callable
    last: str | Callable = "linear"
    n_beside: int = 0
    spectral: bool = False


class DecoderLayers(NamedTuple):
    """Fully connected layers at the start of a decoder of codes.

    Parameters
    ----------
    n_inputs : int
        Width of the code.
    sizes : tuple of int
        Widths of the layers next to the code.
    activation, last : str or callable
        Activations of hidden layers and of real-valued outputs.
    """

    n_inputs: int
    sizes: tuple[int, ...]
    activation: str | Callable
    last: str | Callable


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
    output_activation : str or callable, default="linear"
        Of the last layer.
    spectral : bool, default=False
        Whether kernels are divided by their spectral norms.
    """

    n_inputs: int
    sizes: tuple[int, ...]
    activation: str | Callable
    output_activation: str | Callable = "linear"
    spectral: bool = False
    regularized: ClassVar[bool] = False

    @property
    def n_outputs(self) -> int:
        """Number of columns out."""
        return self.sizes[-1]

    def build(self) -> keras.Model:
        """Return the layers as a new Keras model, with weights of no importance.

        Kernels are zeros: on JAX, each shape of random ones takes 0.2 s to compile.
        """
        kind = SpectralDense if self.spectral else keras.layers.Dense
        activations = [self.activation] * (len(self.sizes) - 1)
        layers = [
            kind(
                size,
                activation=activation,
                kernel_initializer="zeros",
                dtype="float32",
            )
            for size, activation in zip(
                self.sizes, [*activations, self.output_activation], strict=True
            )
        ]
        inputs = keras.Input((self.n_inputs,), dtype="float32")
        return built_from_zeros(inputs, layers)

    @property
    def stack(self) -> "DenseStack":
        """The layers themselves; of members, what each is with all of its units."""
        return self

    def each_member(
        self,
        values: list[np.ndarray],
        change: Callable[..., list[np.ndarray]],
        *given: Any,
    ) -> list[np.ndarray]:
        """Apply `change`, which is also `given` more, to the kernels and biases."""
        return change(values, *given)

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Glorot-uniform kernels and zero biases (Glorot & Bengio 2010, eq. 16)."""
        values = []
        widths = (self.n_inputs, *self.sizes)
        for fan_in, fan_out in zip(widths, self.sizes, strict=False):
            limit = np.sqrt(6.0 / (fan_in + fan_out))
            kernel = rng.uniform(-limit, limit, size=(fan_in, fan_out))
            values += [kernel.astype(np.float32), np.zeros(fan_out, np.float32)]
            if self.spectral:
                direction = rng.normal(size=fan_out)
                direction /= np.linalg.norm(direction)
                values.append(direction.astype(np.float32))
        return values


def built_from_zeros(
    inputs: keras.KerasTensor, layers: list[keras.layers.Layer]
) -> keras.Model:
    """Return layers with kernels of zeros as a model.

    What Keras makes anew from its configuration starts with random kernels.
    """
    model = keras.Sequential([inputs, *layers])
    for layer in layers:
        layer.kernel_initializer = keras.initializers.GlorotUniform()
    return model


def dense_layers(
    x: Any,
    sizes: tuple[int, ...],
    activations: list[Any],
    start: Initializer,
    spectral: bool = False,
) -> Any:
    """Apply new fully connected layers."""
    kind = SpectralDense if spectral else keras.layers.Dense
    for size, activation in zip(sizes, activations, strict=True):
        x = kind(size, activation, kernel_initializer=start.kernel)(x)
    return x


def tail(x: Any, part: Any, start: Initializer, spectral: bool = False) -> Any:
    """Apply the fully connected layers of an encoder."""
    kinds = [part.activation] * (len(part.sizes) - 1) + [part.output_activation]
    return dense_layers(x, part.sizes, kinds, start, spectral)
