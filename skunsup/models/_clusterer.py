"""Base of the clusterers: training that keeps labels, and clusters of new rows."""

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClusterMixin
from sklearn.utils import ClassifierTags, Tags

from skunsup._docstrings import documented
from skunsup._documentation import FIT, ROWS
from skunsup._estimator import DeepEstimator
from skunsup._sklearn import unchanged_on_error, validated
from skunsup.models._latent import summing_to_one


class Clusterer(ClusterMixin, DeepEstimator):
    """Base of the estimators whose network gives each row probabilities of clusters."""

    @validated(prefer_skip_nested_validation=True)
    @documented(FIT)
    def fit(
        self, X: Any, y: Any = None, *, sample_weight: Any = None, X_val: Any = None
    ) -> Self:
        """Train on `X` and find the clusters of its rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Training rows, on a scale near 1; at least `n_clusters` of them.

        Raises
        ------
        ValueError
            If the data, a parameter or their combination cannot be used, or if the loss
            is not finite in the first epoch. The estimator is then as it was before.
        """
        with self._fitting():
            super().fit(X, y, sample_weight=sample_weight, X_val=X_val)
            self.labels_ = self.predict(X)
        return self

    @documented(FIT)
    def partial_fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Self:
        """Train on one more batch of a stream: one pass over `X`.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            At least one row; in the first call `n_clusters` of them.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`.

        Raises
        ------
        ValueError
            As in `fit`, and if `X` has other columns than before.
        """
        with unchanged_on_error(self):
            super().partial_fit(X, y, sample_weight=sample_weight)
            self.labels_ = self.predict(X)
        return self

    @documented(ROWS)
    def predict(self, X: Any) -> np.ndarray:
        """Find the cluster of each row.

        Returns
        -------
        ndarray of shape (n_samples,)
            Numbers from 0 to `n_clusters` - 1, of the most probable clusters.
        """
        return self._probabilities(X).argmax(axis=1)

    @abstractmethod
    def _probabilities(self, X: Any) -> np.ndarray:
        """Return the share of each cluster in each row, (n_samples, n_clusters)."""


class SoftClusterer(Clusterer):
    """Base of the clusterers with `predict_proba`."""

    # Method of the network that gives the shares.
    _probability_method: ClassVar[str]

    def __sklearn_tags__(self) -> Tags:
        return with_probabilities(super().__sklearn_tags__())

    @documented(ROWS)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Share of each cluster in each row.

        Returns
        -------
        ndarray of shape (n_samples, n_clusters), float64
            In [0, 1], rows sum to 1.
        """
        return self._probabilities(X)

    def _probabilities(self, X: Any) -> np.ndarray:
        return summing_to_one(self._compute(self._probability_method, X)[0])


def with_probabilities(tags: Tags) -> Tags:
    """Return the tags of a model with `predict_proba` that is no classifier.

    scikit-learn's check of sparse rows reads the tags of classifiers of whatever has
    that method, so there are some; the kind of estimator stays what it was.
    """
    tags.classifier_tags = ClassifierTags()
    return tags
