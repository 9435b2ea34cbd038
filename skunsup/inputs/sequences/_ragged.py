"""Sequences as users pass them, which may differ in length."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skunsup._training import Rows, is_mapped

LARGEST = float(np.finfo(np.float32).max)


@dataclass
class Ragged:
    """Validated sequences.

    Parameters
    ----------
    items : sequence of arrays of shape (steps, width), float32
        One a sequence.
    steps : array of shape (n,)
        Their lengths.
    width : int
        Numbers in a step.
    dtype : dtype
        Of results.
    length : int
        Steps of the longest, with padding.
    listed, vectors : bool
        Whether they came as a list, and as a list of arrays of one dimension.
    """

    items: Sequence[np.ndarray]
    steps: np.ndarray
    width: int
    dtype: np.dtype
    length: int
    listed: bool = False
    vectors: bool = False


class PaddedRows(Rows):
    """Sequences of different length as rows of one, made as they are read.

    Parameters
    ----------
    items : sequence of arrays of shape (steps, width), float32
        One a sequence.
    length, width : int
        Most steps, and numbers in each.
    """

    def __init__(self, items: Sequence[np.ndarray], length: int, width: int) -> None:
        self.items, self.length, self.width = items, length, width
        self.n, self.d = len(items), length * (width + 1)

    def part(self, index: np.ndarray) -> "PaddedRows":
        chosen = [self.items[i] for i in np.arange(self.n)[index]]
        return PaddedRows(chosen, self.length, self.width)

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        chosen = np.arange(self.n)[index]
        rows = np.zeros((len(chosen), self.d), np.float32)
        n_values = self.length * self.width
        for row, i in zip(rows, chosen, strict=True):
            item = self.items[i]
            row[: item.size] = item.ravel()
            row[n_values : n_values + len(item)] = 1.0
        return rows


def unboxed(X: Any) -> Any:
    """Return a Series of sequences as an array of them, anything else as it is."""
    boxed = hasattr(X, "to_numpy") and len(np.shape(X)) == 1
    return X.to_numpy() if boxed else X


def is_listed(X: Any) -> bool:
    """Return True for a list of sequences or an array of arrays."""
    boxed = isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    return isinstance(X, list | tuple) or boxed


def is_flat(X: Any, shape: tuple[int, int] | None) -> bool:
    """Return True for a table whose rows are flat sequences of `shape`."""
    if not is_listed(X):
        return len(np.shape(X)) == 2
    if shape is None or not len(X):
        return False
    n_values = shape[0] * shape[1]
    # One number a step, as a list of vectors, reads the same either way.
    return shape[1] > 1 and all(np.shape(item) == (n_values,) for item in X)


def is_mapped_array(X: Any) -> bool:
    """Return True for a memory map of sequences of one length."""
    return is_mapped(X) and X.ndim == 3 and X.dtype.kind in "fiub"


def check_sequences(X: Any, name: str) -> Ragged:
    """Validate a list of arrays, or an array of three dimensions.

    Raises
    ------
    ValueError, TypeError
        Naming the sequence, the step and the column.
    """
    return _check_list(X, name) if is_listed(X) else _check_array(X, name)


def _check_array(X: Any, name: str) -> Ragged:
    X = np.asarray(X)
    if X.ndim != 3 or X.dtype.kind not in "fiub" or 0 in X.shape:
        raise ValueError(
            f"{name} has shape {X.shape} and dtype {X.dtype}, but expected sequences: "
            "numbers of shape (n, steps, numbers), flat rows with sequence_shape, or a "
            "list of arrays of shape (steps, numbers)."
        )
    items: Any = _single(X)
    there = ~np.isnan(items).all(axis=2)
    steps = X.shape[1] - np.argmax(there[:, ::-1], axis=1)
    steps = np.where(there.any(axis=1), steps, 0)
    _refuse_empty(steps, name)
    padding = np.arange(X.shape[1]) >= steps[:, None]
    bad = np.argwhere(~np.isfinite(items) & ~padding[:, :, None])
    if len(bad):
        row, step, column = bad[0]
        _refuse(X, row, step, column, name)
    if padding.any():
        items = [item[:n] for item, n in zip(items, steps, strict=True)]
    return Ragged(items, steps, X.shape[2], _dtype(X.dtype), X.shape[1])


def _check_list(X: Any, name: str) -> Ragged:
    if not len(X):
        raise ValueError(f"{name} holds no sequences (n_samples=0), but expected some.")
    arrays = [_as_array(item, i, name) for i, item in enumerate(X)]
    vectors = arrays[0].ndim == 1
    if vectors:
        arrays = [array[:, None] if array.ndim == 1 else array for array in arrays]
    width = arrays[0].shape[-1]
    for i, array in enumerate(arrays):
        if array.ndim != 2 or array.shape[1] != width:
            first = (len(arrays[0]), width)
            raise ValueError(
                f"Sequence {i} of {name} has shape {array.shape}, but sequence 0 has "
                f"shape {first}: expected (steps, {width}). Give the same "
                "numbers at each step of all sequences."
            )
    steps = np.array([len(array) for array in arrays])
    _refuse_empty(steps * width, name)
    items = [_single(array) for array in arrays]
    for i, item in enumerate(items):
        if not np.isfinite(item).all():
            step, column = np.argwhere(~np.isfinite(item))[0]
            _refuse({i: arrays[i]}, i, step, column, name)
    dtype = _dtype(np.result_type(*{array.dtype for array in arrays}))
    return Ragged(items, steps, width, dtype, int(steps.max()), True, vectors)


def _as_array(item: Any, i: int, name: str) -> np.ndarray:
    try:
        array = np.asarray(item)
    except ValueError:
        array = np.asarray(None)
    if array.ndim not in (1, 2) or array.dtype.kind not in "fiub":
        raise ValueError(
            f"Sequence {i} of {name} is {_shown(item)}, but expected an array of "
            "numbers of shape (steps, numbers), or (steps,) for one number a step."
        )
    return array


def _single(X: np.ndarray) -> np.ndarray:
    """Return single precision; what leaves its range becomes infinite."""
    with np.errstate(over="ignore"):
        return X.astype(np.float32, copy=False)


def _dtype(dtype: np.dtype) -> np.dtype:
    return np.dtype(np.float32 if dtype == np.float32 else np.float64)


def _refuse_empty(steps: np.ndarray, name: str) -> None:
    if not steps.all():
        raise ValueError(
            f"Sequence {int(np.argmin(steps))} of {name} has no steps, or only NaN. "
            "Leave it out."
        )


def _refuse(X: Any, i: int, step: int, column: int, name: str) -> None:
    value = X[i][step, column]
    place = f"in step {step}, column {column}"
    if np.isnan(value):
        raise ValueError(
            f"Sequence {i} of {name} contains NaN {place}. Fill the gap first, for "
            "instance by interpolation; only whole steps at the end of an array may be "
            "NaN, as padding."
        )
    raise ValueError(
        f"Sequence {i} of {name} contains {value:g} {place}, but expected finite "
        f"numbers within single precision (at most {LARGEST:.2g}). Scale or replace it."
    )


def _shown(value: Any) -> str:
    shown = f"{type(value).__name__} {value!r}"
    return shown if len(shown) < 60 else shown[:57] + "..."
