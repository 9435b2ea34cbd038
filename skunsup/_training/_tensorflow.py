"""TensorFlow: each program is one XLA-compiled `tf.function`."""

from collections.abc import Callable
from functools import cache, cached_property, partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla

from skunsup._networks import Network
from skunsup._training._programs import ensure_room
from skunsup._training._rows import ALIGNMENT
from skunsup._training._trainer import InPlaceTrainer, Program

INT = tf.TensorSpec((), tf.int32)


class Trainer(InPlaceTrainer):
    """Keeps the state in the Keras variables, which the program updates in place.

    Raises
    ------
    ValueError
        If the scope of a `tf.distribute.Strategy` is active: its optimizers cannot be
        applied in a program for one device.
    """

    def __init__(
        self, network: Network, optimizers: list[keras.optimizers.Optimizer]
    ) -> None:
        _refuse_strategy()
        super().__init__(network, optimizers)

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
                return i + 1, xla.dynamic_update_slice(records, entries, at)

            records = tf.zeros((shape[0], self.n_recorded))
            return tf.while_loop(
                lambda i, _: i < n_steps, step, (tf.constant(0), records)
            )[1]

        compiled = program.get_concrete_function(tf.TensorSpec(shape), INT)
        held = {id(handle): i for i, handle in enumerate(self._handles)}
        # Own layers may hold constants too.
        captured = [(held.get(id(c)), c) for c in compiled.captured_inputs]

        def run(trainer: Any, block: np.ndarray, n_steps: int) -> np.ndarray:
            handles = trainer._handles
            state = [c if i is None else handles[i] for i, c in captured]
            given = (_lent(block), tf.constant(n_steps), *state)
            return compiled.inference_fn.call_flat(*given)[0].numpy()

        return run

    @cached_property
    def _handles(self) -> list[tf.Tensor]:
        """Where the variables lie."""
        return [v.value.handle for v in [*self.variables, *self.optimizer_variables]]

    def _assign(self, variable: keras.Variable, value: np.ndarray) -> None:
        """Do what `assign` of Keras comes to, at a tenth of the time."""
        held = variable.value
        tensor = tf.constant(np.asarray(value, held.dtype.as_numpy_dtype))
        tf.raw_ops.AssignVariableOp(resource=held.handle, value=tensor)

    def _turn(self, x: tf.Tensor) -> tf.Tensor:
        """Take the step whose turn it is."""
        turns = self.turns
        kinds = sorted(set(turns))
        if len(kinds) == 1:
            return self._step(x, kinds[0])
        steps = tf.cast(self.optimizers[0].iterations.value, tf.int32)
        kind = tf.constant([kinds.index(turn) for turn in turns])
        branches = [partial(self._step, x, due) for due in kinds]
        # A slice, kind[...], would be compiled anew for every count of steps.
        at = tf.gather(kind, steps % len(turns))
        return tf.switch_case(at, branches)

    def _step(self, x: tf.Tensor, due: tuple[int, ...]) -> tf.Tensor:
        """Update the groups that are due, and return the entries of the objective."""
        groups = [self.groups[g] for g in due]
        with tf.GradientTape() as tape:
            entries = self.network.objective(x)
            loss = tf.reduce_sum(entries[: self.n_terms])
        values = [[v.value for v in variables] for variables in groups]
        gradients = tape.gradient(
            loss, values, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        for g, slopes, variables in zip(due, gradients, groups, strict=True):
            self.optimizers[g].apply(slopes, variables)
        return entries


def _refuse_strategy() -> None:
    if tf.distribute.has_strategy():
        raise ValueError(
            f"fit was called in the scope of {tf.distribute.get_strategy()!r}, but "
            "training uses one device. Call fit outside of the scope."
        )


def input_gradient(function: Callable[[Any], Any], x: Any) -> Any:
    """Return the gradient of the sum of `function(x)` by `x`, to be differentiated."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        out = function(x)
    return tape.gradient(out, x)


@cache
def concurrent() -> bool:
    """Whether programs of several trainers run well at the same time."""
    return not tf.config.list_logical_devices("GPU")


@cache
def tile_rows() -> int:
    """Rows that a scoring program treats at once."""
    return 1024 if tf.config.list_logical_devices("GPU") else 32


def to_numpy(tensor: Any) -> np.ndarray:
    """Return a tensor or variable as an array that may share its memory."""
    if isinstance(tensor, tf.Variable):  # whose own `numpy` takes ten times as long
        tensor = tf.raw_ops.ReadVariableOp(resource=tensor.handle, dtype=tensor.dtype)
    return np.asarray(tensor.numpy())


def on_device(values: np.ndarray) -> tf.Tensor:
    """Put weights where programs read them."""
    return tf.constant(values)


def compile_scorer(
    function: Callable[[Any, Any], Any], n_weights: int, shape: tuple[int, ...]
) -> Callable[[Any, np.ndarray, int], np.ndarray]:
    """Compile `function` of (weights, tile) for the first tiles of a block.

    The number of tiles is known when the program runs and not before, so the compiled
    code for a tile is the same however many there are: a row's result does not depend
    on the rows around it, to the bit.
    """
    ensure_room()

    @tf.function(jit_compile=True, autograph=False)
    def program(weights: tf.Tensor, block: tf.Tensor, n_tiles: tf.Tensor) -> tf.Tensor:
        out = function(weights, block[0])
        zeros = tf.zeros((shape[0], *out.shape), out.dtype)

        def write(i: tf.Tensor, filled: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            tile = function(weights, block[i])[None]
            start = tf.stack([i] + [0] * (len(tile.shape) - 1))
            return i + 1, xla.dynamic_update_slice(filled, tile, start)

        return tf.while_loop(lambda i, _: i < n_tiles, write, (tf.constant(0), zeros))[
            1
        ]

    compiled = program.get_concrete_function(
        tf.TensorSpec((n_weights,)), tf.TensorSpec(shape), INT
    )
    captured = tuple(compiled.captured_inputs)

    def run(weights: tf.Tensor, block: np.ndarray, n_tiles: int) -> np.ndarray:
        # Calling `compiled` itself binds arguments by name, which takes 0.1 ms.
        given = (weights, _lent(block), tf.constant(n_tiles))
        return compiled.inference_fn.call_flat(*given, *captured)[0].numpy()

    run(tf.zeros(n_weights), np.zeros(shape, np.float32), 0)  # compiles
    return run


def _lent(block: np.ndarray) -> tf.Tensor:
    """Let TensorFlow read an array where it lies, if programs can.

    Making a tensor of it takes 0.02 to 0.06 ms.
    """
    if block.__array_interface__["data"][0] % ALIGNMENT or not block.flags.writeable:
        return tf.constant(block)
    return tf.experimental.dlpack.from_dlpack(block.__dlpack__())
