"""Columns of numbers as scores on the scale of a normal distribution, and back."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri

ATOM = 0.02  # share of the rows from which a value is one that others may fall on
BEYOND = 2.0  # standard deviations that such a value at an end reaches outward
FAR = 6.0  # standard deviations from the mean at which tails are called long
MOST_KNOTS = 1000
LARGEST_SCORE = 4.5
MOST_APART = 10.0  # ratio of standard deviations up to which they are kept


@dataclass(frozen=True, eq=False)
class Margin:
    """The scores that each value of a column stands for.

    Between two values scores are interpolated, and beyond the first and the last they
    are theirs.

    Parameters
    ----------
    values : array of shape (k,), float64
        In ascending order.
    low, high : array of shape (k,), float64
        The ends of the interval of scores of each; equal for a single score.
    whole : bool, default=False
        Whether all values of the column are whole.
    """

    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    whole: bool = False

    def intervals(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and the upper ends of the scores of values."""
        at = np.minimum(np.searchsorted(self.values, x), len(self.values) - 1)
        known = self.values[at] == x
        ends = self._ends()
        between = np.interp(x, np.repeat(self.values, 2), ends)
        return (
            np.where(known, self.low[at], between),
            np.where(known, self.high[at], between),
        )

    def restored(self, scores: np.ndarray) -> np.ndarray:
        """Return the values that scores stand for, whole ones where all are."""
        found = np.interp(scores, self._ends(), np.repeat(self.values, 2))
        return np.rint(found) if self.whole else found

    def _ends(self) -> np.ndarray:
        return np.stack([self.low, self.high], axis=1).ravel()


def drawn_between(
    low: np.ndarray, high: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return draws of the standard normal between `low` and `high`, float32."""
    side = np.where(low + high > 0, -1.0, 1.0)  # where digits of 1 - p are lost
    a, b = np.minimum(side * low, side * high), np.maximum(side * low, side * high)
    p, q = ndtr(a), ndtr(b)
    z = np.clip(ndtri(p + rng.random(low.shape) * (q - p)), a, b)
    return (side * z).astype(np.float32)


def margin_of(x: np.ndarray, weight: np.ndarray) -> Margin:
    """Learn the scores of a column.

    Scores are normal quantiles of the ranks; a value that repeats stands for the
    interval of its share of the rows. Only where more than 2 % of the rows share the
    lowest or the highest value, and others are all different and without long tails,
    as if a range had been cut off, scores are the standardised values, and those of
    such an end reach outward.

    Parameters
    ----------
    x : array of shape (n,), float64
        The values, NaN where missing.
    weight : array of shape (n,)
        Weights of the rows.
    """
    known = ~np.isnan(x)
    # Rows of weight 0 alone may have a value.
    x, weight = (x[known], weight[known]) if known.any() else (np.zeros(1), np.ones(1))
    values, place = np.unique(x, return_inverse=True)
    total = weight.sum()
    share = np.bincount(place, weight) / total
    if len(values) == 1:
        return Margin(values, np.zeros(1), np.zeros(1))
    mean = float(share @ values)
    spread = float(np.sqrt(share @ np.square(values - mean))) or 1.0
    z = (values - mean) / spread
    repeats = len(values) <= 0.5 * total
    cut_off = max(share[0], share[-1]) > ATOM
    peaked = repeats or share[1:-1].max(initial=0.0) > ATOM
    long = max(-z[0], z[-1]) > FAR
    if cut_off and not (peaked or long):
        made = _linear_margin(values, share, z)
    else:
        made = _quantile_margin(values, share, total, repeats)
    return replace(made, whole=bool((np.rint(values) == values).all()))


def relative_deviations(numbers: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Standard deviations of columns relative to their root mean square.

    All are 1 where some column varies more than ten times as much as another.
    """
    known = ~np.isnan(numbers)
    total = np.maximum((weight[:, None] * known).sum(axis=0), 1e-12)
    filled = np.where(known, numbers, 0.0)
    mean = weight @ filled / total
    variance = weight @ np.where(known, np.square(filled - mean), 0.0) / total
    varied = variance[variance > 0]
    if not len(varied) or varied.max() > MOST_APART**2 * varied.min():
        return np.ones(len(mean))
    return np.where(variance > 0, np.sqrt(variance / varied.mean()), 1.0)


def _quantile_margin(
    values: np.ndarray, share: np.ndarray, total: float, repeats: bool
) -> Margin:
    upper = np.cumsum(share)
    lower = upper - share
    if not repeats:
        single = share <= ATOM
        middle = 0.5 * (lower + upper)
        lower, upper = np.where(single, middle, lower), np.where(single, middle, upper)
    kept = _knots(share, upper)
    edge = 0.25 / total
    low, high = (ndtri(np.clip(p[kept], edge, 1 - edge)) for p in (lower, upper))
    low, high = (np.clip(z, -LARGEST_SCORE, LARGEST_SCORE) for z in (low, high))
    return Margin(values[kept], low, high)


def _knots(share: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Numbers of the values to keep: frequent ones, and some of the others."""
    if len(share) <= MOST_KNOTS:
        return np.arange(len(share))
    grid = np.searchsorted(upper, np.linspace(0, 1, MOST_KNOTS))
    ends = [0, len(share) - 1]
    frequent = np.flatnonzero(share > 1 / MOST_KNOTS)
    return np.unique(np.concatenate([np.minimum(grid, ends[1]), frequent, ends]))


def _linear_margin(values: np.ndarray, share: np.ndarray, z: np.ndarray) -> Margin:
    outward = BEYOND * (share[[0, -1]] > ATOM)
    low, high = z[[0, -1]], z[[0, -1]]
    low[0] -= outward[0]
    high[-1] += outward[1]
    return Margin(values[[0, -1]], low, high)
