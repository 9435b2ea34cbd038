"""JAX: each program is one jitted loop over minibatches or tiles."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from skunsup._training._trainer import Trainer as _Trainer

State = tuple[list[Any], list[Any], list[Any]]


class Trainer(_Trainer):
    """Keeps the state in arrays, which `push` copies to the Keras variables."""

    _state: State

    def pull(self) -> None:
        """Take the state from the Keras variables."""
        self._state = tuple(  # type: ignore[assignment]
            [variable.value for variable in group] for group in self._groups
        )

    def push(self) -> None:
        """Bring the Keras variables up to the state."""
        for group, values in zip(self._groups, self._state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)

    def tensors(self, variables: list[keras.Variable]) -> list[Any]:
        """Return what the state holds for `variables`."""
        held = {
            id(variable): value
            for group, values in zip(self._groups, self._state, strict=True)
            for variable, value in zip(group, values, strict=True)
        }
        return [held[id(variable)] for variable in variables]

    @cached_property
    def _groups(self) -> tuple[list[keras.Variable], ...]:
        network = self.network
        return (
            list(network.trainable_variables),
            list(network.non_trainable_variables),
            self.optimizer_variables,
        )

    def _compile(self, shape: tuple[int, ...]) -> Callable[[np.ndarray, int], Any]:
        trainable, rest, _ = self._groups
        n_terms = len(self.network.term_names)

        def loss(values: list[Any], others: list[Any], x: Any) -> tuple[Any, Any]:
            mapping = [
                *zip(trainable, values, strict=True),
                *zip(rest, others, strict=True),
            ]
            with keras.StatelessScope(mapping, collect_losses=True) as scope:
                terms = self.network.objective(x)
            others = [scope.get_current_value(variable) for variable in rest]
            return terms.sum(), (terms, others)

        def step(i: Any, carry: tuple[State, Any], block: Any) -> tuple[State, Any]:
            (values, others, moments), total = carry
            gradient = jax.grad(loss, has_aux=True)
            slopes, (terms, others) = gradient(values, others, block[i])
            values, moments = self.optimizer.stateless_apply(moments, slopes, values)
            return (values, others, moments), total + terms

        @jax.jit
        def program(state: State, block: Any, n_steps: Any) -> tuple[State, Any]:
            start = (state, jnp.zeros(n_terms))
            return jax.lax.fori_loop(
                0, n_steps, lambda i, carry: step(i, carry, block), start
            )

        def run(block: np.ndarray, n_steps: int) -> Any:
            self._state, total = program(self._state, block, np.int32(n_steps))
            return total

        return run


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

    return lambda weights, block, n_tiles: np.asarray(
        program(weights, block, np.int32(n_tiles))
    )
