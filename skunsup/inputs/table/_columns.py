"""Columns of tables as users have them: pandas, polars and NumPy.

Neither pandas nor polars is imported before a table of that library comes.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

import numpy as np

from skunsup._dates import is_date_dtype, is_date_type, raise_for_dates
from skunsup._validation import is_missing, refuse_ragged, refuse_repeated

NOTHING = np.zeros(0)
KINDS = {
    "number": "numbers",
    "boolean": "booleans",
    "category": "categories",
    "ordered": "ordered categories",
}
ALLOWED = "numbers, booleans or categories"
MIXED = (
    "{name} holds {found} in column {column!r}, but expected numbers, booleans or "
    "strings, of one type in a column. Convert the column with astype(str), "
    'astype("category") or pandas.to_numeric, or leave it out.'
)


@dataclass
class Column:
    """Contents of one column of a table.

    Parameters
    ----------
    name : object
        Of the column.
    kind : {"number", "boolean", "category", "ordered"}
        What its values are.
    values : ndarray of shape (n,)
        float64 with NaN where missing for numbers and booleans, else objects with None
        where missing.
    dtype : object
        In the user's library.
    levels : sequence or None
        The values that the dtype of categories allows, in their order.
    whole : bool
        Whether numbers are integers by their type.
    given : object
        The values of a column of numbers as they came.
    ends : (number, number) or None
        The smallest and the largest number in `fit`, exactly.
    """

    name: Any
    kind: str
    values: np.ndarray
    dtype: Any = None
    levels: Sequence[Any] | None = None
    whole: bool = False
    given: Any = None
    ends: tuple[Any, Any] | None = None

    @property
    def missing(self) -> np.ndarray:
        """Mask of the missing values, shape (n,)."""
        if self.values.dtype == object:
            return np.array([value is None for value in self.values.tolist()], bool)
        return np.isnan(self.values)

    def learned(self, levels: Sequence[Any] | None) -> "Column":
        """Column as it is kept after `fit`, with its categories."""
        return replace(
            self, values=NOTHING, levels=levels, given=None, ends=self.found_ends()
        )

    def found_ends(self) -> tuple[Any, Any] | None:
        """Return the smallest and the largest number as the column's type has them.

        Large integers are not those that float64 holds.
        """
        if self.kind != "number":
            return None
        known: Any = self.given
        if isinstance(known, np.ndarray):
            known = known[~self.missing]
        if self.whole:
            return int(known.min()), int(known.max())
        if isinstance(known, np.ndarray) and known.dtype.kind == "f":
            return known.min(), known.max()
        return float(np.nanmin(self.values)), float(np.nanmax(self.values))


def library(X: Any) -> str:
    """Return "pandas", "polars" or "numpy": which kind of table `X` is."""
    if hasattr(X, "iloc") and hasattr(X, "columns"):
        return "pandas"
    if type(X).__module__.partition(".")[0] == "polars" and hasattr(X, "get_columns"):
        return "polars"
    return "numpy"


def as_table(X: Any, name: str) -> Any:
    """Return a DataFrame as it is, and anything else as an array of two dimensions.

    Raises
    ------
    TypeError, ValueError
        If `X` is no table, or two of its columns have one name.
    """
    if library(X) == "numpy" and hasattr(X, "to_pandas"):
        X = X.to_pandas()
    if library(X) == "numpy":
        return _as_array(X, name)
    refuse_repeated(X, name)
    return X


def _as_array(X: Any, name: str) -> np.ndarray:
    if hasattr(X, "toarray"):
        raise TypeError(
            f"{name} is a sparse matrix, but inputs=Table() takes DataFrames and dense "
            "arrays. Use inputs=None for a sparse matrix of numbers."
        )
    refuse_ragged(X, name)
    table = np.asarray(X)
    if table.dtype.kind in "US":  # numbers among strings would have become strings
        table = np.asarray(X, dtype=object)
    if table.ndim != 2:
        raise ValueError(
            f"{name} has shape {table.shape}, but expected a table: a DataFrame, or an "
            "array of shape (n_samples, n_features). Reshape your data: "
            "X.reshape(1, -1) if it is a single sample."
        )
    return table


def read_columns(X: Any, name: str) -> list[Column]:
    """Return the columns of what `as_table` returned.

    Raises
    ------
    TypeError
        If a column holds something else than numbers, booleans and categories.
    """
    kind = library(X)
    read: Callable[[Any, Any, str], Column] = _from_numpy
    if kind == "pandas":
        read = _from_pandas
        series = [(column, X.iloc[:, j]) for j, column in enumerate(X.columns)]
    elif kind == "polars":
        read = _from_polars
        series = [(column.name, column) for column in X.get_columns()]
    else:
        series = [(f"x{j}", X[:, j]) for j in range(X.shape[1])]
    return [read(column, values, name) for column, values in series]


def _from_numpy(column: Any, values: np.ndarray, name: str) -> Column:
    if values.dtype.kind in "iufb":
        kind = "boolean" if values.dtype.kind == "b" else "number"
        whole = values.dtype.kind in "iu"
        numbers = as_floats(values)
        return Column(column, kind, numbers, values.dtype, whole=whole, given=values)
    if is_date_dtype(values.dtype):
        raise_for_dates(name, column, values.dtype, ALLOWED)
    return _from_objects(column, values.astype(object), name, values.dtype)


def _from_pandas(column: Any, series: Any, name: str) -> Column:
    types = importlib.import_module("pandas").api.types
    dtype = series.dtype
    if isinstance(dtype, types.CategoricalDtype):
        levels = dtype.categories.astype(object).tolist()
        kind = "ordered" if dtype.ordered else "category"
        values = np.fromiter([*levels, None], object)[series.cat.codes.to_numpy()]
        return Column(column, kind, values, dtype, levels)
    if types.is_bool_dtype(dtype) or (
        types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype)
    ):
        kind = "boolean" if types.is_bool_dtype(dtype) else "number"
        with np.errstate(over="ignore"):  # of wider numbers, refused as infinite
            values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        whole = kind == "number" and types.is_integer_dtype(dtype)
        given = series.to_numpy() if isinstance(dtype, np.dtype) else series
        return Column(column, kind, values, dtype, whole=whole, given=given)
    if is_date_dtype(dtype):
        raise_for_dates(name, column, dtype, ALLOWED)
    return _from_objects(column, series.to_numpy(dtype=object), name, dtype)


def _from_polars(column: Any, series: Any, name: str) -> Column:
    polars = importlib.import_module("polars")
    dtype = series.dtype
    if dtype.is_numeric() or dtype == polars.Boolean:
        kind = "boolean" if dtype == polars.Boolean else "number"
        values = series.cast(polars.Float64).to_numpy().astype(np.float64)
        whole = dtype.is_integer()
        return Column(column, kind, values, dtype, whole=whole, given=series)
    if is_date_dtype(dtype):
        raise_for_dates(name, column, dtype, ALLOWED)
    if dtype not in (polars.String, polars.Categorical, polars.Enum):
        return _from_objects(column, series.to_list(), name, dtype)
    values = np.fromiter(series.cast(polars.String).to_list(), object, len(series))
    levels = dtype.categories.to_list() if dtype == polars.Enum else None
    kind = "category" if levels is None else "ordered"
    return Column(column, kind, values, dtype, levels)


def _from_objects(column: Any, given: Any, name: str, dtype: Any) -> Column:
    """Find the kind of a column from its values."""
    known = (None if is_missing(value) else value for value in given)
    values = np.fromiter(known, object, len(given))
    types = {type(value) for value in values} - {type(None)}
    if any(map(is_date_type, types)):
        raise_for_dates(name, column, dtype, ALLOWED)
    found = {_name_of(kind) for kind in types}
    if found == {"str"}:
        return Column(column, "category", values, dtype)
    if found in ({"number"}, {"bool"}, set()):
        kind = "boolean" if found == {"bool"} else "number"
        whole = found == {"number"} and all(issubclass(t, Integral) for t in types)
        numbers = as_floats(values)
        return Column(column, kind, numbers, dtype, whole=whole, given=values)
    first = {_name_of(type(v)): v for v in reversed(values) if v is not None}
    shown = " and ".join(f"{kind} ({first[kind]!r:.40})" for kind in sorted(first))
    raise TypeError(MIXED.format(name=name, column=column, found=shown))


def as_floats(values: np.ndarray) -> np.ndarray:
    """Return numbers as float64: NaN for None, infinity for what is out of range."""
    try:
        with np.errstate(over="ignore"):
            return values.astype(np.float64)
    except OverflowError:
        return np.array([_as_float(value) for value in values])


def _as_float(value: Any) -> float:
    try:
        return np.nan if value is None else float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def same_name(one: Any, other: Any) -> bool:
    """Return True if names of columns are equal; NaN equals NaN."""
    if is_missing(one) or is_missing(other):
        return is_missing(one) and is_missing(other)
    return bool(one == other)


def check_names(old: Sequence[Column], new: Sequence[Column], name: str) -> None:
    """Raise ValueError where columns do not have the names that they had in `fit`."""
    for had, has in zip(old, new, strict=True):
        if not same_name(had.name, has.name):
            raise ValueError(
                f"{name} has column {has.name!r} where fit had {had.name!r}. Give "
                "the same columns in the same order."
            )


def _name_of(kind: type) -> str:
    if issubclass(kind, bool | np.bool_):
        return "bool"
    if issubclass(kind, Real):
        return "number"
    return "str" if issubclass(kind, str) else kind.__name__


def refuse_empty(columns: Sequence[Column]) -> None:
    """Raise ValueError where a column has no value."""
    empty = [column.name for column in columns if column.missing.all()]
    if empty:
        raise ValueError(
            f"X holds no value at all in column {', '.join(map(repr, empty))}, "
            "which leaves nothing to learn. Leave the column out."
        )
