"""Rows that are normal by all that can be said before networks are trained."""

from collections.abc import Iterator

import numpy as np
from sklearn.ensemble import IsolationForest

from skunsup._training import Rows, all_rows
from skunsup.outliers._ensemble import EnsembleOutput, EnsembleScorer
from skunsup.outliers._judged import Judged
from skunsup.outliers._neighbors import Neighbors
from skunsup.outliers._scales import Scales
from skunsup.outliers._tails import rounded
from skunsup.outliers._threshold import weighted_quantile

FIRST_FRACTION = 0.6  # so that a dense group of a fifth of the rows is gone


def usual_neighbors(view: EnsembleOutput, n_neighbors: float, seed: int) -> Neighbors:
    """Return the distance to neighbours among the rows hardest to isolate.

    An isolation forest [1]_ sees dense groups of outliers, which are each other's
    neighbours. Among what it keeps, the distance to neighbours sees the others. Neither
    is fitted again to the rows that it kept: where the first choice is wrong, a second
    one that learns from it is worse.

    Parameters
    ----------
    view : EnsembleOutput
        Reference rows.
    n_neighbors : int or float
        Number of the neighbour, or a share of the rows that are kept.
    seed : int
        Seed of the forest.

    References
    ----------
    .. [1] Liu, Ting & Zhou, "Isolation forest", ICDM 2008.
    """
    forest = IsolationForest(random_state=seed).fit(view.distance_features)
    usual = forest.score_samples(view.distance_features)
    kept = usual >= np.quantile(usual, 1.0 - FIRST_FRACTION)
    kept = kept if kept.sum() > 1 else np.ones(len(usual), bool)
    return Neighbors(n_neighbors, Scales).fit(view, kept)


def usual_rows(
    scorer: EnsembleScorer,
    rows: Rows,
    weight: np.ndarray | None,
    reference: np.ndarray,
    support_fraction: float,
    n_neighbors: float,
    seed: int,
) -> np.ndarray:
    """Return the mask of the rows nearest to those that are hardest to isolate.

    Parameters
    ----------
    scorer : EnsembleScorer
        One without networks.
    rows : Rows
        All training rows, of several processes those of `joint_rows`.
    weight : array of shape (n,) or None
        Their weights.
    reference : array of int
        Numbers of the rows among which neighbours are looked for.
    support_fraction : float
        Share of the weight to keep.
    n_neighbors, seed
        See `usual_neighbors`.

    Returns
    -------
    array of shape (n,), bool
        True for at least two rows of a weight above 0.
    """
    view = scorer.output(rows, reference)
    score = usual_neighbors(view, n_neighbors, seed)
    judged = Judged(rows, weight)
    anomaly = judged.of(lambda own: np.concatenate([*_anomalies(scorer, score, own)]))
    most = weighted_quantile(anomaly, judged.weight, support_fraction)
    if judged.is_whole:
        kept = anomaly <= most
    else:
        blocks = _anomalies(scorer, score, rows)
        kept = all_rows(np.concatenate([block <= most for block in blocks]))
    seen = kept if weight is None else kept & (weight > 0)
    return kept if seen.sum() > 1 else np.ones(rows.n, bool)


def _anomalies(
    scorer: EnsembleScorer, score: Neighbors, rows: Rows
) -> Iterator[np.ndarray]:
    return (rounded(score.anomaly(view)) for view in scorer.outputs(rows))
