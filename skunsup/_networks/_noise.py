"""Random numbers in compiled programs."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import keras
from keras import ops

# Of a linear congruential generator (Press et al. 1992, section 7.1).
FACTOR, INCREMENT = 1664525, 1013904223
LOW_BITS, FRACTION_BITS = 0xFFFF, 24
NOISE_STATE = "noise_state"
# Of s, s^3, ... in sin(2 pi s) for s in [-1/4, 1/4]: the least squares fit at
# Chebyshev's points, which is off by less than 1e-8.
SINE = (6.28318504, -41.34162954, 81.59953579, -76.51845887, 39.31396207)

_part: ContextVar[tuple[int, int, int]] = ContextVar("part", default=(0, 1, 1))


def noise_state() -> keras.Variable:
    """Return the state of the draws of a layer: seed, number of draws, and shard.

    A network that holds share s of the members of another draws what that one draws for
    them: the entries behind those of s draws of its own shape.
    """
    return keras.Variable([1, 0, 0], dtype="int32", trainable=False, name=NOISE_STATE)


@contextmanager
def part_of_draws(share: int, n: int, n_members: int) -> Iterator[None]:
    """Draw in a block of code the noise of one of `n` equal shards of a minibatch.

    Parameters
    ----------
    share : int
        Which, from 0 up.
    n : int
        Number of shares.
    n_members : int
        Networks side by side, whose rows are the first axis of what is drawn.
    """
    token = _part.set((share, n, n_members))
    try:
        yield
    finally:
        _part.reset(token)


def uniform(shape: tuple[Any, ...], state: keras.Variable) -> Any:
    """Return numbers in [0, 1) of a shape (rows, ...), computed once."""
    return _fractions(_hashes(shape, state)[0], shape)


def normal(shape: tuple[Any, ...], state: keras.Variable) -> Any:
    """Return standard normal numbers from uniform ones (Box & Muller 1958)."""
    first, second, _ = _hashes(shape, state)
    radius = ops.sqrt(-2.0 * ops.log(1.0 - _fractions(first, shape)))
    return radius * _cosine(_fractions(second, shape))


def _cosine(turns: Any) -> Any:
    """Return the cosine of angles in [0, 1) turns, to 1e-7.

    XLA computes its own cosine one number at a time on a CPU, and takes as long for it
    as for all else of a normal number.
    """
    at = ops.abs(turns - 0.5) - 0.25  # whose sine it is
    square = at * at
    powers = ops.full_like(at, SINE[-1])
    for coefficient in SINE[-2::-1]:
        powers = powers * square + coefficient
    return at * powers


def _hashes(shape: tuple[Any, ...], state: keras.Variable) -> list[Any]:
    """Return three random words for each entry, from seed, count and place.

    The hash pcg3d (Jarzynski & Olano 2020). `keras.random` on JAX takes a third of the
    time of a step of a small network, in a loop of its own, and a step with it cannot
    be traced on torch.
    """
    key = ops.convert_to_tensor(state)
    mixed = key * FACTOR + INCREMENT
    state.assign(key + ops.arange(3, dtype="int32") % 2)
    place = _places(math.prod(shape)) + key[2] * math.prod(shape)
    place = place * FACTOR + INCREMENT
    x, y, z = _stirred(mixed[0], mixed[1], place)
    x, y, z = (_folded(word) for word in (x, y, z))
    return _stirred(x, y, z)


def _places(size: int) -> Any:
    """Return the places of entries among those that are drawn together."""
    share, n, m = _part.get()
    if n == 1:
        return ops.arange(size, dtype="int32")
    each = size // m
    own = ops.arange(each, dtype="int32") + share * each
    return ops.reshape(ops.arange(m, dtype="int32")[:, None] * (n * each) + own, (-1,))


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
