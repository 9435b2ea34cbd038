"""Rows whose scores stand for those of all training rows."""

from collections.abc import Callable

import numpy as np

from skunsup._training import Rows, all_rows

MOST_JUDGED = 2**18  # so that 2,600 scores are beyond the 99th percentile


class Judged:
    """Rows whose scores thresholds are read off: all of them, or so many drawn evenly.

    So memory and the time of scoring do not grow with their number without end.

    Parameters
    ----------
    rows : Rows
        All training rows, of several processes those of `joint_rows`.
    weight : array of shape (n,) or None
        Their weights.

    Attributes
    ----------
    is_whole : bool
        Whether these are all rows.
    weight : array or None
        Weights of these rows.
    """

    def __init__(self, rows: Rows, weight: np.ndarray | None) -> None:
        self._rows = rows
        self.is_whole = rows.n <= MOST_JUDGED
        if not self.is_whole:
            within = np.random.default_rng(0).random(MOST_JUDGED)
            places = (np.arange(MOST_JUDGED) + within) * (rows.n / MOST_JUDGED)
            self._at = places.astype(np.int64)
        self.weight = None if weight is None else self.part_of(weight)
        if self.weight is not None and not self.weight.any():
            self.is_whole, self.weight = True, weight

    def part_of(self, values: np.ndarray) -> np.ndarray:
        """Return the values that these rows have of those of all."""
        return values if self.is_whole else values[self._at]

    def of(self, of_each: Callable[[Rows], np.ndarray]) -> np.ndarray:
        """Result of a function for these rows.

        Of several processes each computes it for its own rows, and all have the result.

        Parameters
        ----------
        of_each : callable
            From rows to a value of each.
        """
        own = self._rows.own
        if self.is_whole:
            return all_rows(of_each(own))
        first, end, _ = self._rows.own_part.indices(self._rows.n)
        at = self._at[(self._at >= first) & (self._at < end)] - first
        # One row stands in where a process has none of these.
        found = of_each(own.part(at if len(at) else np.zeros(1, np.int64)))
        return all_rows(found[: len(at)])
