"""Images as users pass them: arrays, rows of pixels, paths."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skunsup._training import Rows, as_rows, flat_map, is_mapped
from skunsup._validation import check_rows

# Size of pixels that are probably bytes of another type: those reach 255. The digits of
# scikit-learn, which reach 16, are learned as they are.
LARGE = 32.0
MOST_NUMBERS = 2**19  # looked at

NOT_BYTES = (
    "{name} holds {value} of type {dtype}, but fit saw bytes, which are whole numbers "
    "from 0 to 255. Give uint8, or floats from 0 to 1."
)
TOO_LARGE = (
    "{name} holds pixels up to {value:.3g} of type {dtype}{beside}. Only bytes (uint8) "
    "are divided by 255, and networks learn and score pixels on a scale near 1. Give "
    "X.astype(numpy.uint8), or divide."
)


class ByteRows(Rows):
    """Rows of bytes, divided by 255 as they are read.

    Parameters
    ----------
    rows : Rows
        Of numbers from 0 to 255.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows, self.n, self.d = rows, rows.n, rows.d

    def part(self, index: np.ndarray) -> "ByteRows":
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
    X = _array_of(X) if hasattr(X, "to_numpy") else X
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
    cells = X.ravel().tolist()
    if X.ndim == 1 and all(isinstance(cell, np.ndarray) for cell in cells):
        _check_sizes(cells, name)
        return as_images(np.stack(cells), name)
    for i, cell in enumerate(cells):
        if X.ndim != 1 or not isinstance(cell, str | Path):
            raise TypeError(
                f"{name} holds {cell!r} at {i}, but expected images as an array of "
                "numbers, or one path of an image file a row."
            )
    return np.array([str(cell) for cell in cells])


def _array_of(table: Any) -> np.ndarray:
    """Return a Series or DataFrame as an array.

    Columns of numbers in types of pandas that can miss values get those of NumPy.
    """
    array: np.ndarray = table.to_numpy()
    if array.dtype != object or array.ndim != 2:
        return array
    kinds = [getattr(dtype, "numpy_dtype", dtype) for dtype in table.dtypes]
    if not all(getattr(kind, "kind", "O") in "fiub" for kind in kinds):
        return array
    found: np.ndarray = table.to_numpy(np.float64, na_value=np.nan)
    common = np.result_type(*kinds)
    return found if np.isnan(found).any() else found.astype(common)


def pixel_rows(X: np.ndarray, name: str, learned: np.dtype | None) -> Rows:
    """Return rows of pixels, bytes divided by 255.

    Parameters
    ----------
    X : array
        Numbers, one image a row.
    name : str
        What to call it in messages.
    learned : dtype or None
        Type of the images in `fit`, None in `fit` itself. Where it is that of bytes,
        other whole numbers are taken for bytes, too; where it is one of other whole
        numbers, which `fit` took as they are, bytes are taken so.
    """
    X = flat_map(X) if is_mapped(X) else X.reshape(len(X), -1)
    known = X.dtype if learned is None else learned
    if X.dtype.kind in "iu" and known == np.uint8:
        return ByteRows(as_rows(X) if is_mapped(X) else Rows(_as_bytes(X, name)))
    if X.dtype == np.uint8 and known.kind not in "iu":
        return ByteRows(as_rows(X) if is_mapped(X) else Rows(X))
    if X.dtype.kind != "f":
        return as_rows(X)
    # Rows of float32 in memory are taken to have been checked.
    whole = X.dtype == np.float32 and not is_mapped(X) and np.isfinite(X).all()
    return as_rows(X) if whole else check_rows(_doubled(X), None, name)


def _as_bytes(X: np.ndarray, name: str) -> np.ndarray:
    low, high = X.min(), X.max()
    if low < 0 or high > 255:
        value = low if low < 0 else high
        raise ValueError(NOT_BYTES.format(name=name, value=value, dtype=X.dtype))
    return X.astype(np.uint8, copy=False)


def largest_pixel(rows: Rows) -> float:
    """Return the size of the largest of some pixels, spread evenly over the rows."""
    n = min(rows.n, max(1, MOST_NUMBERS // rows.d))
    return float(np.abs(rows.take(np.linspace(0, rows.n - 1, n).astype(int))).max())


def warn_of_large_pixels(value: float, dtype: Any, name: str, beside: str = "") -> None:
    """Warn of pixels that are probably bytes of another type than uint8."""
    message = TOO_LARGE.format(name=name, value=value, dtype=dtype, beside=beside)
    warnings.warn(message, UserWarning, stacklevel=2)


def _doubled(X: np.ndarray) -> np.ndarray:
    return X if is_mapped(X) else X.astype(np.float64, copy=False)
