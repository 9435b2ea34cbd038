"""Rows as a few principal components, on one scale."""

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils import gen_batches

from skunsup._networks import Likelihood
from skunsup._random import draw_seed
from skunsup._training import Rows, WeightedSampler

N_COMPONENTS = 64
MOST_ROWS, MOST_CELLS = 20_000, 2**25  # of the rows that components are learned from
BLOCK_CELLS = 2**21
EXACT_COLUMNS = 1_000  # of which the covariance takes less time than an iteration
TINY = 1e-12
SMALLEST = 1e-30  # deviation to divide by, so that its inverse is in range


@dataclass(frozen=True)
class LearnedProjection:
    """A linear map from rows to what their distances are measured on.

    Rows of up to 64 columns are centred and divided by one number; of wider ones the 64
    leading principal components are taken. They keep their variances.

    Parameters
    ----------
    kernel : array of float32, shape (n_columns, width)
        Columns of the features that say how far apart rows are, to components.
    offset : array of float32, shape (width,)
        What is added.
    unit_rows : bool
        Whether rows are divided by their lengths before.
    likelihood : Likelihood or None
        What the columns of rows mean.
    """

    kernel: np.ndarray
    offset: np.ndarray
    unit_rows: bool
    likelihood: Likelihood | None

    def apply(self, block: np.ndarray) -> np.ndarray:
        """Return the projections of rows (n, n_columns), shape (n, width), float32."""
        given = features(block, self.likelihood, self.unit_rows)
        projected: np.ndarray = given @ self.kernel + self.offset
        return projected

    def all_of(self, rows: Rows, index: np.ndarray) -> np.ndarray:
        """Return the projections of the rows at `index`, read a block at a time."""
        parts = [self.apply(rows.take(index[at])) for at in blocks(len(index), rows.d)]
        return np.concatenate(parts)


def blocks(n: int, d: int) -> list[slice]:
    """Return slices of `n` rows of `d` columns that take some megabytes each."""
    return list(gen_batches(n, max(1, BLOCK_CELLS // d)))


def features(
    block: np.ndarray, likelihood: Likelihood | None, unit_rows: bool
) -> np.ndarray:
    """Return the columns that say how far apart rows are."""
    if likelihood is not None:
        block = likelihood.distance_features(block)
    if not unit_rows:
        return block
    lengths = np.sqrt(np.square(block).sum(axis=1, keepdims=True))
    return block / np.maximum(lengths, np.sqrt(TINY))


def learned_projection(
    rows: Rows,
    sample: WeightedSampler,
    likelihood: Likelihood | None,
    unit_rows: bool,
    rng: np.random.Generator,
) -> LearnedProjection:
    """Learn a projection from rows drawn by weight, of which it reads 20,000 at most.

    Parameters
    ----------
    rows : Rows
        The data.
    sample : WeightedSampler
        Draws the rows.
    likelihood : Likelihood or None
        What their columns mean.
    unit_rows : bool
        Whether they are divided by their lengths.
    rng : numpy.random.Generator
        Draws.
    """
    most = int(np.clip(MOST_CELLS // rows.d, 1, MOST_ROWS))
    drawn = sample.draw(min(sample.n_draws, most), rng)
    X = features(rows.take(drawn), likelihood, unit_rows)
    peak = float(np.abs(X).max()) or 1.0
    X = X / np.float32(peak)
    mean = X.mean(axis=0, dtype=np.float64)
    X -= mean.astype(np.float32)
    directions = _directions(X, draw_seed(rng) % 2**31)
    scale = float(np.sqrt(np.square(X @ directions).mean(dtype=np.float64))) or 1.0
    kernel = directions / max(peak * scale, SMALLEST)
    offset = -(peak * mean) @ kernel
    return LearnedProjection(
        kernel.astype(np.float32), offset.astype(np.float32), unit_rows, likelihood
    )


def _directions(X: np.ndarray, seed: int) -> np.ndarray:
    """Return the leading principal directions of centred rows, in columns."""
    n, d = X.shape
    if d <= N_COMPONENTS or n < 2:
        return np.eye(d)
    exact = d <= EXACT_COLUMNS
    solver = "covariance_eigh" if exact else "randomized"
    width = min(N_COMPONENTS, n)
    with np.errstate(invalid="ignore"):  # constant rows have no variance to share out
        pca = PCA(width, svd_solver=solver, random_state=seed).fit(X)
    return np.asarray(pca.components_.T, np.float64)
