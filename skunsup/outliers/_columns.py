"""Tail probabilities of single columns."""

import numpy as np

from skunsup.outliers._ensemble import EnsembleOutput
from skunsup.outliers._scales import Deviations


class Columns:
    """Sum over columns of minus the log of the two-sided tail probability.

    Tails are shares of the reference rows, as in ECOD (Li et al. 2022), so that
    neither scale nor shape of a column matters, and a category that few rows have is
    far out. Beyond the reference they go on with the logarithm of the distance from it,
    in standard deviations.
    """

    def fit(self, view: EnsembleOutput, kept: np.ndarray) -> "Columns":
        """Learn the distribution of each column of the rows that `kept` picks."""
        x = view.distance_features
        self.scales = Deviations(x)
        self.low, self.high = x[kept].min(axis=0), x[kept].max(axis=0)
        self.levels = [_levels(column) for column in x[kept].T]
        return self

    def anomaly(self, view: EnsembleOutput) -> np.ndarray:
        """Return the sum over columns."""
        total: np.ndarray = self.shares(view).sum(axis=1)
        return total

    def shares(self, view: EnsembleOutput) -> np.ndarray:
        """Contribution of each column."""
        x = view.distance_features
        found = np.empty(x.shape)
        for j, (values, at, between) in enumerate(self.levels):
            column = x[:, j]
            place = np.searchsorted(values, column)
            nearest = np.minimum(place, len(values) - 1)
            equal = values[nearest] == column
            found[:, j] = np.where(equal, at[nearest], between[place])
        beyond = x - np.clip(x, self.low, self.high)
        return found + np.log1p(np.abs(self.scales(beyond)))


def _levels(column: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return distinct values, the level of each, and the level before each and after.

    Shape (m,), (m,) and (m + 1,) for m distinct values.
    """
    n = len(column)
    values, count = np.unique(column, return_counts=True)
    below = np.concatenate([[0], np.cumsum(count)])

    def level(rarer: np.ndarray) -> np.ndarray:
        return -np.log(np.minimum(1.0, 2.0 * (rarer + 1.0) / (n + 1.0)))

    at = level(np.minimum(below[1:], n - below[:-1]))
    return values, at, level(np.minimum(below, n - below))
