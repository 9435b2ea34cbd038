"""Errors that say what to do where memory runs out or the user's own code raises."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras

from skunsup._networks._description import parts_of, reason
from skunsup._networks._losses import LossInstance

# How torch, TensorFlow, JAX and NumPy say that memory is lacking, or that a size is
# too large for any memory.
LACKING = re.compile(
    "not enough memory|can't allocate memory|out of memory|RESOURCE_EXHAUSTED"
    "|OOM when allocating|[Ff]ailed to allocate|Unable to allocate"
    "|Storage size calculation overflowed|Overflow when unpacking|too large to convert"
    "|Maximum allowed dimension exceeded|array is too big"
)
LACKING_TYPES = ("OutOfMemoryError", "ResourceExhaustedError")
MOST_WEIGHTS = 2**48  # of a layer; a petabyte. Backends end the process at 2**63 bytes.
OURS = ("keras", "skunsup")


def lacks_memory(error: BaseException) -> bool:
    """Return True if a backend or NumPy raised `error` for lack of memory."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ in LACKING_TYPES
        or bool(LACKING.search(str(error)))
    )


def check_weights_fit(part: Any) -> None:
    """Raise MemoryError where a layer is too large for any machine.

    Parameters
    ----------
    part : Part
        Of a network, not built yet.
    """
    stack = getattr(part, "stack", part)
    sizes = getattr(stack, "sizes", None) or (stack.n_outputs,)
    pairs = zip((stack.n_inputs, *sizes), sizes, strict=False)
    if getattr(part, "n_members", 1) * max(a * b for a, b in pairs) > MOST_WEIGHTS:
        raise MemoryError


@contextmanager
def memory_errors_explained(sizes: Callable[[], dict[str, Any]]) -> Iterator[None]:
    """Turn an error about lacking memory into a MemoryError that says what to lower.

    Parameters
    ----------
    sizes : callable
        Returns the parameters that say how much memory is needed, by name.
    """
    try:
        yield
    except Exception as error:
        explained = type(error) is MemoryError and error.args
        if explained or not lacks_memory(error):
            raise
        asked = sizes()
        values = ", ".join(f"{k}={_short(v)}" for k, v in asked.items())
        cause = reason(error) if str(error) else "more weights than any machine holds"
        raise MemoryError(
            f"There is not enough memory for {values} ({cause}). Lower "
            f"{' or '.join(asked)}, or use a machine or an accelerator with more."
        ) from error


@contextmanager
def own_code_explained(made_of: Callable[[], Iterable[Any]]) -> Iterator[None]:
    """Turn an error in a program with the user's own code into one that names the code.

    Where nothing is the user's own, and where memory is lacking, the error stays.

    Parameters
    ----------
    made_of : callable
        Returns what the program was made of: networks, optimizers and functions.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, Warning) or lacks_memory(error):
            raise
        own = own_parts(made_of())
        if not own:
            raise
        raise ValueError(
            f"The network cannot be computed or trained, since {', '.join(own)}, "
            "which is not of Keras or skunsup, probably raised "
            f"{type(error).__name__}: {reason(error)} Write it in keras.ops: NumPy, "
            "and Python's if and for on values, cannot be traced or differentiated."
        ) from error


def own_parts(made_of: Iterable[Any]) -> list[str]:
    """Name the layers, losses, schedules and functions that the user brought."""
    names: dict[str, None] = {}
    met: set[int] = set()
    for value in made_of:
        for part in _all_parts(value, met):
            kind = part if hasattr(part, "__qualname__") else type(part)
            module = (getattr(kind, "__module__", None) or "").partition(".")[0]
            if module not in OURS:
                names[_name(part, kind)] = None
    return list(names)


def _all_parts(value: Any, met: set[int]) -> Iterator[Any]:
    if isinstance(value, partial):
        value = value.func
    if isinstance(value, keras.Model):
        settings = getattr(value, "settings", {})
        for setting in settings.values():
            yield from _all_parts(setting, met)
    if isinstance(value, LossInstance):
        yield value.kind
        for setting in value.settings.values():
            yield from parts_of(setting, met)
    elif isinstance(value, type) or not hasattr(value, "get_config"):
        yield from [value] if callable(value) else []
    for part in parts_of(value, met):
        yield part
        if callable(getattr(part, "activation", None)):
            yield part.activation


def _name(part: Any, kind: Any) -> str:
    name = getattr(kind, "__qualname__", str(kind)).rpartition("<locals>.")[2]
    if isinstance(part, keras.layers.Layer):
        return f"the layer {part.name!r} ({name})"
    return name


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
