"""Clusters by a mixture of normal distributions, where rows look like one."""

import numpy as np
from sklearn.mixture import GaussianMixture

from skunsup.models._gaussian_mixture import gaussian_mixture

MOST_ROWS = 2_000  # that mixtures are fitted to
STARTS = 10  # of k-means, as many as for the partitions of the graph
# Each covariance of its own; one for all clusters; without correlations; of one radius.
TYPES = ("full", "tied", "diag", "spherical")
NUMBERS_EACH = 8  # numbers in the rows for each parameter of a mixture, at least
RIDGE = 1e-4  # added to variances, which are 1 on average


def mixture_clusters(
    rows: np.ndarray, n_clusters: int, rng: np.random.Generator
) -> np.ndarray | None:
    """Return the clusters of a mixture, or None where rows do not look like one.

    Mixtures of so many normal distributions, of one more and of twice as many are
    compared by the Bayesian information criterion, each with the kind of covariances
    that suits it best (Fraley & Raftery 2002). If more distributions describe rows
    better, a cluster is not one of them. Kinds with too many parameters for the rows
    are left out.

    Parameters
    ----------
    rows : array of shape (n, width)
        Distinct rows, each of which counts once.
    n_clusters : int
        At least 2.
    rng : numpy.random.Generator
        Seeds the mixtures, and draws rows where there are many.

    Returns
    -------
    array of int, shape (n,), or None
    """
    n = min(len(rows), MOST_ROWS)
    sample = rows[rng.permutation(len(rows))[:n]].astype(np.float64)
    kinds = [kind for kind in TYPES if suited(kind, n_clusters, *sample.shape)]
    if not kinds or 2 * n_clusters > n:
        return None
    seed = int(rng.integers(2**31))
    fitted = [fit(sample, n_clusters, kind, seed) for kind in kinds]
    criteria = [model.bic(sample) for model in fitted]
    if _more_are_better(sample, n_clusters, kinds, seed, min(criteria)):
        return None
    best = fitted[int(np.argmin(criteria))]
    labels: np.ndarray = best.predict(rows.astype(np.float64))
    return labels if len(np.unique(labels)) == n_clusters else None


def suited(kind: str, n_clusters: int, n: int, width: int) -> bool:
    """Tell whether rows hold enough numbers for the parameters of a mixture."""
    square = width * (width + 1) // 2
    covariances = {
        "full": n_clusters * square,
        "tied": square,
        "diag": n_clusters * width,
        "spherical": n_clusters,
    }
    return n * width >= NUMBERS_EACH * (n_clusters * width + covariances[kind])


def _more_are_better(
    rows: np.ndarray, n_clusters: int, kinds: list[str], seed: int, criterion: float
) -> bool:
    """Tell whether a mixture of more distributions has a smaller criterion.

    One start, the first of all, is enough to know that where it has.
    """
    return any(
        fit(rows, more, kind, seed, n_starts).bic(rows) < criterion
        for n_starts in (1, STARTS)
        for more in dict.fromkeys([2 * n_clusters, n_clusters + 1])
        for kind in kinds
    )


def fit(
    rows: np.ndarray, n_components: int, kind: str, seed: int, n_starts: int = STARTS
) -> GaussianMixture:
    """Return a mixture, the likeliest of some starts."""
    return gaussian_mixture(
        rows,
        n_components,
        seed,
        covariance_type=kind,
        reg_covar=RIDGE,
        n_init=n_starts,
    )
