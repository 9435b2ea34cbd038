"""Columns on a scale that heavy tails do not stretch."""

import numpy as np
from scipy.stats import norm

MOST_QUANTILES = 1000


class NormalScores:
    """Columns on the scale of normal scores, which heavy tails do not stretch.

    A value inside the range of the rows goes to the normal quantile of its rank (van
    der Waerden 1952), linear in between; one outside goes on at the slope of 1 for each
    standard deviation of the column.

    Parameters
    ----------
    x : array of shape (n, n_features)
        Rows.
    """

    def __init__(self, x: np.ndarray) -> None:
        n = len(x)
        ranks = np.linspace(0, n - 1, min(n, MOST_QUANTILES)).astype(int)
        scores = norm.ppf((ranks + 0.5) / n)
        values = np.sort(x, axis=0)[ranks].astype(np.float64)
        self._knots = [_merged(column, scores) for column in values.T]
        scale = x.std(axis=0, dtype=np.float64)
        self._scale = np.where(scale > 0, scale, 1.0)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the normal scores of rows, float64."""
        out = np.empty(x.shape)
        for j, (values, scores) in enumerate(self._knots):
            column = x[:, j].astype(np.float64)
            inside = np.interp(column, values, scores)
            beyond = column - np.clip(column, values[0], values[-1])
            out[:, j] = inside + beyond / self._scale[j]
        return out


def _merged(values: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give equal values the mean of their scores."""
    distinct, place = np.unique(values, return_inverse=True)
    return distinct, np.bincount(place, scores) / np.bincount(place)
