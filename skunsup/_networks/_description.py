"""A Keras model as text, with the functions and classes that the text names."""

import json
import re
import sys
import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import keras
import numpy as np

from skunsup._identity import digest, identity
from skunsup._networks._named_functions import (
    refuse_other_functions,
    refuse_other_objects,
)
from skunsup._networks._own_names import OwnNames, code_of
from skunsup._networks._structure import unnamed
from skunsup._random import draw_seed

UNSAFE = (
    "A network of yours holds a Python lambda, which was read from a file, and code in "
    "a file could do anything. If you trust the file, call "
    "keras.config.enable_unsafe_deserialization() first. A function with a name, in a "
    "module that can be imported, needs no such thing."
)
NOT_INSTALLED = (
    "A network of yours holds a layer that needs the package {package!r}, which is not "
    "installed here. Install it, and try again."
)


@dataclass(frozen=True)
class Lambda:
    """A Python lambda as pickles hold it.

    Parameters
    ----------
    config : dict
        Its code and values, as Keras writes them to files.
    identity : hashable
        What told it from others.
    """

    config: dict[str, Any]
    identity: Hashable

    def function(self) -> Callable:
        """Return the function, where the user allowed that by Keras's name for it.

        Raises
        ------
        ValueError
            If not.
        """
        written = {"class_name": "__lambda__", "config": self.config}
        layer = {"function": written, "arguments": {}, "output_shape": None}
        try:
            return keras.saving.deserialize_keras_object(
                {"module": "keras.layers", "class_name": "Lambda", "config": layer},
                safe_mode=True,
            ).function
        except ValueError as error:
            raise ValueError(UNSAFE) from error


@dataclass(frozen=True)
class Description:
    """Description of a Keras model; it never changes, so copies share it.

    Parameters
    ----------
    config : str
        JSON of the model as Keras serialises it, but for the names of `objects`.
    structure : str
        The same without what changes nothing that it computes: names of layers are
        numbers in the order in which they come.
    objects : tuple of (str, object)
        What is not Keras's own, by the name that `config` has for it: classes and
        functions. A lambda is pickled as a `Lambda`. None stands for what was
        registered with Keras and cannot be pickled.
    """

    config: str = field(compare=False)
    structure: str
    objects: tuple[tuple[str, Any], ...]

    def __deepcopy__(self, memo: dict[int, Any]) -> "Description":
        return self

    def __getstate__(self) -> dict[str, Any]:
        objects = tuple((name, _written(value)) for name, value in self.objects)
        return {**vars(self), "objects": objects}

    def __setstate__(self, state: dict[str, Any]) -> None:
        refuse_other_functions(json.loads(state["config"]))
        refuse_other_objects(value for _, value in state["objects"])
        vars(self).update(state)

    def model(self, rng: np.random.Generator | None) -> keras.Model:
        """Return a new model, with the seeds that were left open drawn by `rng`.

        Without `rng` they are left open again.

        Raises
        ------
        ValueError
            If it holds code out of a file, and the user did not allow that, or needs a
            package that is not installed.
        """
        config = json.loads(self.config)
        try:
            return keras.saving.deserialize_keras_object(
                config if rng is None else _with_seeds(config, rng),
                custom_objects={name: _found(name, v) for name, v in self.objects},
                safe_mode=True,
            )
        except ModuleNotFoundError as error:
            raise ValueError(NOT_INSTALLED.format(package=error.name)) from error

    @property
    def identity(self) -> Hashable:
        """Structure and objects."""
        objects = (
            (name, value.identity if isinstance(value, Lambda) else identity(value))
            for name, value in self.objects
        )
        return (self.structure, tuple(objects))

    @property
    def digest(self) -> str:
        """Identity of the model, the same in every process."""
        return digest(self.identity)


def described(name: str, model: keras.Model) -> Description:
    """Describe a model, the value of the parameter `name`.

    Raises
    ------
    TypeError
        If Keras cannot describe it, or not by what JSON can hold.
    """
    try:
        with warnings.catch_warnings():
            # Of lambdas, which are named here and need not be read from text.
            warnings.filterwarnings("ignore", "The object being serialized")
            config = keras.saving.serialize_keras_object(model)
        names = OwnNames(list(parts_of(model)))
        config = names.put_in(config)
        structure = json.dumps(unnamed(config, {}), sort_keys=True)
        return Description(json.dumps(config), structure, tuple(names.used.items()))
    except (NotImplementedError, TypeError) as error:
        raise TypeError(
            f"{name}={model!r} cannot be copied, because Keras cannot describe it by "
            f"a configuration ({reason(error)}). Build it from keras.Sequential or "
            "the functional API, or give the class a get_config method."
        ) from error


def reason(error: Exception) -> str:
    """Return the telling line of an error of Keras, without the colours."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    # What Keras met while it worked out a shape stands behind what it worked out.
    lines = (text.partition("Error encountered:")[2] or text).splitlines()
    telling = [x for x in lines if x and not x.startswith("Exception encountered")]
    return telling[0] if telling else type(error).__name__


def layers_of(model: keras.Model) -> Iterator[keras.Layer]:
    """Yield a model and all layers in it."""
    return (part for part in parts_of(model) if isinstance(part, keras.Layer))


def parts_of(value: Any, met: set[int] | None = None) -> Iterator[Any]:
    """Yield the layers, the functions and the other objects of Keras in a model."""
    met = set() if met is None else met
    if id(value) in met:
        return
    met.add(id(value))
    inside: Iterable[Any] = ()
    if isinstance(value, list | tuple):
        inside = value
    elif isinstance(value, dict):
        inside = list(value.values())
    elif isinstance(value, FunctionType):
        yield value
    elif hasattr(value, "get_config") and not isinstance(value, type):
        yield value
        # Without what Keras wraps around methods.
        inside = [v for k, v in vars(value).items() if not hasattr(type(value), k)]
    for item in inside:
        yield from parts_of(item, met)


def _written(value: Any) -> Any:
    """Form of a class or function in a pickle."""
    if not isinstance(value, FunctionType):
        return value
    if value.__name__ == "<lambda>":
        return Lambda(code_of(value), identity(value))
    found: Any = sys.modules.get(value.__module__)
    for name in value.__qualname__.split("."):
        found = getattr(found, name, None)
    registered = keras.saving.get_registered_object(
        keras.saving.get_registered_name(value)
    )
    return None if registered is value and found is not value else value


def _found(name: str, value: Any) -> Any:
    """Return the class or function that a configuration calls `name`."""
    if isinstance(value, Lambda):
        return value.function()
    if value is not None:
        return value
    registered = name.split(">", 1)[1]
    value = keras.saving.get_registered_object(registered)
    if value is None:
        raise ValueError(
            f"A network of yours has {registered!r}, which was registered with Keras "
            "when it was pickled. Run the code that registers it first."
        )
    return value


def _with_seeds(config: Any, rng: np.random.Generator) -> Any:
    """Fill in every seed that was left open."""
    if isinstance(config, dict):
        return {
            name: draw_seed(rng)
            if name == "seed" and value is None
            else _with_seeds(value, rng)
            for name, value in config.items()
        }
    if isinstance(config, list):
        return [_with_seeds(item, rng) for item in config]
    return config
