"""Likelihood of images: pixels, and their random changes in training."""

from collections.abc import Hashable
from typing import Any

import keras
import numpy as np

from skunsup._networks import Augmentation, Numbers


@keras.saving.register_keras_serializable(package="skunsup")
class PixelCells(Numbers):
    """Rows of pixels, each value of each channel a cell.

    Parameters
    ----------
    shape : (int, int, int)
        Height, width and channels.
    changes : tuple of (str, object)
        Arguments of `Augmentation`.
    """

    def __init__(
        self, shape: tuple[int, int, int], changes: tuple[tuple[str, Any], ...] = ()
    ) -> None:
        super().__init__(int(np.prod(shape)))
        self.shape = (int(shape[0]), int(shape[1]), int(shape[2]))
        self.changes = tuple((name, value) for name, value in changes)

    def corruption(self) -> keras.layers.Layer | None:
        """Return the layer that changes images at random, if anything does."""
        changed = any(value for _, value in self.changes)
        return Augmentation(self.shape, **dict(self.changes)) if changed else None

    @property
    def identity(self) -> Hashable:
        """Shape and changes."""
        return self.shape, self.changes

    def get_config(self) -> dict[str, Any]:
        return {"shape": self.shape, "changes": self.changes}
