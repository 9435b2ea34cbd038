"""Names in a configuration of Keras for functions and classes of the user's own."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

import keras


class OwnNames:
    """Names for the classes and functions in a configuration that are not Keras's.

    Those that Keras has would do, but it finds by them what was registered last.

    Parameters
    ----------
    parts : list of object
        Of the model.

    Attributes
    ----------
    used : dict of str to object
        What the configuration names.
    """

    def __init__(self, parts: list[Any]) -> None:
        self.used: dict[str, Any] = {}
        self._known: dict[tuple[str, str], Any] = {}
        self._lambdas: list[Callable] = []  # in the order of the parts
        for part in parts:
            value = part if isinstance(part, FunctionType) else type(part)
            if value.__name__ == "<lambda>":
                self._lambdas.append(value)
            elif not value.__module__.startswith("keras."):
                name = keras.saving.get_registered_name(value)
                module = "builtins" if value is part else value.__module__
                self._known[module, name] = value

    def put_in(self, config: Any) -> Any:
        """Return the configuration with these names in place of Keras's."""
        if isinstance(config, list | tuple):
            return [self.put_in(item) for item in config]
        if not isinstance(config, dict):
            return config
        name = self._lambda(_code_in(config))
        if name is not None:
            named = {"config": name, "registered_name": name}
            return {"module": "builtins", "class_name": "function", **named}
        changed = {key: self.put_in(value) for key, value in config.items()}
        function = config.get("class_name") == "function"
        called = config.get("config" if function else "registered_name")
        module = "builtins" if function else config.get("module") or "__main__"
        value = self._known.get((module, called)) if isinstance(called, str) else None
        if value is None:
            return changed
        name = f"{module}>{called}"
        self.used[name] = value
        return {
            **changed,
            **({"config": name} if function else {}),
            "registered_name": name,
        }

    def _lambda(self, code: Any) -> str | None:
        """Return the name of the lambda for which Keras wrote this code."""
        for place, function in enumerate(self._lambdas):
            written = keras.saving.serialize_keras_object(code_of(function))
            if written == code:
                name = f"<lambda> {place}"
                self.used[name] = function
                return name
        return None


def code_of(function: Callable) -> dict[str, Any]:
    """Configuration that Keras writes for a lambda."""
    layer = keras.layers.Lambda(function, name="lambda")  # else Keras counts it
    config: dict[str, Any] = layer.get_config()["function"]["config"]
    return config


def _code_in(config: dict[str, Any]) -> Any:
    """Code that Keras wrote for a lambda, with or without the name of a class."""
    if config.get("class_name") == "__lambda__":
        config = config["config"]
    dumped = config.get("value")
    if len(config) == 1 and isinstance(dumped, tuple) and len(dumped) == 3:
        return dict(zip(("code", "defaults", "closure"), dumped, strict=True))
    return config
