"""Names and types of the columns of DataFrames as plain values."""

import importlib
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time
from typing import Any

import numpy as np

from skunsup._own_classes import UNKNOWN
from skunsup._plain import add_form
from skunsup._sklearn import python_number

DATES = (date, datetime, time)


def _is_pandas(value: Any, *names: str) -> bool:
    """Return True for a value of a class of pandas by its name, no subclass."""
    kind = type(value)
    return kind.__name__ in names and kind.__module__.partition(".")[0] == "pandas"


class _Index:
    """Names of columns, and categories, of pandas."""

    name = "pandas index"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        """Return labels, their type and the name."""
        if not _is_pandas(
            value, "Index", "CategoricalIndex", "IntervalIndex", "RangeIndex"
        ):
            return None
        kind, label = plain(value.dtype), plain(value.name)
        return {"labels": plain(value.tolist()), "type": kind, "label": label}

    def read(self, fields: dict[str, Any]) -> Any:
        """Return the index."""
        pandas = importlib.import_module("pandas")
        labels, label = fields["labels"], fields["label"]
        return pandas.Index(
            labels, dtype=fields["type"], name=label, tupleize_cols=False
        )


class _Times:
    """Dates, time differences and periods as names of columns or categories."""

    name = "pandas times"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        """Return the numbers that stand for them, their type and the name."""
        if not _is_pandas(value, "DatetimeIndex", "TimedeltaIndex", "PeriodIndex"):
            return None
        kind, label = plain(value.dtype), plain(value.name)
        return {"numbers": value.asi8, "type": kind, "label": label}

    def read(self, fields: dict[str, Any]) -> Any:
        """Return the index."""
        pandas = importlib.import_module("pandas")
        numbers, kind = np.asarray(fields["numbers"], np.int64), fields["type"]
        label, zone = fields["label"], getattr(kind, "tz", None)
        if isinstance(kind, pandas.PeriodDtype):
            return pandas.PeriodIndex.from_ordinals(numbers, freq=kind.freq, name=label)
        if zone is None:
            return pandas.Index(numbers.view(kind), name=label)
        moments = pandas.DatetimeIndex(numbers.view(f"M8[{kind.unit}]"), name=label)
        return moments.tz_localize("UTC").tz_convert(zone)


class _Time:
    """A date, a time difference or a period of pandas."""

    name = "pandas time"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        """Return it as the only one of an index."""
        if not _is_pandas(value, "Timestamp", "Timedelta", "Period", "NaTType"):
            return None
        pandas = importlib.import_module("pandas")
        return {"only": plain(pandas.Index([value]))}

    def read(self, fields: dict[str, Any]) -> Any:
        return fields["only"][0]


class _Date:
    """Dates and times of day of Python."""

    name = "date"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        """Return it as text."""
        if type(value) not in DATES or getattr(value, "tzinfo", None) is not None:
            return None
        return {"named": type(value).__name__, "text": value.isoformat()}

    def read(self, fields: dict[str, Any]) -> Any:
        for kind in DATES:
            if kind.__name__ == fields["named"]:
                return kind.fromisoformat(fields["text"])
        raise ValueError(UNKNOWN.format(name=fields["named"]))


class _Levels:
    """Names of columns of several levels."""

    name = "pandas levels"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        """Return the labels of each level, which of them each column has, and names."""
        if not _is_pandas(value, "MultiIndex"):
            return None
        codes = [np.asarray(each) for each in value.codes]
        names = plain(list(value.names))
        return {"levels": plain(list(value.levels)), "codes": codes, "names": names}

    def read(self, fields: dict[str, Any]) -> Any:
        """Return the index."""
        pandas = importlib.import_module("pandas")
        levels, codes, names = (fields[key] for key in ("levels", "codes", "names"))
        return pandas.MultiIndex(levels, codes, names=names)


class _Interval:
    """Intervals, the categories that `pandas.cut` makes."""

    name = "pandas interval"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        """Return the ends, and which of them belong to it."""
        if not _is_pandas(value, "Interval"):
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
        if isinstance(value, pandas.ArrowDtype):
            return {"arrow": _schema(value.pyarrow_dtype)}
        with suppress(NotImplementedError, TypeError):  # its name does not say all
            if pandas.api.types.pandas_dtype(str(value)) == value:
                return {"type": str(value)}
        return None

    def read(self, fields: dict[str, Any]) -> Any:
        """Return the type."""
        pandas = importlib.import_module("pandas")
        if "arrow" in fields:
            arrow = importlib.import_module("pyarrow")
            schema = arrow.ipc.read_schema(arrow.BufferReader(fields["arrow"]))
            return pandas.ArrowDtype(schema.types[0])
        if "type" in fields:
            if "dateutil" in fields["type"]:  # a time zone that is a path to a file
                raise ValueError(UNKNOWN.format(name=fields["type"]))
            return pandas.api.types.pandas_dtype(str(fields["type"]))
        return pandas.CategoricalDtype(fields["categories"], fields["ordered"])


def _schema(kind: Any) -> bytes:
    """Return a type of Arrow as the bytes of a schema with one column."""
    arrow = importlib.import_module("pyarrow")
    found: bytes = arrow.schema([("", kind)]).serialize().to_pybytes()
    return found


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


for _each in (
    _Index(),
    _Times(),
    _Time(),
    _Date(),
    _Levels(),
    _Interval(),
    _PandasType(),
    _PolarsType(),
):
    add_form(_each)
