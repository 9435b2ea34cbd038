"""Outlier detection around any estimator with `score_samples`."""

from abc import ABCMeta, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from sklearn import get_config
from sklearn.base import MetaEstimatorMixin, OutlierMixin, clone
from sklearn.utils import Tags, gen_batches, get_tags
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from skunsup._containers import check_container
from skunsup._persistence import PickledEstimator
from skunsup._sklearn import (
    DOC_LINK,
    HasMethods,
    StrOptions,
    available_if,
    count_rows,
    reals,
    unchanged_on_error,
    validated,
)
from skunsup._training import one_process
from skunsup.outliers._threshold import (
    DETECTION_RATE,
    EXPECTED_SHARE,
    exceeded_quantile,
    fit_posterior,
    fit_tukey_g,
    weighted_quantile,
)

SPARSE_BATCH = 1024
LARGEST = np.finfo(np.float64).max
CONTAMINATION = [StrOptions({"auto"}), reals(0, 0.5, "right")]


def _explains(detector: Any) -> bool:
    return hasattr(detector._scorer(), "feature_scores")


class Detector(OutlierMixin, PickledEstimator, metaclass=ABCMeta):
    """Base of the detectors: everything but where the scores come from.

    A subclass sets `estimator_` in `fit`, then calls `_take_columns` and
    `_learn_threshold`.
    """

    _doc_link_module = "skunsup"
    _doc_link_template = DOC_LINK

    @abstractmethod
    def _scorer(self) -> Any:
        """Return the estimator that scores, or before `fit` the one that will."""

    @abstractmethod
    def _scores(self, X: Any) -> np.ndarray:
        """Return `score_samples` of the fitted detector."""

    @abstractmethod
    def _shares(self, X: Any) -> np.ndarray:
        """Return `feature_scores` of the fitted detector."""

    def score_samples(self, X: Any) -> np.ndarray:
        """Score rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows like those of `fit`.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Higher is more normal.
        """
        check_is_fitted(self, "offset_")
        return self._scores(X)

    def decision_function(self, X: Any) -> np.ndarray:
        """Score rows relative to the threshold.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows like those of `fit`.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            `score_samples(X) - offset_`: negative for outliers.
        """
        with np.errstate(over="ignore"):
            decision = self.score_samples(X) - self.offset_
        return np.clip(decision, -LARGEST, LARGEST)

    def predict(self, X: Any) -> np.ndarray:
        """Tell outliers from inliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows like those of `fit`.

        Returns
        -------
        ndarray of shape (n_samples,), int
            -1 for outliers, +1 for inliers.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def outlier_probability(self, X: Any) -> np.ndarray:
        """Rank rows as outliers on a scale from 0 to 1.

        The mean over the training rows is that of a probability of being an outlier,
        but single values are a rank: they are not calibrated.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows like those of `fit`.

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
    def feature_scores(self, X: Any) -> np.ndarray:
        """Tell which columns made rows outliers.

        Only where the estimator has `feature_scores`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows like those of `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features), float64
            Non-negative shares of the columns in what `score_samples` counts against
            the row; the class says what they sum to.
        """
        check_is_fitted(self, "offset_")
        return self._shares(X)

    def _take_columns(self) -> None:
        """Set what `estimator_` knows about the columns, and forget the last ones."""
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))
            elif hasattr(self, name):
                delattr(self, name)

    def _check_processes(self) -> None:
        """Raise ValueError where each of several processes has rows of its own."""
        one_process(f"{type(self).__name__} learns its threshold from all rows")

    def _learn_threshold(self, scores: np.ndarray, weight: Any) -> None:
        """Set `offset_` from the scores of the training rows."""
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
            self.offset_ = -self._automatic_threshold(anomaly, weight)
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


class OutlierDetector(MetaEstimatorMixin, Detector):
    """Outlier detector around any estimator that scores rows.

    Fits a copy of `estimator`, scores the training rows with it, and learns from these
    scores where normal ends.

    Parameters
    ----------
    estimator : object
        Estimator with `fit` and `score_samples`, higher being more normal:
        :class:`Autoencoder`, or scikit-learn's GaussianMixture, KernelDensity, PCA.
    contamination : "auto" or float, default="auto"
        A float in (0, 0.5] makes that share of the training rows outliers. "auto" fits
        Tukey's g distribution [1]_ to the median and the 70 and 85 % quantiles of the
        training scores, which fewer than 15 % of outliers hardly move, and puts the
        threshold where clean data are flagged at a rate of about 1 %, as in the
        generalised boxplot [2]_, or at the 99 % quantile itself if that is lower.

    Attributes
    ----------
    estimator_ : object
        The fitted copy.
    offset_ : float
        `decision_function` is `score_samples` minus this.
    n_features_in_ : int
        Number of columns seen in `fit`, where `estimator_` knows it.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `estimator_` knows them.

    See Also
    --------
    AutoencoderDetector : The same around an autoencoder, with flat parameters.

    References
    ----------
    .. [1] Hoaglin, "Summarizing shape numerically: the g-and-h distributions", in
       Exploring Data Tables, Trends, and Shapes, Wiley, 1985.
    .. [2] Bruffaerts, Verardi & Vermandele, "A generalized boxplot for skewed and
       heavy-tailed distributions", Statistics & Probability Letters 95, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.mixture import GaussianMixture
    >>> from skunsup import OutlierDetector
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> detector = OutlierDetector(GaussianMixture(random_state=0)).fit(X)
    >>> detector.predict([[0.0, 0.0, 0.0], [6.0, 6.0, 6.0]])
    array([ 1, -1])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "estimator": [HasMethods(["fit", "score_samples"])],
        "contamination": CONTAMINATION,
    }

    def __init__(self, estimator: Any, *, contamination: str | float = "auto") -> None:
        self.estimator = estimator
        self.contamination = contamination

    @validated(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Fit a copy of `estimator` and learn the threshold.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like or None
            Handed on to `estimator.fit`.
        **params : dict
            Handed on to `estimator.fit`; with metadata routing, those it requests. A
            `sample_weight` also weights the threshold.

        Returns
        -------
        self : object
            The fitted detector.
        """
        with unchanged_on_error(self):
            check_container(X)
            self._check_processes()
            _refuse_one_row(X)
            routed = self._routed(params)
            self.estimator_ = clone(self.estimator).fit(X, y, **routed)
            self._take_columns()
            self._learn_threshold(self._scores(X), routed.get("sample_weight"))
        return self

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the routing of metadata: all of `fit` goes to `estimator.fit`.

        Returns
        -------
        MetadataRouter
            See scikit-learn's user guide on metadata routing.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return MetadataRouter(owner=self).add(
            estimator=self.estimator, method_mapping=mapping
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags

    def _scorer(self) -> Any:
        return getattr(self, "estimator_", self.estimator)

    def _scores(self, X: Any) -> np.ndarray:
        check_container(X)
        score = self.estimator_.score_samples
        if not sp.issparse(X):
            return np.asarray(score(X), np.float64)
        # Estimators such as PCA learn from sparse rows but only score dense ones.
        X = sp.csr_array(X)
        batches = gen_batches(X.shape[0], SPARSE_BATCH)
        return np.concatenate([score(X[rows].toarray()) for rows in batches])

    def _shares(self, X: Any) -> np.ndarray:
        return np.asarray(self.estimator_.feature_scores(X))

    def _routed(self, params: dict[str, Any]) -> dict[str, Any]:
        if not get_config()["enable_metadata_routing"]:
            return params
        return dict(process_routing(self, "fit", **params).estimator.fit)


def _refuse_one_row(X: Any) -> None:
    n_rows = count_rows(X)
    if n_rows < 2:
        raise ValueError(
            f"X has n_samples={n_rows}, but a threshold needs scores of at least 2 "
            "rows. Give more rows."
        )
