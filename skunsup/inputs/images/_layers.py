"""Convolutions of stride 2 as products of matrices.

XLA on a CPU computes the convolutions of Keras inside of a loop 14 times slower than
outside (measured on TensorFlow 2.21, 28 x 28 pixels, 32 and 64 filters, 128 images: 696
against 51 ms a training step), and our training is a loop. Products of matrices are as
fast in it as anywhere: 26 ms for the same step.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from skunsup._networks import new_direction, normalized


@keras.saving.register_keras_serializable(package="skunsup")
class StridedConv2D(keras.layers.Layer):
    """`keras.layers.Conv2D` of stride 2 with padding "same": the same numbers.

    Parameters
    ----------
    filters, kernel_size : int
        Number of filters, their height and width.
    activation : str or callable, default=None
        As of `keras.layers.Conv2D`.
    kernel_initializer : str or keras.initializers.Initializer
        Of the kernel, of shape (kernel_size, kernel_size, channels, filters).
    spectral : bool, default=False
        Whether the kernel is divided by its spectral norm, see `normalized`.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        activation: str | Callable | None = None,
        kernel_initializer: Any = "glorot_uniform",
        spectral: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.kernel_size = filters, kernel_size
        self.activation = keras.activations.get(activation)
        self.kernel_initializer, self.spectral = kernel_initializer, spectral

    def build(self, input_shape: Any) -> None:
        """Create kernel and bias."""
        k, channels = self.kernel_size, input_shape[-1]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(k, k, channels, self.filters),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.filters,), initializer="zeros"
        )
        if self.spectral:
            self.direction = new_direction(self, self.filters)

    def call(self, x: Any, training: bool = False) -> Any:
        """Multiply the patches of each image with the kernel."""
        k, (height, width, channels) = self.kernel_size, x.shape[1:]
        up, across = -(-height // 2), -(-width // 2)
        padding = [
            ((2 * out - 2 + k - size) // 2, 2 * out - 2 + k - size)
            for out, size in ((up, height), (across, width))
        ]
        around = [(max(a, 0), max(both - max(a, 0), 0)) for a, both in padding]
        x = ops.pad(x, [(0, 0), *around, (0, 0)])
        patches = [
            x[:, i : i + 2 * up - 1 : 2, j : j + 2 * across - 1 : 2]
            for i in range(k)
            for j in range(k)
        ]
        flat = ops.reshape(ops.concatenate(patches, -1), (-1, k * k * channels))
        kernel = ops.reshape(self.kernel, (k * k * channels, self.filters))
        if self.spectral:
            kernel = normalized(kernel, self.direction, training)
        out = ops.reshape(ops.matmul(flat, kernel), (-1, up, across, self.filters))
        return self.activation(out + self.bias)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Height and width are halved, and rounded up."""
        n, height, width, _ = input_shape
        return (n, -(-height // 2), -(-width // 2), self.filters)

    def get_config(self) -> dict[str, Any]:
        return {**_config(self, super().get_config()), "spectral": self.spectral}


@keras.saving.register_keras_serializable(package="skunsup")
class TransposedConv2D(keras.layers.Layer):
    """`keras.layers.Conv2DTranspose` of stride 2, padding "same": the same numbers.

    Parameters
    ----------
    filters, kernel_size, activation
        As of `StridedConv2D`.
    kernel_initializer : str or keras.initializers.Initializer
        Of the kernel, of shape (kernel_size, kernel_size, filters, channels).
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        activation: str | Callable | None = None,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.kernel_size = filters, kernel_size
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = kernel_initializer

    def build(self, input_shape: Any) -> None:
        """Create kernel and bias."""
        k, channels = self.kernel_size, input_shape[-1]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(k, k, self.filters, channels),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.filters,), initializer="zeros"
        )

    def call(self, x: Any) -> Any:
        """Multiply each pixel with the kernel, and add up what overlaps."""
        k, (height, width, channels) = self.kernel_size, x.shape[1:]
        kernel = ops.reshape(self.kernel, (k * k * self.filters, channels))
        spread = ops.matmul(ops.reshape(x, (-1, channels)), ops.transpose(kernel))
        spread = ops.reshape(spread, (-1, height, width, k, k * self.filters))
        rows = overlapped([spread[:, :, :, i] for i in range(k)], 1)
        rows = ops.reshape(rows, (-1, 2 * height, width, k, self.filters))
        out = overlapped([rows[:, :, :, j] for j in range(k)], 2)
        return self.activation(out + self.bias)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Height and width are doubled."""
        n, height, width, _ = input_shape
        return (n, 2 * height, 2 * width, self.filters)

    def get_config(self) -> dict[str, Any]:
        return _config(self, super().get_config())


def overlapped(taps: list[Any], axis: int) -> Any:
    """Add up what the taps of a kernel put at each place of an axis twice as long.

    Parameters
    ----------
    taps : list of tensors of shape (n, height, width, channels)
        What each entry of the kernel along `axis` makes of each pixel.
    axis : {1, 2}
        Which axis.

    Returns
    -------
    tensor of shape (n, 2 height, width, channels) or (n, height, 2 width, channels)
    """
    before = max(len(taps) - 2, 0) // 2
    even, odd = (ops.zeros_like(taps[0]) for _ in range(2))
    for i, tap in enumerate(taps):
        moved = _moved(tap, (i - before) // 2, axis)
        even, odd = (even, odd + moved) if (i - before) % 2 else (even + moved, odd)
    shape = [-1, *taps[0].shape[1:]]
    shape[axis] *= 2
    return ops.reshape(ops.stack([even, odd], axis=axis + 1), shape)


def _moved(x: Any, by: int, axis: int) -> Any:
    """Shift along an axis and fill up with zeros."""
    if not by:
        return x
    size = x.shape[axis]
    padding = [(0, 0)] * 4
    padding[axis] = (max(by, 0), max(-by, 0))
    x = ops.pad(x, padding)
    start = max(-by, 0)
    return x[:, start : start + size] if axis == 1 else x[:, :, start : start + size]


def _config(layer: Any, config: dict[str, Any]) -> dict[str, Any]:
    return {
        **config,
        "filters": layer.filters,
        "kernel_size": layer.kernel_size,
        "activation": keras.activations.serialize(layer.activation),
    }
