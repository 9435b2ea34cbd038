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
COUNTED = 20  # neighbours of the graph on which the number of clusters is tried
ONE_SIDED = 0.1  # weight of an edge to a row that does not return it
POWER = 3  # of eigenvalues, the steps of a random walk
MORE = (
    1.5  # coordinates for each cluster; with one each, small groups take their places
)
STARTS = 5  # of k-means
PRICE = 0.8  # nats of mutual information that a nat of entropy must bring
DENSE_ROWS = 200  # of which all eigenvectors take no longer than some


@dataclass(frozen=True)
class Partition:
    """Clusters of rows.

    Parameters
    ----------
    labels : array of int, shape (n,)
        Cluster of each row.
    information : float
        Mutual information of the clusters at the two ends of an edge, in nats, the mean
        over several graphs.
    """

    labels: np.ndarray
    information: float


def partition(
    codes: np.ndarray,
    weight: np.ndarray | None,
    n_clusters: int,
    seed: int,
) -> Partition:
    """Divide rows into clusters that their neighbours share.

    Candidates are k-means on the codes, and on the spectral coordinates of the graphs
    of 10, 20 and 50 neighbours. Taken is the one with most mutual information between
    the clusters at the two ends of an edge, in the mean over these graphs.

    Parameters
    ----------
    codes : array of shape (n, width)
        Codes of distinct rows, each of length 1.
    weight : array of shape (n,) or None
        Weights of rows, None for equal ones.
    n_clusters : int
        From 1 to n.
    seed : int
        Of k-means.
    """
    if n_clusters == 1:
        return Partition(np.zeros(len(codes), np.intp), 0.0)
    graphs = code_graphs(codes, weight)
    spaces = [codes]
    for graph in graphs:
        spaces.append(spectral_coordinates(graph, _width(n_clusters)))
    found = [_clustered(space, weight, n_clusters, seed) for space in spaces]
    scores = [mean_information(labels, graphs, n_clusters)[0] for labels in found]
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

    Taken is the one with the greatest difference I - 0.8 H between the mutual
    information I of the clusters at the two ends of an edge and the entropy H of the
    clusters, in the mean over the graphs of codes and of rows. To cut a group in two
    adds entropy, and adds nearly as much information only where few edges are cut.

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
    graphs = code_graphs(codes, weight)
    middle = graphs[min(SIZES.index(COUNTED), len(graphs) - 1)]
    coordinates = spectral_coordinates(middle, _width(max(numbers)), unit=False)
    graphs += [affinity(neighbors.nearest(k), weight) for k in SIZES]
    gains = []
    for k in numbers:
        space = _unit(coordinates[:, : _width(k)])
        labels = _clustered(space, weight, k, seed)
        information, entropy = mean_information(labels, graphs, k)
        gains.append(information - PRICE * entropy)
    return int(numbers[int(np.argmax(gains))])


def code_graphs(codes: np.ndarray, weight: np.ndarray | None) -> list[sp.csr_array]:
    """Return the graphs of 10, 20 and 50 neighbours, of fewer rows all others."""
    most = min(max(SIZES), len(codes) - 1)
    neighbors = nearest_neighbors(codes, most)
    sizes = sorted({min(k, most) for k in SIZES})
    return [affinity(neighbors.nearest(k), weight) for k in sizes]


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
    scale = sp.diags_array(np.maximum(graph.sum(axis=1), 1e-300) ** -0.5)
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


def _width(n_clusters: int) -> int:
    return max(n_clusters + 2, int(MORE * n_clusters))


def _clustered(
    space: np.ndarray, weight: np.ndarray | None, n_clusters: int, seed: int
) -> np.ndarray:
    kmeans = KMeans(n_clusters, n_init=STARTS, random_state=seed)
    with warnings.catch_warnings():
        # Of fewer distinct points than clusters, which the criterion then judges.
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels: np.ndarray = kmeans.fit(space, sample_weight=weight).labels_
    return labels


def mean_information(
    labels: np.ndarray, graphs: Sequence[sp.csr_array], n_clusters: int
) -> tuple[float, float]:
    """Return means over graphs of `edge_information`."""
    each = [edge_information(labels, graph, n_clusters) for graph in graphs]
    information, entropy = np.mean(each, axis=0)
    return float(information), float(entropy)


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
