"""Rows that are normal by all that can be said before networks are trained."""

import numpy as np

from skunsup.outliers._ensemble import EnsembleOutput
from skunsup.outliers._scores import Score

ROUNDS = 3
NORMAL_MAD = 1.4826  # standard deviations in a median absolute deviation
FARTHEST = 5.0  # standard deviations that a single column can count for
LEAST_SPREAD = 0.1  # standard deviations that a robust one is worth at least


def fit_trimmed(
    score: Score,
    view: EnsembleOutput,
    support_fraction: float,
    first: np.ndarray | None = None,
) -> Score:
    """Fit `score` to reference rows without those that it finds most outlying.

    Parameters
    ----------
    score : Score
        To be fitted.
    view : EnsembleOutput
        Reference rows.
    support_fraction : float
        Proportion of the rows to fit to.
    first : array of shape (n,), default=None
        Scores of the reference rows to start from. None means `score`, fitted to all
        of them.
    """
    kept = np.ones(len(view.x), bool)
    anomaly = score.fit(view, kept).anomaly(view) if first is None else first
    for _ in range(ROUNDS):
        inner = anomaly <= np.quantile(anomaly, support_fraction)
        kept = inner if inner.sum() > 1 else kept
        anomaly = score.fit(view, kept).anomaly(view)
    return score


def distance_from_medians(x: np.ndarray) -> np.ndarray:
    """Return the mean square over columns of robust standard scores, shape (n,).

    Outliers in a group hide each other in any score that is fitted to all rows, but
    hardly move medians.

    Parameters
    ----------
    x : array of shape (n, n_features)
        Rows.
    """
    centred = x - np.median(x, axis=0)
    spread = NORMAL_MAD * np.median(np.abs(centred), axis=0)
    # More than half of a column may be equal.
    usual = x.std(axis=0, dtype=np.float64)
    spread = np.where(spread > LEAST_SPREAD * usual, spread, usual)
    scores = centred / np.where(spread > 0, spread, 1.0)
    distance: np.ndarray = np.minimum(np.square(scores), FARTHEST**2).mean(axis=1)
    return distance
