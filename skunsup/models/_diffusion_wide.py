"""Rows of many columns drawn given some of these, where components stand for rows."""

from collections.abc import Callable, Iterator

import numpy as np

from skunsup._training import as_rows
from skunsup.models._diffusion_noise import LOWEST, heun_step, noise_level
from skunsup.models._diffusion_rows import Scores

CHUNK = 256  # rows whose matrices are in memory at a time

Denoise = Callable[[np.ndarray, float], np.ndarray]


def draw_given(
    compute: Callable,
    scores: Scores,
    rows: np.ndarray,
    observed: np.ndarray,
    n_steps: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return rows that are drawn given some of their columns, float32.

    Parameters
    ----------
    compute : callable
        Of a method of the network and rows, as `FittedNetwork.compute`.
    scores : Scores
        Components of rows, and scores of these.
    rows : array of shape (n, n_columns)
        Columns that are not observed do not count.
    observed : array of bool, shape (n, n_columns)
        Which columns are known.
    n_steps : int
        Steps of the sampler.
    rng : numpy.random.Generator
        Draws.
    """
    found = []
    for at in _chunks(len(rows)):
        known = ObservedColumns(scores, rows[at], observed[at])
        noise = rng.standard_normal((len(rows[at]), scores.n_scores))

        def denoised(
            noisy: np.ndarray, sigma: float, known: ObservedColumns = known
        ) -> np.ndarray:
            level = np.full((len(noisy), 1), sigma)
            x = np.concatenate([noisy, level], axis=1, dtype=np.float32)
            return known.corrected(compute("denoised", as_rows(x)), sigma)

        found.append(scores.restored(_solved(denoised, noise, n_steps) / scores.scale))
    return np.concatenate(found)


def _chunks(n: int) -> Iterator[slice]:
    return (slice(start, start + CHUNK) for start in range(0, n, CHUNK))


def _solved(denoised: Denoise, noisy: np.ndarray, n_steps: int) -> np.ndarray:
    """Return scores at the end of the sampler, as `DiffusionNetwork.generate`."""

    def slope(y: np.ndarray, sigma: float) -> np.ndarray:
        c = 1.0 / np.sqrt(1.0 + sigma * sigma)
        return (c * y - denoised(y, sigma)) / (sigma * c)

    for i in range(n_steps):
        now, then = (noise_level(j / n_steps) for j in (i, i + 1))
        length = np.arctan(then) - np.arctan(now)
        noisy = heun_step(slope, noisy, now, then, length)
    return denoised(noisy, LOWEST)


class ObservedColumns:
    """Observed columns of rows, by which expected scores of components are corrected.

    Given a row with noise, its scores are taken for normal with the mean that the
    network gives and independent (Karras et al. 2022, of normal data), and observed
    columns for linear in them but for a rest of equal variance. The mean given both
    (Kalman 1960) is then what the network would give if it knew the columns.

    Parameters
    ----------
    scores : Scores
        Components of rows, and scores of these.
    rows : array of shape (n, n_columns)
        Columns that are not observed do not count.
    observed : array of bool, shape (n, n_columns)
        Which columns are known.
    """

    def __init__(self, scores: Scores, rows: np.ndarray, observed: np.ndarray) -> None:
        assert scores.components is not None
        self.margins, self.components = scores.margins, scores.components
        self.rows, self.observed = rows.astype(np.float64), observed
        self.scale = scores.scale.astype(np.float64)
        ends = np.array([m.restored(np.array([-1.0, 1.0])) for m in self.margins])
        steepness = 0.5 * (ends[:, 1] - ends[:, 0]) / self.scale
        self.directions = self.components.directions * steepness
        masks, place = np.unique(observed, axis=0, return_inverse=True)
        prior = np.diag(1.0 / np.square(scores.deviations.astype(np.float64)))
        solved = [
            np.linalg.eigh(prior + half.T @ half / self.components.rest)
            for half in (self.directions[mask] for mask in masks)
        ]
        self.precisions = np.stack([values for values, _ in solved])[place.ravel()]
        self.vectors = np.stack([vectors for _, vectors in solved])[place.ravel()]

    def corrected(self, expected: np.ndarray, sigma: float) -> np.ndarray:
        """Return the scores that are expected given the observed columns, too.

        Parameters
        ----------
        expected : array of shape (n, k)
            By the noisy scores alone, times their scale.
        sigma : float
            Level of noise.
        """
        columns = (expected / self.scale).astype(np.float64).T
        pairs = zip(self.margins, columns, strict=True)
        values = np.stack([m.restored(z) for m, z in pairs], axis=1)
        found = self.components.mean + values @ self.components.directions.T
        gap = np.where(self.observed, self.rows - found, 0.0)
        pull = gap @ self.directions / self.components.rest
        turned = np.einsum("nij,ni->nj", self.vectors, pull)
        turned /= self.precisions + 1.0 / sigma**2
        return expected + np.einsum("nij,nj->ni", self.vectors, turned)
