"""Mixtures of normal distributions that are fitted to codes."""

import warnings
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from skunsup._sklearn import one_thread


def gaussian_mixture(
    rows: np.ndarray, n_components: int, seed: int, **params: Any
) -> GaussianMixture:
    """Return a mixture fitted to rows, whatever scikit-learn's settings are.

    With array API dispatch there is no start by k-means. Products are of small
    matrices, which several threads compute more slowly than one. Few distinct rows, or
    steps that did not converge, are no reason to warn: what was found is used as it is.

    Parameters
    ----------
    rows : array of shape (n, width), float
        At least `n_components` rows.
    n_components : int
        Number of distributions.
    seed : int
        Below 2**31.
    **params
        Other parameters of the mixture.
    """
    model = GaussianMixture(n_components, random_state=seed, **params)
    with (
        config_context(array_api_dispatch=False),
        one_thread("blas"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(rows)
