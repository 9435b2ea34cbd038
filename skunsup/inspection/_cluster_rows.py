"""Centres of clusters, and the rows nearest to them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skunsup._sklearn import count_rows
from skunsup._validation import is_missing
from skunsup.inspection._cluster_columns import encoded
from skunsup.inspection._figures import check_length
from skunsup.inspection._steps import kind_of, prepared, put_back


def labels_of(labels: Any, X: Any) -> np.ndarray:
    """Return the label of each row of `X`; rows without one are the group "missing".

    Raises
    ------
    ValueError
        If there is not one label for each row.
    """
    found = np.asarray(labels.to_numpy() if hasattr(labels, "to_numpy") else labels)
    if found.ndim != 1:
        raise ValueError(
            f"labels has shape {found.shape}, but expected one label a row."
        )
    check_length(found, count_rows(X), "labels")
    if found.dtype.kind in "biuSU":  # which cannot be missing
        return found
    missing = [is_missing(label) for label in found]
    if found.dtype.kind != "O" and not any(missing):
        return found
    if found.dtype.kind == "f":
        found = np.array([f"{label:g}" for label in found])
    return np.where(missing, "missing", found.astype(str))


def centres_of(model: Any, codes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the centre of each cluster that has rows, (n_clusters, n_components).

    `cluster_centers_` of the model where they are codes, else the mean code.
    """
    found = np.unique(labels)
    known = getattr(model, "cluster_centers_", None)
    if known is not None and np.shape(known)[1:] == codes.shape[1:]:
        whole = found.dtype.kind in "iu" and found[0] >= 0 and found[-1] < len(known)
        if whole:
            return np.asarray(known, float)[found]
    return np.stack([codes[labels == cluster].mean(axis=0) for cluster in found])


def representatives(codes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return for each cluster the row whose code is nearest to their mean."""
    chosen = []
    for cluster in np.unique(labels):
        rows = np.flatnonzero(labels == cluster)
        middle = codes[rows].mean(axis=0)
        chosen.append(rows[np.square(codes[rows] - middle).sum(axis=1).argmin()])
    return np.array(chosen)


def codes_of(steps: Sequence[Any], model: Any, X: Any) -> tuple[bool, np.ndarray, Any]:
    """Codes of rows: True if they can be decoded, the codes, a function that does it.

    They are those of the clusterer, if it has some, else what it clusters: the codes
    of the step before it.
    """
    own = hasattr(model, "n_components_") and hasattr(model, "transform")
    coder = [*steps, model] if own else list(steps)
    codes = np.asarray(prepared(coder, X), float) if coder else None
    if codes is None:
        codes = encoded(X)
    whole = bool(coder) and all(hasattr(s, "inverse_transform") for s in coder)
    return whole, codes, lambda rows: put_back(coder, rows)


def kind_before(steps: Sequence[Any]) -> Any:
    """Return the kind of data of the first step that has one."""
    kinds = [kind_of(step) for step in steps]
    return kinds[0] if kinds else None
