"""Base of the estimators whose codes may follow a mixture that is learned with them."""

from typing import Any

import numpy as np
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skunsup._docstrings import documented
from skunsup._documentation import ROWS
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import available_if, integers
from skunsup.models._clusterer import with_probabilities
from skunsup.models._fitted_prior import FittedPriorSampler
from skunsup.models._gaussian import LOG_VARIANCES, LearnedMixture


def _has_clusters(model: "MixturePriorSampler") -> bool:
    if model.n_clusters is None:
        raise AttributeError(
            "Codes follow one normal distribution, so there are no clusters. Give "
            "n_clusters=10, or as many as are wanted, before fit."
        )
    return True


@parameters
class MixtureParameters:
    """Mixture prior.

    Parameters
    ----------
    n_clusters : int or None
        Components of the mixture that codes follow, at most the number of rows; None
        for one standard normal distribution.
    """

    n_clusters: int | None = parameter([integers(1), None], default=None)


class MixturePriorSampler(FittedPriorSampler, MixtureParameters):
    """Base of the estimators with clusters, where `n_clusters` gives their number."""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        return tags if self.n_clusters is None else with_probabilities(tags)

    @available_if(_has_clusters)
    @documented(ROWS)
    def predict(self, X: Any) -> np.ndarray:
        """Find the most probable component of each row.

        Returns
        -------
        ndarray of shape (n_samples,)
            Numbers from 0 to `n_clusters` - 1.
        """
        return self.predict_proba(X).argmax(axis=1)

    @available_if(_has_clusters)
    @documented(ROWS)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each component of the mixture, given a row.

        Returns
        -------
        ndarray of shape (n_samples, n_clusters), float64
            In [0, 1], rows sum to 1.
        """
        codes = np.split(self._compute("posterior", X)[0], 2, axis=1)
        return self._learned_mixture().memberships(*codes)

    @property
    def weights_(self) -> np.ndarray:
        """Shares of the components of the mixture."""
        return self._learned_mixture().weights

    @property
    def means_(self) -> np.ndarray:
        """Means of the components of the mixture."""
        return self._learned_mixture().means

    @property
    def covariances_(self) -> np.ndarray:
        """Variances of the columns of the code in each component."""
        return self._learned_mixture().variances

    def _prior(self) -> Any:
        if self.n_clusters is None or self.fitted_prior is not False:
            return super()._prior()
        return self._learned_mixture()

    def _learned_mixture(self) -> LearnedMixture:
        _has_clusters(self)
        check_is_fitted(self)
        logits, means, log_variances = (
            self._network.value(f"mixture_{name}").astype(np.float64)
            for name in ("logits", "means", "log_variances")
        )
        shares = np.exp(logits - logits.max())
        variances = np.exp(np.clip(log_variances, *LOG_VARIANCES))
        return LearnedMixture(shares / shares.sum(), means, variances)
