"""Mahalanobis distance, and its attribution to columns."""

import numpy as np
from sklearn.utils.extmath import randomized_svd

MOST_DIRECTIONS = 256
MOST_EXACT = 1024  # columns up to which all directions take less time than 256


class Mahalanobis:
    """Distance from the mean in units of the covariance, with a ridge.

    The leading directions of the covariance are kept, the others share one variance
    (Tipping & Bishop 1999, eq. 7). So rows may have more columns than there are rows.

    Parameters
    ----------
    rows : array of shape (n, n_features), float64
        Rows to learn from.
    weight : array of shape (n,)
        Their weights; sum to 1.
    ridge : float
        What is added to the variance of each direction, in mean variances.
    n_directions : int
        How many directions to keep, at most 256.
    """

    def __init__(
        self, rows: np.ndarray, weight: np.ndarray, ridge: float, n_directions: int
    ) -> None:
        self.mean = weight @ rows
        centred = (rows - self.mean) * np.sqrt(weight)[:, None]
        total, d = np.square(centred).sum(), rows.shape[1]
        kept = max(1, min(n_directions, MOST_DIRECTIONS, len(rows)))
        if d <= MOST_EXACT:
            variances, axes = np.linalg.eigh(centred.T @ centred)
            variances, axes = variances[-kept:], axes[:, -kept:].T
        else:
            _, lengths, axes = randomized_svd(centred, kept, random_state=0)
            variances = np.square(lengths)
        least = ridge * total / d or 1.0
        rest = max(total - variances.sum(), 0.0) / max(d - len(variances), 1) + least
        # Inverse square roots, as a correction to the one that the rest has.
        self.inner = 1.0 / np.sqrt(np.maximum(variances, 0.0) + least)
        self.outer = 1.0 / np.sqrt(rest)
        self.axes = axes

    def squares(self, rows: np.ndarray) -> np.ndarray:
        """Return squared distances, (...), of rows of shape (..., n_features)."""
        centred, along = self._centred(rows)
        squares = self.outer**2 * np.einsum("...d,...d->...", centred, centred)
        squares += np.square(along) @ (self.inner**2 - self.outer**2)
        return squares

    def split(self, rows: np.ndarray) -> np.ndarray:
        """Split squared distances over columns, (..., n_features).

        By the squares of rows whitened symmetrically, which keeps each column as close
        to itself as can be (Kessy, Lewin & Strimmer 2018).
        """
        centred, along = self._centred(rows)
        correction = (along * (self.inner - self.outer)) @ self.axes
        return np.square(self.outer * centred + correction)

    def _centred(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rows around their mean, and how far they go in each direction."""
        centred = rows - self.mean
        # As one product: of three axes NumPy makes one for each row.
        along = centred.reshape(-1, centred.shape[-1]) @ self.axes.T
        return centred, along.reshape(*centred.shape[:-1], -1)
