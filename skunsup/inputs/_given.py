"""Values that are given for columns, as `sample(given=...)` takes them."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from skunsup._validation import is_missing


def check_given(given: Any) -> None:
    """Raise unless `given` is a dict with an entry.

    Raises
    ------
    TypeError, ValueError
        If it is something else, or empty.
    """
    if not isinstance(given, dict):
        raise TypeError(
            f"given={given!r}, but expected a dict of values by column, such as "
            "given={'age': 40}."
        )
    if not given:
        raise ValueError(
            "given={} names no column. Leave given out to draw whole rows."
        )


def column_of(column: Any, names: Sequence[Any] | None, n_columns: int) -> int:
    """Return the place of a column that a user names.

    Parameters
    ----------
    column : object
        Its name; its number, where there are no names.
    names : sequence or None
        Of the columns.
    n_columns : int
        How many there are.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    if names is not None:
        for place, name in enumerate(names):
            if isinstance(name, bool) == isinstance(column, bool) and name == column:
                return place
        known = ", ".join(map(repr, names[:10])) + ", ..." * (len(names) > 10)
        raise ValueError(
            f"given names column {column!r}, which X of fit did not have. Its columns "
            f"are {known}."
        )
    whole = isinstance(column, Integral) and not isinstance(column, bool)
    if whole and 0 <= column < n_columns:
        return int(column)
    raise ValueError(
        f"given names column {column!r}, but X of fit had no names of columns. Give "
        f"numbers of columns, from 0 to {n_columns - 1}."
    )


def given_number(column: Any, value: Any) -> Any:
    """Return a finite number that is given for a column.

    Raises
    ------
    TypeError, ValueError
        If it is something else.
    """
    check_present(column, value)
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(
            f"given holds {value!r} for column {column!r}, but the column holds "
            "numbers. Give a number."
        )
    if not np.isfinite(float(value)):
        raise ValueError(
            f"given holds {value!r} for column {column!r}, but expected a finite "
            "number."
        )
    return value


def check_present(column: Any, value: Any) -> None:
    """Raise ValueError for a missing value."""
    if is_missing(value):
        raise ValueError(
            f"given holds the missing value {value!r} for column {column!r}. Leave the "
            "column out, and it is drawn."
        )
