"""Networks that the user brings, copied and never touched."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from skunsup._interrupts import interrupts_put_off
from skunsup._random import draw_seed, global_state_kept

# What a network of that name is given.
SOURCES = {
    "encoder": "X has",
    "decoder": "encoder returns",
    "generator": "the noise has",
}


@dataclass(frozen=True)
class UserNetwork:
    """A Keras model by its configuration: rebuilt for each use, never trained.

    Parameters
    ----------
    config : str
        JSON of the model as Keras serialises it.
    n_inputs, n_outputs : int
        Numbers of columns in and out.
    custom_objects : tuple of (str, type)
        The classes of its layers, so that unregistered ones are found again.
    identity : object
        What tells networks apart: the configuration, or the callable that built it,
        since Keras numbers the names of its layers anew at each call.
    frozen : tuple of (int, array)
        Positions and values of the variables of layers with `trainable=False`: weights
        that the user froze are kept, all others start afresh.
    """

    config: str = field(compare=False)
    n_inputs: int
    n_outputs: int
    custom_objects: tuple[tuple[str, type], ...]
    identity: Any
    frozen: tuple[tuple[int, np.ndarray], ...] = field(compare=False)
    regularized: ClassVar[bool] = True

    def build(self) -> keras.Model:
        """Return a new model of the same configuration.

        Its random layers have seeds of their own: without one, torch's dropout draws
        from the global generator.
        """
        rng = np.random.default_rng(0)
        return self._restore(_with_seeds(json.loads(self.config), rng))

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """What the model's own initialisers give when seeded by `rng`."""
        with interrupts_put_off(), global_state_kept():
            model = self._restore(_with_seeds(json.loads(self.config), rng))
        values = [np.array(ops.convert_to_numpy(v.value)) for v in model.variables]
        for position, value in self.frozen:
            values[position] = value
        return values

    def _restore(self, config: dict[str, Any]) -> keras.Model:
        model = keras.saving.deserialize_keras_object(
            config, custom_objects=dict(self.custom_objects), safe_mode=False
        )
        if not model.built:
            model.build((None, self.n_inputs))
        return model


def user_network(
    name: str, given: keras.Model | Callable, n_inputs: int, wanted: int | None
) -> UserNetwork:
    """Describe the user's network `given`, the value of the parameter `name`.

    Parameters
    ----------
    name : str
        For messages.
    given : keras.Model or callable
        A model, or a function of (`n_inputs`, `wanted`) that returns one.
    n_inputs : int
        Number of columns that the network will be given.
    wanted : int or None
        Number of columns that it should return, for a callable to read.

    Raises
    ------
    TypeError
        If `given` is neither, or cannot be described by a configuration.
    ValueError
        If it raises, cannot take `n_inputs` columns or does not return rows of numbers.
    """
    with global_state_kept():
        model = _made(name, given, n_inputs, wanted)
        config = _serialize(name, model)
        layers = list(_all_layers(model))
        copy = UserNetwork(
            config=config,
            n_inputs=n_inputs,
            n_outputs=0,
            custom_objects=tuple(
                sorted({(type(x).__name__, type(x)) for x in layers}, key=str)
            ),
            identity=config if model is given else given,
            frozen=(),
        )
        with interrupts_put_off():
            n_outputs = _n_outputs(name, copy, n_inputs)
    return UserNetwork(
        **{**vars(copy), "n_outputs": n_outputs, "frozen": _frozen(model)}
    )


def _made(
    name: str, given: keras.Model | Callable, n_inputs: int, wanted: int | None
) -> keras.Model:
    if isinstance(given, keras.Model):
        return given
    called = f"{name}={given!r}, called with ({n_inputs}, {wanted}),"
    hint = "It must take the numbers of columns in and out and return a Keras model."
    try:
        model = given(n_inputs, wanted)
    except Exception as error:
        raise ValueError(
            f"{called} raised {type(error).__name__}: {error}. {hint}"
        ) from error
    if not isinstance(model, keras.Model):
        raise TypeError(f"{called} returned {model!r}. {hint}")
    return model


def _serialize(name: str, model: keras.Model) -> str:
    try:
        return json.dumps(keras.saving.serialize_keras_object(model))
    except (NotImplementedError, TypeError) as error:
        raise TypeError(
            f"{name}={model!r} cannot be copied, because Keras cannot describe it by "
            f"a configuration ({_reason(error)}). Build it from keras.Sequential or "
            "the functional API, or give the class a get_config method."
        ) from error


def _n_outputs(name: str, network: UserNetwork, n_inputs: int) -> int:
    """Try the copy on two rows: what fits and what comes out."""
    try:
        model = network.build()
        shape = tuple(ops.shape(model(ops.zeros((2, n_inputs)), training=False)))
    except Exception as error:
        raise ValueError(
            f"{name} does not accept the {n_inputs} columns that "
            f"{SOURCES.get(name, 'what it judges has')}: {_reason(error)} "
            f"Let its first layer take {n_inputs} columns."
        ) from error
    if len(shape) != 2 or shape[0] != 2:
        raise ValueError(
            f"{name} must return one row of numbers for each row it is given, but for "
            f"2 rows of {n_inputs} columns it returned shape {shape}."
        )
    return int(shape[1])


def _reason(error: Exception) -> str:
    """Return the telling line of an error of Keras, without the colours."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines()
    telling = [x for x in lines if x and not x.startswith("Exception encountered")]
    return telling[0] if telling else type(error).__name__


def _all_layers(layer: keras.layers.Layer) -> Any:
    yield layer
    for inner in getattr(layer, "layers", []):
        yield from _all_layers(inner)


def _frozen(model: keras.Model) -> tuple[tuple[int, np.ndarray], ...]:
    kept = {
        id(variable)
        for layer in _all_layers(model)
        if not layer.trainable
        for variable in layer.weights
    }
    return tuple(
        (i, np.array(ops.convert_to_numpy(variable.value)))
        for i, variable in enumerate(model.variables)
        if id(variable) in kept
    )


def _with_seeds(config: Any, rng: np.random.Generator) -> Any:
    """Fill in every seed that the user left open."""
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
