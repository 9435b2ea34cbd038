"""Functions that the configuration of a network in a file may name."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import keras

from skunsup._own_classes import is_own

# Keras calls the function of a Lambda layer while it builds a network. Its safe mode
# lists functions that are refused; these are the ones that are allowed. Others fetch
# data, write pictures or change settings.
ALLOWED = re.compile(
    r"keras\.((activations|constraints|initializers|losses|metrics|ops|random|"
    r"regularizers)\..+|applications\.\w+\.preprocess_input|utils\.normalize)"
)
OTHER = (
    "A network names {name!r}, which is no activation, loss, metric, initializer or "
    "operation of Keras. If the network is yours, call it in a function of your own, "
    "in a module; else the file was changed: do not use it."
)


def refuse_other_functions(config: Any) -> None:
    """Raise ValueError for a function in a configuration that no network needs.

    Parameters
    ----------
    config : object
        As JSON holds it.
    """
    for item in _dicts(config):
        module = item.get("module")
        if item.get("class_name") == "function" and isinstance(module, str):
            name = f"{module}.{item.get('config')}"
            if name.startswith("keras.") and not ALLOWED.fullmatch(name):
                raise ValueError(OTHER.format(name=name))


def refuse_other_objects(values: Iterable[Any]) -> None:
    """Raise ValueError where what is not Keras's is of skunsup, and no layer.

    Parameters
    ----------
    values : iterable of object
        Classes and functions that a configuration names.
    """
    for value in values:
        layer = isinstance(value, type) and issubclass(value, keras.Layer)
        if hasattr(value, "__module__") and is_own(value) and not layer:
            raise ValueError(OTHER.format(name=value.__qualname__))


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    """Yield all dicts in a value."""
    if isinstance(value, dict):
        yield value
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for item in value:
        yield from _dicts(item)
