"""A map of rows, laid out by a graph of their neighbours."""

import numpy as np
import scipy.sparse as sp

from skunsup._graph import Neighbors

EARLY, ITERATIONS = 250, 500
EARLY_ATTRACTION, ATTRACTION = 12.0, 2.0
NEAREST = 15
CODE_SHARE = 1 / 3  # affinity of a neighbour among codes, relative to one among rows
SHIFTS = 32  # other rows that each is pushed away from in an iteration
LEAST_RATE = 5.0


def map_layout(
    neighbors: Neighbors,
    of_codes: Neighbors | None,
    start: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Lay rows out so that neighbours are near and others apart.

    Gradient descent of t-SNE (van der Maaten & Hinton 2008) with equal affinities to
    the 15 nearest neighbours among rows, and smaller ones to those among codes, which
    belong together more often. Attraction counts twelvefold in the first half, and then
    twofold: between t-SNE and UMAP (Böhm, Berens & Kobak 2022). The repulsion of a row
    is estimated from others drawn at random, so that an iteration takes time in
    proportion to the number of rows.

    Parameters
    ----------
    neighbors : Neighbors
        Of n rows.
    of_codes : Neighbors or None
        Of their codes; None where there are none.
    start : array of shape (n, d)
        Where rows start; only directions count.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    array of shape (n, d), float32
        Centred, with a mean square of 1.
    """
    at = start - start.mean(axis=0)
    at = (1e-4 * at / (at[:, 0].std() or 1.0)).astype(np.float32)
    n = len(at)
    graph = _affinities(neighbors, of_codes)
    ends = np.repeat(np.arange(n), np.diff(graph.indptr)), graph.indices
    rate = np.float32(max(n / EARLY_ATTRACTION, LEAST_RATE))
    speed, gain = np.zeros_like(at), np.ones_like(at)
    for step in range(ITERATIONS if n > 1 else 0):
        early = step < EARLY
        strength = EARLY_ATTRACTION if early else ATTRACTION
        slope = strength * _attraction(graph, ends, at) - _repulsion(at, rng)
        gain = np.where((slope > 0) != (speed > 0), gain + 0.2, gain * 0.8)
        gain = np.maximum(gain, 0.01, dtype=np.float32)
        speed = (0.5 if early else 0.8) * speed - 4.0 * rate * gain * slope
        at = at + speed
    at -= at.mean(axis=0)
    laid: np.ndarray = at / (np.sqrt(np.square(at).mean()) or 1.0)
    return laid


def leading_columns(codes: np.ndarray, width: int) -> np.ndarray:
    """Return the first principal components of codes; columns beyond theirs are 0."""
    centred = codes - codes.mean(axis=0)
    left, lengths, right = np.linalg.svd(centred, full_matrices=False)
    largest = np.abs(right).argmax(axis=1)
    signs = np.sign(right[np.arange(len(right)), largest])
    found = np.zeros((len(codes), width), np.float32)
    k = min(width, len(lengths))
    found[:, :k] = (left * lengths * signs)[:, :k]
    return found


def _affinities(neighbors: Neighbors, of_codes: Neighbors | None) -> sp.csr_array:
    """Return affinities of rows, in both directions, that sum to 1."""
    graph = neighbors.nearest(NEAREST).matrix()
    if of_codes is not None:
        graph = graph + CODE_SHARE * of_codes.nearest(NEAREST).matrix()
    graph = sp.csr_array(graph + graph.T)
    return graph / graph.sum()


def _attraction(
    graph: sp.csr_array, ends: tuple[np.ndarray, np.ndarray], at: np.ndarray
) -> np.ndarray:
    """Return the sum over neighbours of affinity, similarity and distance."""
    apart = at[ends[0]] - at[ends[1]]
    pull = graph.data / (1.0 + np.square(apart).sum(axis=1))
    pulled = sp.csr_array((pull, graph.indices, graph.indptr), graph.shape)
    return pulled.sum(axis=1)[:, None] * at - pulled @ at


def _repulsion(at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the mean push of rows, from those some places on in a random order."""
    n = len(at)
    order = rng.permutation(n)
    mixed = np.ascontiguousarray(at[order].T)
    push, total = np.zeros_like(mixed), 0.0
    for shift in rng.integers(1, n, SHIFTS):
        apart = mixed - np.roll(mixed, shift, axis=1)
        similar = 1.0 / (1.0 + np.square(apart).sum(axis=0))
        total += 2.0 * float(similar.sum())
        apart *= np.square(similar)
        push += apart - np.roll(apart, -shift, axis=1)
    pushed = np.empty_like(at)
    pushed[order] = push.T / np.float32(total)
    return pushed
