"""Scores of a detector: their distribution, the threshold and the probability."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np

from skunsup._docstrings import documented
from skunsup._documentation import PANELS
from skunsup.inspection._figures import (
    BLUE,
    GREY,
    RED,
    check_finite,
    check_length,
    legend_above,
    one_or_all,
    panels,
    plain,
)
from skunsup.inspection._steps import need, prepared, steps_of

LONG_TAIL = 30.0  # ratio of the largest score to the median that asks for a log scale


@dataclass(eq=False, repr=False)
class OutlierScoresDisplay:
    """Distribution of outlier scores, with the threshold and the probability.

    The horizontal axis is minus `score_samples`, so that outliers are on the right.

    Parameters
    ----------
    scores : array-like of shape (n_samples,)
        Outlier scores, higher for more outlying rows.
    threshold : float, default=None
        Rows with a higher score are flagged.
    y : array-like of shape (n_samples,), default=None
        Known outliers: 1 or True for an outlier and 0 or False for others, or, as
        detectors say it, -1 for an outlier and 1 for others.
    probability : array-like of shape (n_samples,), default=None
        Probability of being an outlier, in [0, 1].

    Attributes
    ----------
    ax_ : Axes or ndarray of Axes
        The histogram, and below it the probability where there is one.
    figure_ : Figure
        The figure.
    counts_ : ndarray of shape (n_groups, n_bins)
        Rows in each bar; inliers first, then outliers where `y` is given.
    edges_ : ndarray of shape (n_bins + 1,)
        Edges of the bars.
    threshold_line_ : Line2D or None
        The threshold.
    probability_line_ : Line2D or None
        The probability by score.

    See Also
    --------
    OutlierReliabilityDisplay : Share of outliers by their probability.
    FeatureScoresDisplay : The columns that made a row an outlier.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skunsup import OutlierDetector
    >>> from skunsup.inspection import OutlierScoresDisplay
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> detector = OutlierDetector(PCA(2)).fit(X)
    >>> display = OutlierScoresDisplay.from_estimator(detector, X)
    >>> int(display.counts_.sum())
    200
    """

    scores: Any
    _: KW_ONLY
    threshold: float | None = None
    y: Any = None
    probability: Any = None

    @classmethod
    @documented(PANELS)
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any = None, *, ax: Any = None
    ) -> Self:
        """Draw the scores that a detector gives to rows.

        Parameters
        ----------
        estimator : object
            Fitted detector with `score_samples`, of skunsup or of scikit-learn, or a
            pipeline that ends in one. `offset_` is the threshold, if it has one.
        y : array-like of shape (n_samples,), default=None
            Known outliers, as of the class.
        """
        steps, model = steps_of(estimator)
        need(model, "score_samples", cls.__name__)
        rows = prepared(steps, X)
        threshold = getattr(model, "offset_", None)
        known = hasattr(model, "outlier_probability")
        return cls(
            -np.asarray(model.score_samples(rows), float),
            threshold=None if threshold is None else -float(np.ravel(threshold)[0]),
            y=y,
            probability=model.outlier_probability(rows) if known else None,
        ).plot(ax)

    @classmethod
    @documented(PANELS)
    def from_predictions(
        cls, scores: Any, y: Any = None, *, threshold: Any = None, ax: Any = None
    ) -> Self:
        """Draw given scores.

        Parameters
        ----------
        scores : array-like of shape (n_samples,)
            Outlier scores, higher for more outlying rows.
        y : array-like of shape (n_samples,), default=None
            Known outliers, as of the class.
        threshold : float, default=None
            As of the class.
        """
        return cls(scores, threshold=threshold, y=y).plot(ax)

    @documented(PANELS)
    def plot(self, ax: Any = None, *, bins: int = 40, log: bool | None = None) -> Self:
        """Draw the histogram, and the probability below it.

        Parameters
        ----------
        ax : Axes, ndarray of Axes or None, default=None
            Axes to draw in, which are divided where there is a probability; two Axes;
            or None for a new figure.
        bins : int, default=40
            Number of bars.
        log : bool or None, default=None
            Logarithmic scale of the scores. None means where all are positive and the
            largest is 30 times the median.

        Raises
        ------
        ValueError
            If scores are not finite, or `y` does not have one entry for each.
        """
        scores = check_finite(self.scores, "scores")
        truth = None if self.y is None else outlier_mask(self.y, len(scores))
        n = 1 if self.probability is None else 2
        heights = (3.0, 1.3)[:n]
        axes = panels(ax, (n, 1), (6.8, 2.2 + 1.4 * n), heights, sharex=True)[:, 0]
        if log is None:
            middle = np.median(scores)
            log = bool(scores.min() > 0 and scores.max() > LONG_TAIL * middle)
        self._histogram(axes[0], scores, truth, int(bins), log)
        self.probability_line_ = None
        if self.probability is not None:
            self._curve(axes[1], scores)
        axes[-1].set(xlabel="outlier score", xscale="log" if log else "linear")
        self.threshold_line_ = None
        if self.threshold is not None:
            lines = [ax.axvline(self.threshold, color="black", ls="--") for ax in axes]
            self.threshold_line_ = lines[0]
            flagged = int((scores > self.threshold).sum())
            lines[0].set_label(f"threshold, {flagged} of {len(scores)} rows above")
        legend_above(axes[0], 3)
        self.ax_, self.figure_ = one_or_all(axes), axes[0].figure
        return self

    def _histogram(
        self, ax: Any, scores: np.ndarray, truth: Any, bins: int, log: bool
    ) -> None:
        ends = scores.min(), scores.max()
        if ends[0] == ends[1]:
            ends = ends[0] - 0.5, ends[1] + 0.5
            log = False
        self.edges_ = (np.geomspace if log else np.linspace)(*ends, bins + 1)
        groups = [("rows", BLUE, "", np.ones(len(scores), bool))]
        if truth is not None:
            groups = [
                ("inliers", BLUE, "", ~truth),
                ("outliers", RED, "///", truth),
            ]
        self.counts_ = np.array(
            [np.histogram(scores[rows], self.edges_)[0] for *_, rows in groups]
        )
        base = np.zeros(bins)
        for (label, colour, hatch, _), counts in zip(groups, self.counts_, strict=True):
            ax.bar(
                self.edges_[:-1],
                counts,
                np.diff(self.edges_),
                base,
                align="edge",
                color=colour,
                hatch=hatch,
                ec="white",
                lw=0.3,
                label=label if truth is not None else None,
            )
            base = base + counts
        ax.set_ylabel("rows")
        plain(ax)

    def _curve(self, ax: Any, scores: np.ndarray) -> None:
        probability = check_finite(self.probability, "probability")
        check_length(probability, len(scores), "probability")
        order = np.argsort(scores)
        (self.probability_line_,) = ax.plot(
            scores[order], probability[order], color=GREY, marker="."
        )
        ax.set(ylabel="outlier\nprobability", ylim=(-0.05, 1.05))
        plain(ax)


def outlier_mask(y: Any, n: int) -> np.ndarray:
    """Return True for outliers.

    Raises
    ------
    ValueError
        If `y` is neither 0 and 1 nor -1 and 1, or of another length.
    """
    labels = np.asarray(y)
    check_length(labels, n, "y")
    values = set(np.unique(labels).tolist())
    if values <= {0, 1}:
        return labels.astype(bool)
    if values <= {-1, 1}:
        return np.asarray(labels == -1)
    raise ValueError(
        f"y has the values {sorted(values, key=str)[:5]}, but expected 1 for outliers "
        "and 0 for others, or -1 for outliers and 1 for others."
    )
