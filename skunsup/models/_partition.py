"""Partitions of rows by the graph of their neighbours."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import ArpackNoConvergence, eigsh
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from skunsup._graph import Neighbors, nearest_neighbors

SIZES = (10, 20, 50)  # of the graphs, in neighbours of a row
FEWEST = 3  # neighbours of a row, of however few rows a cluster is
ONE_SIDED = 0.1  # weight of an edge to a row that does not return it
POWER = 3  # of eigenvalues, the steps of a random walk
WIDTHS = (1.0, 1.5, 2.0)  # coordinates for each cluster, of the candidates
MORE = 1.5  # the same, where numbers of clusters are tried
STARTS = 10  # of k-means
PRICE = 0.75  # nats of mutual information that a nat of entropy must bring
RARE = 1e-9  # probability of an edge of which there is none
TINY = 1e-300  # sum of weights to divide by
DENSE_ROWS = 200  # of which all eigenvectors take no longer than some


@dataclass(frozen=True)
class Partition:
    """Clusters of rows.

    Parameters
    ----------
    labels : array of int, shape (n,)
        Cluster of each row.
    information : float
        Mutual information of the clusters at the two ends of an edge, in nats.
    """

    labels: np.ndarray
    information: float


def partition(
    codes: np.ndarray,
    neighbors: Neighbors,
    weight: np.ndarray | None,
    n_clusters: int,
    seed: int,
) -> Partition:
    """Divide rows into clusters that their neighbours share.

    Candidates are k-means, from several starts, on one, one and a half and two spectral
    coordinates a cluster, of the graph of codes, and of this with the graph of rows;
    then each row moves where its edges say. Taken is the one with most mutual
    information between the clusters at the two ends of an edge of the latter. Each
    graph is the sum of those of 10, 20 and 50 neighbours, though of no more than an
    average cluster has rows.

    Parameters
    ----------
    codes : array of shape (n, width)
        Codes of distinct rows, each of length 1.
    neighbors : Neighbors
        Of the rows themselves, nearest first.
    weight : array of shape (n,) or None
        Weights of rows, None for equal ones.
    n_clusters : int
        From 1 to n.
    seed : int
        Of k-means.
    """
    if n_clusters == 1:
        return Partition(np.zeros(len(codes), np.intp), 0.0)
    graph, both = _graphs(codes, neighbors, weight, n_clusters)
    found = [
        moved(labels, both, n_clusters)
        for each in (graph, both)
        for labels in _candidates(each, weight, n_clusters, seed)
    ]
    scores = [edge_information(labels, both, n_clusters)[0] for labels in found]
    best = int(np.argmax(scores))
    return Partition(found[best], scores[best])


def number_of_clusters(
    codes: np.ndarray,
    neighbors: Neighbors,
    weight: np.ndarray | None,
    numbers: Sequence[int],
    seed: int,
) -> int:
    """Choose a number of clusters.

    Taken is the one with the greatest difference I - 0.75 H between the mutual
    information I of the clusters at the two ends of an edge and the entropy H of the
    clusters, in the graphs of codes and of rows together. To cut a group in two adds
    entropy, and adds nearly as much information only where few edges are cut.

    Parameters
    ----------
    codes : array of shape (n, width)
        Codes of distinct rows, each of length 1.
    neighbors : Neighbors
        Of the rows themselves, nearest first.
    weight : array of shape (n,) or None
        Weights of rows, None for equal ones.
    numbers : sequence of int
        Those to choose from, from 1 to n.
    seed : int
        Of k-means.
    """
    graph, both = _graphs(codes, neighbors, weight)
    coordinates = spectral_coordinates(graph, _width(max(numbers), MORE), unit=False)
    gains = []
    for k in numbers:
        space = _unit(coordinates[:, : _width(k, MORE)])
        labels = _clustered(space, weight, k, seed, STARTS)
        information, entropy = edge_information(labels, both, k)
        gains.append(information - PRICE * entropy)
    return int(numbers[int(np.argmax(gains))])


def _graphs(
    codes: np.ndarray,
    neighbors: Neighbors,
    weight: np.ndarray | None,
    n_clusters: int = 1,
) -> tuple[sp.csr_array, sp.csr_array]:
    """Return the graph of codes, and it with that of rows, each of several sizes."""
    n = len(codes)
    most = min(max(SIZES), n - 1, max(n // n_clusters, FEWEST))
    sizes = sorted({min(k, most) for k in SIZES})
    graph = _of_sizes(nearest_neighbors(codes, most), sizes, weight)
    return graph, sp.csr_array(graph + _of_sizes(neighbors, sizes, weight))


def _of_sizes(
    neighbors: Neighbors, sizes: Sequence[int], weight: np.ndarray | None
) -> sp.csr_array:
    """Return the sum of graphs of several numbers of neighbours, of equal weight."""
    graphs = [affinity(neighbors.nearest(k), weight) for k in sizes]
    return sp.csr_array(sum(graph / max(graph.sum(), TINY) for graph in graphs))


def _candidates(
    graph: sp.csr_array, weight: np.ndarray | None, n_clusters: int, seed: int
) -> list[np.ndarray]:
    """Return clusters by several numbers of spectral coordinates and several starts."""
    widths = [_width(n_clusters, each) for each in WIDTHS]
    coordinates = spectral_coordinates(graph, max(widths), unit=False)
    return [
        _clustered(_unit(coordinates[:, :width]), weight, n_clusters, seed + start)
        for width in widths
        for start in range(STARTS)
    ]


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


def moved(labels: np.ndarray, graph: sp.csr_array, n_clusters: int) -> np.ndarray:
    """Move each row to the cluster that its edges make most likely, all at once.

    One step of maximising the likelihood of a degree-corrected block model (Karrer &
    Newman 2011, eq. 14), which for all edges is their mutual information. Where that
    leaves a cluster empty, `labels` are returned.

    Parameters
    ----------
    labels : array of int, shape (n,)
        Clusters from 0 to `n_clusters` - 1.
    graph : sparse array of shape (n, n)
        Symmetric, not negative, with an edge at each row.
    n_clusters : int
        How many.
    """
    members = np.eye(n_clusters)[labels]
    edges = graph @ members
    joint = members.T @ edges
    joint = joint / joint.sum()
    share = joint.sum(axis=1)
    gain = np.log((joint + RARE) / (np.outer(share, share) + RARE))
    likely = np.where(share > 0, edges @ gain, -np.inf)
    found: np.ndarray = likely.argmax(axis=1)
    return found if len(np.unique(found)) == n_clusters else labels


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
    return _unit(coordinates) if unit else coordinates


def _leading(walk: sp.csr_array, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the leading eigenvalues and vectors, or those that were found in time."""
    start = np.random.default_rng(0).random(walk.shape[0])
    try:
        values, vectors = eigsh(walk, k, which="LA", tol=1e-3, v0=start)
    except ArpackNoConvergence as stopped:
        values, vectors = stopped.eigenvalues, stopped.eigenvectors
    return values, vectors


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(lengths, 1e-12)


def _width(n_clusters: int, each: float) -> int:
    return max(n_clusters + 1, int(each * n_clusters))


def _clustered(
    space: np.ndarray,
    weight: np.ndarray | None,
    n_clusters: int,
    seed: int,
    n_starts: int = 1,
) -> np.ndarray:
    kmeans = KMeans(n_clusters, n_init=n_starts, random_state=seed)
    with warnings.catch_warnings():
        # Of fewer distinct points than clusters, which the criterion then judges.
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels: np.ndarray = kmeans.fit(space, sample_weight=weight).labels_
    return labels


def edge_information(
    labels: np.ndarray, graph: sp.csr_array, n_clusters: int
) -> tuple[float, float]:
    """Mutual information of the clusters at the two ends of an edge, and their entropy.

    Both in nats, for an edge drawn by its weight.

    Parameters
    ----------
    labels : array of int, shape (n,)
        Clusters from 0 to `n_clusters` - 1.
    graph : sparse array of shape (n, n)
        Symmetric, not negative.
    n_clusters : int
        How many.
    """
    members = np.eye(n_clusters)[labels]
    joint = members.T @ (graph @ members)
    joint = joint / joint.sum()
    share = joint.sum(axis=1)
    expected = np.outer(share, share)
    known = joint > 0
    information = joint[known] @ np.log(joint[known] / expected[known])
    own = share[share > 0]
    return float(information), float(-own @ np.log(own))
