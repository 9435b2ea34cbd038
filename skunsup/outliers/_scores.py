"""Scores of detectors."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import numpy as np
from sklearn.utils import gen_batches
from sklearn.utils.extmath import randomized_svd

from skunsup._sklearn import one_blas_thread
from skunsup._threads import in_threads
from skunsup.models._latent import checked_shares
from skunsup.outliers._ensemble import EnsembleOutput
from skunsup.outliers._neighbors import Neighbors, normalised

WEIGHTS = (1 / 4, 3 / 4)  # of residual and neighbours
SHRINKAGE = 0.05  # of the covariance of residuals towards the mean variance
MOST_DIRECTIONS = 256
FLOOR = 0.02  # of a typical value, so that no factor of a product is all but zero
TYPICAL_ROWS = 256
ROUNDS = 3
BLOCK = 8192  # residuals that are whitened at once


class Score(Protocol):
    """Anomaly score of each row, and its attribution to columns."""

    def fit(self, view: EnsembleOutput, kept: np.ndarray) -> "Score":
        """Learn from the reference rows that the mask `kept` picks."""

    def anomaly(self, view: EnsembleOutput) -> np.ndarray:
        """Return one number a row, shape (n,), higher for more outlying rows."""

    def shares(self, view: EnsembleOutput) -> np.ndarray:
        """Return non-negative (n, n_features), summing over columns to `anomaly`."""


class Reconstruction:
    """Negative model score.

    Parameters
    ----------
    loss : object
        Reconstruction loss, for messages.
    """

    def __init__(self, loss: Any) -> None:
        self.loss = loss

    def fit(self, view: EnsembleOutput, kept: np.ndarray) -> "Reconstruction":
        """Nothing to learn."""
        return self

    def anomaly(self, view: EnsembleOutput) -> np.ndarray:
        """Return minus the model's score."""
        return -view.mean(view.computed("row_score"))

    def shares(self, view: EnsembleOutput) -> np.ndarray:
        """Return the columns' shares in the loss of reconstruction."""
        return checked_shares(view.mean(view.computed("split_loss")), self.loss)


class Residual:
    """Mahalanobis distance of the residual x - decode(encode(x)) from its mean.

    It counts what is unusual in a column that is usually reconstructed well for more,
    and what goes along in several columns once. The covariance is that of residuals of
    rows which the network did not train on, where there are several networks; up to 256
    directions are kept, the others share one variance (Tipping & Bishop 1999, eq. 7).
    """

    def fit(self, view: EnsembleOutput, kept: np.ndarray) -> "Residual":
        """Learn mean and covariance of the residuals of rows."""
        with _threads(view):
            return self._fit(view.part(kept))

    def _fit(self, view: EnsembleOutput) -> "Residual":
        counts = view.counted > 0
        rows = view.residuals[counts].astype(np.float64)
        weight = view.counted[counts] / len(view.x)
        self.mean = weight @ rows
        centred = (rows - self.mean) * np.sqrt(weight)[:, None]
        total, d = np.square(centred).sum(), rows.shape[1]
        if d <= MOST_DIRECTIONS:
            variances, axes = np.linalg.eigh(centred.T @ centred)
            axes = axes.T
        else:
            _, lengths, axes = randomized_svd(centred, MOST_DIRECTIONS, random_state=0)
            variances = np.square(lengths)
        least = SHRINKAGE * total / d or 1.0
        rest = max(total - variances.sum(), 0.0) / max(d - len(variances), 1) + least
        # Inverse square roots, as a correction to the one that the rest has.
        self.inner = 1.0 / np.sqrt(np.maximum(variances, 0.0) + least)
        self.outer = 1.0 / np.sqrt(rest)
        self.axes = axes
        return self

    def anomaly(self, view: EnsembleOutput) -> np.ndarray:
        """Return the root of the mean square over networks and columns."""
        n, n_members, d = view.residuals.shape
        # One network takes less time than threads; large products bring their own.
        whole = n_members == 1 or d > MOST_DIRECTIONS
        size = n if whole else max(1, BLOCK // n_members)
        pieces = [view.residuals[at] for at in gen_batches(n, size)]
        with _threads(view):
            squares = np.concatenate(in_threads(self._squares, pieces))
        return np.sqrt(np.maximum(view.mean(squares), 0.0) / d)

    def _squares(self, residuals: np.ndarray) -> np.ndarray:
        centred, along = self._centred(residuals)
        squares = self.outer**2 * np.einsum("nmd,nmd->nm", centred, centred)
        squares += np.square(along) @ (self.inner**2 - self.outer**2)
        return squares

    def shares(self, view: EnsembleOutput) -> np.ndarray:
        """Split the distance over columns by the squares of the whitened residual.

        Whitened symmetrically, which keeps each column as close to itself as can be
        (Kessy, Lewin & Strimmer 2018).
        """
        with _threads(view):
            centred, along = self._centred(view.residuals)
        correction = (along * (self.inner - self.outer)) @ self.axes
        squares = view.mean(np.square(self.outer * centred + correction))
        return normalised(squares) * np.sqrt(squares.mean(axis=1, keepdims=True))

    def _centred(self, residuals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return residuals around their mean, and how far they go in each direction."""
        centred = residuals - self.mean
        # As one product: of three axes NumPy makes one for each row.
        along = centred.reshape(-1, centred.shape[-1]) @ self.axes.T
        return centred, along.reshape(*centred.shape[:-1], -1)


def _threads(view: EnsembleOutput) -> AbstractContextManager:
    """One thread where products are small: the search for neighbours comes next."""
    small = view.residuals.shape[-1] <= MOST_DIRECTIONS
    return one_blas_thread() if small else nullcontext()


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


SCORES: dict[str, Callable[[Any, float], Score]] = {
    "hybrid": lambda loss, k: Hybrid(WEIGHTS, Residual(), Neighbors(k)),
    "neighbors": lambda loss, k: Neighbors(k),
    "reconstruction": lambda loss, k: Reconstruction(loss),
    "residual": lambda loss, k: Residual(),
}


def fit_score(score: Score, view: EnsembleOutput, support_fraction: float) -> Score:
    """Fit `score` to reference rows without those that it finds most outlying.

    Parameters
    ----------
    score : Score
        To be fitted.
    view : View
        Reference rows.
    support_fraction : float
        Proportion of the rows to fit to.
    """
    kept = np.ones(len(view.x), bool)
    for _ in range(ROUNDS if support_fraction < 1.0 else 0):
        anomaly = score.fit(view, kept).anomaly(view)
        inner = anomaly <= np.quantile(anomaly, support_fraction)
        if inner.sum() < 2:
            break
        kept = inner
    return score.fit(view, kept)
