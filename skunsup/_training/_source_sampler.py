"""The order in which an epoch has the rows of a source, and which are held out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skunsup._training._rows import Rows, UnhashedRows
from skunsup._training._sampling import WeightedSampler
from skunsup._training._source_parts import ChunkPart, MaskPart


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
        """Result of `draw`, a shelf at a time."""
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
    """Rows of a source, each of weight 1, without a list of them.

    Parameters
    ----------
    boundaries, chunks_of_shelf
        As in `SourceSampler`.
    chosen_part : ChunkPart or MaskPart, default=None
        Which rows of each chunk; None for all.
    """

    chosen_part: ChunkPart | MaskPart | None
    ends: np.ndarray

    def __init__(
        self,
        boundaries: np.ndarray,
        chunks_of_shelf: int,
        chosen_part: ChunkPart | MaskPart | None = None,
    ) -> None:
        vars(self).update(
            weight=None,
            boundaries=boundaries,
            chunks_of_shelf=chunks_of_shelf,
            chosen_part=chosen_part,
            ends=boundaries if chosen_part is None else chosen_part.ends,
        )

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.ends[-1])

    @property
    def index(self) -> np.ndarray:
        """Numbers of the rows, made when they are asked for."""
        return self.numbers_of(np.arange(self.n_rows, dtype=self._whole_numbers))

    def numbers_of(self, places: np.ndarray) -> np.ndarray:
        """Return the numbers in the source of the rows at some places among these."""
        part = self.chosen_part
        if part is None:
            return places
        numbers = np.empty(len(places), self._whole_numbers)
        chunks = np.searchsorted(self.ends, places, side="right") - 1
        for i in np.unique(chunks):
            there = chunks == i
            numbers[there] = part.rows(i)[places[there] - self.ends[i]]
        return numbers

    def rows_of(self, rows: Rows) -> Rows:
        """Return these of the rows of the source, still in it."""
        return SampledRows(rows, self)

    def part(self, chosen: np.ndarray) -> SourceSampler:
        """Return the rows that `chosen`, numbers or a mask of these, picks."""
        if chosen.dtype != bool:
            return super().part(chosen)
        return self._of(MaskPart.of(chosen, self.ends, self.chosen_part))

    def split(
        self, fraction: float, rng: np.random.Generator
    ) -> tuple["WeightedSampler", "WeightedSampler"]:
        """Return (rest, held out): so many of each chunk, which no list names."""
        if self.chosen_part is not None:
            return super().split(fraction, rng)
        held = ChunkPart(self.boundaries, fraction, int(rng.integers(2**63)))
        return self._of(replace(held, held_out=False)), self._of(held)

    def _of(self, part: ChunkPart | MaskPart) -> "WholeSourceSampler":
        return WholeSourceSampler(self.boundaries, self.chunks_of_shelf, part)

    def by_hash(
        self, rows: Rows, of_hashes: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        """Result of a function for the hash of each row, a block at a time."""
        return np.concatenate([of_hashes(h) for h in self.rows_of(rows).hash_blocks()])

    def mean_over(self, rows: Rows, of_each: Callable[[Rows], np.ndarray]) -> float:
        """Return the mean of one value for each of these rows, a block at a time."""
        found = (of_each(Rows(block)).astype(np.float64) for block in rows.blocks())
        return float(sum(values.sum() for values in found)) / self.n_rows

    @property
    def _whole_numbers(self) -> type[np.signedinteger[Any]]:
        return whole_numbers(int(self.boundaries[-1]))

    def chosen(self, n_draws: int, rng: np.random.Generator) -> np.ndarray:
        """Return `n_draws` row numbers in ascending order."""
        numbers = self.numbers_by_chunk(n_draws, rng)
        return np.concatenate([numbers(i) for i in range(len(self.boundaries) - 1)])

    def numbers_by_chunk(
        self, n_draws: int, rng: np.random.Generator
    ) -> Callable[[int], np.ndarray]:
        start, step = rng.random(), self.n_rows / n_draws
        if n_draws == self.n_rows:
            start, step = 0.0, 1.0
        cuts = _first_at(self.ends, start, step)
        cuts[-1], dtype = n_draws, self._whole_numbers

        def numbers(i: int) -> np.ndarray:
            found = ((np.arange(cuts[i], cuts[i + 1]) + start) * step).astype(dtype)
            return self.numbers_of(np.minimum(found, self.n_rows - 1, out=found))

        return numbers


class SampledRows(UnhashedRows):
    """The rows of a sampler of a source, read from it when they are asked for.

    Parameters
    ----------
    rows : Rows
        All.
    sample : WholeSourceSampler
        Which of them.
    """

    def __init__(self, rows: Rows, sample: WholeSourceSampler) -> None:
        self._rows, self._sample = rows, sample
        self.n, self.d = sample.n_rows, rows.d
        self.result_dtype = rows.result_dtype

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        if isinstance(index, slice):
            index = np.arange(*index.indices(self.n))
        return self._rows.take(self._sample.numbers_of(index))


def _first_at(ends: np.ndarray, start: float, step: float) -> np.ndarray:
    """Return the least k with which (k + start) * step, rounded, reaches each end."""
    k = np.ceil(ends / step - start).astype(np.int64)
    k += (k + start) * step < ends
    k -= (k - 1 + start) * step >= ends
    return np.maximum(k, 0)


def whole_numbers(n: int) -> type[np.signedinteger[Any]]:
    """Return the type of integers for the numbers of `n` rows."""
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
