"""Scores of detectors made of several, and the choice among all."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from skunsup.outliers._columns import Columns
from skunsup.outliers._ensemble import EnsembleOutput
from skunsup.outliers._neighbors import Neighbors, normalised
from skunsup.outliers._scales import Scales
from skunsup.outliers._scores import Covariance, Reconstruction, Residual, Score
from skunsup.outliers._tails import Tail

WEIGHTS = (1 / 4, 3 / 4)  # of residual and neighbours in a product
FLOOR = 0.02  # of a typical value, so that no factor of a product is all but zero
TYPICAL_ROWS = 256


class Hybrid:
    """Weighted geometric mean of scores: high only where all are.

    Parameters
    ----------
    weights : sequence of float
        Weight of each score; sum to 1.
    *parts : Score
        The scores.
    """

    def __init__(self, weights: Sequence[float], *parts: Score) -> None:
        self.weights, self.parts = np.asarray(weights), parts

    def fit(self, view: EnsembleOutput, kept: np.ndarray) -> "Hybrid":
        """Fit both scores."""
        few = view.part(np.flatnonzero(kept)[:TYPICAL_ROWS])
        fitted = [part.fit(view, kept) for part in self.parts]
        self.floors = [FLOOR * np.median(part.anomaly(few)) for part in fitted]
        return self

    def anomaly(self, view: EnsembleOutput) -> np.ndarray:
        """Return the product of the scores to the power of their weights."""
        factors = [
            (part.anomaly(view) + floor) ** weight
            for part, floor, weight in zip(
                self.parts, self.floors, self.weights, strict=True
            )
        ]
        return np.prod(factors, axis=0)

    def shares(self, view: EnsembleOutput) -> np.ndarray:
        """Give each part its weight in the score, split as the part does."""
        split = [normalised(part.shares(view)) for part in self.parts]
        return np.tensordot(self.weights, split, 1) * self.anomaly(view)[:, None]


class Sum:
    """Sum of tail probabilities of scores: high where some are, or one is very high.

    Fisher's method of combining tests, of scores that need not be independent. Scores
    that err in different places are thus corrected by the others.

    Parameters
    ----------
    *parts : Score
        The scores.
    """

    def __init__(self, *parts: Score) -> None:
        self.parts = parts

    def fit(self, view: EnsembleOutput, kept: np.ndarray) -> "Sum":
        """Fit each score, and its tail, to the reference rows that are kept."""
        fitted = [part.fit(view, kept) for part in self.parts]
        self.tails = [Tail(part.anomaly(view)[kept]) for part in fitted]
        return self

    def anomaly(self, view: EnsembleOutput) -> np.ndarray:
        """Return the sum of the tails of the scores."""
        found = zip(self.parts, self.tails, strict=True)
        return np.sum([tail(part.anomaly(view)) for part, tail in found], axis=0)

    def shares(self, view: EnsembleOutput) -> np.ndarray:
        """Split the tail of each score as the score itself is split."""
        split = np.zeros_like(view.x, np.float64)
        for part, tail in zip(self.parts, self.tails, strict=True):
            shares = part.shares(view)
            split += normalised(shares) * tail(shares.sum(axis=1))[:, None]
        return split


SCORES: dict[str, Callable[[Any, float], Score]] = {
    "columns": lambda loss, k: Columns(),
    "covariance": lambda loss, k: Covariance(),
    "hybrid": lambda loss, k: Hybrid(WEIGHTS, Residual(), Neighbors(k, Scales)),
    "neighbors": lambda loss, k: Neighbors(k, Scales),
    "reconstruction": lambda loss, k: Reconstruction(loss),
    "residual": lambda loss, k: Residual(),
}

# The others have no unit, or are made of these.
SUMMED = SCORES.keys() - {"hybrid", "reconstruction"}


def made_score(scoring: str | Sequence[str], loss: Any, n_neighbors: float) -> Score:
    """Return the score that a name stands for, or the sum of several.

    Parameters
    ----------
    scoring : str or sequence of str
        Names in `SCORES`.
    loss : object
        Loss of reconstruction, for messages.
    n_neighbors : int or float
        Number of the neighbour, or a fraction of the reference.
    """
    if isinstance(scoring, str):
        return SCORES[scoring](loss, n_neighbors)
    if not scoring or not SUMMED.issuperset(scoring):
        raise ValueError(
            f"scoring={scoring!r}, but expected names of scores to add up, among "
            f"{sorted(SUMMED)}, such as ('neighbors', 'covariance')."
        )
    return Sum(*(SCORES[name](loss, n_neighbors) for name in scoring))
