"""Search for the nearest of a few thousand rows."""

from functools import partial

import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import gen_batches

from skunsup._sklearn import one_thread
from skunsup._threads import in_threads

MOST_PASSES = 4  # over the distances of a block, one for each neighbour and one more
LEAST_ROWS = 64  # below which both ways take less than a millisecond
BLOCK = 256  # rows at once, 3 MiB of distances


class Nearest:
    """The `k` nearest of some rows, nearest first, by Euclidean distance.

    A few neighbours of many rows are looked for in float32, which takes half of the
    time. A row whose neighbours rounding could have put in another order is handed to
    scikit-learn's search in float64, so that both find the same.

    Parameters
    ----------
    rows : array of shape (n, n_features), float64
        Rows to look among.
    k : int
        How many to find, up to n.
    """

    def __init__(self, rows: np.ndarray, k: int) -> None:
        self.rows, self.k = rows, k
        # Trees, which scikit-learn would take up to 15 columns, are slower from 5 up.
        self.index = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(rows)

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Return the numbers of the rows nearest to each of `z`, shape (n, k)."""
        if self.k >= min(MOST_PASSES, len(self.rows)) or len(z) < LEAST_ROWS:
            return self._searched(z)
        near, sure = self._guessed(z)
        if not sure.all():
            near[~sure] = self._searched(z[~sure])
        return near

    def _searched(self, z: np.ndarray) -> np.ndarray:
        found: np.ndarray = self.index.kneighbors(z, return_distance=False)
        return found

    def _guessed(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the nearest in float32, and for which rows they are so in any case."""
        centre = self.rows.mean(axis=0)
        rows, z = self.rows - centre, z - centre
        lengths, own = np.square(rows).sum(axis=1), np.square(z).sum(axis=1)
        with np.errstate(over="ignore"):
            left = np.column_stack([z, np.ones(len(z))]).astype(np.float32)
            right = np.vstack([-2.0 * rows.T, lengths]).astype(np.float32)
        blocks = [left[at] for at in gen_batches(len(z), BLOCK)]
        with one_thread("blas"):
            found = in_threads(partial(_smallest, right=right, k=self.k), blocks)
        near, gap = (np.concatenate(each) for each in zip(*found, strict=True))
        # A row as near as `far` is no longer than 2 |z| + |far|. The error of a sum of
        # m products is up to m u times the sum of their sizes (Higham 2002, eq. 3.5),
        # which is |z|^2 + 2 |row|^2 at most. Overflow makes a gap that is not a number.
        far = lengths[near].max(axis=1)
        single = np.finfo(np.float32)
        error = (len(right) + 4) * single.eps / 2 * (18.0 * own + 6.0 * far)
        return near, gap > error + single.tiny


def _smallest(
    left: np.ndarray, right: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return places of the `k` smallest of `left @ right`, and the least gap after one.

    `right` holds -2 times the columns looked among, over the squares of their lengths.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        values = left @ right
        each = np.arange(len(values))
        near = np.empty((len(values), k), int)
        least = np.empty((len(values), k + 1), values.dtype)
        for at in range(k):
            near[:, at] = values.argmin(axis=1)
            least[:, at] = values[each, near[:, at]]
            values[each, near[:, at]] = np.inf
        least[:, k] = values.min(axis=1)
        return near, np.diff(least).min(axis=1)
