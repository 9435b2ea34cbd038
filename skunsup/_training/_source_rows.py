"""Rows that are read a chunk at a time, and their order in an epoch."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
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
        if weight is None:
            return WholeSourceSampler(self.boundaries, self.chunks_of_shelf)
        index = np.flatnonzero(weight > 0).astype(_whole_numbers(self.n))
        own = weight[index].astype(np.float64)
        return SourceSampler(index, own, self.boundaries, self.chunks_of_shelf)

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        if isinstance(index, slice):
            index = np.arange(*index.indices(self.n))
        order = np.argsort(index, kind="stable")
        ascending = index[order]
        cuts = np.searchsorted(ascending, self.boundaries)
        out = np.empty((len(index), self.d), np.float32)
        wanted = np.flatnonzero(np.diff(cuts)).tolist()
        # A block of minibatches may reach from one shelf into the next, which takes
        # the place of the first.
        for i in sorted(wanted, key=lambda i: i not in self._held):
            at = slice(cuts[i], cuts[i + 1])
            out[order[at]] = self._chunk(i)[ascending[at] - self.boundaries[i]]
        return out

    def _chunk(self, i: int) -> np.ndarray:
        """Return the rows of a chunk, out of memory if it was used lately."""
        with self._lock:
            if i not in self._held:
                if len(self._held) >= self.chunks_of_shelf:
                    self._held.popitem(last=False)
                self._held[i] = self._read_chunk(i)
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
        return np.concatenate(list(self.pieces(n_draws, rng, order)))

    def pieces(
        self, n_draws: int, rng: np.random.Generator, order: Any = None
    ) -> Iterator[np.ndarray]:
        """Return what `draw` does, a shelf at a time."""
        chunks = self.order(rng) if order is None else order
        numbers = self.numbers_by_chunk(n_draws, rng)
        own_rng = np.random.default_rng(rng.integers(2**63))
        return _shelves(chunks, self.chunks_of_shelf, numbers, own_rng)

    def numbers_by_chunk(
        self, n_draws: int, rng: np.random.Generator
    ) -> Callable[[int], np.ndarray]:
        """Return a function from a chunk to those of `n_draws` rows that are in it."""
        chosen = self.chosen(n_draws, rng)
        cuts = np.searchsorted(chosen, self.boundaries)
        return lambda i: chosen[cuts[i] : cuts[i + 1]]

    def part(self, chosen: np.ndarray) -> "SourceSampler":
        """Return the rows that `chosen`, numbers or a mask, picks."""
        weight = None if self.weight is None else self.weight[chosen]
        return SourceSampler(
            self.index[chosen], weight, self.boundaries, self.chunks_of_shelf
        )


class WholeSourceSampler(SourceSampler):
    """All rows of a source, each of weight 1, without a list of them.

    Parameters
    ----------
    boundaries, chunks_of_shelf
        As in `SourceSampler`.
    """

    def __init__(self, boundaries: np.ndarray, chunks_of_shelf: int) -> None:
        vars(self).update(
            weight=None, boundaries=boundaries, chunks_of_shelf=chunks_of_shelf
        )

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.boundaries[-1])

    @property
    def index(self) -> np.ndarray:
        """Numbers of all rows, made when they are asked for."""
        return np.arange(self.n_rows, dtype=_whole_numbers(self.n_rows))

    def chosen(self, n_draws: int, rng: np.random.Generator) -> np.ndarray:
        """Return `n_draws` row numbers in ascending order."""
        numbers = self.numbers_by_chunk(n_draws, rng)
        return np.concatenate([numbers(i) for i in range(len(self.boundaries) - 1)])

    def numbers_by_chunk(
        self, n_draws: int, rng: np.random.Generator
    ) -> Callable[[int], np.ndarray]:
        """Return a function from a chunk to those of `n_draws` rows that are in it."""
        start, step = rng.random(), self.n_rows / n_draws
        if n_draws == self.n_rows:
            start, step = 0.0, 1.0
        cuts = _first_at(self.boundaries, start, step)
        cuts[-1], dtype = n_draws, _whole_numbers(self.n_rows)

        def numbers(i: int) -> np.ndarray:
            found = ((np.arange(cuts[i], cuts[i + 1]) + start) * step).astype(dtype)
            return np.minimum(found, self.n_rows - 1, out=found)

        return numbers


def _first_at(ends: np.ndarray, start: float, step: float) -> np.ndarray:
    """Return the least k with which (k + start) * step, rounded, reaches each end."""
    k = np.ceil(ends / step - start).astype(np.int64)
    k += (k + start) * step < ends
    k -= (k - 1 + start) * step >= ends
    return np.maximum(k, 0)


def _whole_numbers(n: int) -> type[np.signedinteger[Any]]:
    return np.int32 if n < 2**31 else np.int64


def _shelves(
    chunks: np.ndarray,
    chunks_of_shelf: int,
    numbers: Callable[[int], np.ndarray],
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    """Yield the row numbers of some chunks together, in random order."""
    for first in range(0, len(chunks), chunks_of_shelf):
        shelf = chunks[first : first + chunks_of_shelf].tolist()
        rows = np.concatenate([numbers(i) for i in shelf])
        rng.shuffle(rows)
        yield rows


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
