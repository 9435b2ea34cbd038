"""Names and types of the columns of DataFrames as plain values."""

import importlib
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from skunsup._plain import UNKNOWN, add_form
from skunsup._sklearn import python_number


class _Index:
    """Names of columns, and categories, of pandas."""

    name = "pandas index"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        """Return labels, their type and the name."""
        pandas = sys.modules.get("pandas")
        if pandas is None or type(value) not in (
            pandas.Index,
            pandas.IntervalIndex,
            pandas.RangeIndex,
        ):
            return None
        kind = plain(value.dtype)
        return {"labels": plain(value.tolist()), "type": kind, "label": value.name}

    def read(self, fields: dict[str, Any]) -> Any:
        """Return the index."""
        pandas = importlib.import_module("pandas")
        labels, label = fields["labels"], fields["label"]
        return pandas.Index(
            labels, dtype=fields["type"], name=label, tupleize_cols=False
        )


class _Interval:
    """Intervals, the categories that `pandas.cut` makes."""

    name = "pandas interval"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        """Return the ends, and which of them belong to it."""
        pandas = sys.modules.get("pandas")
        if pandas is None or type(value) is not pandas.Interval:
            return None
        ends = [plain(python_number(end)) for end in (value.left, value.right)]
        return {"ends": ends, "closed": value.closed}

    def read(self, fields: dict[str, Any]) -> Any:
        """Return the interval."""
        pandas = importlib.import_module("pandas")
        return pandas.Interval(*fields["ends"], closed=fields["closed"])


class _PandasType:
    """Types of columns of pandas that NumPy does not have."""

    name = "pandas type"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        """Return its name, or its categories."""
        pandas = sys.modules.get("pandas")
        if pandas is None or not isinstance(
            value, pandas.api.extensions.ExtensionDtype
        ):
            return None
        if isinstance(value, pandas.CategoricalDtype):
            return {"categories": plain(value.categories), "ordered": value.ordered}
        with suppress(NotImplementedError, TypeError):  # its name does not say all
            if pandas.api.types.pandas_dtype(str(value)) == value:
                return {"type": str(value)}
        return None

    def read(self, fields: dict[str, Any]) -> Any:
        """Return the type."""
        pandas = importlib.import_module("pandas")
        if "type" in fields:
            return pandas.api.types.pandas_dtype(str(fields["type"]))
        return pandas.CategoricalDtype(fields["categories"], fields["ordered"])


class _PolarsType:
    """Types of columns of polars."""

    name = "polars type"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        """Return its name and categories."""
        polars = sys.modules.get("polars")
        if polars is None:
            return None
        kind = value if isinstance(value, type) else type(value)
        if not issubclass(kind, polars.DataType):
            return None
        if isinstance(value, polars.Enum):
            return {"named": "Enum", "categories": value.categories.to_list()}
        if isinstance(value, polars.Decimal):
            return {"named": "Decimal", "digits": [value.precision, value.scale]}
        return {"named": kind.__name__, "made": not isinstance(value, type)}

    def read(self, fields: dict[str, Any]) -> Any:
        """Return the type."""
        polars = importlib.import_module("polars")
        kind = getattr(polars, str(fields["named"]), None)
        if not isinstance(kind, type) or not issubclass(kind, polars.DataType):
            raise ValueError(UNKNOWN.format(name=fields["named"]))
        if "categories" in fields:
            return polars.Enum(fields["categories"])
        if "digits" in fields:
            return polars.Decimal(*fields["digits"])
        return kind() if fields["made"] else kind


for _each in (_Index(), _Interval(), _PandasType(), _PolarsType()):
    add_form(_each)
