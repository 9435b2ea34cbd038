"""Scores of reference rows as of new ones, for thresholds."""

from collections.abc import Callable

import numpy as np

from skunsup.outliers._ensemble import EnsembleOutput
from skunsup.outliers._scores import Score

N_FOLDS = 10  # as many as keep nine tenths of few rows
MOST_ROWS = 1_000  # of more, what one does to its own score is less than chance does


def held_out_anomaly(make: Callable[[], Score], view: EnsembleOutput) -> np.ndarray:
    """Score rows by what was learned from the others.

    A score follows the rows that it is fitted to: no value lies outside of the scale of
    its column, and covariances are wide where these rows are. With few rows, or many
    columns, new rows score higher. So each tenth of the rows is scored by what a new
    score learns from the others (Stone 1974). Equal rows are held out together.

    Parameters
    ----------
    make : callable
        Returns a score that is not fitted.
    view : EnsembleOutput
        The rows, all of them normal.

    Returns
    -------
    array of shape (n,), float64
    """
    fold = view.hashes % np.uint64(N_FOLDS)
    found = np.empty(len(fold))
    for at in np.unique(fold):
        held = fold == at
        others = view.part(~held) if (~held).sum() > 1 else view
        score = make().fit(others, np.ones(len(others.x), bool))
        found[held] = score.anomaly(view.part(held))
    return found
