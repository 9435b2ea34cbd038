"""Partitions of rows by the graph of their neighbours."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from skunsup._graph import Neighbors, nearest_neighbors
from skunsup.models._edge_information import edge_information, moved
from skunsup.models._spectral import TINY, affinity, spectral_coordinates, unit_rows

SIZES = (10, 20, 50)  # of the graphs, in neighbours of a row
FEWEST = 3  # neighbours of a row, of however few rows a cluster is
WIDTHS = (1.0, 1.5, 2.0)  # coordinates for each cluster, of the candidates
MORE = 1.5  # the same, where numbers of clusters are tried
STARTS = 10  # of k-means
FEW_STARTS = 5  # the same, where numbers of clusters are tried
PRICE = 0.75  # nats of mutual information that a nat of entropy must bring
SIZE_PRICE = 0.65  # the same, of partitions into one number of clusters
LEVEL = 0.02  # nats below the best of these by which they count as level


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
    given: np.ndarray | None = None,
) -> Partition:
    """Divide rows into clusters that their neighbours share.

    Candidates are k-means, from several starts, on one, one and a half and two spectral
    coordinates a cluster, of the graph of codes, and of this with the graph of rows;
    then each row moves where its edges say. `best_partition` chooses by the latter
    graph. Each graph is the sum of those of 10, 20 and 50 neighbours, though of no more
    than an average cluster has rows.

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
    given : array of int, shape (n,), default=None
        Clusters that are known already, of which only the information is measured.
    """
    if n_clusters == 1:
        return Partition(np.zeros(len(codes), np.intp), 0.0)
    graph, both = _graphs(codes, neighbors, weight, n_clusters)
    if given is not None:
        return Partition(given, edge_information(given, both, n_clusters)[0])
    found = [
        moved(labels, both, n_clusters)
        for each in (graph, both)
        for labels in _candidates(each, weight, n_clusters, seed)
    ]
    return best_partition(found, both, n_clusters)


def best_partition(
    found: Sequence[np.ndarray], graph: sp.csr_array, n_clusters: int
) -> Partition:
    """Choose among partitions into one number of clusters.

    By the mutual information I of the clusters at the two ends of an edge and the
    entropy H of the clusters. I alone is greatest for clusters of like sizes, also
    where groups are not: two halves of a large group may tell more than that group and
    a small one. I - 0.65 H finds the latter. Partitions within 0.02 nats of the
    greatest I - 0.65 H count as level, and of these the one with the greatest I is
    taken.

    Parameters
    ----------
    found : sequence of arrays of int, shape (n,)
        Labels from 0 to `n_clusters` - 1.
    graph : sparse array of shape (n, n)
        Symmetric, not negative.
    n_clusters : int
        How many.
    """
    pairs = [edge_information(labels, graph, n_clusters) for labels in found]
    information, entropy = np.transpose(pairs)
    gain = information - SIZE_PRICE * entropy
    best = int(np.where(gain >= gain.max() - LEVEL, information, -np.inf).argmax())
    return Partition(found[best], float(information[best]))


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
    clusters, in the graphs of codes and of rows together, of the best of five starts of
    k-means, after each row moved where its edges say. To cut a group in two adds
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
    gains = [_most_gain(coordinates, both, weight, k, seed) for k in numbers]
    return int(numbers[int(np.argmax(gains))])


def _most_gain(
    coordinates: np.ndarray,
    graph: sp.csr_array,
    weight: np.ndarray | None,
    n_clusters: int,
    seed: int,
) -> float:
    """Return the greatest I - 0.75 H of several starts with a number of clusters."""
    space = unit_rows(coordinates[:, : _width(n_clusters, MORE)])
    gains = []
    for start in range(FEW_STARTS):
        labels = _clustered(space, weight, n_clusters, seed + start)
        labels = moved(labels, graph, n_clusters)
        information, entropy = edge_information(labels, graph, n_clusters)
        gains.append(information - PRICE * entropy)
    return max(gains)


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
        _clustered(unit_rows(coordinates[:, :width]), weight, n_clusters, seed + start)
        for width in widths
        for start in range(STARTS)
    ]


def _width(n_clusters: int, each: float) -> int:
    return max(n_clusters + 1, int(each * n_clusters))


def _clustered(
    space: np.ndarray, weight: np.ndarray | None, n_clusters: int, seed: int
) -> np.ndarray:
    kmeans = KMeans(n_clusters, n_init=1, random_state=seed)
    with warnings.catch_warnings():
        # Of fewer distinct points than clusters, which the criterion then judges.
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels: np.ndarray = kmeans.fit(space, sample_weight=weight).labels_
    return labels
