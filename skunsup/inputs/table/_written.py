"""Tables of pandas, polars and NumPy, made of what a model gives back."""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from skunsup.inputs.table._columns import Column

EXACT = 2**53  # up to which float64 holds every integer
INTEGERS = (np.int64, np.uint64)


def write_columns(
    columns: Sequence[Column],
    values: Sequence[np.ndarray],
    kind: str,
    names: Any,
    dtype: np.dtype,
) -> Any:
    """Return a table with the names and the dtypes of `columns`.

    Parameters
    ----------
    columns : sequence of Column
        As of `fit`; their own values are not looked at.
    values : sequence of ndarray of shape (n,)
        What each holds: floats within its range, or objects.
    kind : {"pandas", "polars", "numpy"}
        Library of the table.
    names : pandas.Index or None
        Names of the columns of pandas.
    dtype : dtype
        Of numbers that came as an array of objects.
    """
    cells = [_typed(column, v) for column, v in zip(columns, values, strict=True)]
    if kind == "numpy":
        return _array(columns, cells, dtype)
    if kind == "polars":
        return _polars(columns, cells)
    pandas = importlib.import_module("pandas")
    series = [
        # Without a dtype of their own, strings would get one.
        pandas.Series(cell, dtype=cell.dtype).astype(column.dtype)
        for column, cell in zip(columns, cells, strict=True)
    ]
    return pandas.concat(series, axis=1).set_axis(names.copy(), axis=1)


def _polars(columns: Sequence[Column], cells: Sequence[np.ndarray]) -> Any:
    polars = importlib.import_module("polars")
    # By name, since a series without one would get one.
    return polars.DataFrame(
        {
            column.name: polars.Series(column.name, cell.tolist(), column.dtype)
            for column, cell in zip(columns, cells, strict=True)
        }
    )


def _array(
    columns: Sequence[Column], cells: Sequence[np.ndarray], dtype: np.dtype
) -> np.ndarray:
    """Return an array of the dtype in `fit`; of objects, numbers as `dtype`."""
    if columns[0].dtype != object:
        return np.stack(cells, axis=1).astype(columns[0].dtype)
    kinds = {column.kind for column in columns}
    if kinds == {"boolean"}:
        return np.stack(cells, axis=1)
    large = (max(map(abs, c.ends)) > EXACT for c in columns if c.whole and c.ends)
    if kinds == {"number"} and not any(large):
        return np.stack(cells, axis=1).astype(dtype)
    return np.stack([cell.astype(object) for cell in cells], axis=1)


def _typed(column: Column, values: np.ndarray) -> np.ndarray:
    """Return booleans and integers where the column has them, within its range."""
    if column.kind == "boolean":
        return values.astype(bool)
    if column.ends is None:
        return values
    if column.whole:
        return _integers(values, *column.ends)
    wide = np.asarray(column.ends[0]).dtype
    if wide.itemsize > values.dtype.itemsize:
        return np.clip(values.astype(wide), *column.ends)
    return values


def _integers(values: np.ndarray, low: int, high: int) -> np.ndarray:
    """Return the nearest integers of [`low`, `high`], which float64 may not hold."""
    limits = ((dtype, np.iinfo(dtype)) for dtype in INTEGERS)
    fitting = (d for d, limit in limits if limit.min <= low and high <= limit.max)
    whole = np.empty(len(values), next(fitting, object))
    rounded = np.rint(values)
    whole[rounded >= float(high)] = high
    whole[rounded <= float(low)] = low
    inside = (rounded > float(low)) & (rounded < float(high))
    exact = rounded[inside]
    if whole.dtype == object:
        exact = np.fromiter(map(int, exact), object, len(exact))
    whole[inside] = exact.astype(whole.dtype)
    return whole
