"""Thresholds and probabilities from training scores."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

# Quantiles above the median that the shape is read off, most robust first.
UPPER = ((0.7, 0.85), (0.85, 0.95), (0.95, 0.99))
DETECTION_RATE = 0.01
EXPECTED_SHARE = 0.1  # of outliers, where none is given
FARTHEST = 50.0  # normal score that stands for all beyond
MOST_SKEWED = 20.0  # g of scores that leap, or hardly move, between two quantiles
LARGE = 2.0**1000  # above which sums of scores could leave the range of float64


@dataclass(frozen=True)
class TukeyG:
    """Tukey's g distribution: location + scale (exp(g Z) - 1) / g, Z standard normal.

    Fitted to quantiles (Hoaglin 1985), it describes skewed scores whatever their origin
    and unit, and outliers beyond these quantiles hardly move it.

    Parameters
    ----------
    location, scale, g : float
        Median, spread (0 for scores that are all but constant) and skewness.
    unit : float
        What location and scale are in units of.
    """

    location: float
    scale: float
    g: float
    unit: float = 1.0

    def quantile(self, p: float) -> float:
        """Return the value that a share `p` in (0, 1) lies below."""
        z = norm.ppf(p)
        return self.unit * (self.location + self.scale * _height(self.g, z))

    def standardise(self, values: np.ndarray) -> np.ndarray:
        """Return the normal scores of `values`: the inverse of the definition."""
        values = values / self.unit
        if not self.scale:
            above, below = values > self.location, values < self.location
            return np.select([above, below], [np.inf, -np.inf], 0.0)
        with np.errstate(divide="ignore", over="ignore"):
            x = (values - self.location) / self.scale
            if abs(self.g) <= 1e-9:
                return x
            return np.log(np.maximum(1.0 + self.g * x, 0.0)) / self.g


@dataclass(frozen=True)
class Posterior:
    """Probability of being an outlier, a sigmoid of the normal score.

    Parameters
    ----------
    shape : TukeyG
        Distribution of the training scores.
    middle : float
        Normal score at which the probability is one half.
    """

    shape: TukeyG
    middle: float

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the probability of rows with such scores, higher being worse."""
        return expit(_bounded(self.shape.standardise(values)) - self.middle)


def fit_posterior(
    shape: TukeyG, values: np.ndarray, weight: np.ndarray | None, share: float
) -> Posterior:
    """Fit the probability of being an outlier (Gao & Tan 2006, section 3.1).

    Scores alone do not tell how many outliers there are. So the slope is fixed, at 1,
    and the middle makes the weighted mean over the training scores equal `share`.
    """
    z = _bounded(shape.standardise(values))

    def excess(middle: float) -> float:
        return float(np.average(expit(z - middle), weights=weight)) - share

    # At the normal score that is `share` likely for the lowest value, or the highest.
    even = np.log(share) - np.log1p(-share)
    low = min(-2 * FARTHEST, z.min() - even - 1)
    high = max(2 * FARTHEST, z.max() - even + 1)
    return Posterior(shape, brentq(excess, low, high))


def _bounded(z: np.ndarray) -> np.ndarray:
    return np.clip(np.nan_to_num(z), -FARTHEST, FARTHEST)


def fit_tukey_g(values: np.ndarray, weight: np.ndarray | None) -> TukeyG:
    """Fit Tukey's g distribution to quantiles of the upper half of weighted values."""
    unit = 2.0**24 if np.abs(values).max() > LARGE else 1.0
    values = values / unit
    middle = weighted_quantile(values, weight, 0.5)
    for low, high in UPPER:
        near = weighted_quantile(values, weight, low) - middle
        far = weighted_quantile(values, weight, high) - middle
        if 0 < near < far:
            z = norm.ppf([low, high])
            g = _skewness(far / near, z)
            scale = near / _height(g, z[0])
            if scale > 0:
                return TukeyG(middle, scale, g, unit)
    return TukeyG(middle, 0.0, 0.0, unit)


def _skewness(ratio: float, z: np.ndarray) -> float:
    """Return the g at which two normal scores are `ratio` times as far from 0."""
    for g in (-MOST_SKEWED, MOST_SKEWED):
        if (ratio - _spread(g, z)) * g >= 0:
            return g
    return float(brentq(lambda g: _spread(g, z) - ratio, -MOST_SKEWED, MOST_SKEWED))


def _height(g: float, z: float) -> float:
    return float(np.expm1(g * z) / g) if abs(g) > 1e-9 else float(z)


def _spread(g: float, z: np.ndarray) -> float:
    return _height(g, z[1]) / _height(g, z[0])


def weighted_quantile(values: np.ndarray, weight: np.ndarray | None, p: float) -> float:
    """Return a value with a share `p` of the weight below it.

    Midway between two neighbouring values where the share falls between them, so that
    a value of weight 2 is the same as that value twice.
    """
    distinct, place = np.unique(values, return_inverse=True)
    total = np.bincount(place, weights=weight)
    distinct, total = distinct[total > 0], total[total > 0]
    reached = np.cumsum(total) / total.sum()
    at = np.searchsorted(reached, p - 1e-12)
    if at + 1 < len(distinct) and reached[at] <= p + 1e-12:
        return float(distinct[at] / 2 + distinct[at + 1] / 2)
    return float(distinct[at])


def exceeded_quantile(
    values: np.ndarray, weight: np.ndarray | None, n: float, rate: float
) -> float:
    """Value that a further one exceeds with probability `rate`, on average.

    Of n values the highest is exceeded by one in n + 1. So of fewer than 1 / rate - 1
    values none is high enough. What lies above their median is then taken to be
    exponential: where k values above it have a mean of m, a further one that exceeds
    the highest does so by t with probability (1 + t / (k m))^-k.

    Parameters
    ----------
    values : array of shape (n_samples,)
        Values like the further one.
    weight : array of shape (n_samples,) or None
        Their weights; None for 1 each.
    n : float
        Sum of the weights.
    rate : float
        Probability in (0, 0.5).
    """
    share = (1.0 - rate) * (n + 1) / n
    if share <= 1.0:
        return weighted_quantile(values, weight, share)
    start = weighted_quantile(values, weight, 0.5)
    above = values > start
    k = float(above.sum() if weight is None else weight[above].sum())
    if k < 1.0:
        return weighted_quantile(values, weight, 1.0)
    own = None if weight is None else weight[above]
    m = np.average(values[above] - start, weights=own)
    farther = k * m * ((1.0 / (n + 1) / rate) ** (1.0 / k) - 1.0)
    return float(weighted_quantile(values, weight, 1.0) + farther)
