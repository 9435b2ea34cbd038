"""Images as users pass them: arrays, rows of pixels, paths."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skunsup._training import Rows, as_rows, flat_map, is_mapped
from skunsup._validation import check_rows


class ByteRows(Rows):
    """Rows of bytes, divided by 255 as they are read.

    Parameters
    ----------
    rows : Rows
        Of uint8.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows, self.n, self.d = rows, rows.n, rows.d

    def part(self, index: np.ndarray) -> "ByteRows":
        """Return the rows at `index`, as rows of their own."""
        return ByteRows(self._rows.part(index))

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        return self._rows.take(index) / np.float32(255)


def as_images(X: Any, name: str) -> np.ndarray:
    """Return images, rows of pixels or paths as an array with one image a row.

    Raises
    ------
    ValueError, TypeError
        If `X` is nothing of these, or images differ in size.
    """
    if isinstance(X, str | Path):
        raise TypeError(
            f"{name} is the single path {str(X)!r}, but expected a list of paths. Give "
            "image_paths(folder) for a folder."
        )
    if isinstance(X, list | tuple):
        _check_sizes(X, name)
    X = X.to_numpy() if hasattr(X, "to_numpy") else X
    X = X.toarray() if hasattr(X, "toarray") else X
    X = X if isinstance(X, np.memmap) else np.asarray(X)
    if X.ndim and not len(X):
        raise ValueError(
            f"{name} holds 0 images (n_samples=0), but a minimum of 1 is required."
        )
    if X.dtype.kind in "OU":
        return _paths(X, name)
    if X.dtype.kind not in "fiub" or X.ndim not in (2, 3, 4):
        raise ValueError(
            f"{name} has shape {X.shape} and dtype {X.dtype}, but expected numbers of "
            "shape (n, height, width), (n, height, width, channels) or (n, pixels), or "
            "a list of paths of image files."
        )
    return X


def _check_sizes(X: Sequence[Any], name: str) -> None:
    shapes = [np.shape(image) for image in X if not isinstance(image, str | Path)]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(
                f"{name} holds images of different sizes: shape {shapes[0]} at 0 and "
                f"{shape} at {i}. Bring them to one size, for instance with "
                "keras.ops.image.resize, or give paths of files and image_shape."
            )


def _paths(X: np.ndarray, name: str) -> np.ndarray:
    if X.ndim == 2 and X.shape[1] == 1:
        X = X[:, 0]
    likelihood = X.ravel().tolist()
    if X.ndim == 1 and all(isinstance(cell, np.ndarray) for cell in likelihood):
        _check_sizes(likelihood, name)
        return as_images(np.stack(likelihood), name)
    for i, cell in enumerate(likelihood):
        if X.ndim != 1 or not isinstance(cell, str | Path):
            raise TypeError(
                f"{name} holds {cell!r} at {i}, but expected images as an array of "
                "numbers, or one path of an image file a row."
            )
    return np.array([str(cell) for cell in likelihood])


def pixel_rows(X: np.ndarray, name: str) -> Rows:
    X = flat_map(X) if is_mapped(X) else X.reshape(len(X), -1)
    if X.dtype == np.uint8:
        return ByteRows(as_rows(X) if is_mapped(X) else Rows(X))
    if X.dtype.kind != "f":
        return as_rows(X)
    # Rows of float32 in memory are taken to have been checked.
    whole = X.dtype == np.float32 and not is_mapped(X) and np.isfinite(X).all()
    return as_rows(X) if whole else check_rows(_doubled(X), None, name)


def _doubled(X: np.ndarray) -> np.ndarray:
    return X if is_mapped(X) else X.astype(np.float64, copy=False)
