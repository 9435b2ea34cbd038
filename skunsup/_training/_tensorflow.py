"""TensorFlow: each program is one XLA-compiled `tf.function`, run in a session."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache, partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from skunsup._keras_private import leave_unreduced
from skunsup._networks import Network
from skunsup._training._array_trainer import ArrayTrainer
from skunsup._training._groups import update_averages
from skunsup._training._placement import (
    gathered,
    n_processes,
    rank,
    refuse_distribution,
)
from skunsup._training._programs import ensure_room
from skunsup._training._rows import aligned
from skunsup._training._tensorflow_private import dynamic_update_slice
from skunsup._training._tensorflow_session import runner
from skunsup._training._tensorflow_variables import unkept
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

INT = tf.TensorSpec((), tf.int32)


class Trainer(ArrayTrainer):
    """Runs programs that update Keras variables, with values from the state.

    Raises
    ------
    ValueError
        If the scope of a `tf.distribute.Strategy` is active: its optimizers cannot be
        applied in a program for one device.
    """

    def __init__(
        self,
        network: Network,
        optimizers: list[keras.optimizers.Optimizer],
        decays: Sequence[float] = (),
    ) -> None:
        _refuse_strategy()
        super().__init__(network, optimizers, decays)

    def load(
        self, values: list[np.ndarray], optimizer_values: list[np.ndarray]
    ) -> None:
        """Set the network's and the optimizer's variables."""
        _refuse_strategy()
        super().load(values, optimizer_values)

    def _compile(self, shape: tuple[int, ...]) -> Program:
        ensure_room()

        @tf.function(jit_compile=True, autograph=False)
        def program(block: tf.Tensor, n_steps: tf.Tensor) -> tf.Tensor:
            def step(i: tf.Tensor, records: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                entries, at = self._turn(block[i])[None], tf.stack([i, 0])
                return i + 1, dynamic_update_slice(records, entries, at)

            records = tf.zeros((shape[0], self.n_recorded))
            return tf.while_loop(
                lambda i, _: i < n_steps, step, (tf.constant(0), records)
            )[1]

        compiled = program.get_concrete_function(tf.TensorSpec(shape), INT)
        take_steps = runner(compiled, [variable.value for variable, _ in self.slots])

        def run(trainer: Any, block: np.ndarray, n_steps: int) -> np.ndarray:
            n = np.array(n_steps, np.int32)
            records, *trainer._state = take_steps(block, n, *trainer._state)
            return records

        return run

    def _turn(self, x: tf.Tensor) -> tf.Tensor:
        """Take the step whose turn it is."""
        turns = self.turns
        kinds = sorted(set(turns))
        if len(kinds) == 1:
            return self._step(x, kinds[0])
        steps = tf.cast(self.parts[0].optimizer.iterations.value, tf.int32)
        kind = tf.constant([kinds.index(turn) for turn in turns])
        branches = [partial(self._step, x, due) for due in kinds]
        # A slice, kind[...], would be compiled anew for every count of steps.
        at = tf.gather(kind, steps % len(turns))
        return tf.switch_case(at, branches)

    def _step(self, x: tf.Tensor, due: tuple[int, ...]) -> tf.Tensor:
        """Update the groups that are due, and return the entries of the objective."""
        weights = [p.weights([v.value for v in p.variables]) for p in self.parts]
        moving = [weights[g] for g in due]
        with tf.GradientTape() as tape:
            tape.watch([w for g in due if self.parts[g].is_vector for w in weights[g]])
            entries = self._objective(x, weights)
            loss = tf.reduce_sum(entries[: self.n_terms])
        gradients = tape.gradient(
            loss, moving, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        for g, slopes in zip(due, gradients, strict=True):
            part = self.parts[g]
            leave_unreduced(part.optimizer)
            part.optimizer.apply(part.slopes(slopes), part.variables)
            update_averages(part.decay, part.optimizer, part.variables, part.averages)
        return entries

    def _objective(self, x: tf.Tensor, weights: list[list[tf.Tensor]]) -> tf.Tensor:
        """Return the entries of the objective where vectors stand for weights."""
        mapping = [
            pair
            for part, values in zip(self.parts, weights, strict=True)
            if part.is_vector
            for pair in zip(part.own, values, strict=True)
        ]
        if not mapping:
            return self.network.objective(x)
        rest = [(variable, variable.value.read_value()) for variable in self.rest]
        with keras.StatelessScope([*mapping, *rest], collect_losses=True) as scope:
            entries = self.network.objective(x)
        for variable, value in rest:
            new = scope.get_current_value(variable)
            if new is not value:
                variable.value.assign(new)
        return entries


def _refuse_strategy() -> None:
    if tf.distribute.has_strategy():
        raise ValueError(
            f"fit was called in the scope of {tf.distribute.get_strategy()!r}, but "
            "training uses one device. Call fit outside of the scope, or set "
            "KERAS_BACKEND=jax before Python starts and use "
            "keras.distribution.DataParallel."
        )


def placement() -> None:
    """Raise ValueError where `keras.distribution` asks for several devices."""
    refuse_distribution()


def making_variables() -> AbstractContextManager[None]:
    """Block of code in which Keras makes variables."""
    return tf.variable_creator_scope(unkept)


def input_gradient(function: Callable[[Any], Any], x: Any) -> Any:
    """Return the gradient of the sum of `function(x)` by `x`, to be differentiated."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        out = function(x)
    return tape.gradient(out, x)


@cache
def concurrent() -> bool:
    """Return True if programs of several trainers run well at the same time."""
    return not tf.config.list_logical_devices("GPU")


@cache
def tile_rows() -> int:
    """Rows that a scoring program treats at once."""
    return 1024 if tf.config.list_logical_devices("GPU") else 32


def to_numpy(tensor: Any) -> np.ndarray:
    """Return a tensor or variable as an array that may share its memory."""
    if isinstance(tensor, np.ndarray | np.generic):
        return np.asarray(tensor)
    if isinstance(tensor, tf.Variable):  # whose own `numpy` takes ten times as long
        tensor = tf.raw_ops.ReadVariableOp(resource=tensor.handle, dtype=tensor.dtype)
    return np.asarray(tensor.numpy())


def on_device(values: np.ndarray) -> np.ndarray:
    """Put weights where programs read them: an array that no call has to copy."""
    array = aligned(1, values.size)[0]
    array[:] = values
    return array


def compile_scorer(
    function: Callable[[Any, Any], Any], n_weights: int, shape: tuple[int, ...]
) -> Callable[[Any, np.ndarray, int], np.ndarray]:
    """Compile `function` of (weights, tile) for the first tiles of a block.

    The number of tiles is known when the program runs and not before, so the compiled
    code for a tile is the same however many there are: a row's result does not depend
    on the rows around it, to the bit.
    """
    ensure_room()
    # Traced once, and called where what it returns must be known before.
    given = tf.TensorSpec((n_weights,)), tf.TensorSpec(shape[1:])
    of_tile = tf.function(function, autograph=False).get_concrete_function(*given)
    out = of_tile.structured_outputs

    @tf.function(jit_compile=True, autograph=False)
    def program(weights: tf.Tensor, block: tf.Tensor, n_tiles: tf.Tensor) -> tf.Tensor:
        zeros = tf.zeros((shape[0], *out.shape), out.dtype)

        def write(i: tf.Tensor, filled: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            tile = of_tile(weights, block[i])[None]
            start = tf.stack([i] + [0] * (len(tile.shape) - 1))
            return i + 1, dynamic_update_slice(filled, tile, start)

        return tf.while_loop(lambda i, _: i < n_tiles, write, (tf.constant(0), zeros))[
            1
        ]

    compiled = program.get_concrete_function(
        tf.TensorSpec((n_weights,)), tf.TensorSpec(shape), INT
    )
    score = runner(compiled)

    def run(weights: np.ndarray, block: np.ndarray, n_tiles: int) -> np.ndarray:
        return score(weights, block, np.array(n_tiles, np.int32))[0]

    run(np.zeros(n_weights, np.float32), np.zeros(shape, np.float32), 0)  # compiles
    return run
