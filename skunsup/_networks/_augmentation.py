"""Random changes of images, which the encoder sees in training."""

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from skunsup._networks._noise import noise_state, uniform

# Uniform numbers that one image takes at most: angle, cut, size, two moves, two
# mirrors, contrast.
N_DRAWS = 8
Draw = Callable[[], Any]


@keras.saving.register_keras_serializable(package="skunsup")
class Augmentation(keras.layers.Layer):
    """Shift, turn, scale, flip images and change their contrast, each at random.

    Written in `keras.ops`, with bilinear interpolation: the layers of Keras for
    rotation and zoom call an operation that XLA does not compile on TensorFlow.

    Parameters
    ----------
    shape : (int, int, int)
        Height, width and channels of an image.
    shift, zoom, crop : float
        Largest move, change of size and cut, as shares of height and width.
    rotation : float
        Largest angle, in degrees.
    flip : {"horizontal", "vertical", "both"} or None
        Which mirror images are as likely as the image.
    contrast : float
        Largest change of the distance of pixels from their mean, as a share.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        shift: float = 0.0,
        rotation: float = 0.0,
        zoom: float = 0.0,
        crop: float = 0.0,
        flip: str | None = None,
        contrast: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.shape, self.shift, self.rotation = tuple(shape), shift, rotation
        self.zoom, self.crop, self.flip, self.contrast = zoom, crop, flip, contrast
        self.noise_state = noise_state()
        self.built = True

    def call(self, x: Any) -> Any:
        """Return changed copies of rows of pixels, of shape (..., n_pixels)."""
        images = ops.reshape(x, (-1, *self.shape))
        shape = (ops.shape(images)[0], 1, 1)
        changed = self._changed(images, lambda: uniform(shape, self.noise_state))
        return ops.reshape(changed, ops.shape(x))

    def drawn(self, x: Any, numbers: Any) -> Any:
        """Change rows of pixels as given random numbers say.

        Parameters
        ----------
        x : tensor of shape (n, n_pixels)
            Rows.
        numbers : tensor of shape (n, N_DRAWS)
            Uniform in [0, 1).
        """
        left = iter(ops.split(numbers, N_DRAWS, axis=-1))
        images = ops.reshape(x, (-1, *self.shape))
        changed = self._changed(images, lambda: next(left)[..., None])
        return ops.reshape(changed, ops.shape(x))

    def _changed(self, images: Any, draw: Draw) -> Any:
        if self.shift or self.rotation or self.zoom or self.crop or self.flip:
            images = self._moved(images, draw)
        if self.contrast:
            factor = 1.0 + self.contrast * _signed(draw)[..., None]
            mean = ops.mean(images, axis=(1, 2), keepdims=True)
            images = mean + factor * (images - mean)
        return images

    def _moved(self, images: Any, draw: Draw) -> Any:
        """Sample each image at turned, scaled and shifted places."""
        height, width, _ = self.shape
        angle = math.radians(self.rotation) * _signed(draw)
        kept = 1.0 - self.crop * draw()
        scale = kept * (1.0 + self.zoom * _signed(draw))
        down, right = (
            (self.shift + (1.0 - kept) / 2) * size * _signed(draw)
            for size in (height, width)
        )
        y = ops.arange(height, dtype="float32")[:, None] - (height - 1) / 2
        x = ops.arange(width, dtype="float32")[None] - (width - 1) / 2
        sin, cos = ops.sin(angle) * scale, ops.cos(angle) * scale
        up, across = self._mirrors(draw)
        source_y = up * (cos * y - sin * x) + down + (height - 1) / 2
        source_x = across * (sin * y + cos * x) + right + (width - 1) / 2
        return sampled(images, source_y, source_x)

    def _mirrors(self, draw: Draw) -> tuple[Any, Any]:
        signs = [1.0, 1.0]
        for at, kind in enumerate(("vertical", "horizontal")):
            if self.flip in (kind, "both"):
                signs[at] = ops.where(draw() < 0.5, 1.0, -1.0)
        return signs[0], signs[1]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("dtype")
        names = ("shape", "shift", "rotation", "zoom", "crop", "flip", "contrast")
        return {**config, **{name: getattr(self, name) for name in names}}


def _signed(draw: Draw) -> Any:
    return 2.0 * draw() - 1.0


def sampled(images: Any, y: Any, x: Any) -> Any:
    """Values of images at real-valued places, bilinear; places outside take the edge.

    Parameters
    ----------
    images : tensor of shape (n, height, width, channels)
        Images.
    y, x : tensors of shape (n, height, width)
        Where to look, in pixels.
    """
    height, width, channels = images.shape[1:]
    flat = ops.reshape(images, (-1, height * width, channels))
    top, left = ops.floor(y), ops.floor(x)
    total = 0.0
    for row, share_y in ((top, 1.0 - (y - top)), (top + 1.0, y - top)):
        for column, share_x in ((left, 1.0 - (x - left)), (left + 1.0, x - left)):
            at = ops.clip(row, 0, height - 1) * width + ops.clip(column, 0, width - 1)
            at = ops.reshape(ops.cast(at, "int32"), (-1, height * width, 1))
            values = ops.take_along_axis(flat, at, axis=1)
            share = ops.reshape(share_y * share_x, (-1, height * width, 1))
            total = total + share * values
    return ops.reshape(total, (-1, height, width, channels))
