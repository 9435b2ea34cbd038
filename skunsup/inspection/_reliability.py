"""Shares of outliers by the probability that a detector gives."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from skunsup._docstrings import documented
from skunsup._documentation import DISPLAY
from skunsup.inspection._figures import (
    BLUE,
    GREY,
    check_choice,
    check_finite,
    check_length,
    legend_above,
    panels,
    plain,
)
from skunsup.inspection._outlier_scores import outlier_mask
from skunsup.inspection._steps import asked

Z = 1.96  # of an interval that holds 95 %


@dataclass(eq=False, repr=False)
class OutlierReliabilityDisplay:
    """Share of outliers among rows, by the probability that a detector gives them.

    Points on the diagonal mean that the share equals the probability. Bars are 95 %
    intervals of the share (Wilson 1927), which are wide where rows are few.

    Parameters
    ----------
    mean_probability : array-like of shape (n_bins,)
        Mean probability of the rows of each bin.
    share : array-like of shape (n_bins,)
        Share of outliers among them.
    counts : array-like of shape (n_bins,)
        Number of these rows.

    Attributes
    ----------
    ax_ : Axes
        The axes.
    figure_ : Figure
        The figure.
    points_ : ErrorbarContainer
        Shares with their intervals.
    diagonal_ : Line2D
        Probability equal to share.

    See Also
    --------
    OutlierScoresDisplay : The distribution of the scores.
    sklearn.calibration.CalibrationDisplay : The same of classifiers, without intervals.

    References
    ----------
    .. [1] Wilson, "Probable inference, the law of succession, and statistical
       inference", JASA 22, 1927.

    Examples
    --------
    >>> from skunsup.inspection import OutlierReliabilityDisplay
    >>> display = OutlierReliabilityDisplay.from_predictions(
    ...     [0, 0, 0, 1, 0, 1], [0.1, 0.1, 0.2, 0.4, 0.5, 0.9], n_bins=2
    ... )
    >>> display.counts.tolist()
    [3, 3]
    """

    mean_probability: Any
    share: Any
    counts: Any

    @classmethod
    @documented(DISPLAY)
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        n_bins: int = 8,
        strategy: str = "quantile",
        ax: Any = None,
    ) -> Self:
        """Draw shares by the `outlier_probability` of a detector.

        Parameters
        ----------
        estimator : object
            Fitted detector with `outlier_probability`, or a pipeline that ends in one.
        y : array-like of shape (n_samples,)
            1 for outliers and 0 for others, or -1 for outliers and 1 for others.
        n_bins : int, default=8
            Number of bins at most.
        strategy : {"quantile", "uniform"}, default="quantile"
            Bins of as many rows, or of the same width.
        """
        probability = asked(estimator, "outlier_probability", X, cls.__name__)
        return cls.from_predictions(
            y, probability, n_bins=n_bins, strategy=strategy, ax=ax
        )

    @classmethod
    @documented(DISPLAY)
    def from_predictions(
        cls,
        y_true: Any,
        y_prob: Any,
        *,
        n_bins: int = 8,
        strategy: str = "quantile",
        ax: Any = None,
    ) -> Self:
        """Draw shares by given probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            As `y` of `from_estimator`.
        y_prob : array-like of shape (n_samples,)
            Probability of being an outlier, in [0, 1].
        n_bins : int, default=8
            Number of bins at most.
        strategy : {"quantile", "uniform"}, default="quantile"
            Bins of as many rows, or of the same width.

        Raises
        ------
        ValueError
            If probabilities are not within [0, 1], or labels do not fit.
        """
        check_choice(strategy, ("quantile", "uniform"), "strategy")
        probability = check_finite(y_prob, "y_prob")
        check_length(probability, len(np.asarray(y_true)), "y_prob")
        truth = outlier_mask(y_true, len(probability))
        if probability.min() < 0 or probability.max() > 1:
            raise ValueError(
                f"y_prob ranges from {probability.min():g} to {probability.max():g}, "
                "but expected probabilities in [0, 1]."
            )
        edges = np.linspace(0, 1, int(n_bins) + 1)
        if strategy == "quantile":
            edges = np.unique(np.quantile(probability, edges))
        place = np.searchsorted(edges[1:-1], probability, side="right")
        counts = np.bincount(place, minlength=max(len(edges) - 1, 1))
        there = counts > 0
        mean = np.bincount(place, probability, len(counts))[there] / counts[there]
        share = np.bincount(place, truth, len(counts))[there] / counts[there]
        return cls(mean, share, counts[there]).plot(ax)

    @documented(DISPLAY)
    def plot(self, ax: Any = None) -> Self:
        """Draw shares, their intervals and the diagonal."""
        axis = panels(ax, (1, 1), (5.0, 4.6)).item()
        share, counts = np.asarray(self.share), np.asarray(self.counts)
        low, high = wilson(share, counts)
        (self.diagonal_,) = axis.plot([0, 1], [0, 1], ls="--", color=GREY)
        self.diagonal_.set_label("probability is the share")
        self.points_ = axis.errorbar(
            self.mean_probability,
            share,
            (share - low, high - share),
            fmt="o",
            color=BLUE,
            capsize=3,
            label="share, 95 % interval",
        )
        axis.set(
            xlabel="mean outlier probability",
            ylabel="share of outliers",
            xlim=(-0.02, 1.02),
            ylim=(-0.02, 1.02),
            aspect="equal",
        )
        plain(axis)
        legend_above(axis, 2)
        self.ax_, self.figure_ = axis, axis.figure
        return self


def wilson(share: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of 95 % intervals of shares of `n` rows (Wilson 1927)."""
    half = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    middle = share + Z**2 / (2 * n)
    low, high = (middle - half) / (1 + Z**2 / n), (middle + half) / (1 + Z**2 / n)
    return np.minimum(np.clip(low, 0, 1), share), np.maximum(np.clip(high, 0, 1), share)
