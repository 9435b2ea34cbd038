"""Vectors of real and of generated rows, between which distances mean something."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.utils import check_array

CHUNK_ROWS = 1000
SQRT_HALF = 0.5**0.5


def vectors(
    X_real: Any,
    *others: tuple[str, Any],
    standardize: bool,
    features: Callable[[Any], Any] | None = None,
    real_name: str = "X_real",
) -> list[np.ndarray]:
    """Turn rows into float64 vectors of one width.

    Numbers are standardised by the mean and the standard deviation of `X_real`. The
    categories of DataFrames are one-hot, so that two different ones are 1 apart. A
    missing value is a category of its own, and so is one that `X_real` does not have.
    Columns of DataFrames are the same if their names are, in whatever order.

    Parameters
    ----------
    X_real : array-like or DataFrame
        Real rows.
    *others : tuple of (str, array-like or DataFrame)
        Names for messages, and rows with the columns of `X_real`.
    standardize : bool
        Whether columns of arrays are standardised; those of DataFrames always are.
    features : callable, default=None
        Function of rows that returns the numbers to compare in their place.
    real_name : str, default="X_real"
        What to call `X_real` in messages.

    Returns
    -------
    list of ndarray of shape (n, d), float64

    Raises
    ------
    ValueError, TypeError
        If rows are no such data, or their columns differ.
    """
    parts = [(real_name, X_real), *others]
    if features is not None:
        parts = [(name, features(X)) for name, X in parts]
    if _is_table(parts[0][1]):
        return _table_vectors(parts)
    arrays = [_as_array(X, name) for name, X in parts]
    for (name, _), array in zip(parts[1:], arrays[1:], strict=True):
        if array.shape[1] != arrays[0].shape[1]:
            raise ValueError(
                f"{name} has {array.shape[1]} columns, but {real_name} has "
                f"{arrays[0].shape[1]}. Compare rows of the same columns."
            )
    if not standardize:
        return arrays
    mean, scale = arrays[0].mean(axis=0), deviations(arrays[0])
    return [(array - mean) / scale for array in arrays]


def deviations(columns: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each column, 1 where all numbers are equal."""
    found: np.ndarray = columns.std(axis=0)
    # The deviation of equal numbers is not 0 where their mean is rounded.
    found[(columns == columns[0]).all(axis=0)] = 1.0
    return found


def chunks(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield Euclidean distances of some rows of `a` from all of `b`, with which rows.

    Equal rows are at distance 0 exactly, so that repeated rows are neighbours.
    """
    for start in range(0, len(a), CHUNK_ROWS):
        at = slice(start, start + CHUNK_ROWS)
        yield at, cdist(a[at], b)


def _is_table(X: Any) -> bool:
    return hasattr(X, "columns") and not hasattr(X, "toarray")


def _as_array(X: Any, name: str) -> np.ndarray:
    if not hasattr(X, "toarray"):
        X = np.asarray(X)
        if X.dtype.kind in "OUS":
            raise TypeError(
                f"{name} holds dtype {X.dtype}. Give numbers, or a DataFrame, whose "
                "columns may be categories too."
            )
        if X.ndim > 2:  # images and series
            X = X.reshape(len(X), -1)
    found: np.ndarray = check_array(
        X, accept_sparse="csr", dtype=np.float64, input_name=name
    )
    return found.toarray() if hasattr(found, "toarray") else found


def _table_vectors(parts: list[tuple[str, Any]]) -> list[np.ndarray]:
    # Here, since it imports Keras, which arrays can do without.
    from skunsup.inputs import Table
    from skunsup.inputs.table._matching import with_columns_of

    real_name, real = parts[0]
    table = Table(handle_unknown="ignore").fit(real)
    likelihood, found = table.likelihood_, []
    for name, X in parts:
        X = with_columns_of(real, X, name, real_name)
        rows = table.read_rows(X, table, name).take(slice(None)).astype(np.float64)
        blocks = [rows[:, : 2 * likelihood.n_real]]
        start = 2 * likelihood.n_real
        for k, n, _ in likelihood.groups:
            block = rows[:, start : start + k * n]
            missing = 1.0 - block.reshape(-1, n, k).max(axis=2)
            blocks += [SQRT_HALF * block, SQRT_HALF * missing]
            start += k * n
        found.append(np.concatenate(blocks, axis=1))
    return found
