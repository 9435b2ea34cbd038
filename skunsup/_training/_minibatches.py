"""Draws that come in pieces, cut into blocks of minibatches."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from skunsup._training._rows import Rows


def batches(
    pieces: Iterable[np.ndarray],
    rows: Rows,
    batch_size: int,
    n_steps: int,
    block_size: int,
    first: int = 0,
) -> Iterator[tuple[np.ndarray, int]]:
    """Yield blocks of `n_steps` minibatches, each (block, steps that it holds).

    Blocks have shape (block_size, batch_size, d), with room for `n_steps` or more; what
    is behind the steps is undefined. Those before the block `first` are not read.
    """
    size = block_size * batch_size
    for drawn in islice(_regrouped(pieces, n_steps * batch_size), first, None):
        block = rows.with_room(drawn, size)
        yield block.reshape(block_size, batch_size, rows.d), len(drawn) // batch_size


def _regrouped(pieces: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Yield the entries of `pieces`, `size` at a time; the last may be fewer."""
    rest: np.ndarray | None = None
    for piece in pieces:
        held = piece if rest is None or not len(rest) else np.concatenate([rest, piece])
        whole = len(held) - len(held) % size
        for start in range(0, whole, size):
            yield held[start : start + size]
        rest = held[whole:]
    if rest is not None and len(rest):
        yield rest


def interleaved(drawn: list[Iterator[np.ndarray]]) -> Iterator[np.ndarray]:
    """Yield entries of several series in turns, of which pieces may end anywhere."""
    held = [np.empty(0, np.int32) for _ in drawn]
    while True:
        held = [
            part if len(part) else next(pieces, part)
            for part, pieces in zip(held, drawn, strict=True)
        ]
        n = min(map(len, held))
        if not n:
            return
        yield np.column_stack([part[:n] for part in held]).ravel()
        held = [part[n:] for part in held]
