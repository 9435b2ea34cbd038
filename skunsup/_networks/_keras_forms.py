"""Keras's objects as plain values: by their public names and configurations.

Reading follows Keras's safe mode: no code comes out of a file. Classes that are not of
Keras stay classes, which the reader of the file judges.
"""

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._keras_private import loss_settings
from skunsup._networks._building import building, building_for
from skunsup._networks._description import described
from skunsup._networks._named_functions import refuse_other_functions
from skunsup._own_classes import UNKNOWN
from skunsup._plain import add_form

# Where classes and functions may come from. Not `keras.utils` or `keras.saving`, whose
# functions read files.
NAMESPACES = (
    "activations",
    "callbacks",
    "constraints",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "ops",
    "optimizers",
    "optimizers.schedules",
    "regularizers",
)
KINDS = (
    keras.callbacks.Callback,
    keras.constraints.Constraint,
    keras.initializers.Initializer,
    keras.Layer,
    keras.losses.Loss,
    keras.metrics.Metric,
    keras.optimizers.Optimizer,
    keras.optimizers.schedules.LearningRateSchedule,
    keras.regularizers.Regularizer,
)
# Described by `get_config`. Of losses Keras's own configuration forgets some settings.
BY_CONFIG = (
    keras.constraints.Constraint,
    keras.initializers.Initializer,
    keras.metrics.Metric,
    keras.optimizers.Optimizer,
    keras.optimizers.schedules.LearningRateSchedule,
    keras.regularizers.Regularizer,
)


@cache
def _public() -> dict[str, Any]:
    """Return the classes and functions of Keras that files may name."""
    found: dict[str, Any] = {}
    for namespace in NAMESPACES:
        home = keras
        for part in namespace.split("."):
            home = getattr(home, part)
        for name, value in vars(home).items():
            wanted = isinstance(value, FunctionType) or (
                isinstance(value, type) and issubclass(value, KINDS)
            )
            if (
                wanted
                and not name.startswith("_")
                and name not in ("get", "deserialize")
            ):
                found[f"keras.{namespace}.{name}"] = value
    return found


@cache
def _names() -> dict[int, str]:
    """Return the first public name of each, by its id."""
    names: dict[int, str] = {}
    for name, value in _public().items():
        names.setdefault(id(value), name)
    return names


def _name(value: Any) -> str | None:
    """Return the public name of a class or function of Keras.

    On torch, Keras makes optimizers of a class of the backend.
    """
    found = _names().get(id(value))
    if (
        found is None
        and isinstance(value, type)
        and value.__module__.startswith("keras.")
    ):
        name = f"keras.optimizers.{value.__name__}"
        return name if name in _public() else None
    return found


class _KerasClass:
    """Classes and functions, by name."""

    name = "keras"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        named = _name(value) if isinstance(value, type | FunctionType) else None
        return None if named is None else {"named": named}

    def read(self, fields: dict[str, Any]) -> Any:
        named = fields["named"]
        if named not in _public():
            raise ValueError(UNKNOWN.format(name=named))
        return _public()[named]


class _KerasObject:
    """Objects that a configuration describes, such as optimizers and schedules."""

    name = "keras object"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        if not isinstance(value, BY_CONFIG):
            return None
        config = {k: _number(v) for k, v in value.get_config().items()}
        return {"kind": plain(type(value)), "config": plain(config)}

    def read(self, fields: dict[str, Any]) -> Any:
        kind = _checked(fields["kind"], BY_CONFIG)
        refuse_other_functions(fields["config"])
        with building(), keras.saving.CustomObjectScope({}):
            return kind.from_config(fields["config"])


class _KerasState:
    """Objects with plain attributes: losses, and callbacks with what they recorded."""

    name = "keras state"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        if isinstance(value, keras.losses.Loss):
            return {"kind": plain(type(value)), "state": plain(loss_settings(value))}
        if isinstance(value, keras.callbacks.Callback):
            state = value.__getstate__()
            if isinstance(state, dict):  # without the network that it watches
                state = {**state, "_model": None}
            return {"kind": plain(type(value)), "state": plain(state)}
        return None

    def read(self, fields: dict[str, Any]) -> Any:
        kind = _checked(fields["kind"], (keras.losses.Loss, keras.callbacks.Callback))
        made = object.__new__(kind)
        if issubclass(kind, keras.losses.Loss):
            vars(made).update(_dtype_policy=keras.DTypePolicy("float32"))
        if hasattr(kind, "__setstate__"):
            made.__setstate__(fields["state"])
        else:
            vars(made).update(fields["state"])
        return made


class _KerasModel:
    """Networks of the user's: configuration and weights."""

    name = "keras model"

    def write(self, value: Any, plain: Callable[[Any], Any]) -> dict[str, Any] | None:
        if not isinstance(value, keras.Model):
            return None
        description = described("a network", value)
        values = [np.array(ops.convert_to_numpy(v)) for v in value.variables]
        return {
            "description": plain(description),
            "values": values,
        }

    def read(self, fields: dict[str, Any]) -> Any:
        with building_for(fields["values"]):
            model = fields["description"].model(None)
        shapes = [tuple(v.shape) for v in model.variables]
        if shapes != [np.shape(value) for value in fields["values"]]:
            raise ValueError(UNKNOWN.format(name="weights of another network"))
        for variable, value in zip(model.variables, fields["values"], strict=True):
            variable.assign(value)
        return model


def _checked(kind: Any, kinds: tuple[type, ...]) -> Any:
    """Return a class, if it is of these kinds."""
    if not (isinstance(kind, type) and issubclass(kind, kinds)):
        raise ValueError(UNKNOWN.format(name=kind))
    return kind


def _number(value: Any) -> Any:
    """Entry of a configuration as JSON can hold it."""
    return value.item() if isinstance(value, np.generic) else value


for _each in (_KerasClass(), _KerasModel(), _KerasObject(), _KerasState()):
    add_form(_each)
