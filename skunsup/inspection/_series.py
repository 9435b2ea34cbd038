"""A series with the scores of its time points."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np

from skunsup._docstrings import documented
from skunsup._documentation import PANELS
from skunsup.inspection._figures import (
    BLUE,
    RED,
    check_finite,
    check_length,
    legend_above,
    one_or_all,
    panels,
    plain,
)
from skunsup.inspection._outlier_scores import outlier_mask
from skunsup.inspection._shown import as_array, names_of
from skunsup.inspection._steps import need, prepared
from skunsup.inspection._time_points import (
    ends_of,
    expected_points,
    names_of_series,
    stretches,
    windowed,
)
from skunsup.outliers import SeriesDetector

MOST_PANELS = 6


@dataclass(eq=False, repr=False)
class SeriesScoresDisplay:
    """A series, the scores of its time points, the threshold and what is flagged.

    One panel for each number of a time point, and one for the scores. Flagged
    stretches are shaded in all of them; known ones are marked above the first.

    Parameters
    ----------
    series : array-like of shape (n_times,) or (n_times, n_features)
        The series.
    scores : array-like of shape (n_times,)
        Outlier scores of time points, higher for more outlying ones.
    threshold : float, default=None
        Time points with a higher score are flagged.
    y : array-like of shape (n_times,), default=None
        Known outliers: 1 or True, or -1 for an outlier and 1 for others.
    expected : array-like of shape (n_times, n_features), default=None
        What a model expected.
    times : array-like of shape (n_times,), default=None
        Places on the horizontal axis, such as dates; None for 0 and so on.
    feature_names : sequence of str, default=None
        Names of the numbers of a time point.

    Attributes
    ----------
    ax_ : ndarray of Axes
        The panels; the last has the scores.
    figure_ : Figure
        The figure.
    lines_ : list of Line2D
        The series, number by number, and the scores.
    expected_lines_ : list of Line2D
        What was expected.
    flagged_ : list of (int, int)
        First and last time point of each flagged stretch.

    See Also
    --------
    OutlierScoresDisplay : Scores of rows that have no order.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skunsup import SeriesDetector
    >>> from skunsup.inspection import SeriesScoresDisplay
    >>> series = np.sin(np.arange(600) / 5)
    >>> series[400:404] = 2
    >>> detector = SeriesDetector(PCA(2), window_length=8, contamination=0.01)
    >>> display = SeriesScoresDisplay.from_estimator(detector.fit(series), series)
    >>> display.flagged_
    [(399, 404)]
    """

    series: Any
    scores: Any
    _: KW_ONLY
    threshold: float | None = None
    y: Any = None
    expected: Any = None
    times: Any = None
    feature_names: Sequence[str] | None = None

    @classmethod
    @documented(PANELS)
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        method: str = "mean",
        ax: Any = None,
        **options: Any,
    ) -> Self:
        """Draw a series with the scores that a detector gives to its time points.

        Parameters
        ----------
        estimator : object
            Fitted :class:`skunsup.SeriesDetector`, or a pipeline that begins with
            :class:`skunsup.SlidingWindows` and ends in an estimator with
            `score_samples`. An `offset_` is the threshold.
        X : array-like of shape (n_times,) or (n_times, n_features)
            The series, the index of which is the horizontal axis if it has one.
        y : array-like of shape (n_times,), default=None
            Known outliers, as of the class.
        method : {"mean", "min", "last"}, default="mean"
            Of the windows around a time point, the scores that count in a pipeline.

        Raises
        ------
        ValueError
            If the estimator knows no windows.
        """
        windows, steps, model = windowed(estimator, cls.__name__)
        if isinstance(estimator, SeriesDetector):
            scores = estimator.score_samples(X)
            offset: Any = estimator.offset_
        else:
            need(model, "score_samples", cls.__name__)
            rows = prepared(steps, windows.transform(X))
            of_windows = model.score_samples(rows)
            scores = windows.point_scores(of_windows, len(X), method=method)
            offset = getattr(model, "offset_", None)
        display = cls(
            as_array(X),
            -np.asarray(scores, float),
            threshold=None if offset is None else -float(np.ravel(offset)[0]),
            y=y,
            expected=expected_points(windows, steps, model, X),
            times=getattr(X, "index", None),
            feature_names=names_of_series(X),
        )
        return display.plot(ax, **options)

    @classmethod
    @documented(PANELS)
    def from_predictions(
        cls, series: Any, scores: Any, *, ax: Any = None, **options: Any
    ) -> Self:
        """Draw a series with given scores.

        Parameters
        ----------
        series : array-like of shape (n_times,) or (n_times, n_features)
            The series.
        scores : array-like of shape (n_times,)
            Outlier scores, higher for more outlying time points.
        **options : dict
            Parameters of the class.
        """
        given = {"times": getattr(series, "index", None), "feature_names": None}
        given["feature_names"] = names_of_series(series)
        return cls(as_array(series), scores, **{**given, **options}).plot(ax)

    @documented(PANELS)
    def plot(self, ax: Any = None, *, start: Any = None, stop: Any = None) -> Self:
        """Draw the panels.

        Parameters
        ----------
        ax : ndarray of Axes, Axes or None, default=None
            One Axes, which is divided; one for each number of a time point and one
            more; or None for a new figure.
        start, stop : object, default=None
            Part of the horizontal axis to show, in its units; None for all.

        Raises
        ------
        ValueError
            If a score is not finite, lengths differ, or a time point has more than six
            numbers.
        """
        series = np.asarray(self.series, float)
        series = series.reshape(len(series), -1)
        scores = check_finite(self.scores, "scores")
        check_length(scores, len(series), "scores")
        n = series.shape[1]
        if n > MOST_PANELS:
            raise ValueError(
                f"A time point has {n} numbers, but at most {MOST_PANELS} panels are "
                "drawn. Give the columns to see: SeriesScoresDisplay(X[columns], "
                "scores).plot()."
            )
        places = np.arange(len(series)) if self.times is None else self.times
        size = (9.0, 1.3 + 1.35 * (n + 1))
        axes = panels(ax, (n + 1, 1), size, sharex=True)[:, 0]
        names = self.feature_names or names_of(series, n)
        self.lines_: list[Any] = []
        self.expected_lines_: list[Any] = []
        for j, axis in enumerate(axes[:-1]):
            self.lines_ += axis.plot(places, series[:, j], color=BLUE, lw=0.9)
            axis.set_ylabel(names[j])
            if self.expected is not None:
                back = np.asarray(self.expected).reshape(len(series), -1)[:, j]
                self.expected_lines_ += axis.plot(
                    places, back, color="black", ls="--", lw=0.8, label="expected"
                )
        self.lines_ += axes[-1].plot(places, scores, color=BLUE, lw=0.9)
        axes[-1].set_ylabel("outlier\nscore")
        self._shade(axes, places, scores)
        for axis in axes:
            axis.margins(x=0)
            plain(axis)
            axis.set_xlim(start, stop)
        self._dates(axes[-1])
        legend_above(axes[0], 3)
        axes[0].figure.align_ylabels(list(axes))
        self.ax_, self.figure_ = one_or_all(axes), axes[0].figure
        return self

    def _shade(self, axes: np.ndarray, places: Any, scores: np.ndarray) -> None:
        """Shade flagged time points, and mark known ones."""
        self.flagged_: list[tuple[int, int]] = []
        if self.threshold is not None:
            axes[-1].axhline(self.threshold, color="black", ls=":", lw=1)
            self.flagged_ = stretches(scores > self.threshold)
        for at, (first, last) in enumerate(self.flagged_):
            for axis in axes:
                ends = ends_of(places, first, last)
                label = "flagged" if at == 0 else None
                axis.axvspan(*ends, color=RED, alpha=0.3, lw=0, label=label)
        if self.y is None:
            return
        known = stretches(outlier_mask(self.y, len(scores)))
        for at, (first, last) in enumerate(known):
            axes[0].plot(
                list(ends_of(places, first, last)),
                [1.0, 1.0],
                transform=axes[0].get_xaxis_transform(),
                color="black",
                lw=5,
                solid_capstyle="butt",
                label="known" if at == 0 else None,
            )

    def _dates(self, ax: Any) -> None:
        if np.asarray(self.times).dtype.kind != "M":
            return
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator()
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
