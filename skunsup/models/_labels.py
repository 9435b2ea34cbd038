"""Labels of which some are unknown."""

import warnings
from numbers import Real
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d

from skunsup._containers import check_container
from skunsup._validation import is_missing

UNKNOWN = -1
PROBABLY_A_CLASS = (
    "y holds -1, which is taken for unknown, beside {other}, so -1 is probably a "
    "class. Give classes other numbers or names, and None or NaN for unknown labels."
)


def as_labels(y: Any, *, warn: bool = True) -> np.ndarray:
    """Return labels as an array, None or NaN where one is missing.

    Parameters
    ----------
    y : array-like of shape (n,)
        Of Python, NumPy, pandas or polars, with what each has for missing values.
    warn : bool, default=True
        Whether to warn of a column of shape (n, 1).

    Returns
    -------
    array of shape (n,)
        Numbers and booleans have a type of their own where none is missing.
    """
    check_container(y, "y")
    y = column_or_1d(_unboxed(y), warn=warn)
    if y.dtype != object:
        return y
    missing = is_unlabelled(y)
    y = np.where(missing, None, y)
    numbers = typed(y[~missing])
    if numbers.dtype == object or not missing.any():
        return y if numbers.dtype == object else numbers
    # NaN makes no integer or boolean a number with a point.
    filled = np.full(len(y), np.nan if numbers.dtype.kind == "f" else None)
    filled[~missing] = numbers
    return filled


def _unboxed(y: Any) -> Any:
    """Return objects where NumPy would turn numbers or missing values into strings."""
    if isinstance(y, list | tuple):
        strings = {isinstance(label, str) for label in y if not is_missing(label)}
        plain = len(strings) < 2 and not any(map(is_missing, y))
        return y if plain else np.fromiter(y, object, len(y))
    if isinstance(getattr(y, "dtype", None), np.dtype | None):
        return y
    return np.fromiter(y.to_list() if hasattr(y, "to_list") else y, object, len(y))


def is_unlabelled(y: np.ndarray) -> np.ndarray:
    """True where labels are missing values."""
    if y.dtype.kind == "f":
        return np.isnan(y)
    if y.dtype.kind in "mM":
        return np.isnat(y)
    if y.dtype.kind == "O":
        return np.array([is_missing(label) for label in y], bool)
    return np.zeros(len(y), bool)


def check_labels(y: Any, name: str) -> np.ndarray:
    """Validate labels, -1 or a missing value for unknown ones.

    Raises
    ------
    ValueError
        If there are none, they are numbers that are not classes or of several types,
        or strings whose type cannot hold -1.
    """
    if y is None:
        raise ValueError(
            f"{name} requires y to be passed, but the target y is None. Give a label "
            "for each row, -1 or None where it is unknown."
        )
    y = as_labels(y)
    if y.dtype.kind == "f" and np.isinf(y).any():
        raise ValueError(
            f"Input y contains infinity in row {int(np.isinf(y).argmax())}, but "
            "expected a label for each row. Write -1 or NaN where it is unknown."
        )
    if y.dtype.kind in "US" and (y == str(UNKNOWN)).any():
        raise ValueError(
            "y is an array of strings that holds '-1'. If it marks unknown labels, "
            "give an array of dtype object that holds the number -1, or None."
        )
    check_classes(y[~_is_unknown(y)])
    return y


def check_classes(known: np.ndarray) -> None:
    """Raise ValueError where known labels are not classes, or are of several types."""
    types = {isinstance(label, str): type(label) for label in known.tolist()}
    if len(types) > 1:
        raise ValueError(
            f"y holds labels of type str and of type {types[False].__name__}, which "
            "have no common order. Give labels of one type, for instance with "
            "astype(str)."
        )
    # Of objects, scikit-learn takes strings alone for classes.
    check_classification_targets(typed(known))


def distinct(y: np.ndarray) -> np.ndarray:
    """Return the labels in `y`, in order, without missing ones."""
    return np.unique(typed(y[~is_unlabelled(y)]))


def find_classes(y: np.ndarray) -> np.ndarray:
    """Return the labels in `y`, in order; -1 is one beside 1 alone.

    Raises
    ------
    ValueError
        If no label is known.

    Warns
    -----
    UserWarning
        If -1 is taken for unknown, but is probably a class.
    """
    unknown, missing = _is_unknown(y), is_unlabelled(y)
    known = np.unique(typed(y[~unknown]))
    if not len(known):
        raise ValueError(
            f"y labels no row: all {len(y)} are -1, None or NaN, which mean unknown. "
            "Label some rows of each class, or use AAEClustering."
        )
    if known.dtype.kind not in "iuf" or (unknown == missing).all():
        return known
    if known.tolist() == [1]:
        return distinct(y)
    below = known[known < UNKNOWN]
    if len(below) or missing.any():
        other = f"the label {below[0]}" if len(below) else "None or NaN"
        warnings.warn(PROBABLY_A_CLASS.format(other=other), stacklevel=3)
    return known


def label_numbers(y: np.ndarray, classes: np.ndarray, n: int) -> np.ndarray:
    """Return the place in `classes` of each label, -1 where it is unknown.

    Raises
    ------
    ValueError
        If `y` holds other labels, or not `n` of them.
    """
    if len(y) != n:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: y has "
            f"{len(y)} labels, but X has {n} rows. Give one label a row."
        )
    place = {label: number for number, label in enumerate(classes.tolist())}
    numbers = [place.get(label) for label in y.tolist()]
    unknown = _is_unknown(y)
    for row, number in enumerate(numbers):
        if number is None and not unknown[row]:
            raise ValueError(
                f"y holds {y.tolist()[row]!r} in row {row}, which is not one of the "
                f"classes {classes.tolist()}. Give all classes in the first call of "
                "partial_fit, or -1 or None for an unknown label."
            )
    return np.array([UNKNOWN if number is None else number for number in numbers])


def accuracy(y: Any, found: np.ndarray, sample_weight: Any) -> float:
    """Return the weighted accuracy among the rows that have a label."""
    y = as_labels(y)
    check_consistent_length(y, found, sample_weight)
    known = ~is_unlabelled(y)
    weight = None if sample_weight is None else np.asarray(sample_weight)[known]
    return float(accuracy_score(typed(y[known]), found[known], sample_weight=weight))


def _is_unknown(y: np.ndarray) -> np.ndarray:
    if y.dtype.kind in "US":
        return np.zeros(len(y), bool)
    return np.asarray(y == UNKNOWN, bool) | is_unlabelled(y)


def typed(known: np.ndarray) -> np.ndarray:
    """Return numbers and booleans with a type of their own, others as they are."""
    if known.dtype != object:
        return known
    values = known.tolist()
    plain = bool(values) and all(isinstance(v, Real | np.bool_) for v in values)
    return np.array(values) if plain else known
