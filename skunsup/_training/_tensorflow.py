"""TensorFlow: each program is one XLA-compiled `tf.function`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla

from skunsup._training._trainer import InPlaceTrainer

INT = tf.TensorSpec((), tf.int32)


class Trainer(InPlaceTrainer):
    """Keeps the state in the Keras variables, which the program updates in place."""

    def _compile(self, shape: tuple[int, ...]) -> Callable[[np.ndarray, int], Any]:
        def step(block: tf.Tensor, i: tf.Tensor) -> tf.Tensor:
            trainable = self.network.trainable_variables
            with tf.GradientTape() as tape:
                terms = self.network.objective(block[i])
                loss = tf.reduce_sum(terms)
            gradients = tape.gradient(loss, [v.value for v in trainable])
            self.optimizer.apply(gradients, trainable)
            return terms

        @tf.function(jit_compile=True, autograph=False)
        def program(block: tf.Tensor, n_steps: tf.Tensor) -> tf.Tensor:
            zero = tf.zeros((len(self.network.term_names),))
            return tf.while_loop(
                lambda i, _: i < n_steps,
                lambda i, total: (i + 1, total + step(block, i)),
                (tf.constant(0), zero),
            )[1]

        compiled = program.get_concrete_function(tf.TensorSpec(shape), INT)
        return lambda block, n: compiled(tf.constant(block), tf.constant(n)).numpy()


def tile_rows() -> int:
    """Rows that a scoring program treats at once."""
    return 1024 if tf.config.list_logical_devices("GPU") else 32


def to_numpy(tensor: Any) -> np.ndarray:
    """Return a tensor or variable as an array that may share its memory."""
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
    return lambda weights, block, n_tiles: compiled(
        weights, tf.constant(block), tf.constant(n_tiles)
    ).numpy()
