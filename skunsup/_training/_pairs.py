"""Minibatches of rows, each beside one of its neighbours."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skunsup._graph import Neighbors
from skunsup._training._rows import Rows
from skunsup._training._sampling import EpochSampler, WeightedSampler


class RowPairs(Rows):
    """Two rows side by side, by pairs of row numbers.

    Parameters
    ----------
    rows : Rows
        What the numbers are of.
    whole : Rows, default=None
        Rows of which `rows` are views. Behind a pair stands the one of its first.
    origin : array of int, shape (n,), default=None
        Where in `whole` each of `rows` comes from.
    """

    def __init__(
        self, rows: Rows, whole: Rows | None = None, origin: np.ndarray | None = None
    ) -> None:
        self._rows, self._whole, self._origin = rows, whole, origin
        self.n, self.d = rows.n, 2 * rows.d + (0 if whole is None else whole.d)

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        """Read pairs of numbers, shape (n, 2)."""
        assert isinstance(index, np.ndarray)
        parts = [self._rows.take(column) for column in index.T]
        if self._whole is not None and self._origin is not None:
            parts.append(self._whole.take(self._origin[index[:, 0]]))
        return np.hstack(parts)


@dataclass(frozen=True)
class NeighborSampler(EpochSampler):
    """Rows drawn by weight, each with a neighbour, and a view of both.

    A row's partner is one of its neighbours, with probabilities in proportion to their
    weights times their odds. Of either row one of its views is taken, each as likely as
    the others.

    Parameters
    ----------
    sample : WeightedSampler
        Distinct rows; `index` counts them.
    neighbors : Neighbors
        Of these rows.
    n_views : int, default=1
        Views of a row, which stand one behind the other: view v of row i has the number
        i * n_views + v.
    """

    whole: ClassVar[bool] = True

    sample: WeightedSampler
    neighbors: Neighbors
    n_views: int = 1

    @property
    def index(self) -> np.ndarray:
        """Number of each distinct row."""
        return self.sample.index

    @property
    def n_draws(self) -> int:
        """Pairs an epoch."""
        return self.sample.n_draws

    def draw(self, n_draws: int, rng: np.random.Generator) -> np.ndarray:
        """Return pairs of numbers of views, shape (n_draws, 2)."""
        rows = self.sample.draw(n_draws, rng)
        pairs = np.column_stack([rows, self._partners(rows, rng)])
        if self.n_views == 1:
            return pairs
        return pairs * self.n_views + rng.integers(self.n_views, size=pairs.shape)

    def _partners(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw a neighbour of each row."""
        table, count = self.neighbors.table, self.neighbors.count[rows]
        weight, odds = self.sample.weight, self.neighbors.odds
        position = rng.random(len(rows))
        if weight is None and odds is None:
            return table[rows, (position * count).astype(np.intp)]
        share = np.float64(np.arange(table.shape[1]) < count[:, None])
        if odds is not None:
            share *= odds[rows]
        if weight is not None:
            share *= weight[table[rows]]
        reach = np.cumsum(share, axis=1)
        place = (reach <= (position * reach[:, -1])[:, None]).sum(axis=1)
        return table[rows, np.minimum(place, count - 1)]
