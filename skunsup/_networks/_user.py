"""Networks that the user brings, copied and never touched."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import keras
import numpy as np
from keras import ops

from skunsup._interrupts import interrupts_put_off
from skunsup._networks._building import building
from skunsup._networks._description import (
    Description,
    described,
    layers_of,
    reason,
)
from skunsup._networks._failures import lacks_memory
from skunsup._random import global_state_kept

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
    description : Description
        What it is made of.
    n_inputs, n_outputs : int
        Numbers of columns in and out.
    frozen : tuple of (int, array)
        Positions and values of the variables of layers with `trainable=False`: weights
        that the user froze are kept, all others start afresh.
    """

    description: Description
    n_inputs: int
    n_outputs: int
    frozen: tuple[tuple[int, np.ndarray], ...] = field(compare=False)
    regularized: ClassVar[bool] = True

    def build(self) -> keras.Model:
        """Return a new model of the same description.

        Its random layers have seeds of their own: without one, torch's dropout draws
        from the global generator.
        """
        return self._restored(np.random.default_rng(0))

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Values of the model's own initialisers, seeded by `rng`."""
        with building():
            model = self._restored(rng)
        values = [np.array(ops.convert_to_numpy(v.value)) for v in model.variables]
        for position, value in self.frozen:
            values[position] = value
        return values

    def _restored(self, rng: np.random.Generator) -> keras.Model:
        model = self.description.model(rng)
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
        network = UserNetwork(described(name, model), n_inputs, 0, ())
        with interrupts_put_off():
            n_outputs = _n_outputs(name, network, n_inputs)
    return replace(network, n_outputs=n_outputs, frozen=_frozen(name, model))


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
        if lacks_memory(error):
            raise
        raise ValueError(
            f"{called} raised {type(error).__name__}: {error}. {hint}"
        ) from error
    if not isinstance(model, keras.Model):
        raise TypeError(f"{called} returned {model!r}. {hint}")
    return model


def _n_outputs(name: str, network: UserNetwork, n_inputs: int) -> int:
    """Try the copy on two rows, to learn the shapes of its input and output."""
    try:
        model = network.build()
        shape = tuple(ops.shape(model(ops.zeros((2, n_inputs)), training=False)))
    except Exception as error:
        if lacks_memory(error):
            raise
        raise ValueError(
            f"{name} does not accept the {n_inputs} columns that "
            f"{SOURCES.get(name, 'what it judges has')}: {reason(error)} "
            f"Let its first layer take {n_inputs} columns."
        ) from error
    if len(shape) != 2 or shape[0] != 2:
        raise ValueError(
            f"{name} must return one row of numbers for each row it is given, but for "
            f"2 rows of {n_inputs} columns it returned shape {shape}."
        )
    return int(shape[1])


def _frozen(name: str, model: keras.Model) -> tuple[tuple[int, np.ndarray], ...]:
    kept = {
        id(variable)
        for layer in layers_of(model)
        if not layer.trainable
        for variable in layer.weights
    }
    values = [np.array(ops.convert_to_numpy(v.value)) for v in model.variables]
    places = [i for i, v in enumerate(model.variables) if id(v) in kept]
    check_finite_weights(name, model, values, places)
    return tuple((i, values[i]) for i in places)


def check_finite_weights(
    name: str,
    model: keras.Model,
    values: Sequence[np.ndarray],
    places: Iterable[int] | None = None,
) -> None:
    """Raise ValueError where weights that shall be kept hold NaN or infinity.

    Parameters
    ----------
    name : str
        Of what brought them.
    model : keras.Model
        Whose they are.
    values : sequence of array
        Of its variables, in order.
    places : iterable of int, default=None
        Which of them to look at; None for all.
    """
    for i in range(len(values)) if places is None else places:
        value = values[i]
        if np.issubdtype(value.dtype, np.floating) and not np.isfinite(value).all():
            raise ValueError(
                f"{name} holds weights that are not finite: "
                f"{np.sum(~np.isfinite(value))} of {value.size} in "
                f"{model.variables[i].path!r}. Train the network anew, or load others."
            )
