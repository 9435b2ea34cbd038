"""Numbers and places among categories of the columns of a table."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from skunsup.inputs.table._columns import KINDS, Column, as_floats
from skunsup.inputs.table._scaling import LARGEST

UNKNOWN = -2  # place of a category that fit did not see


def levels_of(column: Column, most: int) -> tuple[Any, ...] | None:
    """Return the values of a category in their order; None for numbers."""
    if column.kind == "number":
        return None
    if column.kind == "boolean":
        return (False, True)
    seen = {value for value in column.values if value is not None}
    if len(seen) > most:
        raise ValueError(
            f"X holds {len(seen)} different categories in column {column.name!r}, more "
            f"than max_categories={most}. Leave the column out if it names rows, merge "
            "rare categories, convert numbers with pandas.to_numeric, or raise "
            "Table(max_categories=...)."
        )
    if column.levels is None:
        return tuple(sorted(seen))
    return tuple(level for level in column.levels if level in seen)


def check_total(columns: Sequence[Column], most: int) -> None:
    sizes = {c.name: len(c.levels) for c in columns if c.levels and c.kind != "boolean"}
    total = sum(sizes.values())
    if total > most:
        largest = max(sizes, key=sizes.__getitem__)
        raise ValueError(
            f"X holds {total} categories in {len(sizes)} columns, more than "
            f"max_total_categories={most}, most of them ({sizes[largest]}) in column "
            f"{largest!r}. Leave out columns, merge rare categories, or raise "
            "Table(max_total_categories=...) where memory suffices."
        )


def check_finite(column: Column, name: str) -> None:
    if column.values.dtype == object:
        return
    bad = np.abs(column.values) > LARGEST
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"{name} contains {column.values[row]:g} in row {row}, column "
            f"{column.name!r}: infinity, or beyond single precision (3.4e38). Give "
            "finite numbers, or NaN for what is missing."
        )


def as_numbers(column: Column, learned: Column, name: str) -> np.ndarray:
    """Return the values of a column that held numbers in `fit`."""
    if column.values.dtype != object:
        check_finite(column, name)
        return column.values
    for row, value in enumerate(column.values):
        if value is not None and not isinstance(value, Real):
            raise TypeError(
                f"{name} holds {value!r} in row {row}, column {learned.name!r}, which "
                "held numbers in fit. Convert it with pandas.to_numeric."
            )
    return as_floats(column.values)


def codes_of(column: Column, learned: Column, name: str, unknown: str) -> np.ndarray:
    """Return the place of each value among those that `fit` saw, -1 where missing."""
    levels = learned.levels or ()
    places = {level: place for place, level in enumerate(levels)}
    values = column.values.astype(object)
    values[column.missing] = None
    places[None] = -1
    code = np.fromiter((places.get(v, UNKNOWN) for v in values), int, len(values))
    if unknown == "error" and (code == UNKNOWN).any():
        row = int(np.argmax(code == UNKNOWN))
        shown = ", ".join(map(repr, levels[:5])) + ", ..." * (len(levels) > 5)
        raise ValueError(
            f"{name} holds {values[row]!r} in row {row}, column {learned.name!r}, "
            f"which fit did not see among its {KINDS[learned.kind]} ({shown}). Correct "
            "it, fit on rows that have it, or use Table(handle_unknown='ignore'), "
            "which makes it a missing value."
        )
    return np.maximum(code, -1)
