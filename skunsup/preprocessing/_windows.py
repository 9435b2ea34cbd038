"""Windows of time series, and the way back to time points."""

from typing import Any, Self

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import check_is_fitted

from skunsup._dates import refuse_dates
from skunsup._docstrings import documented
from skunsup._documentation import FIT
from skunsup._parameters import parameter, parameters
from skunsup._persistence import PickledEstimator
from skunsup._sklearn import integers, unchanged_on_error, validated
from skunsup.preprocessing._series import FLOATS, check_series, column_names, labelled
from skunsup.preprocessing._windowing import METHODS, Windowing


@parameters
class SlidingWindows(TransformerMixin, PickledEstimator):
    """Rows out of time series: the values of `window_length` time points each.

    With the defaults there is one window for each time point, the one that ends in it.
    So a table of windows has as many rows as the series has time points, labels stay in
    line, and a detector that follows in a pipeline says of each time point whether it
    is an outlier after what came before. `point_scores` turns scores of windows into
    scores of the time points in them, `inverse_transform` turns windows into a series.

    Parameters
    ----------
    window_length : int
        Time points in a window. A period of the series, or a good part of it, is a
        start.
    stride : int
        Time points from one window to the next, at most `window_length`. The last
        window always ends in the last time point, so no point is left out.
    pad : bool
        Let the first window stand for the time points before its end as well. With
        `stride=1` there is then one window for each time point, the first
        `window_length` of which are equal; without, there are `window_length` - 1
        fewer.
    flatten : bool
        Make windows rows of `window_length` times `n_features` columns, time point by
        time point, instead of arrays of shape (window_length, n_features).

    Attributes
    ----------
    n_features_in_ : int
        Numbers in a time point.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where the series was a DataFrame with string names.

    See Also
    --------
    AutoencoderDetector : Outliers among windows.
    sklearn.model_selection.TimeSeriesSplit : Splits that respect time.

    Notes
    -----
    Windows overlap, so the result takes about `window_length` / `stride` times the
    memory of the series. They are in order of time, and must still be for
    `point_scores` and `inverse_transform`.

    Padding repeats a window of the series, and makes up none, since copies of its first
    point, or its mirror image, would be odd to a detector. Where equal rows matter, as
    to distances between neighbours, leave it out: `point_scores` has a score for each
    time point all the same.

    A table is one series to this transformer, so scikit-learn's tag `two_d_array` is
    False, and its checks that take rows for samples do not apply.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skunsup import AutoencoderDetector, SlidingWindows
    >>> series = np.sin(np.arange(600) / 5)
    >>> series[400:410] = 0
    >>> windows = SlidingWindows(20)
    >>> windows.fit_transform(series).shape
    (600, 20)
    >>> pipe = make_pipeline(
    ...     windows,
    ...     StandardScaler(),
    ...     AutoencoderDetector(max_steps=200, random_state=0),
    ... ).fit(series)
    >>> scores = windows.point_scores(pipe.score_samples(series))
    >>> bool(395 < scores.argmin() < 415)
    True
    """

    window_length: int = parameter([integers(1)], default=32, kw_only=False)
    stride: int = parameter([integers(1)], default=1)
    pad: bool = parameter(["boolean"], default=True)
    flatten: bool = parameter(["boolean"], default=True)

    @validated(prefer_skip_nested_validation=True)
    @documented(FIT)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Check parameters and series. Nothing is learned but the number of columns.

        Parameters
        ----------
        X : array-like of shape (n_times,) or (n_times, n_features), or list of arrays
            A series, or several: a list of arrays, Series or DataFrames, which may
            differ in length.

        Raises
        ------
        ValueError
            If a series is shorter than a window, or holds what is not a finite number.
        """
        with unchanged_on_error(self):
            self._checked(X, reset=True)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Cut series into windows.

        Parameters
        ----------
        X : array-like of shape (n_times,) or (n_times, n_features), or list of arrays
            As in `fit`. Windows of several series follow on each other; none spans two.

        Returns
        -------
        ndarray of shape (n_windows, window_length * n_features)
            In order of time, float32 for float32 series, else float64. With
            `flatten=False` of shape (n_windows, window_length, n_features). With one
            window for each time point `n_windows` is `n_times`.

        Raises
        ------
        ValueError
            As `fit` does.
        """
        check_is_fitted(self)
        series = self._checked(X, reset=False)
        windowing = self._windowing()
        grids = [windowing.grid(len(one)) for one in series]
        blocks = [grid.cut(one) for grid, one in zip(grids, series, strict=True)]
        windows = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
        if self.flatten:
            windows = windows.reshape(len(windows), -1)
        fewer = len(blocks) == 1 and len(windows) < len(series[0])
        return labelled(self, windows, X, grids[0].ends) if fewer else windows

    def inverse_transform(self, X: Any, n_times: Any = None) -> Any:
        """Average windows, which overlap, into series.

        The way back for reconstructed windows, and for shares of a score: the
        `feature_scores` of a detector of windows become those of time points.

        Parameters
        ----------
        X : array-like of shape (n_windows, window_length * n_features)
            Windows as `transform` returns them, flattened or not.
        n_times : int, sequence of int or None, default=None
            Length of the series, or of each of several. May be left out for one series
            with `stride=1`.

        Returns
        -------
        ndarray of shape (n_times, n_features) or list of such arrays
            The mean over the windows around each time point; a list where `n_times` is
            a sequence.

        Raises
        ------
        ValueError
            If `X` and `n_times` do not fit.
        """
        check_is_fitted(self)
        refuse_dates(X, "X")
        windows = check_array(
            X, dtype=FLOATS, ensure_2d=False, allow_nd=True, input_name="X"
        )
        shape = (self.window_length, self.n_features_in_)
        flat = self.window_length * self.n_features_in_
        if windows.shape[1:] not in (shape, (flat,)):
            raise ValueError(
                f"X has shape {windows.shape}, but windows of "
                f"window_length={self.window_length} have shape (n_windows, {flat}) "
                f"or (n_windows, {shape[0]}, {shape[1]})."
            )
        return self._windowing().by_series(windows.reshape(-1, *shape), n_times, "mean")

    def point_scores(
        self, scores: Any, n_times: Any = None, *, method: str = "mean"
    ) -> Any:
        """Turn scores of windows into scores of time points.

        Parameters
        ----------
        scores : array-like of shape (n_windows,)
            One number a window, in the order of `transform`: `score_samples`,
            `decision_function` or `predict` of a detector.
        n_times : int, sequence of int or None, default=None
            Length of the series, or of each of several. May be left out for one series
            with `stride=1`.
        method : {"mean", "max", "min", "last"}, default="mean"
            Of the windows that hold a time point, take the mean score, the highest or
            the lowest. Where lower is more abnormal, as in `score_samples` and
            `predict`, "min" takes the worst window. "last" takes the window of
            which the point is the last, or with `stride` above 1 the first one to hold
            it; so no score depends on values later than that window.

        Returns
        -------
        ndarray of shape (n_times,), float64, or list of such arrays
            One score a time point; a list where `n_times` is a sequence.

        Raises
        ------
        ValueError
            If `scores`, `n_times` and `method` do not fit.

        See Also
        --------
        inverse_transform : The same for scores by column.
        """
        if method not in METHODS:
            raise ValueError(f"method={method!r}, but expected one of {METHODS}.")
        refuse_dates(scores, "scores")
        checked = check_array(
            scores,
            dtype=np.float64,
            ensure_2d=False,
            allow_nd=True,
            input_name="scores",
        )
        if checked.ndim != 1:
            raise ValueError(
                f"scores has shape {checked.shape}, but expected one number a window. "
                "Scores by column, such as feature_scores, go to inverse_transform."
            )
        return self._windowing().by_series(
            checked[:, None, None], n_times, method, squeeze=True
        )

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the columns of flattened windows.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of the series; None means those seen in `fit`, or x0,
            x1 and so on.

        Returns
        -------
        ndarray of shape (window_length * n_features,), object
            Such as "cpu_lag3", the value three time points before the window ends.

        Raises
        ------
        ValueError
            If windows are not flattened, or other names were seen in `fit`.
        """
        check_is_fitted(self)
        if not self.flatten:
            raise ValueError(
                "Windows of shape (window_length, n_features) have no columns to name. "
                "Use flatten=True."
            )
        seen = getattr(self, "feature_names_in_", None)
        names = column_names(self.n_features_in_, seen, input_features)
        lags = range(self.window_length - 1, -1, -1)
        return np.array([f"{name}_lag{k}" for k in lags for name in names], object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        # A table is one series here: its rows are not samples, as scikit-learn's
        # checks for such input take for granted.
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _checked(self, X: Any, *, reset: bool) -> list[np.ndarray]:
        """Return the series of X, once they are known to have windows."""
        windowing = self._windowing()
        found = check_series(self, X, reset=reset)
        windowing.check_lengths(list(map(len, found)))
        return found

    def _windowing(self) -> Windowing:
        return Windowing(self.window_length, self.stride, bool(self.pad))
