"""Where normal ends: thresholds and probabilities from training scores."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import erf
from scipy.stats import norm

# Quantiles above the median that the shape is read off, most robust first.
UPPER = ((0.7, 0.85), (0.85, 0.95), (0.95, 0.99))
DETECTION_RATE = 0.01


@dataclass(frozen=True)
class TukeyG:
    """Tukey's g distribution: location + scale (exp(g Z) - 1) / g, Z standard normal.

    Fitted to quantiles (Hoaglin 1985), it describes skewed scores whatever their origin
    and unit, and outliers beyond these quantiles hardly move it.

    Parameters
    ----------
    location, scale, g : float
        Median, spread (0 for scores that are all but constant) and skewness.
    """

    location: float
    scale: float
    g: float

    def quantile(self, p: float) -> float:
        """Return the value that a share `p` in (0, 1) lies below."""
        z = norm.ppf(p)
        return self.location + self.scale * _height(self.g, z)

    def standardise(self, values: np.ndarray) -> np.ndarray:
        """Return the normal scores of `values`: the inverse of the definition."""
        if not self.scale:
            above, below = values > self.location, values < self.location
            return np.select([above, below], [np.inf, -np.inf], 0.0)
        x = (values - self.location) / self.scale
        if abs(self.g) <= 1e-9:
            return x
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(1.0 + self.g * x, 0.0)) / self.g

    def probability(self, values: np.ndarray) -> np.ndarray:
        """Return max(0, erf(z / sqrt 2)) of the normal scores (Kriegel et al. 2011)."""
        z = np.nan_to_num(self.standardise(values))
        return np.clip(erf(z / np.sqrt(2.0)), 0.0, 1.0)


def fit_tukey_g(values: np.ndarray, weight: np.ndarray | None) -> TukeyG:
    """Fit Tukey's g distribution to quantiles of the upper half of weighted values."""
    middle = weighted_quantile(values, weight, 0.5)
    for low, high in UPPER:
        near = weighted_quantile(values, weight, low) - middle
        far = weighted_quantile(values, weight, high) - middle
        if 0 < near < far:
            z = norm.ppf([low, high])
            g = brentq(lambda g, r=far / near, z=z: _spread(g, z) - r, -20, 20)
            return TukeyG(middle, near / _height(g, z[0]), g)
    return TukeyG(middle, 0.0, 0.0)


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
        return float(distinct[at] + distinct[at + 1]) / 2
    return float(distinct[at])
