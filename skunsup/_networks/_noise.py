"""Random numbers in compiled programs."""

import math
from typing import Any

import keras
from keras import ops

# Of a linear congruential generator (Press et al. 1992, section 7.1).
FACTOR, INCREMENT = 1664525, 1013904223
LOW_BITS, FRACTION_BITS = 0xFFFF, 24
NOISE_STATE = "noise_state"


def noise_state() -> keras.Variable:
    """Return what fixes the draws of a layer: a seed and the number of draws so far."""
    return keras.Variable([1, 0], dtype="int32", trainable=False, name=NOISE_STATE)


def uniform(shape: tuple[Any, ...], state: keras.Variable) -> Any:
    """Return numbers in [0, 1) of a shape (rows, ...), computed once."""
    return _fractions(_hashes(shape, state)[0], shape)


def normal(shape: tuple[Any, ...], state: keras.Variable) -> Any:
    """Return standard normal numbers from uniform ones (Box & Muller 1958)."""
    first, second, _ = _hashes(shape, state)
    radius = ops.sqrt(-2.0 * ops.log(1.0 - _fractions(first, shape)))
    return radius * ops.cos(2.0 * math.pi * _fractions(second, shape))


def _hashes(shape: tuple[Any, ...], state: keras.Variable) -> list[Any]:
    """Return three random words for each entry, from seed, count and place.

    The hash pcg3d (Jarzynski & Olano 2020). `keras.random` on JAX takes a third of the
    time of a step of a small network, in a loop of its own, and a step with it cannot
    be traced on torch.
    """
    key = ops.convert_to_tensor(state)
    mixed = key * FACTOR + INCREMENT
    state.assign(key + ops.arange(2, dtype="int32"))
    place = ops.arange(math.prod(shape), dtype="int32") * FACTOR + INCREMENT
    x, y, z = _stirred(mixed[0], mixed[1], place)
    x, y, z = (_folded(word) for word in (x, y, z))
    return _stirred(x, y, z)


def _stirred(x: Any, y: Any, z: Any) -> list[Any]:
    x = x + y * z
    y = y + z * x
    return [x, y, z + x * y]


def _folded(word: Any) -> Any:
    """Mix the upper bits of words into the lower ones."""
    upper = ops.bitwise_and(ops.bitwise_right_shift(word, 16), LOW_BITS)
    return ops.bitwise_xor(word, upper)


def _fractions(words: Any, shape: tuple[Any, ...]) -> Any:
    """Return the upper bits of words as numbers in [0, 1).

    Without a gather behind it, XLA on TensorFlow fuses the hash into each product that
    uses its numbers and computes them anew for every entry.
    """
    bits = ops.bitwise_right_shift(words, 32 - FRACTION_BITS)
    bits = ops.bitwise_and(bits, 2**FRACTION_BITS - 1)
    drawn = ops.reshape(ops.cast(bits, "float32") * 2.0**-FRACTION_BITS, shape)
    return ops.take(drawn, ops.arange(shape[0]), axis=0)
