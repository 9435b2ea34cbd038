"""Scores of detectors, of one kind each."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import numpy as np
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.utils import gen_batches

from skunsup._sklearn import one_thread
from skunsup._threads import in_threads
from skunsup.models._latent import checked_attributions
from skunsup.outliers._ensemble import EnsembleOutput, is_among
from skunsup.outliers._mahalanobis import MOST_DIRECTIONS, Mahalanobis
from skunsup.outliers._neighbors import normalised
from skunsup.outliers._scales import Deviations

RIDGE = 0.05  # of the covariance of residuals, in mean variances
MOST_SHRUNK = 0.99  # so that some of the covariance is left
MOST_STEPS = 5  # of concentration, which seldom takes more
ROWS_A_DIRECTION = 5  # of a covariance; the variances of fewer would follow the rows
MOST_OWN = 0.9  # of a covariance that a single row is taken to make up
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
        return checked_attributions(view.mean(view.computed("split_loss")), self.loss)


class Residual:
    """Mahalanobis distance of the residual x - decode(encode(x)) from its mean.

    It counts what is unusual in a column that is usually reconstructed well for more,
    and what goes along in several columns once. The covariance is that of residuals of
    rows which the network did not train on, where there are several networks. A row
    that is one of the reference does not count in the covariance it is judged by, so
    that its distance compares with those of new rows.
    """

    # Hashes of the reference. None: every row counts as new.
    own: np.ndarray | None = None
    n_rows = 2

    def fit(self, view: EnsembleOutput, kept: np.ndarray) -> "Residual":
        """Learn mean and covariance of the residuals of rows."""
        with _threads(view.x):
            residuals, counted = view.residuals[kept], view.counted[kept]
            rows = residuals[counted > 0].astype(np.float64)
            weight = counted[counted > 0] / len(counted)
            self.own, self.n_rows = np.unique(view.hashes[kept]), len(counted)
            self.distance = Mahalanobis(rows, weight, RIDGE, MOST_DIRECTIONS)
        return self

    def anomaly(self, view: EnsembleOutput) -> np.ndarray:
        """Return the root of the mean square over networks and columns."""
        n, n_members, d = view.residuals.shape
        # One network takes less time than threads; large products bring their own.
        whole = n_members == 1 or d > MOST_DIRECTIONS
        size = n if whole else max(1, BLOCK // n_members)
        pieces = [view.residuals[at] for at in gen_batches(n, size)]
        with _threads(view.x):
            squares = np.concatenate(in_threads(self.distance.squares, pieces))
        return np.sqrt(self._as_new(view, np.maximum(view.mean(squares), 0.0)) / d)

    def shares(self, view: EnsembleOutput) -> np.ndarray:
        """Split the distance over columns by the whitened residual."""
        with _threads(view.x):
            squares = view.mean(self.distance.split(view.residuals))
        whole = self._as_new(view, squares.sum(axis=1)) / squares.shape[1]
        return normalised(squares) * np.sqrt(whole)[:, None]

    def _as_new(self, view: EnsembleOutput, squares: np.ndarray) -> np.ndarray:
        """Return squared distances, (n,), of reference rows from what the others are.

        By the formula of Sherman & Morrison (1950): for one of n rows at a squared
        distance of q, the covariance of the others gives n q / (n - 1 - q).
        """
        if self.own is None:
            return squares
        others = max(self.n_rows - 1, 1)
        share = np.minimum(squares / others, MOST_OWN)
        own = is_among(view.hashes, self.own)
        return np.where(own, squares * (1 + 1 / others) / (1 - share), squares)


class Covariance:
    """Mahalanobis distance of rows from their mean, columns in standard deviations.

    The covariance is shrunk as far as Ledoit & Wolf (2004) find best, and has one
    direction for five rows at most, so there may be more columns than rows. Of the rows
    kept it goes on to as many with the smallest distances: the concentration steps of
    the minimum covariance determinant (Rousseeuw & Van Driessen 1999).
    """

    def fit(self, view: EnsembleOutput, kept: np.ndarray) -> "Covariance":
        """Learn mean and covariance of the rows that `kept` picks, or closer ones."""
        self.scales = Deviations(view.distance_features)
        rows = self._scaled(view)
        with _threads(rows):
            for _ in range(0 if kept.all() else MOST_STEPS):
                squares = _shrunk(rows[kept]).squares(rows)
                closer = squares <= np.quantile(squares, kept.mean())
                if (closer == kept).all() or closer.sum() < 2:
                    break
                kept = closer
            self.distance = _shrunk(rows[kept])
        return self

    def anomaly(self, view: EnsembleOutput) -> np.ndarray:
        """Return the root of the mean square over columns."""
        rows = self._scaled(view)
        with _threads(rows):
            squares = self.distance.squares(rows)
        return np.sqrt(np.maximum(squares, 0.0) / rows.shape[1])

    def shares(self, view: EnsembleOutput) -> np.ndarray:
        """Split the distance over columns by the whitened row."""
        squares = self.distance.split(self._scaled(view))
        return normalised(squares) * np.sqrt(squares.mean(axis=1, keepdims=True))

    def _scaled(self, view: EnsembleOutput) -> np.ndarray:
        return self.scales(view.distance_features)


def _shrunk(rows: np.ndarray) -> Mahalanobis:
    """Return the distance by a covariance that is shrunk to the mean variance."""
    # Rounding makes the shrinkage of rows that take two values negative.
    shrunk = float(np.clip(ledoit_wolf_shrinkage(rows), 0.0, MOST_SHRUNK))
    weight = np.full(len(rows), 1.0 / len(rows))
    most = len(rows) // ROWS_A_DIRECTION
    return Mahalanobis(rows, weight, shrunk / (1.0 - shrunk), most)


def _threads(rows: np.ndarray) -> AbstractContextManager:
    """One thread where products are small: the search for neighbours comes next."""
    small = rows.shape[-1] <= MOST_DIRECTIONS
    return one_thread("blas") if small else nullcontext()
