"""Records of callbacks, without what they need only while they run.

What is data, one rule says (`_is_data`). A pickle holds all of it; a checkpoint what
needs no pickle (`recorded`), written as all files of estimators are (`plain`).
"""

import pickle
from contextlib import suppress
from typing import Any

import keras

from skunsup._plain import is_plain, plain, restored

OF_A_RUN = {"params"}  # set anew when a training begins
RUNNING = ("jax", "jaxlib", "keras", "tensorflow", "torch")


def with_callbacks_at_rest(state: dict[str, Any], given: Any) -> dict[str, Any]:
    """Return the state of an estimator with what its callbacks recorded, and no more.

    The network, open files and whatever else a callback has while it runs are as in
    the callback that was given, which did not run.

    Parameters
    ----------
    state : dict of str to object
        Attributes; `callbacks_` are those that ran.
    given : callback, sequence of them, or None
        What the estimator has as parameter.
    """
    if "callbacks_" not in state:
        return state
    single = isinstance(given, keras.callbacks.Callback)
    fresh = [given] if single else list(given or ())
    fresh += [None] * len(state["callbacks_"])
    rested = [_at_rest(*pair) for pair in zip(state["callbacks_"], fresh, strict=False)]
    return {**state, "callbacks_": rested}


def _at_rest(callback: keras.callbacks.Callback, fresh: Any) -> Any:
    kind = type(callback)
    before = vars(fresh) if type(fresh) is kind else {"_model": None}
    # A class that says what to pickle may count on all of its attributes.
    own = any("__getstate__" in vars(base) for base in kind.__mro__[:-1])
    kept = {}
    for name, value in vars(callback).items():
        if (own and name != "_model") or _is_data(value):
            kept[name] = value
        elif name in before:
            kept[name] = before[name]
    rested = object.__new__(kind)
    vars(rested).update(kept)
    return rested


def recorded(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """Return the data of a callback that files without pickles can hold, plain."""
    found: dict[str, Any] = {}
    for name, value in vars(callback).items():
        if name in OF_A_RUN or not _is_data(value):
            continue
        with suppress(TypeError):  # a value that holds itself
            written = plain(value)
            if is_plain(written):
                found[name] = written
    return found


def take_up(callback: keras.callbacks.Callback, known: dict[str, Any]) -> None:
    """Set the attributes that `recorded` gave."""
    vars(callback).update(restored(known))


def _is_data(value: Any) -> bool:
    """Return True for a value that can be pickled and holds nothing of a backend."""
    try:
        _DataPickler(_Nowhere()).dump(value)
    except Exception:  # whatever the class of the value raises
        return False
    return True


class _DataPickler(pickle.Pickler):
    def persistent_id(self, value: Any) -> None:
        """Refuse what belongs to a running program."""
        root = type(value).__module__.split(".")[0]
        if root in RUNNING or isinstance(value, keras.Layer):
            raise pickle.PicklingError(f"{value!r} belongs to a running program")


class _Nowhere:
    """A file that keeps nothing."""

    def write(self, content: Any) -> int:
        """Number of bytes that there were to write."""
        return len(memoryview(content).cast("B"))
