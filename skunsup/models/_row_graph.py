"""Neighbours of the distinct rows of data, looked for or given as a graph."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from skunsup._graph import (
    Neighbors,
    check_metric,
    given_neighbors,
    nearest_neighbors,
)
from skunsup._random import draw_seed
from skunsup._training import Rows, WeightedSampler

DEFAULT_NEIGHBORS = 50

TOO_MANY_NEIGHBORS = (
    "n_neighbors={k}, but X has {n} distinct rows to train on, so a row has at most "
    "{most} neighbours. Lower n_neighbors, use n_neighbors='auto', or give more rows."
)
GRAPH_ALONE = (
    "graph was given, but metric={metric!r} says to look for neighbours. Use "
    "metric='precomputed' to take them from graph, or leave graph out."
)
NO_GRAPH = (
    "metric='precomputed' takes neighbours from graph, which is None. Give graph, a "
    "sparse matrix of distances as sklearn.neighbors.kneighbors_graph(X, 15, "
    "mode='distance') returns it, or another metric."
)


def neighbors_of(
    features: np.ndarray,
    n_neighbors: int | str,
    metric: str | Callable,
    rng: np.random.Generator,
) -> Neighbors:
    """Find the nearest neighbours of distinct rows; a single one is its own.

    Parameters
    ----------
    features : array of shape (n, width), float32
        What distances are measured on.
    n_neighbors : int or "auto"
        How many.
    metric : str or callable
        As of `NearestNeighbors`; "cosine" means that rows have length 1 already.
    rng : numpy.random.Generator
        Seeds the search.

    Raises
    ------
    ValueError
        If there are not so many other rows, or the metric is unknown or gives NaN.
    """
    n = len(features)
    check_metric(metric)
    if n == 1:
        return Neighbors(np.zeros((1, 1), np.int32), np.ones(1, int))
    if isinstance(n_neighbors, str):
        n_neighbors = min(DEFAULT_NEIGHBORS, n - 1)
    if n_neighbors >= n:
        raise ValueError(TOO_MANY_NEIGHBORS.format(k=n_neighbors, n=n, most=n - 1))
    if metric == "cosine":
        metric = "euclidean"
    return nearest_neighbors(features, n_neighbors, metric, draw_seed(rng) % 2**31)


def distinct_numbers(rows: Rows, sample: WeightedSampler) -> np.ndarray:
    """Return the number of each row among the distinct ones, -1 where left out."""
    known = rows.hashes[sample.index]
    place = np.minimum(np.searchsorted(known, rows.hashes), len(known) - 1)
    return np.where(known[place] == rows.hashes, place, -1)


def check_graph_given(metric: Any, graph: Any) -> None:
    """Raise ValueError if the metric says one thing and the graph another."""
    precomputed = isinstance(metric, str) and metric == "precomputed"
    if graph is None and precomputed:
        raise ValueError(NO_GRAPH)
    if graph is not None and not precomputed:
        raise ValueError(GRAPH_ALONE.format(metric=metric))


def graph_neighbors(
    graph: Any, rows: Rows, sample: WeightedSampler, n_neighbors: int | str
) -> Neighbors:
    """Return the neighbours of distinct rows in a graph of all rows."""
    k = rows.n if isinstance(n_neighbors, str) else n_neighbors
    distinct = distinct_numbers(rows, sample)
    return given_neighbors(graph, distinct, len(sample.index), k)


def whole_graph(
    neighbors: Neighbors, rows: Rows, sample: WeightedSampler
) -> sp.csr_array:
    """Return the graph of distinct rows as one of all rows of the data.

    Rows equal to an earlier one have its neighbours; a neighbour is named by the first
    of the rows equal to it. Rows that were left out have none.
    """
    distinct = distinct_numbers(rows, sample)
    count = np.where(distinct < 0, 0, neighbors.count[distinct])
    chosen = distinct[count > 0]
    table = sample.index[neighbors.table[chosen]]
    columns = table[neighbors.known[chosen]]
    starts = np.append(0, np.cumsum(count))
    ones = np.ones(len(columns), np.float32)
    return sp.csr_array((ones, columns, starts), (rows.n, rows.n))
