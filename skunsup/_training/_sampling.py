"""Rows drawn for minibatches, by their weights.

The training set is a measure: distinct rows with total weights, in an order that
depends on the rows' content alone. So a row of weight 0 is absent, a row of weight 2
is the same as that row twice, and neither the order of the rows nor the form in which
weights arrive can change a fit, to the bit.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from skunsup._training._minibatches import interleaved
from skunsup._training._processes import largest, n_processes, rank
from skunsup._training._rows import Rows


class EpochSampler(ABC):
    """Base of the samplers of the rows of epochs.

    Where several processes train together, each draws from its own rows. Where rows
    are compared with each other, `whole` is True: each then has all rows and draws a
    minibatch whole, of which it takes its part.
    """

    whole: ClassVar[bool] = False

    @property
    @abstractmethod
    def n_draws(self) -> int:
        """Draws an epoch, from the rows that there are."""

    @property
    def own_draws(self) -> int:
        """Draws an epoch of this process, as many as each of the others makes."""
        if self.whole:
            return -(-self.n_draws // n_processes())
        return largest(self.n_draws)

    def own_pieces(
        self, n_draws: int, batch_size: int, rng: np.random.Generator
    ) -> Iterable[np.ndarray]:
        """Return `n_draws` draws for the minibatches of this process, in pieces.

        Parameters
        ----------
        n_draws : int
            A multiple of `batch_size`.
        batch_size : int
            Rows that this process gives to each minibatch.
        rng : numpy.random.Generator
            Is used at once.
        """
        n = n_processes() if self.whole else 1
        if n == 1:
            return self.pieces(n_draws, rng)
        drawn = self.draw(n * n_draws, rng)
        parts = drawn.reshape(-1, n, batch_size, *drawn.shape[1:])[:, rank()]
        return [parts.reshape(-1, *drawn.shape[1:])]

    @abstractmethod
    def draw(self, n_draws: int, rng: np.random.Generator) -> np.ndarray:
        """Return `n_draws` row numbers, or as many rows of numbers."""

    def pieces(self, n_draws: int, rng: np.random.Generator) -> Iterable[np.ndarray]:
        """Return the result of `draw` in pieces; `rng` is used at once."""
        return [self.draw(n_draws, rng)]


@dataclass(frozen=True)
class WeightedSampler(EpochSampler):
    """Distinct rows of a data set and their weights.

    Parameters
    ----------
    index : array of int, shape (m,)
        Where each distinct row first stands in the data, ordered by content.
    weight : array of float64, shape (m,), or None
        Total weights, all positive; None where every row has weight 1.
    """

    index: np.ndarray
    weight: np.ndarray | None

    @property
    def n_rows(self) -> int:
        """Number of distinct rows."""
        return len(self.index)

    @property
    def total(self) -> float:
        """Sum of the weights."""
        return float(self.n_rows if self.weight is None else self.weight.sum())

    @property
    def n_draws(self) -> int:
        """Draws an epoch: the total weight, and at least one for each distinct row."""
        return max(round(self.total), self.n_rows)

    def order(self, rng: np.random.Generator) -> Any:
        """Return an order that samples of the same rows can share; here none."""
        return None

    def draw(
        self, n_draws: int, rng: np.random.Generator, order: Any = None
    ) -> np.ndarray:
        """Return `n_draws` row numbers in random order, in proportion to weight."""
        drawn = self.chosen(n_draws, rng)
        rng.shuffle(drawn)
        return drawn

    def pieces(
        self, n_draws: int, rng: np.random.Generator, order: Any = None
    ) -> Iterable[np.ndarray]:
        return [self.draw(n_draws, rng, order)]

    def chosen(self, n_draws: int, rng: np.random.Generator) -> np.ndarray:
        """Return `n_draws` row numbers in the order of `index`.

        Systematic sampling (Madow & Madow 1944): a row of weight w is drawn
        floor(n_draws w / total) times or once more, so each row exactly once where
        all weights are 1 and `n_draws` is their number.
        """
        if self.weight is None and n_draws == len(self.index):
            rng.random()
            return self.index.copy()
        step = self.total / n_draws
        position = (np.arange(n_draws) + rng.random()) * step
        drawn: np.ndarray = self.index[
            np.minimum(self._at(position), len(self.index) - 1)
        ]
        return drawn

    def split(
        self, fraction: float, rng: np.random.Generator
    ) -> tuple["WeightedSampler", "WeightedSampler"]:
        """Return (rest, held out), which share no row; equal rows stay together."""
        m = self.n_rows
        n_held = int(np.ceil(fraction * m))
        order = rng.permutation(m)
        return self.part(np.sort(order[n_held:])), self.part(np.sort(order[:n_held]))

    def rows_of(self, rows: Rows) -> Rows:
        """Return the rows of `index`, as rows of their own."""
        return rows.part(self.index)

    def mean_over(self, rows: Rows, of_each: Callable[[Rows], np.ndarray]) -> float:
        """Return the weighted mean of one value for each of these rows.

        Parameters
        ----------
        rows : Rows
            Those of `rows_of`.
        of_each : callable
            From rows to their values, shape (n,).
        """
        values = of_each(rows).astype(np.float64)
        return float(np.average(values, weights=self.weight))

    def by_hash(
        self, rows: Rows, of_hashes: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        """Result of a function for the hash of each of these rows."""
        return of_hashes(rows.hashes[self.index])

    def part(self, chosen: np.ndarray) -> "WeightedSampler":
        """Return the distinct rows that `chosen`, numbers or a mask, picks."""
        weight = None if self.weight is None else self.weight[chosen]
        return WeightedSampler(self.index[chosen], weight)

    def _at(self, position: np.ndarray) -> np.ndarray:
        """Return the row at each position, where rows are as long as they weigh."""
        if self.weight is None:
            return position.astype(np.intp)
        return np.searchsorted(np.cumsum(self.weight), position, "right")


@dataclass(frozen=True)
class BaggedSampler(EpochSampler):
    """One sample for each member, drawn in turns.

    Parameters
    ----------
    everyone : WeightedSampler
        All rows.
    members : tuple of WeightedSampler
        Those of each member.
    """

    everyone: WeightedSampler
    members: tuple[WeightedSampler, ...]

    @property
    def index(self) -> np.ndarray:
        """Position of each distinct row in the data, ordered by content."""
        return self.everyone.index

    @property
    def n_draws(self) -> int:
        """Draws an epoch: as many for each member as the largest sample has."""
        return len(self.members) * max(sample.n_draws for sample in self.members)

    def draw(self, n_draws: int, rng: np.random.Generator) -> np.ndarray:
        """Return `n_draws` row numbers, draw i for member i modulo their number."""
        return np.concatenate(list(self.pieces(n_draws, rng)))

    def pieces(self, n_draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        each, order = n_draws // len(self.members), self.everyone.order(rng)
        drawn = [sample.pieces(each, rng, order) for sample in self.members]
        return interleaved([filter(len, pieces) for pieces in drawn])


def weighted_sample(rows: Rows, weight: np.ndarray | None) -> WeightedSampler:
    """Merge equal rows of `rows` and order what is left by content.

    Parameters
    ----------
    rows : Rows
        The data, read once.
    weight : array of shape (n,) or None
        Non-negative, with a positive sum; None for 1 each.
    """
    own: WeightedSampler | None = rows.own_sampler(weight)
    if own is not None:
        return own
    hashes = rows.hashes
    kept = None if weight is None else np.flatnonzero(weight)
    if kept is not None:
        hashes = hashes[kept]
    order = np.argsort(hashes, kind="stable")
    hashes = hashes[order]
    first = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]]))
    del hashes
    ordered = order if kept is None else kept[order]
    if weight is None and len(first) == rows.n:
        return WeightedSampler(ordered, None)
    ones = np.ones(len(ordered))
    if weight is not None:
        ones = weight[ordered].astype(np.float64, copy=False)
    totals = np.add.reduceat(ones, first)
    return WeightedSampler(ordered[first], None if (totals == 1).all() else totals)
