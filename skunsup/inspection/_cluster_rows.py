"""Centres of clusters, and the rows nearest to them."""

from typing import Any

import numpy as np


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
