"""Arithmetic of windows over series, and from windows back to time points."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

# A time point's value from those of its windows: what to start with, and how to take in
# one window after the other.
REDUCTIONS: dict[str, tuple[float, np.ufunc]] = {
    "mean": (0.0, np.add),
    "max": (-np.inf, np.maximum),
    "min": (np.inf, np.minimum),
}
METHODS = (*REDUCTIONS, "last")


@dataclass(frozen=True)
class Grid:
    """Positions of the windows of a series.

    Parameters
    ----------
    n_times : int
        Length of the series, at least `window_length`.
    window_length, stride : int
        Of the windows.
    pad : bool
        Whether the first window stands for the time points before its end as well.
    """

    n_times: int
    window_length: int
    stride: int
    pad: bool

    @property
    def ends(self) -> np.ndarray:
        """Time points that the windows stand for: their last, but for padding."""
        first, last = 0 if self.pad else self.window_length - 1, self.n_times - 1
        ends = np.arange(first, self.n_times, self.stride)
        return ends if ends[-1] == last else np.append(ends, last)

    @property
    def starts(self) -> np.ndarray:
        """First time points of the windows."""
        return np.maximum(self.ends - self.window_length + 1, 0)

    def cut(self, series: np.ndarray) -> np.ndarray:
        """Return the windows, of shape (n_windows, window_length, n_features)."""
        starts = self.starts
        shape = (len(starts), self.window_length, series.shape[1])
        windows = np.empty(shape, series.dtype)
        for offset in range(self.window_length):
            windows[:, offset] = series[starts + offset]
        return windows

    def reduce(self, values: np.ndarray, method: str) -> np.ndarray:
        """Return one value a time point from those of the windows around it.

        Parameters
        ----------
        values : array of shape (n_windows, window_length or 1, n_features)
            What each window says of each of its points, or of all of them.
        method : one of `METHODS`
            See `SlidingWindows.point_scores`.

        Returns
        -------
        array of shape (n_times, n_features)
            In the type of `values`.
        """
        if method == "last":
            return values[np.searchsorted(self.ends, np.arange(self.n_times)), -1]
        start, take_in = REDUCTIONS[method]
        found = np.full((self.n_times, values.shape[2]), start, values.dtype)
        count = np.zeros((self.n_times, 1), values.dtype)
        starts = self.starts
        for offset in range(self.window_length):
            at = starts + offset
            take_in.at(found, at, values[:, min(offset, values.shape[1] - 1)])
            np.add.at(count, at, 1)
        return found / count if method == "mean" else found


@dataclass(frozen=True)
class Windowing:
    """Windows of series of any length.

    Parameters
    ----------
    window_length, stride, pad
        As of `Grid`.

    Raises
    ------
    ValueError
        If the stride is longer than a window.
    """

    window_length: int
    stride: int
    pad: bool

    def __post_init__(self) -> None:
        if self.stride > self.window_length:
            raise ValueError(
                f"stride={self.stride} is more than "
                f"window_length={self.window_length}, which leaves time points in no "
                "window. Use a stride of at most window_length."
            )

    def check_lengths(self, lengths: Sequence[int]) -> None:
        """Raise ValueError if a series is shorter than a window."""
        for at, length in enumerate(lengths):
            if length < self.window_length:
                name = "X" if len(lengths) == 1 else f"Series {at} of X"
                raise ValueError(
                    f"{name} has n_samples={length}, fewer time points than a "
                    f"window of window_length={self.window_length}. Use a smaller "
                    "window_length."
                )

    def grid(self, n_times: int) -> Grid:
        """Windows of a series of so many time points."""
        return Grid(n_times, self.window_length, self.stride, self.pad)

    def by_series(
        self, values: np.ndarray, n_times: Any, method: str, squeeze: bool = False
    ) -> Any:
        """Reduce the values of windows, series by series, as `Grid.reduce` does.

        Parameters
        ----------
        values : array of shape (n_windows, window_length or 1, n_features)
            Of the windows of all series.
        n_times : int, sequence of int or None
            Lengths of the series; None for that which follows for one series.
        method : one of `METHODS`
            See `SlidingWindows.point_scores`.
        squeeze : bool, default=False
            Whether to return one number a time point.

        Raises
        ------
        ValueError
            If the lengths do not fit the number of windows.
        """
        grids = self._grids(len(values), n_times)
        ends = np.cumsum([len(grid.starts) for grid in grids])
        parts = np.split(values, ends[:-1])
        found = [
            grid.reduce(part, method) for grid, part in zip(grids, parts, strict=True)
        ]
        if squeeze:
            found = [scores[:, 0] for scores in found]
        return found[0] if n_times is None or np.ndim(n_times) == 0 else found

    def _grids(self, n_windows: int, n_times: Any) -> list[Grid]:
        if n_times is None:
            n_times = self._length(n_windows)
        grids = [self.grid(n) for n in as_lengths(n_times, self.window_length)]
        expected = sum(len(grid.starts) for grid in grids)
        if expected != n_windows:
            raise ValueError(
                f"There are {n_windows} windows, but series of n_times={n_times} have "
                f"{expected} windows of window_length={self.window_length} and "
                f"stride={self.stride} with pad={self.pad!r}. Give the lengths of the "
                "series they were cut from."
            )
        return grids

    def _length(self, n_windows: int) -> int:
        """Length of a single series with so many windows."""
        if self.stride > 1:
            raise ValueError(
                f"With stride={self.stride} series of several lengths have {n_windows} "
                "windows. Give n_times=len(series)."
            )
        return n_windows if self.pad else n_windows + self.window_length - 1


def as_lengths(n_times: Any, window_length: int) -> list[int]:
    """Return the lengths of series as a list.

    Raises
    ------
    ValueError
        If they are not whole numbers from `window_length` up.
    """
    several = isinstance(n_times, Sequence | np.ndarray) and np.ndim(n_times) == 1
    lengths = list(n_times) if several else [n_times]
    for length in lengths:
        if not isinstance(length, Integral) or length < window_length:
            raise ValueError(
                f"n_times={n_times!r}, but expected a whole number from "
                f"window_length={window_length} up, such as len(series), or a list of "
                "them, one for each series."
            )
    return [int(length) for length in lengths]
