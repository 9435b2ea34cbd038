"""Identity of values: their content, and the code of functions."""

import functools
import hashlib
import random
import sys
import sysconfig
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from numbers import Integral, Real
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Protocol
from uuid import uuid4

import joblib
import keras
import numpy as np
from sklearn.base import BaseEstimator

# Folders of code that no user changes while a process runs.
INSTALLED = ("site-packages", "dist-packages", sysconfig.get_path("stdlib"))
GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


def identity(value: Any) -> Hashable:
    """Return the identity of `value` as plain hashable values.

    Equal for equal content: of arrays, of parameters, of objects by their class and
    attributes. A function is its code with the values that it reads: defaults,
    closures and globals. So the result differs once one of these has changed.

    Parameters
    ----------
    value : object
        Anything. What has an `identity` of its own is told by its class and that.

    Returns
    -------
    hashable
        Holds no reference to what can change, but for objects that cannot be looked
        into, which are equal to themselves alone.
    """
    return _Walk().of(value)


def digest(value: Any) -> str:
    """Hash of the identity of `value`, the same in every process.

    Parameters
    ----------
    value : object
        Anything. One that cannot be looked into has a hash that no other call gives.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return hashlib.sha256(_in_bytes(identity(value))).hexdigest()


def _in_bytes(key: Hashable) -> bytes:
    """Return an identity as bytes, whatever the order in which sets are held."""
    if isinstance(key, tuple | frozenset):
        parts = [_in_bytes(item) for item in key]
        ordered = sorted(parts) if isinstance(key, frozenset) else parts
        sizes = ",".join(str(len(part)) for part in ordered)
        name = type(key).__name__
        return f"{name}[{sizes}]".encode() + b"".join(ordered)
    if isinstance(key, _Itself):
        return uuid4().bytes
    return repr(key).encode()


class Key:
    """A hashable value that is hashed once, for stores that look it up at each call.

    Parameters
    ----------
    value : hashable
        What tells keys apart.
    """

    __slots__ = ("_hash", "value")

    def __init__(self, value: Hashable) -> None:
        self.value, self._hash = value, hash(value)

    @property
    def identity(self) -> Hashable:
        """The value."""
        return self.value

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Key):
            return NotImplemented
        return self is other or (
            self._hash == other._hash and self.value == other.value
        )


class Recipe(Protocol):
    """Object with a key that was taken once and can be taken again."""

    @property
    def key(self) -> Hashable:
        """Equal for recipes of the same."""

    def current_key(self) -> Hashable:
        """Return `key` computed anew from the values that functions read now."""


def differ(old: Recipe, new: Recipe) -> bool:
    """True if two recipes differ, whatever functions read before."""
    return old.key != new.key and old.current_key() != new.current_key()


class _Itself:
    """An object that is equal to itself alone."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)

    def __getstate__(self) -> dict[str, str]:
        return {"value": uuid4().hex}  # a copy is equal to nothing


class _Walk:
    """One look into a value and all that it holds; a value is not entered twice."""

    def __init__(self) -> None:
        self._entered: list[int] = []  # ids, from the outermost

    def of(self, value: Any) -> Hashable:
        """Return the identity of a value."""
        if value is None or isinstance(value, str | bytes):
            return value
        if isinstance(value, bool | np.bool_ | Integral | Real):
            return _number(value)
        if id(value) in self._entered:
            return ("above", len(self._entered) - self._entered.index(id(value)))
        self._entered.append(id(value))
        try:
            return self._inside(value)
        finally:
            self._entered.pop()

    def _inside(self, value: Any) -> Hashable:
        if isinstance(value, Mapping):
            pairs = frozenset((self.of(k), self.of(v)) for k, v in value.items())
            return ("mapping", pairs)
        if isinstance(value, list | tuple):
            return tuple(self.of(item) for item in value)
        if isinstance(value, set | frozenset):
            return ("set", frozenset(self.of(item) for item in value))
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, type):
            return self._class(value)
        return self._of_parts(value) if callable(value) else self._instance(value)

    def _array(self, value: np.ndarray) -> Hashable:
        if value.dtype.hasobject:
            return ("array", value.shape, tuple(map(self.of, value.ravel())))
        content = hashlib.sha256(np.ascontiguousarray(value).data).digest()
        return ("array", value.dtype.str, value.shape, content)

    def _of_parts(self, value: Callable) -> Hashable:
        """Return the identity of a callable."""
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, MethodType):
            return ("method", self.of(value.__func__), self.of(value.__self__))
        if isinstance(value, functools.partial):
            return ("partial", *map(self.of, (value.func, value.args, value.keywords)))
        if hasattr(value, "__wrapped__"):  # by a compiler
            return ("wrapped", self._class(type(value)), self.of(value.__wrapped__))
        return self._instance(value)

    def _function(self, value: FunctionType) -> Hashable:
        if _installed(value.__module__, value.__code__.co_filename):
            return ("function", value.__module__, value.__qualname__)
        held = [value.__defaults__, value.__kwdefaults__, vars(value)]
        held += [_content(cell) for cell in value.__closure__ or ()]
        read = {
            name: value.__globals__[name]
            for name in sorted(_names(value.__code__))
            if name in value.__globals__
        }
        return ("function", self._code(value.__code__), self.of(held), self.of(read))

    def _code(self, code: CodeType) -> Hashable:
        constants = tuple(
            self._code(c) if isinstance(c, CodeType) else self.of(c)
            for c in code.co_consts
        )
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        return (code.co_code, code.co_flags, code.co_argcount, names, constants)

    def _class(self, value: type) -> Hashable:
        """Return name and members of a class, and of those that it inherits from."""
        named = (value.__module__, value.__qualname__)
        if _is_installed_class(value):
            return ("class", *named)
        members = {
            name: getattr(member, "__func__", getattr(member, "fget", member))
            for name, member in vars(value).items()
            if not (name.startswith("__") and name.endswith("__")) or name in CALLED
        }
        bases = tuple(self.of(base) for base in value.__bases__)
        return ("class", *named, self.of(members), bases)

    def _instance(self, value: Any) -> Hashable:
        kind = self._class(type(value))
        if isinstance(value, ModuleType):
            return ("module", value.__name__)
        if isinstance(getattr(type(value), "identity", None), property):
            return (kind, self.of(value.identity))
        if is_dataclass(value) and not isinstance(value, BaseEstimator):
            compared = [getattr(value, f.name) for f in fields(value) if f.compare]
            return (kind, self.of(compared))
        if isinstance(value, GENERATORS):
            return (kind,)  # its state moves with each draw
        if isinstance(value, keras.Variable) or keras.ops.is_tensor(value):
            return (kind, self.of(keras.ops.convert_to_numpy(value)))
        if isinstance(value, keras.Layer):
            return (kind, self.of(value.get_config()), self.of(value.get_weights()))
        if isinstance(value, BaseEstimator) or not _is_installed_class(type(value)):
            attributes = getattr(value, "__dict__", None)
            return _Itself(value) if attributes is None else (kind, self.of(attributes))
        return _by_pickle(value)


# Methods that Python calls by itself.
CALLED = ("__call__", "__init__", "__getitem__", "__len__")


def _number(value: Any) -> Hashable:
    if isinstance(value, bool | np.bool_):
        return ("bool", bool(value))
    if isinstance(value, Integral):
        return int(value)
    return float(value) if value == value else "nan"


def _installed(module: str | None, file: str) -> bool:
    root = (module or "").split(".")[0]
    return root in ("builtins", "skunsup") or any(part in file for part in INSTALLED)


def _is_installed_class(value: type) -> bool:
    file = getattr(sys.modules.get(value.__module__), "__file__", None)
    return _installed(value.__module__, file or "")


def _by_pickle(value: Any) -> Hashable:
    try:
        return joblib.hash(value)
    except Exception:  # whatever the class of the value raises
        return _Itself(value)


def _names(code: CodeType) -> Iterator[str]:
    """Yield the names that code, and the code within it, may look up."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return "empty"
