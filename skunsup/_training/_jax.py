"""JAX: each program is one jitted loop over minibatches or tiles."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from skunsup._training._trainer import Program
from skunsup._training._trainer import Trainer as _Trainer

State = tuple[list[Any], list[Any], list[Any]]


class Trainer(_Trainer):
    """Keeps the state in arrays, which `push` copies to the Keras variables.

    The state is (weights of each group, other variables, variables of each optimizer).
    """

    _state: State

    def _put(self, pairs: list[tuple[keras.Variable, np.ndarray]]) -> None:
        given = {id(v): np.asarray(value, v.dtype) for v, value in pairs}
        for rate in self.constant_rates():
            rate.assign(given[id(rate)])
        self._state = jax.device_put(
            jax.tree.map(lambda variable: given[id(variable)], self._held)
        )

    def pull(self) -> None:
        """Take the state from the Keras variables."""
        self._state = jax.tree.map(lambda variable: variable.value, self._held)

    def push(self) -> None:
        """Bring the Keras variables up to the state."""
        for variable, value in self._pairs():
            variable.assign(value)

    @contextmanager
    def rates_scaled(self, share: float) -> Iterator[None]:
        """Multiply the constant learning rates by `share` in a block of code."""
        rates = {id(rate) for rate in self.constant_rates()}
        moments = self._state[2]
        places = [
            (g, i)
            for g, optimizer in enumerate(self.optimizers)
            for i, variable in enumerate(optimizer.variables)
            if id(variable) in rates
        ]
        before = [moments[g][i] for g, i in places]
        try:
            self._put_moments(places, [np.float32(share) * value for value in before])
            yield
        finally:
            self._put_moments(places, before)

    def _put_moments(self, places: list[tuple[int, int]], values: list[Any]) -> None:
        weights, rest, moments = self._state
        moments = [list(of_optimizer) for of_optimizer in moments]
        for (g, i), value in zip(places, values, strict=True):
            moments[g][i] = value
        self._state = (weights, rest, moments)

    def tensors(self, variables: list[keras.Variable]) -> list[Any]:
        """Return what the state holds for `variables`."""
        held = {id(variable): value for variable, value in self._pairs()}
        return [held[id(variable)] for variable in variables]

    @cached_property
    def _held(self) -> tuple[list[Any], list[Any], list[Any]]:
        rest = list(self.network.non_trainable_variables)
        moments = [list(optimizer.variables) for optimizer in self.optimizers]
        return self.groups, rest, moments

    def _pairs(self) -> Any:
        return zip(
            jax.tree.leaves(self._held), jax.tree.leaves(self._state), strict=True
        )

    def _compile(self, shape: tuple[int, ...]) -> Program:
        @jax.jit
        def program(state: State, block: Any, n_steps: Any) -> tuple[State, Any]:
            def step(i: Any, carry: tuple[State, Any]) -> tuple[State, Any]:
                state, records = carry
                state, entries = self._turn(state, block[i])
                return state, records.at[i].set(entries)

            start = (state, jnp.zeros((shape[0], self.n_recorded)))
            return jax.lax.fori_loop(0, n_steps, step, start)

        # Compiled here and not with the first steps.
        program(self._state, np.zeros(shape, np.float32), np.int32(0))

        def run(trainer: Any, block: np.ndarray, n_steps: int) -> Any:
            trainer._state, records = program(trainer._state, block, np.int32(n_steps))
            return records

        return run

    def _turn(self, state: State, x: Any) -> tuple[State, Any]:
        """Take the step whose turn it is."""
        turns = self.turns
        kinds = sorted(set(turns))
        if len(kinds) == 1:
            return self._step(kinds[0], state, x)
        clock = self.optimizers[0].iterations
        place = [v is clock for v in self.optimizers[0].variables].index(True)
        kind = jnp.array([kinds.index(turn) for turn in turns])
        branches = [partial(self._step, due) for due in kinds]
        at = kind[state[2][0][place] % len(turns)]
        return jax.lax.switch(at, branches, state, x)

    def _step(self, due: tuple[int, ...], state: State, x: Any) -> tuple[State, Any]:
        """Update the groups that are due; return the entries of the objective too."""
        weights, rest, moments = list(state[0]), state[1], list(state[2])
        gradient = jax.grad(self._loss, has_aux=True)
        slopes, (entries, rest) = gradient(
            [weights[g] for g in due], due, weights, rest, x
        )
        for g, slope in zip(due, slopes, strict=True):
            weights[g], moments[g] = self.optimizers[g].stateless_apply(
                moments[g], slope, weights[g]
            )
        return (weights, rest, moments), entries

    def _loss(
        self,
        moving: list[Any],
        due: tuple[int, ...],
        weights: list[Any],
        rest: list[Any],
        x: Any,
    ) -> tuple[Any, Any]:
        weights = list(weights)
        for g, values in zip(due, moving, strict=True):
            weights[g] = values
        held = (self.groups, self._held[1])
        mapping = zip(
            jax.tree.leaves(held), jax.tree.leaves((weights, rest)), strict=True
        )
        with keras.StatelessScope(list(mapping), collect_losses=True) as scope:
            entries = self.network.objective(x)
        rest = [scope.get_current_value(variable) for variable in self._held[1]]
        return entries[: self.n_terms].sum(), (entries, rest)


def input_gradient(function: Callable[[Any], Any], x: Any) -> Any:
    """Return the gradient of the sum of `function(x)` by `x`, to be differentiated."""
    return jax.grad(lambda x: function(x).sum())(x)


@cache
def concurrent() -> bool:
    """Whether programs of several trainers run well at the same time."""
    return jax.default_backend() == "cpu"


@cache
def tile_rows() -> int:
    """Rows that a scoring program treats at once."""
    return 32 if jax.default_backend() == "cpu" else 1024


def to_numpy(tensor: Any) -> np.ndarray:
    """Return an array that may share the tensor's memory."""
    return np.asarray(tensor)


def on_device(values: np.ndarray) -> Any:
    """Put weights where programs read them."""
    return jax.device_put(values)


def compile_scorer(
    function: Callable[[Any, Any], Any], n_weights: int, shape: tuple[int, ...]
) -> Callable[[Any, np.ndarray, int], np.ndarray]:
    """Compile `function` of (weights, tile) for the first tiles of a block.

    The number of tiles is known when the program runs and not before, so the compiled
    code for a tile is the same however many there are: a row's result does not depend
    on the rows around it, to the bit.
    """

    @jax.jit
    def program(weights: Any, block: Any, n_tiles: Any) -> Any:
        out = jax.eval_shape(function, weights, block[0])
        zeros = jnp.zeros((shape[0], *out.shape), out.dtype)

        def write(i: Any, filled: Any) -> Any:
            tile = function(weights, block[i])
            return jax.lax.dynamic_update_index_in_dim(filled, tile, i, 0)

        return jax.lax.fori_loop(0, n_tiles, write, zeros)

    weights = np.zeros(n_weights, np.float32)
    program(weights, np.zeros(shape, np.float32), np.int32(0))
    return lambda weights, block, n_tiles: np.asarray(
        program(weights, block, np.int32(n_tiles))
    )
