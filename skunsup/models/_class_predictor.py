"""Base of classifiers: classes of labels, some of them missing, and predictions."""

from abc import ABCMeta, abstractmethod
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin

from skunsup._docstrings import documented
from skunsup._documentation import ROWS
from skunsup.models._labels import accuracy, as_labels, distinct, find_classes

ONE_CLASS = (
    "y labels rows of {n} class{es} with positive weight, but a classifier needs at "
    "least 2 classes. Give labels of more classes; -1 marks a row without a label."
)


class ClassPredictor(ClassifierMixin, metaclass=ABCMeta):
    """Base of classifiers that give probabilities of `classes_`."""

    classes_: np.ndarray

    @abstractmethod
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, (n_samples, n_classes)."""

    @documented(ROWS)
    def predict(self, X: Any) -> np.ndarray:
        """Find the most probable class of each row.

        Returns
        -------
        ndarray of shape (n_samples,)
            Of `classes_`.
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy of `predict` on rows whose label is not missing.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Rows like those of `fit`.
        y : array-like of shape (n_samples,)
            Their true labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        float
            Share of rows, in [0, 1].
        """
        return accuracy(y, self.predict(X), sample_weight)

    def _classes_of_fit(self, y: np.ndarray, *, keep: bool) -> np.ndarray:
        """Return the classes in `y`, or with `keep` those that are known."""
        known = getattr(self, "classes_", None)
        return known if keep and known is not None else _several(find_classes(y))

    def _classes_of_stream(self, y: np.ndarray, classes: Any) -> np.ndarray:
        """Return the classes, known before, given, or in the first batch."""
        if classes is None:
            return self._classes_of_fit(y, keep=True)
        given, known = distinct(as_labels(classes)), getattr(self, "classes_", None)
        if known is not None and not np.array_equal(given, known):
            raise ValueError(
                f"classes={given.tolist()}, but the first call had {known.tolist()}. "
                "Leave classes out, or call fit to start anew."
            )
        return _several(given)


def _several(classes: np.ndarray) -> np.ndarray:
    if len(classes) < 2:
        raise ValueError(ONE_CLASS.format(n=len(classes), es=""))
    return classes
