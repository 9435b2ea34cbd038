"""Clusters of KMeans to start from."""

from typing import NamedTuple

import keras
import numpy as np
from sklearn.cluster import KMeans

from skunsup._networks import Architecture, Network, NetworkSpec, building
from skunsup._random import draw_seed

N_INIT = 4  # of KMeans
RIDGE = 1e-3
SHARPNESS = 4.0
BLOCK_ROWS = 1000
SQUARABLE = 40  # powers of 2; squares and their sums are then far from 3.4e38

MOST_EXPONENT = 126  # of powers of 2 that float32 has, both ways, with full precision


class StartClusters(NamedTuple):
    """Clusters of KMeans.

    Parameters
    ----------
    labels : array of int, shape (n,)
        Cluster of each row.
    centers : array of shape (k, n_features), float32
        Centres of rows times `scale`.
    scale : float
        Power of 2 by which squares are in range.
    """

    labels: np.ndarray
    centers: np.ndarray
    scale: float

    def means(self, X: np.ndarray) -> np.ndarray:
        """Mean row of each cluster, float32; that of an empty one repeats another's."""
        found = [X[self.labels == i].mean(axis=0) for i in np.unique(self.labels)]
        return np.resize(np.stack(found), self.centers.shape).astype(np.float32)


def kmeans_clusters(
    X: np.ndarray,
    k: int,
    n_distinct: int,
    rng: np.random.Generator,
    n_init: int = N_INIT,
) -> StartClusters:
    """Find the clusters of KMeans.

    Parameters
    ----------
    X : array of shape (n, n_features), float32
        Rows to cluster.
    k : int
        Number of clusters.
    n_distinct : int
        How many rows are distinct. Centres beyond it repeat the first ones.
    rng : numpy.random.Generator
        Seeds KMeans.
    n_init : int, default=4
        Starts of KMeans.

    Returns
    -------
    StartClusters
        Labels are below `n_distinct` and k.
    """
    seed, near = draw_seed(rng) % 2**31, squarable(X)
    kmeans = KMeans(min(k, n_distinct), n_init=n_init, random_state=seed).fit(near)
    centers = np.resize(kmeans.cluster_centers_, (k, X.shape[1])).astype(np.float32)
    return StartClusters(kmeans.labels_, centers, 2.0 ** -_exponent(X))


def cluster_values(
    architecture: Architecture,
    network: Network,
    values: list[np.ndarray],
    X: np.ndarray,
    labels: np.ndarray,
) -> list[np.ndarray]:
    """Change start values so that the encoder's categories are given clusters.

    The hidden layers keep their random weights; the weights of the logits are the ridge
    regression of the clusters on the last hidden layer.

    Parameters
    ----------
    architecture : Architecture
        Whose part `encoder` is a `CategoricalEncoder`, the last layer of whose inner
        part is dense.
    network : Network
        What it builds.
    values : list of arrays
        Variables of `network`, as `Architecture.initial_values` gives them.
    X : array of shape (n, n_features), float32
        Rows.
    labels : array of int, shape (n,)
        Their clusters. Categories that none has start with logits of 0.

    Returns
    -------
    list of arrays
        New values; the input is not changed.
    """
    encoder = architecture.parts["encoder"]
    k = encoder.n_categories  # type: ignore[attr-defined]
    own = architecture.taken(network, values, "encoder")
    *own, kernel, bias = own
    hidden = _hidden(encoder.inner, own, X)  # type: ignore[attr-defined]
    slopes, offsets = _ridge(hidden, np.eye(k)[labels])
    kernel, bias = kernel.copy(), bias.copy()
    kernel[:, :k], bias[:k] = SHARPNESS * slopes, SHARPNESS * offsets
    new = list(values)
    architecture.put(network, new, "encoder", [*own, kernel, bias])
    return new


def check_rows(n_clusters: int, n_rows: int) -> None:
    """Raise ValueError where there are fewer rows than clusters."""
    if n_rows < n_clusters:
        raise ValueError(
            f"n_clusters={n_clusters}, but X has {n_rows} rows to train on. Use as "
            "many clusters at most, or give more rows."
        )


def squarable(X: np.ndarray) -> np.ndarray:
    """Return rows whose squares are in range, by a power of 2 where they are not."""
    exponent = _exponent(X)
    return np.ldexp(X, -exponent) if exponent else X


def _exponent(X: np.ndarray) -> int:
    """Power of 2 near the largest entry; 0 where squares are in range without it."""
    exponent = int(np.frexp(np.abs(X).max())[1])
    within = min(max(exponent, -MOST_EXPONENT), MOST_EXPONENT)
    return within if abs(exponent) >= SQUARABLE else 0


def _hidden(part: NetworkSpec, values: list[np.ndarray], X: np.ndarray) -> np.ndarray:
    """Output of the last layer but one of `part`, float64."""
    with building():
        model = part.build()
        below = keras.Model(model.inputs[0], model.layers[-1].input)
    for variable, value in zip(below.variables, values, strict=True):
        variable.assign(value)
    blocks = np.array_split(X, -(-len(X) // BLOCK_ROWS))
    hidden = [keras.ops.convert_to_numpy(below(block)) for block in blocks]
    return np.concatenate(hidden).astype(np.float64)


def _ridge(X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and offsets of the penalised least squares of `Y` on `X`."""
    mean, middle = X.mean(axis=0), Y.mean(axis=0)
    centred = X - mean
    gram = centred.T @ centred
    gram += RIDGE * (np.trace(gram) / len(gram) + 1e-12) * np.eye(len(gram))
    slopes = np.linalg.solve(gram, centred.T @ (Y - middle))
    return slopes, middle - mean @ slopes
