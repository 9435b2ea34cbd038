"""Rows of several processes, of which each reads its own."""

from functools import cached_property

import numpy as np

from skunsup._training._processes import all_rows, largest, n_processes, rank
from skunsup._training._rows import Rows, as_rows
from skunsup._training._sampling import WeightedSampler, weighted_sample
from skunsup._training._source_rows import in_memory


class JointRows(Rows):
    """Rows of all processes, those of the first before those of the next.

    All processes have to read the same numbers at the same time.

    Parameters
    ----------
    own : Rows
        Those of this process.
    """

    def __init__(self, own: Rows) -> None:
        self._own, self.d = own, own.d
        self.result_dtype = own.result_dtype
        self.ends = np.cumsum(all_rows(np.array([own.n], np.int64)))
        self.n = int(self.ends[-1])

    @property
    def own(self) -> Rows:
        """Those of this process."""
        return self._own

    @property
    def own_part(self) -> slice:
        end = int(self.ends[rank()])
        return slice(end - self._own.n, end)

    @cached_property
    def hashes(self) -> np.ndarray:
        """A hash of the content of each row, as `Rows.hashes`."""
        return all_rows(self._own.hashes)

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        if isinstance(index, slice):
            index = np.arange(*index.indices(self.n))
        owner = np.searchsorted(self.ends, index, "right")
        mine = index[owner == rank()] - self.own_part.start
        out = np.empty((len(index), self.d), np.float32)
        out[np.argsort(owner, kind="stable")] = all_rows(self._own.take(mine))
        return out


def joint_rows(rows: Rows, weight: np.ndarray | None) -> tuple[Rows, np.ndarray | None]:
    """Return the rows of all processes and their weights.

    Parameters
    ----------
    rows : Rows
        Of this process.
    weight : array of shape (n,) or None
        Their weights; None for 1 each.
    """
    if n_processes() == 1:
        return rows, weight
    if largest(int(weight is not None)):
        own = np.ones(rows.n) if weight is None else weight.astype(np.float64)
        weight = all_rows(own)
    return JointRows(rows), weight


def gathered_in_memory(
    rows: Rows, sample: WeightedSampler
) -> tuple[Rows, WeightedSampler]:
    """Return the rows of all processes, in the memory of each, and what draws them.

    Parameters
    ----------
    rows : Rows
        Of this process.
    sample : WeightedSampler
        Of these rows; those that it has not are left out.
    """
    if n_processes() == 1:
        return in_memory(rows, sample)
    held = as_rows(all_rows(rows.take(slice(None))))
    held.result_dtype = rows.result_dtype
    weight = np.zeros(rows.n)
    weight[sample.index] = 1.0 if sample.weight is None else sample.weight
    return held, weighted_sample(held, all_rows(weight))
