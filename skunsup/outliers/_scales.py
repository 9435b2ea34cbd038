"""Columns on two scales: one that shows extremes, one that they do not stretch."""

import numpy as np
from scipy.stats import norm

MOST_QUANTILES = 1000


class Scales:
    """Each column twice: in standard deviations, and as normal scores.

    Standard deviations tell how far out a value lies, but a heavy tail makes them large
    and all else close. Normal scores resolve the bulk. A value inside the range of the
    rows goes to the normal quantile of its rank (van der Waerden 1952), linear in
    between; one outside goes on at the slope of 1 for each standard deviation.

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
        """Return rows of shape (n, n_features) as (n, 2, n_features), float64."""
        out = np.empty((len(x), 2, x.shape[1]))
        out[:, 0] = x / self._scale
        for j, (values, scores) in enumerate(self._knots):
            column = x[:, j].astype(np.float64)
            inside = np.interp(column, values, scores)
            beyond = column - np.clip(column, values[0], values[-1])
            out[:, 1, j] = inside + beyond / self._scale[j]
        return out


def _merged(values: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give equal values the mean of their scores."""
    distinct, place = np.unique(values, return_inverse=True)
    return distinct, np.bincount(place, scores) / np.bincount(place)
