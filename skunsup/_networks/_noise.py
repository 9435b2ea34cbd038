"""Random numbers in compiled programs."""

import math
from typing import Any

import keras
from keras import ops


def uniform(shape: tuple[Any, ...], seed: keras.random.SeedGenerator) -> Any:
    """Return numbers in [0, 1) of a shape (rows, ...), computed once.

    Without a gather behind it, XLA on TensorFlow fuses the generator into each product
    that uses its numbers and draws them anew for every entry.
    """
    drawn = keras.random.uniform(shape, seed=seed)
    return ops.take(drawn, ops.arange(shape[0]), axis=0)


def normal(shape: tuple[Any, ...], seed: keras.random.SeedGenerator) -> Any:
    """Return standard normal numbers from uniform ones (Box & Muller 1958)."""
    radius = ops.sqrt(-2.0 * ops.log(1.0 - uniform(shape, seed)))
    return radius * ops.cos(2.0 * math.pi * uniform(shape, seed))
