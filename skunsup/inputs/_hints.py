"""Hints at the kind of data for what is not a matrix of numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

FOUR_AXES = (
    "Give inputs=Images() for images of shape (height, width, channels), or "
    "X.reshape(len(X), -1) for rows of plain numbers."
)
THREE_AXES = (
    "Give inputs=Images() for images of shape (height, width), inputs=Sequences() for "
    "sequences of shape (steps, numbers), or X.reshape(len(X), -1) for rows of plain "
    "numbers."
)
TEXTS = (
    "Give inputs=Text() for texts as words in their order, TfidfVectorizer in a "
    "Pipeline for their counts, or inputs=Images() for paths of images."
)
RAGGED = "Give inputs=Sequences() for sequences that differ in length."
TABLE = "Or give inputs=Table(), which takes missing values and categories as they are"


@contextmanager
def other_kinds_named(estimator: BaseEstimator, X: Any) -> Iterator[None]:
    """Say in an error about `X` which value of `inputs` would take it.

    Parameters
    ----------
    estimator : BaseEstimator
        Whose data they are; one without `inputs` has no kinds to choose from.
    X : object
        The data.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        hint = _hint(X, str(error)) if hasattr(estimator, "inputs") else ""
        if not hint:
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{str(error).rstrip('.')}. {hint}") from error


def _hint(X: Any, message: str) -> str:
    """Return the kind that would take `X`, or nothing."""
    if isinstance(X, str):
        return "Read a file first, for instance with pandas.read_csv."
    first = _first(X)
    if isinstance(first, str):
        return TEXTS
    if "inhomogeneous" in message:
        return RAGGED
    if "inputs=" in message:  # which says it already
        return ""
    n_axes = _n_axes(X, first)
    if n_axes in (3, 4):
        return THREE_AXES if n_axes == 3 else FOUR_AXES
    if "contains NaN" in message:
        return f"{TABLE}."
    if "but expected numbers" in message:
        return f"{TABLE}, or inputs=Text() for texts."
    return ""


def _first(X: Any) -> Any:
    """Return the first item of a list, an array of one axis or a Series."""
    one_axis = isinstance(X, list | tuple) or len(getattr(X, "shape", ())) == 1
    if not one_axis or not len(X):
        return None
    return X.iloc[0] if hasattr(X, "iloc") else X[0]


def _n_axes(X: Any, first: Any) -> int:
    """Return the number of axes of an array, or of a list of arrays."""
    if hasattr(X, "shape"):
        return len(X.shape)
    if isinstance(first, list | tuple):
        try:
            return np.ndim(X)
        except ValueError:  # lists of different lengths
            return 0
    return 1 + len(getattr(first, "shape", ()))
