"""A scale for each column that its extremes do not stretch."""

import numpy as np
from scipy.stats import norm

MOST_QUANTILES = 1000
NORMAL_KURTOSIS = 3.0


class Deviations:
    """Columns in standard deviations.

    Parameters
    ----------
    x : array of shape (n, n_features)
        Rows.
    """

    def __init__(self, x: np.ndarray) -> None:
        scale = x.std(axis=0, dtype=np.float64)
        self._scale = np.where(scale > 0, scale, 1.0)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return rows of shape (n, n_features) on their scales, float64."""
        scaled: np.ndarray = x / self._scale
        return scaled


class Scales:
    """Columns in standard deviations, or as normal scores where tails are heavy.

    Standard deviations tell how far out a value lies, but a heavy tail makes them large
    and all else close. A column with more kurtosis than a normal distribution becomes
    normal scores instead: a value inside the range of the rows goes to the normal
    quantile of its rank (van der Waerden 1952), linear in between; one outside goes on
    at the slope of 1 for each standard deviation. Where tails are light, normal scores
    would stretch the ends of a column, where its values are no rarer than elsewhere.

    Parameters
    ----------
    x : array of shape (n, n_features)
        Rows.
    """

    def __init__(self, x: np.ndarray) -> None:
        n = len(x)
        scale = x.std(axis=0, dtype=np.float64)
        self._scale = np.where(scale > 0, scale, 1.0)
        centred = (x - x.mean(axis=0, dtype=np.float64)) / self._scale
        heavy = (centred**4).mean(axis=0) > NORMAL_KURTOSIS
        ranks = np.linspace(0, n - 1, min(n, MOST_QUANTILES)).astype(int)
        scores = norm.ppf((ranks + 0.5) / n)
        values = np.sort(x[:, heavy], axis=0)[ranks].astype(np.float64)
        knots = [_merged(column, scores) for column in values.T]
        self._knots = dict(zip(np.flatnonzero(heavy), knots, strict=True))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return rows of shape (n, n_features) on their scales, float64."""
        out = x / self._scale
        for j, (values, scores) in self._knots.items():
            column = x[:, j].astype(np.float64)
            inside = np.interp(column, values, scores)
            beyond = column - np.clip(column, values[0], values[-1])
            out[:, j] = inside + beyond / self._scale[j]
        return out


def _merged(values: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give equal values the mean of their scores."""
    distinct, place = np.unique(values, return_inverse=True)
    return distinct, np.bincount(place, scores) / np.bincount(place)
