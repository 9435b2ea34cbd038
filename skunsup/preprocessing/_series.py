"""Series as users pass them, and names of their columns and time points."""

from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from skunsup._containers import check_container
from skunsup._dates import refuse_dates
from skunsup._sklearn import output_container

FLOATS = (np.float64, np.float32)


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
