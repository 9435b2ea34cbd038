"""Base of the models that generate rows."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skunsup._networks import GaussianPrior
from skunsup._random import make_generator
from skunsup._validation import check_rows


class Sampler:
    """Mixin of the estimators whose network decodes codes drawn from a prior."""

    def sample(self, n_samples: Any = 1, random_state: Any = None) -> np.ndarray:
        """Generate rows.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows, at least 1.
        random_state : int, RandomState instance or None, default=None
            Fixes the draws. An int gives equal rows in every call, and one row more or
            less does not change the others' distribution.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows in the units of the training data; float32 if these were, else float64.

        Raises
        ------
        ValueError
            If `n_samples` is not a whole number above 0.
        """
        check_is_fitted(self)
        if not isinstance(n_samples, Integral) or n_samples < 1:
            raise ValueError(
                f"n_samples={n_samples!r}, but expected a whole number of rows to "
                "generate, at least 1."
            )
        rng = make_generator(random_state)
        codes = self._prior().sample(int(n_samples), rng)
        rows = self._network.compute("decode", check_rows(codes))  # type: ignore[attr-defined]
        rows = self._observed(rows, rng)
        return self._inputs.restore_rows(rows, self._dtype)  # type: ignore[attr-defined]

    def _prior(self) -> Any:
        """Return the distribution of codes."""
        architecture = self._network.architecture  # type: ignore[attr-defined]
        return architecture.settings.get("prior") or GaussianPrior(self._n_noise())

    def _n_noise(self) -> int:
        return int(self.n_components_)  # type: ignore[attr-defined]

    def _observed(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw rows of which the decoder gives the means."""
        likelihood = self._inputs.likelihood_  # type: ignore[attr-defined]
        if likelihood is None:
            return rows
        return likelihood.sample(rows, np.zeros(likelihood.n_cells), rng)
