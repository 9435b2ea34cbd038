"""From an embedding of rows to a network that tells their clusters."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skunsup._fit_data import TrainingTask
from skunsup._networks import Architecture
from skunsup._random import draw_seed
from skunsup._training import TrainingState, shared_network
from skunsup.models._mixture_partition import mixture_clusters
from skunsup.models._neighbor_data import NeighborData
from skunsup.models._pair_training import continued, own_outputs, shortened
from skunsup.models._partition import number_of_clusters, partition
from skunsup.models._parts import linear

MOST_CLUSTERS = 20  # that are tried where the number is left open
PARTITION_ROWS = 20_000  # that are divided into clusters, at most
HEAD_SHARE = 0.5  # of the steps of the embedding, for the head
ROUNDS = 2  # of labels for the head

TOO_MANY = (
    "n_clusters={k}, but X has {n} distinct row{s} to train on. Use as many clusters "
    "at most, or give more rows."
)
NO_NUMBERS = (
    "n_clusters={given!r} names no number of clusters. Give an int, None, or integers "
    "from 1 up to choose from, such as range(2, 11)."
)


def cluster_numbers(given: Any, n: int | None) -> list[int]:
    """Return the numbers of clusters to choose from for `n` distinct rows, or any.

    Raises
    ------
    ValueError
        If `given` is no such number, or more than there are rows.
    """
    if given is None:
        most = min(MOST_CLUSTERS, n or MOST_CLUSTERS)
        return list(range(min(2, most), most + 1))
    asked = np.atleast_1d(np.asarray(given))
    if asked.dtype.kind not in "iu" or asked.ndim != 1 or not asked.size:
        raise ValueError(NO_NUMBERS.format(given=given))
    numbers = np.unique(asked).tolist()
    if numbers[0] < 1:
        raise ValueError(NO_NUMBERS.format(given=given))
    if n is not None and numbers[-1] > n:
        raise ValueError(TOO_MANY.format(k=given, n=n, s="s" if n != 1 else ""))
    return numbers


@dataclass(frozen=True)
class ClusterData(NeighborData):
    """Rows with their neighbours, and how many clusters they may form.

    Parameters
    ----------
    numbers : tuple of int
        Numbers of clusters to choose from.
    """

    numbers: tuple[int, ...]


def head_labels(
    architecture: Architecture, values: list[np.ndarray], codes: np.ndarray
) -> np.ndarray:
    """Return the clusters that the head gives for codes."""
    network = shared_network(architecture)
    kernel, bias = architecture.taken(network, values, "head")
    labels: np.ndarray = (codes @ kernel + bias).argmax(axis=1)
    return labels


def found_clusters(
    codes: np.ndarray,
    data: ClusterData,
    rng: np.random.Generator,
    *,
    alike: bool,
) -> tuple[np.ndarray, int, float]:
    """Divide rows into clusters.

    Parameters
    ----------
    codes : array of shape (n, n_components)
        Codes of the distinct rows.
    data : ClusterData
        The rows.
    rng : numpy.random.Generator
        Seeds k-means and mixtures, and draws rows where there are many.
    alike : bool
        Whether rows are alike where their Euclidean distance is small, so that k-means
        on them and `mixture_clusters` may apply.

    Returns
    -------
    labels : array of int, shape (n,)
        Clusters, -1 for rows that were not drawn.
    n_clusters : int
        How many clusters.
    information : float
        As of `Partition`.
    """
    weight, neighbors = data.sample.sample.weight, data.neighbors
    labels = np.full(len(codes), -1)
    chosen = np.arange(len(codes))
    if len(codes) > PARTITION_ROWS:
        chosen = np.sort(rng.choice(len(codes), PARTITION_ROWS, replace=False))
        weight = None if weight is None else weight[chosen]
        neighbors = neighbors.among(chosen)
    seed, part = draw_seed(rng) % 2**31, codes[chosen]
    k = data.numbers[0]
    if len(data.numbers) > 1:
        k = number_of_clusters(part, neighbors, weight, data.numbers, seed)
    rows = mixed = None
    if alike and k > 1:
        rows = data.projection.all_of(data.whole, data.origin[chosen])
        mixed = mixture_clusters(rows, k, np.random.default_rng(seed))
    found = partition(part, neighbors, weight, k, seed, rows, mixed)
    labels[chosen] = found.labels
    return labels, k, found.information


def train_head(
    task: TrainingTask, state: TrainingState, labels: np.ndarray
) -> TrainingState:
    """Train a network on clusters, and halfway on those that it then tells itself.

    Parameters
    ----------
    task : TrainingTask
        Of the embedding; the head takes half as many steps.
    state : TrainingState
        From where.
    labels : array of int, shape (n,)
        Clusters of the distinct rows, -1 where they are not known.
    """
    data = task.data
    assert isinstance(data, ClusterData)
    task = shortened(task, HEAD_SHARE / ROUNDS)
    for at in range(ROUNDS):
        if state.interrupted:
            break
        if at:
            codes = own_outputs(task.architecture, state.values, data)
            labels = head_labels(task.architecture, state.values, codes)
        state = continued(task, state, labels[:, None])
    return state


def centres(codes: np.ndarray, labels: np.ndarray, weight: Any, k: int) -> np.ndarray:
    """Return the mean code of each cluster, of length 1, or 0 for an empty one."""
    known = labels >= 0
    members = np.eye(k)[labels[known]]
    if weight is not None:
        members *= weight[known, None]
    sums = members.T @ codes[known]
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return sums / np.maximum(lengths, 1e-12)


def representatives(
    codes: np.ndarray, labels: np.ndarray, weight: Any, k: int
) -> np.ndarray:
    """Return the row nearest to the centre of each cluster, -1 for an empty one."""
    similar = codes @ centres(codes, labels, weight, k).T
    similar[labels[:, None] != np.arange(k)] = -np.inf
    nearest = similar.argmax(axis=0)
    return np.where(np.isinf(similar.max(axis=0)), -1, nearest)


def with_head(
    architecture: Architecture, values: list[np.ndarray], kernel: np.ndarray
) -> tuple[Architecture, list[np.ndarray]]:
    """Return network and weights with `kernel` in the head, whatever its width was.

    The variables of both networks stand in the same order.
    """
    width, k = kernel.shape
    parts = {**architecture.parts, "head": linear(width, k)}
    wanted = replace(architecture, parts=parts)
    new, changed = shared_network(wanted), list(values)
    head = [kernel.astype(np.float32), np.zeros(k, np.float32)]
    wanted.put(new, changed, "head", head)
    return wanted, changed
