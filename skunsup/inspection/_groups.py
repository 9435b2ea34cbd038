"""Labels and numbers that colour rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skunsup.inspection._figures import check_finite, check_length
from skunsup.inspection._steps import asked

MOST_GROUPS = 70  # which differ in colour or marker
MOST_WHOLE = 20  # distinct whole numbers that are labels, not quantities


@dataclass(frozen=True)
class Colouring:
    """Labels or numbers of rows.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Numbers, or the places of labels in `names`.
    names : list of str or None
        Labels in order; None for numbers.
    title : str
        What they are.
    """

    values: np.ndarray
    names: list[str] | None
    title: str


def colouring(y: Any, n: int, title: str = "") -> Colouring:
    """Return labels or numbers of `n` rows.

    Floats that are not whole, and more than 20 distinct whole numbers, are numbers;
    all else are labels, of which missing ones are a group of their own.

    Raises
    ------
    ValueError
        If there are not `n`, numbers are not finite, or labels are too many.
    """
    values = np.asarray(y.to_numpy() if hasattr(y, "to_numpy") else y)
    if values.ndim != 1:
        raise ValueError(
            f"y has shape {values.shape}, but expected one label or number a row."
        )
    check_length(values, n, "y")
    title = title or str(getattr(y, "name", None) or "")
    kind = values.dtype.kind
    if kind == "f" or (kind in "iu" and len(np.unique(values)) > MOST_WHOLE):
        numbers = check_finite(values, "y")
        whole = (numbers == np.round(numbers)).all()
        if kind != "f" or not whole or len(np.unique(numbers)) > MOST_WHOLE:
            return Colouring(numbers, None, title)
        values = numbers.astype(int)
    return _labels(values, title)


def _labels(values: np.ndarray, title: str) -> Colouring:
    if values.dtype.kind in "OUST":
        values = np.array(["missing" if _missing(v) else str(v) for v in values])
    found, place = np.unique(values, return_inverse=True)
    if len(found) > MOST_GROUPS:
        raise ValueError(
            f"y has {len(found)} distinct labels, but at most {MOST_GROUPS} can be "
            "told apart. Give fewer groups, or numbers, which a scale of colours shows."
        )
    return Colouring(place.reshape(-1), [str(name) for name in found.tolist()], title)


def _missing(value: Any) -> bool:
    return value is None or value != value or str(value) == "<NA>"


def asked_colouring(estimator: Any, X: Any, y: Any, display: str) -> Any:
    """Return `y`, or what the method of the estimator that it names says of rows."""
    return asked(estimator, y, X, display) if isinstance(y, str) else y


def title_of(y: Any) -> str:
    """Return the title of a colouring by the method `y`."""
    known = {
        "predict": "predicted",
        "score_samples": "score_samples",
        "outlier_probability": "outlier probability",
    }
    return known.get(y, y) if isinstance(y, str) else ""
