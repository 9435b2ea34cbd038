"""JAX: each program is one jitted loop over minibatches or tiles."""

import os
from collections.abc import Callable
from functools import cache, partial
from itertools import count
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from skunsup._training._array_trainer import ArrayTrainer
from skunsup._training._groups import Group, average_share, averaged
from skunsup._training._jax_devices import (
    gathered,
    joining,
    making_variables,
    n_processes,
    placement,
    rank,
    shardings,
)
from skunsup._training._trainer import Program

__all__ = [
    "Trainer",
    "compile_scorer",
    "concurrent",
    "gathered",
    "input_gradient",
    "making_variables",
    "n_processes",
    "on_device",
    "placement",
    "rank",
    "tile_rows",
    "to_numpy",
]

State = list[Any]

# JAX keeps a small program for each shape of an array that it makes, some ten of them
# for an architecture and about 1 MB each.
PROGRAMS_BETWEEN_CLEARINGS = 96
_compiled = count(1)


class Trainer(ArrayTrainer):
    """Runs programs that take the state and return the next one."""

    def _compile(self, shape: tuple[int, ...]) -> Program:
        _drop_caches_in_time()

        @partial(jax.jit, **shardings(shape), **_options())
        def program(state: State, block: Any, n_steps: Any) -> tuple[State, Any]:
            def step(i: Any, carry: tuple[State, Any]) -> tuple[State, Any]:
                state, records = carry
                state, entries = self._turn(state, block[i])
                return state, records.at[i].set(entries)

            start = (state, jnp.zeros((shape[0], self.n_recorded)))
            return jax.lax.fori_loop(0, n_steps, step, start)

        joined = joining()
        # Compiled here and not with the first steps.
        program(self._state, joined(np.zeros(shape, np.float32)), np.int32(0))

        def run(trainer: Any, block: np.ndarray, n_steps: int) -> Any:
            trainer._state, records = program(
                trainer._state, joined(block), np.int32(n_steps)
            )
            return records

        return run

    def _turn(self, state: State, x: Any) -> tuple[State, Any]:
        """Take the step whose turn it is."""
        turns = self.turns
        kinds = sorted(set(turns))
        if len(kinds) == 1:
            return self._step(kinds[0], state, x)
        clock = self.parts[0].optimizer.iterations
        place = [v is clock for v, _ in self.slots].index(True)
        kind = jnp.array([kinds.index(turn) for turn in turns])
        branches = [partial(self._step, due) for due in kinds]
        at = kind[state[place] % len(turns)]
        return jax.lax.switch(at, branches, state, x)

    def _step(self, due: tuple[int, ...], state: State, x: Any) -> tuple[State, Any]:
        """Update the groups that are due; return the entries of the objective too."""
        held = {id(v): value for (v, _), value in zip(self.slots, state, strict=True)}
        values = [[held[id(v)] for v in part.variables] for part in self.parts]
        weights = [p.weights(v) for p, v in zip(self.parts, values, strict=True)]
        gradient = jax.grad(self._loss, has_aux=True)
        slopes, (entries, rest) = gradient(
            [weights[g] for g in due], due, weights, [held[id(v)] for v in self.rest], x
        )
        held.update(zip(map(id, self.rest), rest, strict=True))
        for g, slope in zip(due, slopes, strict=True):
            part = self.parts[g]
            moments = list(part.optimizer.variables)
            new, new_moments = part.optimizer.stateless_apply(
                [held[id(v)] for v in moments], part.slopes(slope), values[g]
            )
            held.update(zip(map(id, part.variables), new, strict=True))
            held.update(zip(map(id, moments), new_moments, strict=True))
            held.update(_averages(part, new, held))
        return [held[id(v)] for v, _ in self.slots], entries

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
        held = [*(v for part in self.parts for v in part.own), *self.rest]
        values = [*(value for group in weights for value in group), *rest]
        mapping = list(zip(held, values, strict=True))
        with keras.StatelessScope(mapping, collect_losses=True) as scope:
            entries = self.network.objective(x)
        rest = [scope.get_current_value(variable) for variable in self.rest]
        return entries[: self.n_terms].sum(), (entries, rest)


def _averages(part: Group, new: State, held: dict[int, Any]) -> dict[int, Any]:
    """Return the averages of weights after a step that led to `new`, by variable."""
    if not part.averages:
        return {}
    share = average_share(part.decay, held[id(part.optimizer.iterations)])
    return {
        id(average): averaged(share, held[id(average)], value)
        for average, value in zip(part.averages, new, strict=True)
    }


@cache
def _options() -> dict[str, Any]:
    """Return arguments of `jax.jit` for programs on a CPU.

    XLA cuts the code of a program into parts, to compile them side by side. That costs
    time of processors, and recurrent networks run half as long again.
    """
    whole = {"compiler_options": {"xla_cpu_parallel_codegen_split_count": 1}}
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda: 0, **whole)()
    except Exception:  # of whatever class: this JAX or its XLA does not know them
        return {}
    return whole


def _drop_caches_in_time() -> None:
    """Free the memory that JAX keeps for shapes that may not come again.

    Programs that are in use are compiled once more at their next call, to the same
    code. So this is done once in many new programs: a search over layer sizes comes to
    it, a program that fits a few architectures does not.
    """
    if next(_compiled) % PROGRAMS_BETWEEN_CLEARINGS == 0:
        jax.clear_caches()


def input_gradient(function: Callable[[Any], Any], x: Any) -> Any:
    """Return the gradient of the sum of `function(x)` by `x`, to be differentiated."""
    return jax.grad(lambda x: function(x).sum())(x)


@cache
def concurrent() -> bool:
    """Return True if programs of several trainers run well at the same time."""
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
    _drop_caches_in_time()

    @partial(jax.jit, **_options())
    def program(weights: Any, block: Any, n_tiles: Any) -> Any:
        out = jax.eval_shape(function, weights, block[0])
        zeros = jnp.zeros((shape[0], *out.shape), out.dtype)

        def write(i: Any, filled: Any) -> Any:
            tile = function(weights, block[i])
            return jax.lax.dynamic_update_index_in_dim(filled, tile, i, 0)

        return jax.lax.fori_loop(0, n_tiles, write, zeros)

    weights = np.zeros(n_weights, np.float32)
    program(weights, np.zeros(shape, np.float32), _count(0))
    return lambda weights, block, n_tiles: _awaited(
        program(weights, block, _count(n_tiles))
    )


@cache
def _count(n: int) -> Any:
    """Return a number of tiles on the device; bringing it there takes time."""
    return jax.device_put(np.int32(n))


def _awaited(result: Any) -> np.ndarray:
    """Return a result that another thread computes, as soon as it is there.

    Waking up a thread that waits takes as long as computing one row does. So this
    thread asks for some 50 microseconds first, and lets others run in between.
    """
    for _ in range(100):
        if result.is_ready():
            break
        _let_others_run()
    return np.asarray(result)


_let_others_run = getattr(os, "sched_yield", lambda: None)  # not on Windows
