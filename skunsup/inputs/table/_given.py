"""Values that are given for columns of a table, and cells that are filled in."""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from skunsup.inputs._given import check_present, given_number
from skunsup.inputs.table._columns import Column, as_table, library, read_columns


def check_value(column: Column, value: Any) -> Any:
    """Return a value that is given for a column, once the column can have it.

    Raises
    ------
    TypeError, ValueError
        If it is of another type, missing, or a category that `fit` did not see.
    """
    if column.kind == "number":
        given_number(column.name, value)
        if column.whole and float(value) != int(value):
            raise ValueError(
                f"given holds {value!r} for column {column.name!r}, but the column "
                "holds whole numbers. Give one of these."
            )
        low, high = column.ends or (value, value)
        if not low <= value <= high:
            raise ValueError(
                f"given holds {value!r} for column {column.name!r}, but fit saw "
                f"numbers from {low} to {high} there. Give one of that range."
            )
        return value
    check_present(column.name, value)
    levels = tuple(column.levels or ())
    if column.kind == "boolean" and not isinstance(value, bool | np.bool_):
        raise TypeError(
            f"given holds {value!r} for column {column.name!r}, but the column holds "
            "booleans. Give True or False."
        )
    if not _is_level(value, levels):
        shown = ", ".join(map(repr, levels[:10])) + ", ..." * (len(levels) > 10)
        raise ValueError(
            f"given holds {value!r} for column {column.name!r}, but fit saw only "
            f"{shown} there. Give one of these."
        )
    return value


def _is_level(value: Any, levels: tuple) -> bool:
    try:
        return value in levels
    except (TypeError, ValueError):  # of arrays
        return False


def put(table: Any, column: Column, place: int, value: Any) -> Any:
    """Return a table in which all cells of a column are `value`.

    Raises
    ------
    ValueError
        If the type of the column cannot hold it.
    """
    kind = library(table)
    try:
        if kind == "pandas":
            pandas = importlib.import_module("pandas")
            values = [value] * len(table)
            table[column.name] = pandas.Series(values, table.index, column.dtype)
            return table
        if kind == "polars":
            polars = importlib.import_module("polars")
            values = [value] * len(table)
            series = polars.Series(column.name, values, column.dtype)
            return table.with_columns(series)
        table[:, place] = np.asarray(value, table.dtype)
        return table
    except (OverflowError, TypeError) as error:
        raise ValueError(
            f"given holds {value!r} for column {column.name!r}, whose type is "
            f"{column.dtype}: {error}. Give a value that it can hold."
        ) from error


def filled(X: Any, drawn: Any) -> Any:
    """Return a copy of the table `X`, with what is missing taken from `drawn`.

    Parameters
    ----------
    X : DataFrame or array of shape (n, n_features)
        Cells that are observed stay as they are.
    drawn : DataFrame or array of shape (n, n_features)
        Without missing cells.
    """
    table = as_table(X, "X")
    missing = [column.missing for column in read_columns(table, "X")]
    kind = library(table)
    values = _values(drawn)
    if kind == "numpy":
        return _filled_array(table, missing, values)
    if kind == "polars":
        return _filled_polars(table, missing, values)
    table = table.copy()
    for j, (name, hit) in enumerate(zip(table.columns, missing, strict=True)):
        if hit.any():
            new = table[name].copy()
            if new.dtype == bool or new.dtype.kind in "iu":
                new = new.astype(object)
            new[hit] = values[j][hit]
            table[name] = new
    return table


def _values(drawn: Any) -> list[Any]:
    """Return the columns of a table as arrays."""
    if library(drawn) == "numpy":
        return [drawn[:, j] for j in range(drawn.shape[1])]
    if library(drawn) == "polars":
        return [column.to_numpy() for column in drawn.get_columns()]
    return [drawn[name].to_numpy() for name in drawn.columns]


def _filled_array(
    table: np.ndarray, missing: list[np.ndarray], values: list[Any]
) -> np.ndarray:
    hits = np.stack(missing, axis=1)
    new = table.copy()
    for j in range(table.shape[1]):
        new[hits[:, j], j] = values[j][hits[:, j]]
    return new


def _filled_polars(table: Any, missing: list[np.ndarray], values: list[Any]) -> Any:
    polars = importlib.import_module("polars")
    columns = []
    for column, hit, found in zip(table.get_columns(), missing, values, strict=True):
        if hit.any():
            mixed = [
                new if gone else old
                for old, new, gone in zip(column, found.tolist(), hit, strict=True)
            ]
            column = polars.Series(column.name, mixed, column.dtype, strict=False)
        columns.append(column)
    return polars.DataFrame(columns)


def observed_cells(numbers: np.ndarray, codes: np.ndarray, places: Any) -> np.ndarray:
    """Return a mask of the observed cells, by columns of the user's table."""
    seen = np.concatenate([~np.isnan(numbers), codes >= 0], axis=1)
    ordered = np.empty_like(seen)
    ordered[:, list(places)] = seen
    return ordered


def emptied(table: Any, missing: np.ndarray) -> Any:
    """Return a table with missing values in some cells.

    Parameters
    ----------
    table : DataFrame or array of shape (n, n_features)
        It may be changed.
    missing : array of bool, shape (n, n_features)
        Cells to be left empty. An array of integers or booleans stays as it is, since
        it cannot hold missing values.
    """
    kind = library(table)
    if kind == "polars":
        return _emptied_polars(table, missing)
    if kind == "numpy":
        if table.dtype.kind in ("f", "O"):
            table[missing] = np.nan
        return table
    for j in np.flatnonzero(missing.any(axis=0)):
        name = table.columns[j]
        table[name] = table[name].mask(missing[:, j])
    return table


def _emptied_polars(table: Any, missing: np.ndarray) -> Any:
    polars = importlib.import_module("polars")
    columns = [
        polars.Series(
            column.name,
            [None if gone else value for value, gone in zip(column, hit, strict=True)],
            column.dtype,
        )
        for column, hit in zip(table.get_columns(), missing.T, strict=True)
    ]
    return polars.DataFrame(columns)


def given_cells(
    values: dict[int, Any],
    columns: Sequence[Column],
    numbers: list[int],
    categories: list[int],
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and codes of a row in which all other cells are missing.

    Parameters
    ----------
    values : dict of int to object
        Checked values, by column.
    columns : sequence of Column
        As learned in `fit`.
    numbers, categories : list of int
        Columns in the order of cells.
    """
    found = np.full((1, len(numbers)), np.nan)
    codes = np.full((1, len(categories)), -1, np.int32)
    for j, value in values.items():
        levels = columns[j].levels
        if levels is None:
            found[0, numbers.index(j)] = value
        else:
            codes[0, categories.index(j)] = list(levels).index(value)
    return found, codes
