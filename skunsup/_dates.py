"""Dates, times and time differences, which are no numbers to learn from."""

from collections.abc import Iterable, Iterator
from datetime import date, time, timedelta
from typing import Any, NoReturn

import numpy as np

DATES = (
    "{name} holds dates or times{place} (dtype {dtype}), but expected "
    "{expected}. Convert the column to numbers, such as days since a date, hour and "
    "weekday, or leave it out."
)
TYPES = (date, time, timedelta, np.datetime64, np.timedelta64)


def is_date_type(kind: type) -> bool:
    """Return True for a Python type of dates, times or time differences."""
    return issubclass(kind, TYPES) or kind.__name__ == "Period"


def is_date_dtype(dtype: Any) -> bool:
    """Return True for a dtype of dates, or one that has dates as levels."""
    if getattr(dtype, "kind", None) in ("M", "m"):
        return True
    if hasattr(dtype, "is_temporal"):
        return bool(dtype.is_temporal())
    kind, inner = getattr(dtype, "type", None), getattr(dtype, "categories", None)
    if isinstance(kind, type) and is_date_type(kind):
        return True
    return inner is not None and is_date_dtype(getattr(inner, "dtype", None))


def refuse_dates(X: Any, name: str, expected: str = "numbers") -> None:
    """Raise TypeError where `X`, data in any form, holds dates or time differences.

    NumPy turns them into numbers of nanoseconds in silence.

    Parameters
    ----------
    X : object
        As the user passed it.
    name : str
        What to call it in messages.
    expected : str
        What should be there.
    """
    for column, values in _columns(X):
        dtype = getattr(values, "dtype", "object")
        of_objects = str(dtype).lower() == "object"
        if is_date_dtype(dtype) or (of_objects and _holds_dates(values)):
            raise_for_dates(name, column, dtype, expected)


def raise_for_dates(name: str, column: Any, dtype: Any, expected: str) -> NoReturn:
    """Raise TypeError naming the column that holds dates and what to do."""
    place = "" if column is None else f" in column {column!r}"
    raise TypeError(
        DATES.format(name=name, place=place, dtype=dtype, expected=expected)
    )


def _columns(X: Any) -> Iterator[tuple[Any, Any]]:
    """Yield names and values of columns that may hold dates."""
    if isinstance(X, list | tuple):
        try:
            X = np.asarray(X)
        except ValueError:  # of different lengths
            return
    if isinstance(X, np.ndarray):
        if X.ndim == 2 and X.dtype.kind in "OMm":
            yield from ((f"x{j}", X[:, j]) for j in range(X.shape[1]))
        elif X.dtype.kind in "OMm":
            yield None, X.reshape(-1)
    elif hasattr(X, "iloc") and hasattr(X, "columns"):
        odd = [j for j, dtype in enumerate(X.dtypes) if _may_be_odd(dtype)]
        yield from ((X.columns[j], X.iloc[:, j]) for j in odd)
    elif hasattr(X, "get_columns"):
        yield from ((column.name, column) for column in X.get_columns())
    elif hasattr(X, "dtype") and np.ndim(X) == 1:
        yield getattr(X, "name", None), X


def _may_be_odd(dtype: Any) -> bool:
    return not isinstance(dtype, np.dtype) or dtype.kind in "OMm"


def _holds_dates(values: Iterable[Any]) -> bool:
    return any(is_date_type(kind) for kind in {type(value) for value in values})
