"""Labels of which some are unknown."""

from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

UNKNOWN = -1


def check_labels(y: Any, name: str) -> np.ndarray:
    """Validate labels, -1 for unknown ones.

    Raises
    ------
    ValueError
        If there are none, they are missing values or numbers that are not classes, or
        strings whose type cannot hold -1.
    """
    if y is None:
        raise ValueError(
            f"{name} requires y to be passed, but the target y is None. Give a label "
            "for each row, -1 where it is unknown."
        )
    y = column_or_1d(y, warn=True)
    missing = _missing(y)
    if missing.any():
        raise ValueError(
            f"Input y contains NaN, None or infinity in row {int(missing.argmax())}, "
            "but expected a label for each row. Write -1 where it is unknown."
        )
    if y.dtype.kind in "US" and (y == str(UNKNOWN)).any():
        raise ValueError(
            "y is an array of strings that holds '-1'. If it marks unknown labels, "
            "give an array of dtype object that holds the number -1."
        )
    check_classification_targets(y[~_is_unknown(y)])
    return y


def find_classes(y: np.ndarray) -> np.ndarray:
    """Return the labels in `y`, in order; -1 is one beside 1 alone.

    Raises
    ------
    ValueError
        If no label is known.
    """
    known = np.unique(y[~_is_unknown(y)])
    if not len(known):
        raise ValueError(
            f"y labels no row: all {len(y)} are -1, which means unknown. Label some "
            "rows of each class, or use AAEClustering."
        )
    if known.dtype.kind in "iuf" and known.tolist() == [1] and _is_unknown(y).any():
        return np.unique(y)
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
                "partial_fit, or -1 for an unknown label."
            )
    return np.array([UNKNOWN if number is None else number for number in numbers])


def _is_unknown(y: np.ndarray) -> np.ndarray:
    if y.dtype.kind in "US":
        return np.zeros(len(y), bool)
    return np.asarray(y == UNKNOWN, bool)


def _missing(y: np.ndarray) -> np.ndarray:
    if y.dtype.kind == "f":
        return ~np.isfinite(y)
    if y.dtype.kind == "O":
        return np.array([label is None or label != label for label in y], bool)
    return np.zeros(len(y), bool)
