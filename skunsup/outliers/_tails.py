"""Scores as tail probabilities, which compare across scores."""

import numpy as np

MOST_KNOTS = 1000
EXACT = 2.0**16  # rounding errors of float32 are a hundredth of the steps that remain


def rounded(values: np.ndarray) -> np.ndarray:
    """Return values of 16 bits, so that rounding errors do not decide ranks.

    The distance between two rows is the same from either of them but for the last
    digits, which differ between processors. So are the scores of copies of a row.
    """
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.round(mantissa * EXACT) / EXACT, exponent)


class Tail:
    """Minus the logarithm of the share of reference rows with a higher score.

    It is what a score says in nats, whatever its unit: 0 for the lowest, 0.7 for a
    median one, and log n for the highest of n. Between values it is linear. Beyond the
    highest it grows with the logarithm of the score, as it would for the heaviest tails
    in use, those of a Cauchy distribution: however far out a row is by one score,
    others still count.

    Parameters
    ----------
    values : array of shape (n,)
        Non-negative scores of reference rows, higher for more outlying ones.
    """

    def __init__(self, values: np.ndarray) -> None:
        n = len(values)
        ordered = np.sort(values)
        ranked = rounded(ordered)
        below = np.searchsorted(ranked, ranked, "left")
        upto = np.searchsorted(ranked, ranked, "right")
        at = np.unique(np.linspace(0, n - 1, min(n, MOST_KNOTS)).astype(int))
        # Values that are equal but for rounding errors share their ranks.
        level = -np.log1p(-(below + upto) / 2.0 / (n + 1.0))
        self.values, first = np.unique(ordered[at], return_index=True)
        self.levels = level[at][first]

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the tail of `values`, shape (n,), non-negative and non-decreasing."""
        inside = np.interp(values, self.values, self.levels)
        highest = max(self.values[-1], np.finfo(np.float64).tiny)
        beyond = np.log(np.maximum(values, highest)) - np.log(highest)
        return inside + beyond
