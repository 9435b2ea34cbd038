"""Base of the trainers whose programs take the state and return the next one."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import keras
import numpy as np

from skunsup._interrupts import interrupts_put_off
from skunsup._training._backend import backend
from skunsup._training._groups import Group, Slot, group, split
from skunsup._training._trainer import Trainer


class ArrayTrainer(Trainer):
    """Keeps the state in arrays, which `push` copies to the Keras variables.

    The state has an array for each variable of the program, `slots`: the weights of
    each group and the variables of its optimizer, then the network's other variables.
    Ctrl-C waits while Keras variables are read or set, where a backend calls Python
    from C++ and back.
    """

    _state: list[Any]

    @cached_property
    def parts(self) -> list[Group]:
        """The groups of weights as the program updates them."""
        of_groups = zip(
            self.optimizers, self.groups, self.decays, self.averages, strict=True
        )
        return [group(*each) for each in of_groups]

    @cached_property
    def rest(self) -> list[keras.Variable]:
        """The network's variables that no optimizer updates."""
        return list(self.network.non_trainable_variables)

    @cached_property
    def slots(self) -> list[Slot]:
        """Each variable of the program, and the Keras variables that it holds."""
        slots = [slot for part in self.parts for slot in part.slots]
        return [*slots, *((v, [v]) for v in self.rest)]

    def pull(self) -> None:
        """Take the state from the Keras variables."""
        to_numpy = backend().to_numpy
        held = [variable for _, own in self.slots for variable in own]
        with interrupts_put_off():
            self._put([(v, np.array(to_numpy(v.value))) for v in held])

    def push(self) -> None:
        """Bring the Keras variables up to the state."""
        held = [variable for _, own in self.slots for variable in own]
        with interrupts_put_off():
            for variable, value in zip(held, self.tensors(held), strict=True):
                variable.assign(value)

    def _put(self, pairs: list[tuple[keras.Variable, np.ndarray]]) -> None:
        given = {id(v): np.asarray(value, v.dtype) for v, value in pairs}
        with interrupts_put_off():
            for rate in self.constant_rates():
                rate.assign(given[id(rate)])
        self._state = [_joined([given[id(v)] for v in own]) for _, own in self.slots]

    def tensors(self, variables: list[keras.Variable]) -> list[Any]:
        """Values of `variables` in the state."""
        held: dict[int, Any] = {}
        for (_, own), value in zip(self.slots, self._state, strict=True):
            parts = [value] if len(own) == 1 else split(np.asarray(value), own)
            held.update(zip(map(id, own), parts, strict=True))
        return [held[id(variable)] for variable in variables]

    @contextmanager
    def rates_scaled(self, factor: float) -> Iterator[None]:
        """Multiply the constant learning rates by `factor` in a block of code."""
        rates = {id(rate) for rate in self.constant_rates()}
        places = [i for i, (_, own) in enumerate(self.slots) if id(own[0]) in rates]
        before = [self._state[i] for i in places]
        self._set(places, [np.float32(factor) * np.asarray(value) for value in before])
        try:
            yield
        finally:
            self._set(places, before)

    def _set(self, places: list[int], values: list[Any]) -> None:
        state = list(self._state)
        for i, value in zip(places, values, strict=True):
            state[i] = value
        self._state = state


def _joined(values: list[np.ndarray]) -> np.ndarray:
    if len(values) == 1:
        return values[0]
    return np.concatenate([value.ravel() for value in values])
