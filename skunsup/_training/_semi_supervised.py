"""Minibatches in which rows with a label stand beside all rows.

Few labels among many rows would reach a minibatch one at a time or not at all. So each
row is drawn together with a labelled row, which comes from a draw of its own.
"""

from dataclasses import dataclass

import numpy as np

from skunsup._training._processes import all_rows
from skunsup._training._rows import Rows
from skunsup._training._sampling import EpochSampler, WeightedSampler

ALL_HELD_OUT = (
    "Early stopping holds out all of the {n} distinct labelled rows, which leaves no "
    "label to learn from. Give more labels, a smaller validation_fraction, X_val, or "
    "early_stopping=False."
)


class PairedRows(Rows):
    """Rows with another row and its label behind each.

    Parameters
    ----------
    rows : Rows
        The rows, their label in the last column.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.n, self.d = rows.n, 2 * rows.d - 1

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        """Read pairs, shape (n, 2), or rows each beside itself."""
        if isinstance(index, slice) or index.ndim == 1:
            first = second = self._rows.take(index)
        else:
            first, second = (self._rows.take(column) for column in index.T)
        return np.hstack([first[:, :-1], second])

    def part(self, index: np.ndarray) -> Rows:
        return PairedRows(self._rows.part(index))


@dataclass(frozen=True)
class SemiSupervisedSampler(EpochSampler):
    """A sample, and another whose rows are drawn beside it.

    Parameters
    ----------
    everyone, labelled : Sample
        What makes up the first and the second rows of pairs.
    labels : array of int, shape (n,)
        Numbers of the labels of all rows, -1 for none.
    """

    everyone: WeightedSampler
    labelled: WeightedSampler
    labels: np.ndarray

    @property
    def index(self) -> np.ndarray:
        """Position of each distinct row in the data, ordered by content."""
        return self.everyone.index

    @property
    def n_rows(self) -> int:
        """Number of distinct rows."""
        return self.everyone.n_rows

    @property
    def n_draws(self) -> int:
        """Pairs an epoch."""
        return self.everyone.n_draws

    def draw(self, n_draws: int, rng: np.random.Generator) -> np.ndarray:
        """Return pairs of row numbers, shape (n_draws, 2), each column a draw."""
        first = self.everyone.draw(n_draws, rng)
        return np.column_stack([first, self.labelled.draw(n_draws, rng)])

    def split(
        self, fraction: float, rng: np.random.Generator
    ) -> tuple["SemiSupervisedSampler", WeightedSampler]:
        """Return (rest, held out), which share no row; no pair holds one held out.

        Raises
        ------
        ValueError
            If no labelled row is left.
        """
        rest, held = self.everyone.split(fraction, rng)
        left = self.labelled.part(np.isin(self.labelled.index, rest.index))
        if not len(left.index):
            raise ValueError(ALL_HELD_OUT.format(n=len(self.labelled.index)))
        return SemiSupervisedSampler(rest, left, self.labels), held

    def shares(self, n_classes: int) -> np.ndarray:
        """Return the share of each class in the weight of all labelled rows.

        Those of the other processes that train together count, too.
        """
        labels, weight = self.labels[self.labelled.index], self.labelled.weight
        known = labels >= 0
        weight = None if weight is None else weight[known]
        own = np.bincount(labels[known], weight, minlength=n_classes)
        counts = all_rows(own.astype(np.float64)[None]).sum(axis=0)
        return counts / max(counts.sum(), 1e-300)


def paired(
    rows: Rows, sample: WeightedSampler, labels: np.ndarray
) -> tuple[Rows, SemiSupervisedSampler]:
    """Rows with labels, and a sampler of pairs of a row and a labelled one.

    Parameters
    ----------
    rows : Rows
        Rows with their label in the last column.
    sample : Sample
        Of `rows`.
    labels : array of int, shape (n,)
        Numbers of labels, -1 for none; without any, all rows stand in.
    """
    known = labels[sample.index] >= 0
    labelled = sample.part(known if known.any() else ~known)
    return PairedRows(rows), SemiSupervisedSampler(sample, labelled, labels)
