"""Distances to neighbours among training rows."""

import numpy as np

from skunsup.outliers._ensemble import EnsembleOutput, is_among
from skunsup.outliers._nearest import Nearest
from skunsup.outliers._scales import Deviations


class Neighbors:
    """Distance of a row to its neighbour number k (Ramaswamy, Rastogi & Shim 2000).

    Distances are root mean squares over columns, each on its `Scales`. A row that is
    one of the reference does not count as its own neighbour.

    Parameters
    ----------
    n_neighbors : int or float
        Number k, or a share of the reference.
    """

    def __init__(self, n_neighbors: float, scales: type = Deviations) -> None:
        self.n_neighbors, self.made_scales = n_neighbors, scales

    def fit(self, view: EnsembleOutput, kept: np.ndarray) -> "Neighbors":
        """Take the rows of `view` that `kept` picks for the reference.

        The scales are those of all: on those of what was kept, the others would stand
        out the more, each in one column.
        """
        self.scales = self.made_scales(view.distance_features)
        view = view.part(kept)
        n, k = len(view.x), self.n_neighbors
        k = round(k * n) if isinstance(k, float) else k
        self.k = int(np.clip(k, 1, max(n - 1, 1)))
        self.own = np.unique(view.hashes)
        self.reference = self.scales(view.distance_features)
        self.nearest = Nearest(self.reference, min(self.k + 1, n))
        return self

    def anomaly(self, view: EnsembleOutput) -> np.ndarray:
        """Return the distance of each row of `view`, shape (n,)."""
        return self._distance(*self._nearest(view))

    def shares(self, view: EnsembleOutput) -> np.ndarray:
        """Split the distance over columns by their mean square to all k neighbours."""
        z, near, last = found = self._nearest(view)
        counts = np.arange(near.shape[1]) <= last[:, None]
        counts[last == self.k, 0] = False  # the row itself
        square = np.zeros_like(z)
        for at in range(near.shape[1]):
            apart = np.square(z - self.reference[near[:, at]])
            square += counts[:, at, None] * apart
        return normalised(square) * self._distance(*found)[:, None]

    def _distance(
        self, z: np.ndarray, near: np.ndarray, last: np.ndarray
    ) -> np.ndarray:
        neighbour = near[np.arange(len(z)), last]
        # Afresh, since those of the index lose digits where rows are close.
        return np.sqrt(np.square(z - self.reference[neighbour]).mean(axis=1))

    def _nearest(
        self, view: EnsembleOutput
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return scaled rows, their neighbours, and where neighbour k of each is."""
        z = self.scales(view.distance_features)
        near = self.nearest(z)
        own = is_among(view.hashes, self.own)
        return z, near, np.minimum(self.k - 1 + own, near.shape[1] - 1)


def normalised(shares: np.ndarray) -> np.ndarray:
    """Let non-negative rows sum to 1; rows of zeros become even."""
    total = shares.sum(axis=1, keepdims=True)
    even = np.full_like(shares, 1.0 / shares.shape[1])
    return np.divide(shares, total, out=even, where=total > 0)
