"""Validation of what users pass in, before anything is changed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Any, TypeGuard

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

from skunsup._containers import check_container
from skunsup._dates import refuse_dates
from skunsup._training import Rows, as_rows, is_mapped

Columns = Sequence[str] | np.ndarray | None

FLOATS = (np.float64, np.float32)
MAX_DRAWS = 1e9  # so that the row numbers of an epoch fit in memory
MISSING = ("nan", "None", "<NA>", "NaT")


def check_X(
    estimator: BaseEstimator,
    X: object,
    *,
    reset: bool,
    min_samples: int = 1,
    name: str = "X",
) -> np.ndarray:
    """Validate rows of numbers: dense, sparse or memory-mapped.

    A memory map keeps its type and is not read here.

    Raises
    ------
    ValueError, TypeError
        As `sklearn.utils.validation.validate_data` does, naming the first bad cell.
    """
    if not reset and _is_known(estimator, X):
        return X  # type: ignore[return-value]
    refuse_dates(X, name)
    mapped = is_mapped(X) and np.ndim(X) == 2 and X.dtype.kind in "fiub"  # type: ignore[attr-defined, arg-type]
    with _located(X, name):
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


def check_incomplete(estimator: BaseEstimator, X: object) -> np.ndarray:
    """Validate rows of numbers like those of `fit`, in which NaN is a missing cell.

    Raises
    ------
    ValueError, TypeError
        As `sklearn.utils.validation.validate_data` does.
    """
    refuse_dates(X, "X")
    check_container(X)
    checked: np.ndarray = validate_data(
        estimator, X, reset=False, dtype=FLOATS, ensure_all_finite="allow-nan"
    )
    return checked


def _is_known(estimator: BaseEstimator, X: Any) -> bool:
    """Return True if nothing can be wrong with `X`, at a twentieth of the cost.

    scikit-learn's check takes 0.1 ms however few the rows. Whatever is not plain here
    is left to it, with all that it has to say.
    """
    if type(X) is not np.ndarray or X.ndim != 2 or X.dtype not in FLOATS:
        return False
    if not len(X) or hasattr(estimator, "feature_names_in_"):
        return False
    if X.shape[1] != getattr(estimator, "n_features_in_", None):
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(X.sum()))


def check_rows(X: np.ndarray, columns: Columns = None, name: str = "X") -> Rows:
    """Return the rows of a validated `X`, once they are known to fit float32.

    Parameters
    ----------
    X : array, CSR matrix or memory map
        As `check_X` returns it.
    columns : sequence of str or None
        Names of the columns, for messages.
    name : str
        What to call `X` in messages.

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
            _refuse(X[start + row, column], start + row, column, columns, name)
        start += len(block)
    return rows


def float_dtype(X: Any) -> np.dtype:
    """Return the dtype of results for `X`: float32 for float32, else float64."""
    return np.dtype(X.dtype if X.dtype in (np.float32, np.float64) else np.float64)


def value_range(rows: Rows, n_features: int | None = None) -> tuple[float, float]:
    """Return the smallest and the largest value of the first columns, or of all."""
    blocks = (block[:, :n_features] for block in rows.blocks())
    lows, highs = zip(*((b.min(), b.max()) for b in blocks), strict=True)
    return float(min(lows)), float(max(highs))


def check_codes(X: object, n_components: int, name: str) -> np.ndarray:
    """Validate codes for `inverse_transform`: finite, (n, n_components)."""
    refuse_dates(X, "X")
    check_container(X)
    with _located(X, "X"):
        codes = check_array(X, dtype=FLOATS, input_name="X")
    if codes.shape[1] != n_components:
        raise ValueError(
            f"X has {codes.shape[1]} columns, but {name}.inverse_transform expects the "
            f"{n_components} columns that transform returns."
        )
    return codes


def check_weights(sample_weight: object, n: int) -> np.ndarray | None:
    """Validate weights of `n` rows: non-negative, with a positive sum.

    A mask that picks a row stays one, and has an eighth of the size.

    Raises
    ------
    ValueError
        If they are anything else, or are not one number a row.
    """
    if sample_weight is None:
        return None
    if _is_mask(sample_weight, n):
        return sample_weight
    check_container(sample_weight, "sample_weight")
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n, sample_weight)
    refuse_dates(sample_weight, "sample_weight")
    with _located(sample_weight, "sample_weight"):
        weight = check_array(sample_weight, dtype=np.float64, ensure_2d=False)
    if weight.shape != (n,):
        raise ValueError(
            f"sample_weight has shape {weight.shape}, but X has {n} rows. Give one "
            f"number a row, shape ({n},)."
        )
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise ValueError(
            f"sample_weight is {weight[row]:g} in row {row}, but weights must not be "
            "negative. Give a row to be left out the weight 0."
        )
    if not weight.any():
        raise ValueError(
            f"sample_weight is zero for all {n} rows, which leaves nothing to learn "
            "from. Give at least one row a positive weight."
        )
    if weight.sum() > MAX_DRAWS:
        raise ValueError(
            f"sample_weight sums to {weight.sum():g}, and an epoch draws as many rows, "
            f"at most {MAX_DRAWS:g}. Divide the weights by their mean."
        )
    return weight


def _is_mask(weight: object, n: int) -> TypeGuard[np.ndarray]:
    if type(weight) is not np.ndarray or weight.dtype != bool:
        return False
    return weight.shape == (n,) and bool(weight.any())


def is_missing(value: Any) -> bool:
    """Return True for a missing value: None, NaN, NaT or pandas.NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, Real) and bool(value != value)


@contextmanager
def _located(X: Any, name: str) -> Iterator[None]:
    """Say more than scikit-learn does: which cell of `X`, and what to do."""
    try:
        # scikit-learn adds X up, and converts it, before it looks what is infinite.
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except ValueError as error:
        refuse_repeated(X, name)
        refuse_ragged(X, name)
        if np.iscomplexobj(X):
            raise ValueError(
                f"Complex data not supported: {name} must hold real numbers. Give real "
                "and imaginary parts as columns of their own, for instance "
                "numpy.hstack([X.real, X.imag])."
            ) from error
        found = _first_bad_cell(X)
        if found is not None:
            _refuse(*found, getattr(X, "columns", None), name)
        if name != "X":
            raise ValueError(f"{name} does not fit: {error}") from error
        raise


def refuse_repeated(X: Any, name: str) -> None:
    """Raise ValueError where two columns of a DataFrame of pandas have one name."""
    repeated = getattr(getattr(X, "columns", None), "duplicated", None)
    twice = [] if repeated is None else X.columns[repeated()]
    if len(twice):
        raise ValueError(
            f"{name} has several columns named {twice[0]!r}, which could not be told "
            "apart. Give each column a name of its own."
        )


def refuse_ragged(X: Any, name: str) -> None:
    """Refuse what NumPy cannot lay out as an array."""
    try:
        np.asarray(X)
    except ValueError as error:
        raise ValueError(
            f"{name} holds rows of different lengths, or columns of arrays, but "
            "expected the same columns in each row. Correct the rows, or use "
            "inputs=Sequences() where they are sequences."
        ) from error


def _first_bad_cell(X: Any) -> tuple[Any, int, int] | None:
    """Return (value, row, column) of the first cell that is not a finite number."""
    if sp.issparse(X):
        cells = X.tocoo()
        bad = np.flatnonzero(~np.isfinite(cells.data))[:1]
        found = zip(cells.data[bad], cells.row[bad], cells.col[bad], strict=True)
        return next(found, None)
    table = np.asarray(X)
    if table.ndim != 2:
        return None
    finite = np.isfinite if table.dtype.kind in "fiub" else _FINITE
    bad = np.argwhere(~finite(table))[:1]
    return next(((table[i, j], i, j) for i, j in bad), None)


def _is_finite(value: Any) -> bool:
    try:
        return bool(np.isfinite(float(value)))
    except (TypeError, ValueError):
        return False


_FINITE = np.vectorize(_is_finite, otypes=[bool])


def _refuse(value: Any, row: int, column: int, columns: Columns, name: str) -> None:
    place = f"row {row}, column {column if columns is None else repr(columns[column])}"
    if str(value) in MISSING:
        raise ValueError(
            f"Input {name} contains NaN in {place}, but expected numbers. Fill in "
            "missing values first, for instance with SimpleImputer in a Pipeline."
        )
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(
            f"Input {name} contains {str(value)!r} in {place}, but expected numbers. "
            "Encode text first, for instance with OneHotEncoder in a ColumnTransformer."
        ) from None
    if np.isinf(number):
        raise ValueError(
            f"Input {name} contains infinity ({number:g}) in {place}, but expected "
            "finite numbers. Replace or leave out such rows."
        )
    raise ValueError(
        f"Input {name} contains {number:g} in {place}, which is infinity in single "
        "precision (float32, at most 3.4e38), the precision of the network. Scale X, "
        "for instance with StandardScaler in a Pipeline."
    )
