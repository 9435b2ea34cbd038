"""Partitions of rows by the graph of their neighbours."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from skunsup._graph import Neighbors, nearest_neighbors
from skunsup._sklearn import one_thread
from skunsup.models._edge_information import edge_information, moved
from skunsup.models._spectral import TINY, affinity, spectral_coordinates, unit_rows

SIZES = (10, 20, 50)  # of the graphs, in neighbours of a row
FEWEST = 3  # neighbours of a row, of however few rows a cluster is
WIDTHS = (1.0, 1.5, 2.0)  # coordinates for each cluster, of the candidates
MORE = 1.5  # the same, where numbers of clusters are tried
STARTS = 10  # of k-means
FEW_STARTS = 5  # the same, where numbers of clusters are tried
PRICE = 0.75  # nats of mutual information that a nat of entropy must bring
LEVEL = 0.03  # of the largest share I / H, by which others count as level with it
SHORT = 0.2  # of the share I / H, by which a mixture may fall short of a partition


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
    rows: np.ndarray | None = None,
    mixed: np.ndarray | None = None,
) -> Partition:
    """Divide rows into clusters that their neighbours share.

    Candidates are k-means, from several starts, on one, one and a half and two spectral
    coordinates a cluster, of the graph of codes, and of this with the graph of rows,
    and on `rows`; then each row moves where its edges say. `best_partition` chooses by
    the latter graph. Each graph is the sum of those of 10, 20 and 50 neighbours, though
    of no more than an average cluster has rows.

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
    rows : array of shape (n, d), default=None
        The rows, if those are alike whose Euclidean distance is small.
    mixed : array of int, shape (n,), default=None
        Clusters of a mixture of normal distributions, which are taken unless their
        share I / H is 0.2 smaller than that of the partition.
    """
    if n_clusters == 1:
        return Partition(np.zeros(len(codes), np.intp), 0.0)
    graph, both = _graphs(codes, neighbors, weight, n_clusters)
    spaces = [*_spaces(graph, n_clusters), *_spaces(both, n_clusters)]
    if rows is not None:
        spaces.append(rows)
    found = [
        moved(_clustered(space, weight, n_clusters, seed + start), both, n_clusters)
        for space in spaces
        for start in range(STARTS)
    ]
    best = best_partition(found, both, n_clusters)
    if mixed is None:
        return best
    information, shares = _told([mixed, best.labels], both, n_clusters)
    if shares[0] < shares[1] - SHORT:
        return best
    return Partition(mixed, float(information[0]))


def best_partition(
    found: Sequence[np.ndarray], graph: sp.csr_array, n_clusters: int
) -> Partition:
    """Choose among partitions into one number of clusters.

    By the mutual information I of the clusters at the two ends of an edge and the
    entropy H of the clusters. I alone is greatest for clusters of like sizes, also
    where groups are not: two halves of a large group may tell more than that group and
    a small one. I / H, the share of what is to be known of a cluster that a neighbour
    tells, finds the latter. Partitions within 3 % of the greatest share count as level,
    and of these the one with the greatest I is taken.

    Parameters
    ----------
    found : sequence of arrays of int, shape (n,)
        Labels from 0 to `n_clusters` - 1.
    graph : sparse array of shape (n, n)
        Symmetric, not negative.
    n_clusters : int
        How many.
    """
    information, shares = _told(found, graph, n_clusters)
    level = shares >= (1 - LEVEL) * shares.max()
    best = int(np.where(level, information, -np.inf).argmax())
    return Partition(found[best], float(information[best]))


def _told(
    found: Sequence[np.ndarray], graph: sp.csr_array, n_clusters: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return I and I / H of partitions, 0 where all rows are in one cluster."""
    pairs = [edge_information(labels, graph, n_clusters) for labels in found]
    information, entropy = np.transpose(pairs)
    return information, information / np.maximum(entropy, TINY)


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


def _spaces(graph: sp.csr_array, n_clusters: int) -> list[np.ndarray]:
    """Return several numbers of spectral coordinates of rows, of length 1."""
    widths = [_width(n_clusters, each) for each in WIDTHS]
    coordinates = spectral_coordinates(graph, max(widths), unit=False)
    return [unit_rows(coordinates[:, :width]) for width in widths]


def _width(n_clusters: int, each: float) -> int:
    return max(n_clusters + 1, int(each * n_clusters))


def _clustered(
    space: np.ndarray, weight: np.ndarray | None, n_clusters: int, seed: int
) -> np.ndarray:
    kmeans = KMeans(n_clusters, n_init=1, random_state=seed)
    with one_thread("openmp"), warnings.catch_warnings():
        # Of fewer distinct points than clusters, which the criterion then judges.
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels: np.ndarray = kmeans.fit(space, sample_weight=weight).labels_
    return labels
