"""Weights of edges between neighbours, and spectral coordinates of such a graph."""

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import ArpackNoConvergence, eigsh

from skunsup._graph import Neighbors

ONE_SIDED = 0.1  # weight of an edge to a row that does not return it
POWER = 3  # of eigenvalues, the steps of a random walk
TINY = 1e-300  # sum of weights to divide by
DENSE_ROWS = 200  # of which all eigenvectors take no longer than some


def affinity(neighbors: Neighbors, weight: np.ndarray | None) -> sp.csr_array:
    """Return a symmetric graph in which edges that both rows name weigh 1, others 0.1.

    With weights of rows, those of edges are multiplied by those of both their ends.
    """
    one_sided = neighbors.matrix().astype(np.float64)
    other = one_sided.T.tocsr()
    graph = one_sided.minimum(other) + ONE_SIDED * one_sided.maximum(other)
    if weight is not None:
        scale = sp.diags_array(weight)
        graph = scale @ graph @ scale
    return sp.csr_array(graph)


def spectral_coordinates(
    graph: sp.csr_array, n_coordinates: int, *, unit: bool = True
) -> np.ndarray:
    """Return coordinates in which rows are near that a random walk soon connects.

    The leading eigenvectors of the graph, divided by the roots of the degrees on both
    sides, times their eigenvalues to the power 3; rows have length 1 (Ng, Jordan &
    Weiss 2002; Coifman & Lafon 2006).

    Parameters
    ----------
    graph : sparse array of shape (n, n)
        Symmetric, not negative.
    n_coordinates : int
        How many, at most n.
    unit : bool, default=True
        Whether rows are divided by their lengths.
    """
    n = graph.shape[0]
    scale = sp.diags_array(np.maximum(graph.sum(axis=1), TINY) ** -0.5)
    walk = sp.csr_array(scale @ graph @ scale)
    if n <= max(DENSE_ROWS, 2 * n_coordinates):
        values, vectors = np.linalg.eigh(walk.toarray())
    else:
        values, vectors = _leading(walk, n_coordinates)
    order = np.argsort(-values, kind="stable")[:n_coordinates]
    coordinates = vectors[:, order] * np.maximum(values[order], 0.0) ** POWER
    return unit_rows(coordinates) if unit else coordinates


def _leading(walk: sp.csr_array, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the leading eigenvalues and vectors, or those that were found in time."""
    start = np.random.default_rng(0).random(walk.shape[0])
    try:
        values, vectors = eigsh(walk, k, which="LA", tol=1e-3, v0=start)
    except ArpackNoConvergence as stopped:
        values, vectors = stopped.eigenvalues, stopped.eigenvectors
    return values, vectors


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Return rows divided by their lengths."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(lengths, 1e-12)
