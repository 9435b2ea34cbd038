"""Rows that are read a chunk at a time, and their order in an epoch."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from skunsup._training._rows import Rows, as_rows
from skunsup._training._sampling import WeightedSampler, weighted_sample

SHELF_BYTES = 64 * 2**20  # of rows that are shuffled together


class SourceRows(Rows):
    """Rows of a source, of which some chunks are in memory.

    Parameters
    ----------
    read : callable
        From the number of a chunk to its rows, float32 of shape (n_of_chunk, d).
    boundaries : array of int, shape (n_chunks + 1,)
        First row of each chunk, and the number of rows.
    d : int
        Columns.
    """

    def __init__(
        self, read: Callable[[int], np.ndarray], boundaries: np.ndarray, d: int
    ) -> None:
        self._read_chunk, self.boundaries = read, boundaries
        self.n, self.d = int(boundaries[-1]), d
        self._held: OrderedDict[int, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def chunks_of_shelf(self) -> int:
        """Chunks whose rows are shuffled together."""
        largest = int(np.diff(self.boundaries).max())
        return max(1, SHELF_BYTES // (4 * self.d * largest))

    def part(self, index: np.ndarray) -> Rows:
        """Return the rows at `index`, still in the source."""
        return _SourcePart(self, index)

    def own_sampler(self, weight: np.ndarray | None) -> "SourceSampler":
        """Return what draws the rows a shelf at a time."""
        number = np.int32 if self.n < 2**31 else np.int64
        index = np.arange(self.n, dtype=number)
        index = index if weight is None else index[weight > 0]
        own = None if weight is None else weight[index].astype(np.float64)
        return SourceSampler(index, own, self.boundaries, self.chunks_of_shelf)

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        if isinstance(index, slice):
            index = np.arange(*index.indices(self.n))
        order = np.argsort(index, kind="stable")
        ascending = index[order]
        cuts = np.searchsorted(ascending, self.boundaries)
        out = np.empty((len(index), self.d), np.float32)
        for i in np.flatnonzero(np.diff(cuts)).tolist():
            at = slice(cuts[i], cuts[i + 1])
            out[order[at]] = self._chunk(i)[ascending[at] - self.boundaries[i]]
        return out

    def _chunk(self, i: int) -> np.ndarray:
        """Return the rows of a chunk, out of memory if it was used lately.

        A block of minibatches may reach from one shelf into the next.
        """
        with self._lock:
            if i not in self._held:
                self._held[i] = self._read_chunk(i)
                if len(self._held) > 2 * self.chunks_of_shelf:
                    self._held.popitem(last=False)
            self._held.move_to_end(i)
            return self._held[i]


class _SourcePart(Rows):
    def __init__(self, rows: SourceRows, index: np.ndarray) -> None:
        self._rows, self._index = rows, index
        self.n, self.d = len(index), rows.d
        self.result_dtype = rows.result_dtype

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        return self._rows._read(self._index[index])


@dataclass(frozen=True)
class SourceSampler(WeightedSampler):
    """Rows of a source, drawn so that an epoch reads each chunk once.

    Chunks are put in random order, and the rows of some of them together are
    shuffled. Equal rows are not merged.

    Parameters
    ----------
    index : array of int, shape (m,)
        Rows to draw, in ascending order.
    weight : array of float64, shape (m,), or None
        All positive; None where every row has weight 1.
    boundaries : array of int, shape (n_chunks + 1,)
        First row of each chunk, and the number of rows.
    chunks_of_shelf : int
        Chunks whose rows are shuffled together.
    """

    boundaries: np.ndarray
    chunks_of_shelf: int

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """Return a random order of the chunks."""
        return rng.permutation(len(self.boundaries) - 1)

    def draw(
        self, n_draws: int, rng: np.random.Generator, order: Any = None
    ) -> np.ndarray:
        """Return `n_draws` row numbers, chunks in random order or in that of `order`.

        In proportion to weight, as `WeightedSampler` draws them.
        """
        chunks = self.order(rng) if order is None else order
        chosen = self.chosen(n_draws, rng)
        cuts = np.searchsorted(chosen, self.boundaries)
        drawn = np.empty(n_draws, chosen.dtype)
        start = 0
        for first in range(0, len(chunks), self.chunks_of_shelf):
            shelf = chunks[first : first + self.chunks_of_shelf]
            rows = np.concatenate([chosen[cuts[i] : cuts[i + 1]] for i in shelf])
            rng.shuffle(rows)
            drawn[start : start + len(rows)] = rows
            start += len(rows)
        return drawn

    def part(self, chosen: np.ndarray) -> "SourceSampler":
        """Return the rows that `chosen`, numbers or a mask, picks."""
        weight = None if self.weight is None else self.weight[chosen]
        return SourceSampler(
            self.index[chosen], weight, self.boundaries, self.chunks_of_shelf
        )


def in_memory(rows: Rows, sample: WeightedSampler) -> tuple[Rows, WeightedSampler]:
    """Return rows that are all in memory, and what draws them, equal ones merged.

    Parameters
    ----------
    rows : Rows
        Of a source or not.
    sample : WeightedSampler
        Of these rows.
    """
    if not isinstance(sample, SourceSampler):
        return rows, sample
    held = as_rows(rows.take(slice(None)))
    held.result_dtype = rows.result_dtype
    weight = np.zeros(held.n)
    weight[sample.index] = 1.0 if sample.weight is None else sample.weight
    return held, weighted_sample(held, weight)
