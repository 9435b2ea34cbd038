"""State of estimators as plain values: dicts, lists, strings, numbers and arrays.

What a file holds of an estimator names classes of skunsup and of Keras instead of being
them. So a reader such as skops meets the classes of estimators alone, and nothing in a
file can ask for other code than that of skunsup. What belongs to the user, a layer or
a function of their own, stays as it is, for the reader to judge.
"""

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from skunsup._own_classes import UNKNOWN, is_own, own_class, own_name

TAG = "__skunsup__"
ATOMS = (type(None), bool, int, float, str, bytes)


class Form(Protocol):
    """Values of some kind, how they are written under a name and read again."""

    name: str

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        """Return the fields that describe a value, or None if it is of another kind."""

    def read(self, fields: dict[str, Any]) -> Any:
        """Return the value of fields."""


_forms: dict[str, Form] = {}
# Modules that have forms of their own, imported when a file names one.
_elsewhere = {
    "date": "skunsup._plain_frames",
    "keras": "skunsup._networks",
    "pandas": "skunsup._plain_frames",
    "polars": "skunsup._plain_frames",
}


def add_form(form: Form) -> None:
    """Let values of another kind be written."""
    _forms[form.name] = form


def plain(value: Any) -> Any:
    """Return a value with plain ones in place of objects of skunsup and Keras.

    Parameters
    ----------
    value : object
        State of an estimator.
    """
    return _Writer().of(value)


def restored(value: Any) -> Any:
    """Return the value that `plain` was given.

    Parameters
    ----------
    value : object
        As `plain` returns it. Other values come back as they are.

    Raises
    ------
    ValueError
        If it names what skunsup does not know.
    """
    return _Reader().of(value)


def is_plain(value: Any) -> bool:
    """Return True for what JSON can hold beside arrays, and comes back the same."""
    if isinstance(value, dict):
        return all(type(k) is str and is_plain(item) for k, item in value.items())
    if isinstance(value, list):
        return all(map(is_plain, value))
    if isinstance(value, np.ndarray):
        return type(value) is np.ndarray and not value.dtype.hasobject
    return value is None or type(value) in (bool, int, float, str)


class _Writer:
    """One state; what is met twice is written once and shared."""

    def __init__(self) -> None:
        self._met: dict[int, tuple[Any, Any]] = {}  # with the value, so that it lives

    def of(self, value: Any) -> Any:
        """Return the plain value of `value`."""
        if isinstance(value, ATOMS) and type(value) in ATOMS:
            return value
        if id(value) not in self._met:
            self._met[id(value)] = (value, _Above)
            self._met[id(value)] = (value, self._new(value))
        found = self._met[id(value)][1]
        if found is _Above:
            raise TypeError(
                f"{value!r} holds itself, so it cannot be written to a file."
            )
        return found

    def _new(self, value: Any) -> Any:
        kind = type(value)
        if kind is dict and all(type(key) is str for key in value) and TAG not in value:
            return {key: self.of(item) for key, item in value.items()}
        if kind in (list, tuple):
            return kind(self.of(item) for item in value)
        for name, form in _forms.items():
            fields = form.write(value, self.of)
            if fields is not None:
                return {TAG: name, **fields}
        return value


class _Above:
    """Stands for a value that is being written."""


class _Reader:
    """One state; what was shared is shared again."""

    def __init__(self) -> None:
        self._met: dict[int, tuple[Any, Any]] = {}

    def of(self, value: Any) -> Any:
        """Return the value of a plain one."""
        if type(value) not in (dict, list, tuple):
            return value
        if id(value) not in self._met:
            self._met[id(value)] = (value, self._new(value))
        return self._met[id(value)][1]

    def _new(self, value: Any) -> Any:
        if type(value) is not dict:
            return type(value)(self.of(item) for item in value)
        inside = {key: self.of(item) for key, item in value.items()}
        if TAG not in value:
            return inside
        return _form(inside.pop(TAG)).read(inside)


def _form(name: Any) -> Form:
    if isinstance(name, str) and name not in _forms:
        home = _elsewhere.get(name.split(" ")[0])
        if home is not None:
            importlib.import_module(home)
    if not isinstance(name, str) or name not in _forms:
        raise ValueError(UNKNOWN.format(name=name))
    return _forms[name]


class _Dict:
    """Mappings with keys of any kind."""

    name = "dict"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        if type(value) not in (dict, MappingProxyType):
            return None
        items = [[plain(k), plain(v)] for k, v in value.items()]
        return {"items": items, "read_only": type(value) is not dict}

    def read(self, fields: dict[str, Any]) -> Any:
        found = dict(fields["items"])
        return MappingProxyType(found) if fields["read_only"] else found


class _Set:
    """Sets."""

    name = "set"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        if type(value) not in (set, frozenset):
            return None
        return {"items": [plain(v) for v in value], "frozen": type(value) is frozenset}

    def read(self, fields: dict[str, Any]) -> Any:
        return (frozenset if fields["frozen"] else set)(fields["items"])


class _Dtype:
    """Types of arrays."""

    name = "dtype"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        if not isinstance(value, np.dtype) or value.names is not None:
            return None
        return {"type": value.str if value.isbuiltin != 1 else value.name}

    def read(self, fields: dict[str, Any]) -> Any:
        return np.dtype(str(fields["type"]))


class _Ufunc:
    """Functions of NumPy that work by element, such as `numpy.less`."""

    name = "ufunc"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        known = isinstance(value, np.ufunc) and getattr(np, value.__name__, 0) is value
        return {"named": value.__name__} if known else None

    def read(self, fields: dict[str, Any]) -> Any:
        found = getattr(np, str(fields["named"]), None)
        if not isinstance(found, np.ufunc):
            raise ValueError(UNKNOWN.format(name=fields["named"]))
        return found


class _Class:
    """Classes of skunsup.

    No functions: they would be called with what a file says.
    """

    name = "class"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        own = isinstance(value, type) and is_own(value)
        return {"named": own_name(value)} if own else None

    def read(self, fields: dict[str, Any]) -> Any:
        return own_class(fields["named"])


class _Object:
    """Objects of skunsup, by what a pickle would hold of them."""

    name = "object"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        kind: Any = type(value)
        if not is_own(kind):
            return None
        if isinstance(value, tuple):  # of typing.NamedTuple
            fields = dict(zip(kind.__annotations__, value, strict=True))
            return {"named": own_name(kind), "state": plain(fields)}
        saved = getattr(value, "_saved", value.__getstate__)()
        return {"named": own_name(kind), "state": plain(saved)}

    def read(self, fields: dict[str, Any]) -> Any:
        kind, state = own_class(fields["named"]), fields["state"]
        if not isinstance(state, Mapping | None):
            raise ValueError(UNKNOWN.format(name=fields["named"]))
        if issubclass(kind, tuple):
            return kind(*fields["state"].values())
        made: Any = object.__new__(kind)
        if hasattr(kind, "__setstate__"):
            made.__setstate__(state)
        elif state is not None:
            vars(made).update(state)
        return made


for _each in (_Dict(), _Set(), _Dtype(), _Ufunc(), _Class(), _Object()):
    add_form(_each)
