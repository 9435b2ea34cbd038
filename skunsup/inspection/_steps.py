"""Fitted estimators and pipelines, as displays ask them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skunsup._estimator import DeepEstimator, inputs_of
from skunsup._sklearn import count_rows
from skunsup.inputs import Inputs
from skunsup.inputs.table._matching import with_columns_of

NOT_THERE = (
    "{name} has no {method}, which {display} needs. {hint}Give an estimator that has it"
    "{more}."
)


def steps_of(estimator: Any) -> tuple[list[Any], Any]:
    """Return the steps in front of the last one of a pipeline, and that one.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    """
    if not isinstance(estimator, Pipeline):
        check_is_fitted(estimator)
        return [], estimator
    check_is_fitted(estimator.steps[-1][1])
    before, last = [step for _, step in estimator.steps[:-1]], estimator.steps[-1][1]
    more, model = steps_of(last)
    real = [step for step in before if step is not None and step != "passthrough"]
    return [*real, *more], model


def prepared(steps: Sequence[Any], X: Any) -> Any:
    """Return `X` after the steps."""
    for step in steps:
        X = step.transform(X)
    return X


def put_back(steps: Sequence[Any], rows: Any) -> Any:
    """Return rows in front of the steps; None where a step has no way back."""
    for step in reversed(steps):
        if not hasattr(step, "inverse_transform"):
            return None
        rows = step.inverse_transform(rows)
    return rows


def named_like(X: Any, rows: Any, name: str = "rows") -> Any:
    """Return rows with the columns of `X`, in its order, where it is a table."""
    return with_columns_of(X, rows, name, "X") if hasattr(X, "columns") else rows


def asked(estimator: Any, method: str, X: Any, display: str) -> np.ndarray:
    """Result of a method of the last step for rows.

    Raises
    ------
    ValueError
        If there is no such method.
    """
    steps, model = steps_of(estimator)
    need(model, method, display)
    return np.asarray(getattr(model, method)(prepared(steps, X)))


def need(model: Any, method: str, display: str, more: str = "") -> None:
    """Raise ValueError where a model lacks a method that a display needs."""
    try:
        getattr(model, method)
    except AttributeError as error:
        own = str(error)
        # Ours say how to get the method; those of Python only that it is not there.
        hint = "" if "object has no attribute" in own else f"{own.rstrip('.')}. "
        name = type(model).__name__
        raise ValueError(
            NOT_THERE.format(
                name=name, method=method, display=display, hint=hint, more=more
            )
        ) from error


def kind_of(model: Any) -> Inputs | None:
    """Return the fitted kind of data of a model, None where it takes numbers alone."""
    if isinstance(model, DeepEstimator):
        return inputs_of(model)
    inner = getattr(model, "estimator_", None)
    return None if inner is None else kind_of(steps_of(inner)[1])


def rebuilder(model: Any) -> Any:
    """Model with `reconstruct`, which may be within a detector; None without one."""
    if hasattr(model, "reconstruct"):
        return model
    inner = getattr(model, "estimator_", None)
    return inner if hasattr(inner, "reconstruct") else None


def taken(X: Any, index: Any) -> Any:
    """Return rows of arrays, tables, sparse matrices and lists."""
    index = np.atleast_1d(np.asarray(index, int))
    if hasattr(X, "iloc"):
        return X.iloc[index]
    if hasattr(X, "get_columns"):
        return X[index.tolist()]
    if sp.issparse(X):
        return sp.csr_array(X)[index]
    if isinstance(X, list | tuple):
        return [X[i] for i in index]
    return np.asarray(X)[index]


def first_rows(X: Any, rows: Any, n: int) -> np.ndarray:
    """Return the numbers of rows to show: those asked for, or the first `n`.

    Raises
    ------
    ValueError
        If there is no such row.
    """
    n_rows = count_rows(X)
    if rows is None:
        return np.arange(min(n, n_rows))
    found = np.atleast_1d(np.asarray(rows))
    if found.dtype.kind not in "iu" or not found.size:
        raise ValueError(
            f"rows={rows!r}, but expected numbers of rows, such as [0, 3, 7]."
        )
    if found.min() < -n_rows or found.max() >= n_rows:
        raise ValueError(f"rows={rows!r}, but X has {n_rows} rows.")
    return found % n_rows


def spread_rows(n_rows: int, most: int) -> np.ndarray:
    """Return at most `most` numbers of rows, drawn without repetition and in order."""
    if n_rows <= most:
        return np.arange(n_rows)
    drawn = np.random.default_rng(0).choice(n_rows, most, replace=False)
    return np.sort(drawn)
