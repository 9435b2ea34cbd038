"""What users pass in, checked before anything is changed."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

from skunsup._sklearn import check_sample_weight
from skunsup._training import Rows, as_rows, is_mapped

FLOATS = (np.float64, np.float32)


def check_X(
    estimator: BaseEstimator, X: object, *, reset: bool, min_samples: int = 1
) -> np.ndarray:
    """Validate rows of numbers: dense, sparse or memory-mapped.

    A memory map keeps its type and is not read here.

    Raises
    ------
    ValueError, TypeError
        As `sklearn.utils.validation.validate_data` does.
    """
    mapped = is_mapped(X) and np.ndim(X) == 2 and X.dtype.kind in "fiub"  # type: ignore[attr-defined, arg-type]
    checked = validate_data(
        estimator,
        X,
        reset=reset,
        accept_sparse="csr",
        dtype=None if mapped else FLOATS,
        ensure_all_finite=not mapped,
        ensure_min_samples=min_samples,
    )
    return X if mapped else checked  # type: ignore[return-value]


def check_rows(X: np.ndarray) -> Rows:
    """Return the rows of a validated `X`, once they are known to fit float32.

    Raises
    ------
    ValueError
        If a value is missing, infinite, or out of the range of single precision.
    """
    rows = as_rows(X)
    if X.dtype == np.float32 and not is_mapped(X):
        return rows
    start = 0
    for block in rows.blocks():
        finite = np.isfinite(block)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            _refuse(X[start + row, column], start + row, column)
        start += len(block)
    return rows


def value_range(rows: Rows) -> tuple[float, float]:
    """Return the smallest and the largest value."""
    lows, highs = zip(*((b.min(), b.max()) for b in rows.blocks()), strict=True)
    return float(min(lows)), float(max(highs))


def check_codes(X: object, n_components: int, name: str) -> np.ndarray:
    """Validate codes for `inverse_transform`: finite, (n, n_components)."""
    codes = check_array(X, dtype=FLOATS, input_name="X")
    if codes.shape[1] != n_components:
        raise ValueError(
            f"X has {codes.shape[1]} columns, but {name}.inverse_transform expects the "
            f"{n_components} columns that transform returns."
        )
    return codes


def check_weights(sample_weight: object, X: np.ndarray) -> np.ndarray | None:
    """Validate weights of the rows of `X`: non-negative, with a positive sum."""
    if sample_weight is None:
        return None
    shape_only = np.empty((X.shape[0], 1))
    weight = check_sample_weight(
        sample_weight, shape_only, dtype=np.float64, ensure_non_negative=True
    )
    if not weight.any():
        raise ValueError(
            f"sample_weight is 0 for all {len(weight)} rows, which leaves nothing to "
            "learn from. Give at least one row a positive weight."
        )
    return weight


def _refuse(value: float, row: int, column: int) -> None:
    if np.isfinite(value):
        raise ValueError(
            f"Input X holds {value:g} in row {row}, column {column}, which is infinity "
            "in single precision (float32, at most 3.4e38), which the network uses. "
            "Scale X, for instance with StandardScaler in a Pipeline."
        )
    kind = "NaN" if np.isnan(value) else "infinity"
    raise ValueError(
        f"Input X contains {kind} in row {row}, column {column}. Fill in missing "
        "values first, for instance with SimpleImputer in a Pipeline."
    )
