"""Mutual information of clusters along the edges of a graph."""

import numpy as np
import scipy.sparse as sp

RARE = 1e-9  # probability of an edge of which there is none


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
