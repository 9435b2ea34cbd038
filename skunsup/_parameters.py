"""Parameters of estimators, each declared in one place.

A group of parameters is a class whose annotations name them and whose docstring says
what they mean. An estimator derives from the groups it has, adds its own parameters,
and may give a parameter of a group another default. `inspect.signature`, `help` and an
editor show all of them as if they had been written in the estimator's `__init__`.
"""

from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

from sklearn.base import BaseEstimator

from skunsup._docstrings import Docstring, merged
from skunsup._sklearn import range_in_words

Class = TypeVar("Class", bound=type)


def parameter(
    allowed: list | None = None, *, default: Any = MISSING, kw_only: bool = True
) -> Any:
    """Declare a parameter in the body of a class decorated with `parameters`.

    Parameters
    ----------
    allowed : list, default=None
        What scikit-learn's validation of parameters accepts. None for a parameter of a
        base, of which only the default changes.
    default : object
        Its default, immutable; MISSING for a parameter that must be given. By keyword,
        by which type checkers know that there is one.
    kw_only : bool, default=True
        Whether it can be given by keyword only.
    """
    return field(default=default, kw_only=kw_only, metadata={"allowed": allowed})


@dataclass_transform(kw_only_default=True, field_specifiers=(parameter,))
def parameters(cls: Class) -> Class:
    """Give a class an `__init__` that stores the parameters it and its bases declare.

    The ranges are in `_parameter_constraints` then, where scikit-learn expects them.
    The docstring of an estimator gets the entries of parameters and attributes that it
    lacks from the bases, and all parameters their defaults and the ranges of numbers.

    Parameters
    ----------
    cls : type
        A group of parameters, or an estimator.
    """
    documented = cls.__doc__ is not None  # it is None under `python -OO`
    dataclass(kw_only=True, eq=False, repr=False)(cls)
    if issubclass(cls, BaseEstimator):
        declared: tuple[Field, ...] = fields(cls)
        ranges = {field.name: _allowed(cls, field.name) for field in declared}
        cls._parameter_constraints = ranges  # type: ignore[attr-defined]
        if documented:
            cls.__doc__ = _documented(cls, declared, ranges)
    return cls


def _allowed(cls: type, name: str) -> list:
    """Return the range of a parameter that is declared nearest to `cls`."""
    for base in cls.__mro__:
        declared = vars(base).get("__dataclass_fields__", {})
        own = name in vars(base).get("__annotations__", {})
        if own and name in declared and declared[name].metadata["allowed"] is not None:
            allowed: list = declared[name].metadata["allowed"]
            return allowed
    raise TypeError(f"{cls.__name__} gives no range for its parameter {name}.")


def _origin(cls: type, name: str) -> type:
    """Return the class that declares a parameter first, the farthest from `cls`."""
    declaring = [
        base for base in cls.__mro__ if name in vars(base).get("__annotations__", {})
    ]
    return declaring[-1]


def _documented(cls: type, declared: tuple[Field, ...], ranges: dict[str, list]) -> str:
    """Return the docstring of `cls` with what it shares with its bases."""
    bases = [b for b in cls.__mro__[1:] if "__dataclass_fields__" in vars(b)]
    ordered = sorted(declared, key=lambda field: bool(field.kw_only))
    return merged(
        cls.__doc__,
        [base.__doc__ for base in bases],
        {f.name: f.default for f in ordered},
        {f.name: _origin(cls, f.name).__doc__ for f in ordered},
        {name: range_in_words(allowed) for name, allowed in ranges.items()},
    )


def groups(cls: type) -> dict[str, list[str]]:
    """Names of the parameters of an estimator, by the group that declares them.

    Parameters
    ----------
    cls : type
        An estimator with `parameters`.

    Returns
    -------
    dict of str to list of str
        By the first line of the docstring of the group, "" for the estimator's own.
    """
    found: dict[str, list[str]] = {}
    for name in Docstring(cls.__doc__).entries("Parameters"):
        group = _origin(cls, name)
        line = (group.__doc__ or "").partition("\n")[0].rstrip(".")
        found.setdefault("" if group is cls else line, []).append(name)
    return found
