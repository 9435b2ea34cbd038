"""Convolutional encoders and decoders of images, as parts of rows of pixels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from skunsup._networks import BuiltSpec, Initializer, dense_layers, tail
from skunsup.inputs.images._layers import StridedConv2D, TransposedConv2D
from skunsup.inputs.images._shapes import Shape, map_sizes

CHANNELS = "channels_last"  # whatever Keras is set to


@dataclass(frozen=True)
class ConvEncoder(BuiltSpec):
    """Convolutions of stride 2, then fully connected layers.

    Parameters
    ----------
    shape : (int, int, int)
        Height, width and channels of an image.
    filters : tuple of int
        Of each convolution.
    kernel_size : int
        Of all convolutions.
    sizes : tuple of int
        Widths of the fully connected layers; the last one's output is returned.
    activation, output_activation : str or callable
        Of the hidden layers and of the last one.
    n_beside : int, default=0
        Further columns behind the pixels, which join the maps where they are flat.
    spectral : bool, default=False
        Whether kernels are divided by their spectral norms.
    """

    shape: Shape
    filters: tuple[int, ...]
    kernel_size: int
    sizes: tuple[int, ...]
    activation: str | Callable
    output_activation: str | Callable = "linear"
    n_beside: int = 0
    spectral: bool = False

    @property
    def n_inputs(self) -> int:
        """Number of pixel values, and of columns beside."""
        height, width, channels = self.shape
        return height * width * channels + self.n_beside

    @property
    def n_outputs(self) -> int:
        """Width of the last layer."""
        return self.sizes[-1]

    def make(self, start: Initializer) -> keras.Model:
        rows = keras.Input((self.n_inputs,), dtype="float32")
        n_pixels = self.n_inputs - self.n_beside
        x = layers.Reshape(self.shape)(rows[:, :n_pixels] if self.n_beside else rows)
        for n in self.filters:
            x = StridedConv2D(
                n, self.kernel_size, self.activation, start.kernel, self.spectral
            )(x)
        x = layers.Flatten(CHANNELS)(x)
        if self.n_beside:
            x = layers.Concatenate()([x, rows[:, n_pixels:]])
        return keras.Model(rows, tail(x, self, start, self.spectral))


@dataclass(frozen=True)
class ConvDecoder(BuiltSpec):
    """Fully connected layers, then transposed convolutions of stride 2.

    Parameters
    ----------
    n_inputs : int
        Width of the code.
    shape, filters, kernel_size, activation, output_activation
        As of `ConvEncoder`, of which this is the mirror image.
    sizes : tuple of int
        Widths of the fully connected layers.
    """

    n_inputs: int
    shape: Shape
    filters: tuple[int, ...]
    kernel_size: int
    sizes: tuple[int, ...]
    activation: str | Callable
    output_activation: str | Callable = "linear"

    @property
    def n_outputs(self) -> int:
        """Number of pixel values."""
        height, width, channels = self.shape
        return height * width * channels

    def make(self, start: Initializer) -> keras.Model:
        code = keras.Input((self.n_inputs,), dtype="float32")
        maps = map_sizes(self.shape, len(self.filters))
        first = (*maps[-1], self.filters[-1])
        sizes = (*self.sizes, first[0] * first[1] * first[2])
        x = dense_layers(code, sizes, [self.activation] * len(sizes), start)
        x = layers.Reshape(first)(x)
        wanted = (*self.filters[-2::-1], self.shape[2])
        kinds = [self.activation] * (len(wanted) - 1) + [self.output_activation]
        for n, size, kind in zip(wanted, maps[-2::-1], kinds, strict=True):
            x = self._widened(x, n, size, kind, start)
        return keras.Model(code, layers.Flatten(CHANNELS)(x))

    def _widened(
        self, x: Any, n: int, size: tuple[int, int], activation: Any, start: Initializer
    ) -> Any:
        """Double height and width, and cut off a line that is too many."""
        x = TransposedConv2D(n, self.kernel_size, activation, start.kernel)(x)
        more = [have - want for have, want in zip(x.shape[1:3], size, strict=True)]
        surplus = [(0, n) for n in more]
        return layers.Cropping2D(surplus, CHANNELS)(x) if any(more) else x
