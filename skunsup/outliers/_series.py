"""Outliers among the time points of a series."""

from typing import Any, Self

import numpy as np
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.utils import Tags

from skunsup._docstrings import documented
from skunsup._documentation import FIT
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import (
    HasMethods,
    StrOptions,
    integers,
    unchanged_on_error,
    validated,
)
from skunsup.outliers._base import CONTAMINATION, Detector
from skunsup.preprocessing import SlidingWindows


@parameters
class SeriesDetector(MetaEstimatorMixin, Detector):
    """Detector of the time points of a series that its windows make outliers.

    The series is cut into windows, a copy of `estimator` is fitted to these, and a time
    point gets the mean score of the windows around it. From the scores of the time
    points of `fit` a threshold is learned. So a row of `X` is a time point, here as in
    all methods, and its score depends on the rows around it.

    Parameters
    ----------
    estimator : object
        Estimator of rows with `fit` and `score_samples`, higher being more normal, such
        as :class:`AutoencoderDetector`, or a pipeline of StandardScaler and one.
    contamination : "auto" or float
        A float in (0, 0.5] makes that share of the time points outliers; "auto" is
        that of :class:`OutlierDetector`.
    window_length : int
        Time points in a window, at most as many as a series has.
    stride : int
        Time points from one window to the next, at most `window_length`.
    method : {"mean", "min", "last"}
        Of the windows around a time point, take the mean score, the lowest, or that of
        the one which ends in it, so that no score depends on later values.

    Attributes
    ----------
    estimator_ : object
        The copy, fitted to windows.
    windows_ : SlidingWindows
        Cuts series into windows.
    offset_ : float
        `decision_function` is `score_samples` minus this.
    n_features_in_ : int
        Numbers in a time point.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where the series was a DataFrame with string names.

    See Also
    --------
    SlidingWindows : The windows, for a pipeline of your own or several series.
    OutlierDetector : The same for rows.

    Notes
    -----
    `feature_scores` are means over the windows around a time point of its own share in
    their scores: they say which numbers made the windows outliers, and sum over a
    series to about its total score.

    A table is one series to this detector, so scikit-learn's tag `two_d_array` is
    False, and its checks that take rows for samples do not apply.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skunsup import SeriesDetector
    >>> series = np.sin(np.arange(600) / 5)
    >>> series[400:404] = 2
    >>> detector = SeriesDetector(PCA(2), window_length=8, contamination=0.01)
    >>> np.flatnonzero(detector.fit_predict(series) == -1)
    array([399, 400, 401, 402, 403, 404])
    """

    estimator: Any = parameter([HasMethods(["fit", "score_samples"])], kw_only=False)
    contamination: str | float = parameter(CONTAMINATION, default="auto")
    window_length: int = parameter([integers(1)], default=32)
    stride: int = parameter([integers(1)], default=1)
    method: str = parameter([StrOptions({"mean", "min", "last"})], default="mean")

    @validated(prefer_skip_nested_validation=False)
    @documented(FIT)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit a copy of `estimator` to windows, and learn the threshold.

        Parameters
        ----------
        X : array-like of shape (n_times,) or (n_times, n_features)
            The series.

        Raises
        ------
        ValueError
            If the series is shorter than a window, or holds what is not a finite
            number.
        """
        with unchanged_on_error(self):
            self._check_processes()
            _refuse_several(X)
            windows = SlidingWindows(self.window_length, stride=self.stride, pad=False)
            rows = windows.set_output(transform="default").fit(X).transform(X)
            self.windows_, self.estimator_ = windows, clone(self.estimator).fit(rows)
            self.n_features_in_ = windows.n_features_in_
            if hasattr(windows, "feature_names_in_"):
                self.feature_names_in_ = windows.feature_names_in_
            elif hasattr(self, "feature_names_in_"):
                del self.feature_names_in_
            self._learn_threshold(self._scores(X), None)
        return self

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        # A table is one series here: its rows are not samples, as scikit-learn's
        # checks for such input take for granted.
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags

    def _scorer(self) -> Any:
        return getattr(self, "estimator_", self.estimator)

    def _scores(self, X: Any) -> np.ndarray:
        _refuse_several(X)
        scores = self.estimator_.score_samples(self.windows_.transform(X))
        found: np.ndarray = self.windows_.point_scores(
            scores, len(X), method=self.method
        )
        return found

    def _attributions(self, X: Any) -> np.ndarray:
        _refuse_several(X)
        shares = self.estimator_.feature_scores(self.windows_.transform(X))
        found: np.ndarray = self.windows_.inverse_transform(shares, len(X))
        return found


def _refuse_several(X: Any) -> None:
    if isinstance(X, list | tuple) and any(getattr(one, "ndim", 0) > 0 for one in X):
        raise ValueError(
            f"X is a list of {len(X)} series, but expected one. Use SlidingWindows and "
            "OutlierDetector for several."
        )
