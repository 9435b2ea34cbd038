"""Series as users pass them, and the arithmetic of windows over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from skunsup._containers import check_container
from skunsup._dates import refuse_dates
from skunsup._sklearn import output_container

FLOATS = (np.float64, np.float32)
# A time point's value from those of its windows: what to start with, and how to take in
# one window after the other.
REDUCTIONS: dict[str, tuple[float, np.ufunc]] = {
    "mean": (0.0, np.add),
    "max": (-np.inf, np.maximum),
    "min": (np.inf, np.minimum),
}
METHODS = (*REDUCTIONS, "last")


def check_series(estimator: BaseEstimator, X: Any, *, reset: bool) -> list[np.ndarray]:
    """Validate one series, or several: a list or an object array of arrays.

    Parameters
    ----------
    estimator : BaseEstimator
        Whose `n_features_in_` and `feature_names_in_` are set or compared with.
    X : array-like or list of arrays
        As the user passed it.
    reset : bool
        Whether the first series sets the columns.

    Returns
    -------
    list of arrays of shape (n_times, n_features)
        float32 or float64, finite.

    Raises
    ------
    ValueError, TypeError
        Naming the series, the time point and the column.
    """
    check_container(X)
    sequence = isinstance(X, list | tuple) or (
        isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    )
    if sequence and len(X) == 0:
        raise ValueError("X is an empty list, but expected at least one series.")
    if not (sequence and any(getattr(item, "ndim", 0) > 0 for item in X)):
        return [_check_one(estimator, X, reset, "X")]
    return [
        _check_one(estimator, series, reset and at == 0, f"Series {at} of X")
        for at, series in enumerate(X)
    ]


def _check_one(estimator: BaseEstimator, X: Any, reset: bool, name: str) -> np.ndarray:
    n_dims = _n_dims(X, name)
    columns = getattr(X, "columns", None)
    refuse_dates(X, name)
    if n_dims == 1:
        n_columns = 1 if reset else estimator.n_features_in_
        if n_columns > 1:
            raise ValueError(
                f"{name} has 1 dimension, a series of one column, but fit saw series "
                f"of {n_columns} columns. Reshape your data to (n_times, {n_columns})."
            )
        X = np.asarray(X).reshape(-1, 1)
    try:
        with np.errstate(over="ignore"):
            series = validate_data(
                estimator, X, reset=reset, dtype=FLOATS, ensure_all_finite=False
            )
    except ValueError as error:
        if name == "X":
            raise
        raise ValueError(f"{name} does not fit: {error}") from error
    _refuse_gaps(series, columns, name)
    return series


def _n_dims(X: Any, name: str) -> int:
    try:
        n_dims = X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim
    except ValueError:
        raise ValueError(
            f"{name} is a list of lists of different lengths, but expected the same "
            "columns at each time point. Give several series as a list of arrays."
        ) from None
    if n_dims == 0:
        raise ValueError(
            f"{name} is a single number or object ({X!r}), but expected a series, of "
            "shape (n_times,) or (n_times, n_features)."
        )
    if n_dims > 2:
        raise ValueError(
            f"{name} has {n_dims} dimensions, but a series has shape (n_times,) or "
            "(n_times, n_features). Give several series as a list, such as list(X)."
        )
    return n_dims


def _refuse_gaps(series: np.ndarray, columns: Any, name: str) -> None:
    finite = np.isfinite(series)
    if finite.all():
        return
    time, column = np.argwhere(~finite)[0]
    value = series[time, column]
    shown = "NaN" if np.isnan(value) else f"{value:g}"
    label = column if columns is None else repr(columns[column])
    raise ValueError(
        f"{name} contains {shown} at time point {time}, column {label}, but expected "
        "finite numbers. Fill the gap first, for instance with "
        "pandas.DataFrame.interpolate, or cut the series there and give a list."
    )


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


def check_lengths(n_times: Any, window_length: int) -> list[int]:
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


def column_names(n: int, seen: Any, given: Any) -> list[str]:
    """Return the names of the columns of a series.

    Parameters
    ----------
    n : int
        Number of columns.
    seen, given : array-like of str or None
        Names that `fit` saw, and those that the caller gives now.

    Returns
    -------
    list of str
        As long as `n`.

    Raises
    ------
    ValueError
        If the given names are not those seen, or not as many as there are columns.
    """
    if given is None:
        return [f"x{at}" for at in range(n)] if seen is None else [*seen]
    names = [str(name) for name in given]
    if len(names) != n:
        raise ValueError(
            f"input_features should have length equal to number of features ({n}), got "
            f"{len(names)}."
        )
    if seen is not None and names != [*seen]:
        raise ValueError(
            f"input_features is not equal to feature_names_in_: got {names}, but fit "
            f"saw {[*seen]}. Leave it out."
        )
    return names


def labelled(
    estimator: BaseEstimator, rows: np.ndarray, X: Any, kept: np.ndarray
) -> Any:
    """Give rows the labels of the kept rows of `X`, where pandas output is asked for.

    scikit-learn gives a DataFrame made of an array all labels of X, and so fails where
    there are fewer rows.
    """
    wanted = output_container(estimator) or get_config()["transform_output"]
    if wanted != "pandas" or rows.ndim != 2 or not hasattr(X, "iloc"):
        return rows
    frame = X.to_frame() if X.ndim == 1 else X
    return type(frame)(rows, index=X.index[kept])
