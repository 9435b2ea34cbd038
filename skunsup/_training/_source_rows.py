"""Rows that are read a chunk at a time."""

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from skunsup._training._rows import Rows, UnhashedRows, as_rows
from skunsup._training._sampling import WeightedSampler, weighted_sample
from skunsup._training._source_sampler import (
    SourceSampler,
    WholeSourceSampler,
    whole_numbers,
)

SHELF_BYTES = 64 * 2**20  # of rows that are shuffled together


class SourceRows(UnhashedRows):
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
        """Sampler that draws the rows a shelf at a time."""
        whole = WholeSourceSampler(self.boundaries, self.chunks_of_shelf)
        if weight is None:
            return whole
        if weight.dtype == bool:
            return whole.part(weight)
        index = np.flatnonzero(weight > 0).astype(whole_numbers(self.n))
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


class _SourcePart(UnhashedRows):
    def __init__(self, rows: SourceRows, index: np.ndarray) -> None:
        self._rows, self._index = rows, index
        self.n, self.d = len(index), rows.d
        self.result_dtype = rows.result_dtype

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        return self._rows._read(self._index[index])


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
