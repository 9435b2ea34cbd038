"""The base of all detectors: everything but where the scores come from."""

from abc import ABCMeta, abstractmethod
from typing import Any

import numpy as np
from sklearn.base import OutlierMixin
from sklearn.utils.validation import check_is_fitted

from skunsup._docstrings import documented
from skunsup._documentation import ROWS
from skunsup._persistence import PickledEstimator
from skunsup._sklearn import StrOptions, available_if, reals
from skunsup._training import one_process
from skunsup.outliers._threshold import (
    DETECTION_RATE,
    EXPECTED_SHARE,
    exceeded_quantile,
    fit_posterior,
    fit_tukey_g,
    weighted_quantile,
)

LARGEST = np.finfo(np.float64).max
CONTAMINATION = [StrOptions({"auto"}), reals(0, 0.5, "right")]


def _explains(detector: Any) -> bool:
    return hasattr(detector._scorer(), "feature_scores")


class Detector(OutlierMixin, PickledEstimator, metaclass=ABCMeta):
    """Base of the detectors: everything but where the scores come from.

    A subclass sets `estimator_` in `fit`, then calls `_take_columns` and
    `_learn_threshold`.
    """

    @abstractmethod
    def _scorer(self) -> Any:
        """Return the estimator that scores, or before `fit` the one that will."""

    @abstractmethod
    def _scores(self, X: Any) -> np.ndarray:
        """Return `score_samples` of the fitted detector."""

    @abstractmethod
    def _attributions(self, X: Any) -> np.ndarray:
        """Return `feature_scores` of the fitted detector."""

    @documented(ROWS)
    def score_samples(self, X: Any) -> np.ndarray:
        """Score rows.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Higher is more normal.
        """
        check_is_fitted(self, "offset_")
        return self._scores(X)

    @documented(ROWS)
    def decision_function(self, X: Any) -> np.ndarray:
        """Score rows relative to the threshold.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            `score_samples(X) - offset_`: negative for outliers.
        """
        with np.errstate(over="ignore"):
            decision = self.score_samples(X) - self.offset_
        return np.clip(decision, -LARGEST, LARGEST)

    @documented(ROWS)
    def predict(self, X: Any) -> np.ndarray:
        """Tell outliers from inliers.

        Returns
        -------
        ndarray of shape (n_samples,), int
            -1 for outliers, +1 for inliers.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    @documented(ROWS)
    def outlier_probability(self, X: Any) -> np.ndarray:
        """Rank rows as outliers on a scale from 0 to 1.

        The mean over the training rows is that of a probability of being an outlier,
        but single values are a rank: they are not calibrated.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            In [0, 1], 1 / (1 + exp(b - z)) for the normal score z of each row among the
            training scores (Gao & Tan 2006, section 3.1). Scores do not tell how many
            outliers there are: b is such that the mean over the training rows is
            `contamination`, or 0.1 where that is "auto". The slope is fixed: where
            outliers stand clear of the other rows it is too cautious, and where the
            most extreme rows are no outliers, too sure. On benchmark tables the share
            of outliers followed it up to one half and not beyond.
        """
        check_is_fitted(self, "offset_")
        return self._posterior(-self.score_samples(X))

    @available_if(_explains)
    @documented(ROWS)
    def feature_scores(self, X: Any) -> np.ndarray:
        """Tell which columns made rows outliers.

        Only where the estimator has `feature_scores`.

        Returns
        -------
        ndarray of shape (n_samples, n_features), float64
            Non-negative shares of the columns in what `score_samples` counts against
            the row; the class says what they sum to.
        """
        check_is_fitted(self, "offset_")
        return self._attributions(X)

    def _take_columns(self) -> None:
        """Set what `estimator_` knows about the columns, and forget the last ones."""
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))
            elif hasattr(self, name):
                delattr(self, name)

    def _check_processes(self) -> None:
        """Raise ValueError where the estimator would see the rows of one process."""
        one_process(f"{type(self).__name__} fits any estimator to the rows it has")

    def _learn_threshold(
        self, scores: np.ndarray, weight: Any, as_new: np.ndarray | None = None
    ) -> None:
        """Set `offset_` from the scores of the training rows.

        `as_new` are those that they would have as new rows, where they are known.
        """
        anomaly = -scores
        if np.isnan(anomaly).any():
            raise ValueError(
                f"{type(self.estimator_).__name__}.score_samples is NaN for row "
                f"{int(np.isnan(anomaly).argmax())} of X, which leaves no threshold. "
                "Use an estimator that scores each row."
            )
        if weight is not None:
            weight = np.broadcast_to(np.asarray(weight, np.float64), anomaly.shape)
        self._shape = fit_tukey_g(anomaly, weight)
        auto = self.contamination == "auto"
        share = EXPECTED_SHARE if auto else self.contamination
        self._posterior = fit_posterior(self._shape, anomaly, weight, share)
        if auto:
            new = anomaly if as_new is None else -as_new
            self.offset_ = -self._automatic_threshold(new, weight)
        else:
            self.offset_ = -weighted_quantile(anomaly, weight, 1 - self.contamination)

    def _automatic_threshold(self, anomaly: np.ndarray, weight: Any) -> float:
        n = len(anomaly) if weight is None else weight.sum()
        if self._all_normal():
            return exceeded_quantile(anomaly, weight, n, DETECTION_RATE)
        at = weighted_quantile(anomaly, weight, 1 - DETECTION_RATE)
        # Scores of several clusters can have a lighter tail than their middle says.
        return min(at, self._shape.quantile(1 - DETECTION_RATE))

    def _all_normal(self) -> bool:
        """Return True if the training rows are known to be normal."""
        return False
