"""Graphs of nearest neighbours among rows."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.neighbors import VALID_METRICS, NearestNeighbors
from sklearn.utils import gen_batches

APPROXIMATE_ROWS = 50_000  # above which pynndescent takes less time than comparing all
METRICS = sorted(set(VALID_METRICS["brute"]) - {"precomputed"})
MUTUAL_ROWS = 4096  # whose neighbours are looked at together
COMPARED = {"cityblock", "nan_euclidean"}  # metrics that pynndescent does not have


@dataclass(frozen=True)
class Neighbors:
    """Neighbours of each of some rows.

    Parameters
    ----------
    table : array of int32, shape (n, k)
        Numbers of rows, nearest first.
    count : array of int, shape (n,)
        How many of each row of `table` are neighbours, at most k; the others are of no
        importance.
    odds : array of shape (n, k), default=None
        How likely each is drawn, relative to the others; None for equally.
    """

    table: np.ndarray
    count: np.ndarray
    odds: np.ndarray | None = None

    @property
    def known(self) -> np.ndarray:
        """Mask of the entries of `table` that are neighbours."""
        return np.arange(self.table.shape[1]) < self.count[:, None]

    def nearest(self, k: int) -> "Neighbors":
        """Return the `k` first neighbours of each row, or all where there are fewer."""
        return Neighbors(self.table[:, :k], np.minimum(self.count, k))

    def among(self, chosen: np.ndarray) -> "Neighbors":
        """Return the neighbours of the rows `chosen`, in order, among one another."""
        place = np.full(len(self.table), -1, np.int32)
        place[chosen] = np.arange(len(chosen))
        table = np.where(self.known[chosen], place[self.table[chosen]], -1)
        order = np.argsort(table < 0, axis=1, kind="stable")
        table = np.take_along_axis(table, order, axis=1)
        return Neighbors(np.maximum(table, 0), (table >= 0).sum(axis=1))

    def matrix(self) -> sp.csr_array:
        """Return the graph as a sparse matrix (n, n) with 1 for each neighbour."""
        n, known = len(self.table), self.known
        starts = np.append(0, np.cumsum(self.count))
        ones = np.ones(int(self.count.sum()), np.float32)
        return sp.csr_array((ones, self.table[known], starts), (n, n))


def check_metric(metric: str | Callable) -> None:
    """Raise ValueError for a name that is no metric of scikit-learn's search."""
    if callable(metric) or metric in METRICS:
        return
    near = get_close_matches(str(metric), [*METRICS, "precomputed"], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(
        f"metric={metric!r} is unknown.{hint} Expected a function of two rows, "
        f"'precomputed', or one of {', '.join(METRICS)}."
    )


def nearest_neighbors(
    X: np.ndarray, k: int, metric: str | Callable = "euclidean", seed: int = 0
) -> Neighbors:
    """Find the `k` nearest other rows of each row.

    By comparison with all rows, or, of more than 50,000 rows and where `pynndescent` is
    installed, by nearest neighbour descent [1]_, which may miss a few. A function is
    used for the latter only if `numba.njit` has compiled it.

    Parameters
    ----------
    X : array of shape (n, n_features), float32
        Rows, distinct ones.
    k : int
        From 1 to n - 1.
    metric : str or callable, default="euclidean"
        As of `sklearn.neighbors.NearestNeighbors`.
    seed : int, default=0
        Of the descent.

    Raises
    ------
    ValueError
        If the metric gives NaN for a neighbour.

    References
    ----------
    .. [1] Dong, Moses & Li, "Efficient k-nearest neighbor graph construction for
       generic similarity measures", WWW 2011.
    """
    if len(X) > APPROXIMATE_ROWS and _can_descend(metric):
        table = _descended(X, k, metric, seed)
    else:
        search = NearestNeighbors(n_neighbors=k, algorithm="brute", metric=metric)
        lengths, table = search.fit(X).kneighbors()
        _check_lengths(lengths, metric)
    return Neighbors(table.astype(np.int32), np.full(len(X), k))


def _can_descend(metric: str | Callable) -> bool:
    if find_spec("pynndescent") is None:
        return False
    return hasattr(metric, "py_func") if callable(metric) else metric not in COMPARED


def _check_lengths(lengths: np.ndarray, metric: str | Callable) -> None:
    bad = np.isnan(lengths).any(axis=1)
    if bad.any():
        raise ValueError(
            f"The metric gives NaN as distance of row {int(np.argmax(bad))} from its "
            f"neighbours. Let metric={metric!r} return a number for any two rows."
        )


def _descended(X: np.ndarray, k: int, metric: str | Callable, seed: int) -> np.ndarray:
    from pynndescent import NNDescent

    index = NNDescent(X, metric=metric, n_neighbors=k + 1, random_state=seed, n_jobs=1)
    near, lengths = index.neighbor_graph
    _check_lengths(lengths, metric)
    found: np.ndarray = without_self(near)
    lost = np.flatnonzero((found < 0).any(axis=1))
    if len(lost):
        search = NearestNeighbors(n_neighbors=k + 1, algorithm="brute", metric=metric)
        near = search.fit(X).kneighbors(X[lost], return_distance=False)
        found[lost] = without_self(near, lost)
    return found


def without_self(found: np.ndarray, numbers: np.ndarray | None = None) -> np.ndarray:
    """Leave each row's own number out of its neighbours, or else the last of them."""
    own = np.arange(len(found)) if numbers is None else numbers
    dropped = found == own[:, None]
    dropped[~dropped.any(axis=1), -1] = True
    return found[~dropped].reshape(len(found), -1)


def mutual_neighbors(neighbors: Neighbors) -> Neighbors:
    """Keep the neighbours that a row is a neighbour of, else the nearest one.

    A neighbour of rank r, the larger of the ranks that both rows give each other, is
    drawn with odds 1 / r. So pairs of all scales are about equally many, and how many
    neighbours there are matters little.
    """
    n, k = neighbors.table.shape
    ranks = neighbors.matrix()
    ranks.data = np.broadcast_to(np.arange(1, k + 1, dtype=np.float32), (n, k))[
        neighbors.known
    ]
    back = ranks.T.tocsr()
    table, odds = np.empty_like(neighbors.table), np.empty((n, k), np.float32)
    count = np.empty(n, int)
    for block in gen_batches(n, MUTUAL_ROWS):
        some = Neighbors(neighbors.table[block], neighbors.count[block])
        larger = _larger_ranks(some, back[block])
        count[block] = np.isfinite(larger).sum(axis=1)
        larger[count[block] == 0, 0] = 1.0
        order = np.argsort(larger, axis=1, kind="stable")
        table[block] = np.take_along_axis(some.table, order, axis=1)
        odds[block] = 1.0 / np.take_along_axis(larger, order, axis=1)
    return Neighbors(table, np.maximum(count, 1), odds)


def _larger_ranks(some: Neighbors, given: sp.csr_array) -> np.ndarray:
    """Larger of the ranks that rows and their neighbours give each other.

    Parameters
    ----------
    some : Neighbors
        Of some rows, of n in all.
    given : sparse array of shape (n_some, n)
        Rank of each of these rows among the neighbours of every row.

    Returns
    -------
    array of shape (n_some, k)
        Infinite where a row is no neighbour of its neighbour.
    """
    n_some, n = given.shape
    rows = np.arange(n_some, dtype=np.int64)
    there = np.repeat(rows, np.diff(given.indptr)) * n + given.indices
    there = np.append(there, n_some * n)  # behind all, so that each is found before
    asked = rows[:, None] * n + some.table
    place = np.searchsorted(there, asked)
    mutual = (there[place] == asked) & some.known
    rank = np.arange(1.0, some.table.shape[1] + 1)
    return np.where(mutual, np.maximum(rank, np.append(given.data, 0)[place]), np.inf)


def given_neighbors(graph: Any, distinct: np.ndarray, n: int, k: int) -> Neighbors:
    """Return the neighbours that a graph of distances gives.

    Parameters
    ----------
    graph : sparse matrix of shape (n_samples, n_samples)
        Distances of rows to their neighbours, as `kneighbors_graph` of scikit-learn
        returns them. What is stored is a neighbour, also at distance 0; the diagonal
        does not count.
    distinct : array of int, shape (n_samples,)
        Number of each row among the distinct ones, -1 for a row that is left out.
    n : int
        Number of distinct rows.
    k : int
        The nearest so many are kept.

    Raises
    ------
    ValueError, TypeError
        If `graph` is not such a matrix, or leaves a row without a neighbour.
    """
    edges = _checked_graph(graph, len(distinct))
    rows, columns = distinct[edges.row], distinct[edges.col]
    kept = (rows >= 0) & (columns >= 0) & (rows != columns)
    rows, columns, lengths = rows[kept], columns[kept], edges.data[kept]
    order = np.lexsort((columns, lengths, rows))
    rows, columns = rows[order], columns[order]
    first = np.sort(np.unique(rows * np.int64(n) + columns, return_index=True)[1])
    rows, columns = rows[first], columns[first]
    count = np.bincount(rows, minlength=n)
    if not count.all():
        without = np.flatnonzero(np.isin(distinct, np.flatnonzero(count == 0)))
        raise ValueError(
            f"graph has no neighbour for {len(without)} of {len(distinct)} rows, the "
            f"first of them row {without[0]}. Give each row one at least, other than "
            "itself and rows equal to it."
        )
    place = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    table = np.zeros((n, min(k, int(count.max()))), np.int32)
    kept = place < table.shape[1]
    table[rows[kept], place[kept]] = columns[kept]
    return Neighbors(table, np.minimum(count, table.shape[1]))


def _checked_graph(graph: Any, n: int) -> sp.coo_array:
    if not sp.issparse(graph):
        raise TypeError(
            f"graph is of type {type(graph).__name__}, but expected a sparse matrix of "
            "distances, as sklearn.neighbors.kneighbors_graph(X, 15, mode='distance') "
            "returns it."
        )
    if graph.shape != (n, n):
        raise ValueError(
            f"graph has shape {graph.shape}, but X has {n} rows, so expected "
            f"({n}, {n}). Give the graph of these rows."
        )
    edges = sp.coo_array(graph)
    bad = ~(edges.data >= 0) | ~np.isfinite(edges.data)
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(
            f"graph holds {edges.data[at]:g} in row {edges.row[at]}, column "
            f"{edges.col[at]}, but expected distances: finite and not negative. Leave "
            "out pairs that are not neighbours."
        )
    return edges
