"""Noise of diffusion models, its levels, and scores of numbers with noise."""

import math
from collections.abc import Callable
from typing import Any

from keras import ops

LOWEST, HIGHEST, RHO = 0.002, 80.0, 7.0
NARROW = 1e-6  # intervals of less probability are treated as uniform


def normal_share(z: Any) -> Any:
    """Distribution function of the standard normal."""
    return 0.5 * (1.0 + ops.erf(z * math.sqrt(0.5)))


def normal_quantile(p: Any) -> Any:
    """Inverse of `normal_share`."""
    return math.sqrt(2.0) * ops.erfinv(2.0 * p - 1.0)


def drawn_within(low: Any, high: Any, share: Any) -> Any:
    """Quantiles `share` of the standard normal between `low` and `high`."""
    upper = low + high > 0  # where single precision has no digits left of 1 - p
    a, b = ops.where(upper, -high, low), ops.where(upper, -low, high)
    p, q = normal_share(a), normal_share(b)
    z = normal_quantile(ops.clip(p + share * (q - p), 1e-7, 1 - 1e-7))
    z = ops.where(q - p < NARROW, a + share * (b - a), ops.clip(z, a, b))
    return ops.where(upper, -z, z)


def linear_part(sigma: Any, spread: Any) -> tuple[Any, Any]:
    """Slope of the target by scores with noise, and standard deviation of the rest.

    Both are those of normal scores with standard deviation `spread` (Karras et al.
    2022, appendix B.6, where all scores have the same one).
    """
    c2 = 1.0 / (1.0 + sigma * sigma)
    s2 = 1.0 - c2
    variance = c2 * spread * spread + s2
    slope = ops.sqrt(c2 * s2) * (1.0 - spread * spread) / variance
    return slope, spread * ops.rsqrt(variance)


def noise_level(share: Any) -> Any:
    """Level of noise after a share of the steps (Karras et al. 2022, eq. 5)."""
    ends = HIGHEST ** (1 / RHO), LOWEST ** (1 / RHO)
    return (ends[0] + share * (ends[1] - ends[0])) ** RHO


def heun_step(slope: Callable, y: Any, now: Any, then: Any, length: Any) -> Any:
    """Solution after a step of Heun's method, from one level of noise to the next.

    With sigma = tan(t) for a level sigma, `length` is the difference in t, by which
    slope(y, sigma) is the derivative (Lu & Song 2025, eq. 8).
    """
    first = slope(y, now)
    return y + 0.5 * length * (first + slope(y + length * first, then))
