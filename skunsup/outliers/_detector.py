"""Outlier detection around any estimator with `score_samples`."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn import get_config
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.utils import Tags, gen_batches, get_tags
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)

from skunsup._containers import check_container
from skunsup._docstrings import documented
from skunsup._documentation import FIT
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import HasMethods, count_rows, unchanged_on_error, validated
from skunsup.outliers._base import CONTAMINATION, Detector

SPARSE_BATCH = 1024


@parameters
class OutlierDetector(MetaEstimatorMixin, Detector):
    """Outlier detector around any estimator that scores rows.

    Fits a copy of `estimator`, scores the training rows with it, and learns from these
    scores where normal ends.

    Parameters
    ----------
    estimator : object
        Estimator with `fit` and `score_samples`, higher being more normal:
        :class:`Autoencoder`, or scikit-learn's GaussianMixture, KernelDensity, PCA.
    contamination : "auto" or float
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

    estimator: Any = parameter([HasMethods(["fit", "score_samples"])], kw_only=False)
    contamination: str | float = parameter(CONTAMINATION, default="auto")

    @validated(prefer_skip_nested_validation=False)
    @documented(FIT)
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
        # No rows are a batch too, for the estimator to refuse.
        batches = gen_batches(max(X.shape[0], 1), SPARSE_BATCH)
        found = [score(X[rows].toarray()) for rows in batches]
        return np.concatenate(found, dtype=np.float64)

    def _attributions(self, X: Any) -> np.ndarray:
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
