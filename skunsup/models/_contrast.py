"""Contrastive losses of pairs."""

from typing import Any

from keras import ops


def info_nce(a: Any, b: Any, temperature: float) -> Any:
    """InfoNCE of pairs: the loss of telling each row's partner from the others.

    The mean over both directions (van den Oord et al. 2018, eq. 4; Damrich et al. 2023,
    eq. 5, with the similarity exp(a'b / temperature)).

    Parameters
    ----------
    a, b : tensors of shape (n, width)
        Codes of length 1; row i of `b` is the partner of row i of `a`.
    temperature : float
        What similarities are divided by.
    """
    similar = ops.matmul(a, ops.transpose(b)) / temperature
    own = ops.sum(a * b, axis=-1) / temperature
    among = ops.logsumexp(similar, axis=0) + ops.logsumexp(similar, axis=1)
    return ops.mean(among / 2.0 - own)


def place_info_nce(a: Any, b: Any) -> Any:
    """InfoNCE of pairs of places in a map, by the similarity 1 / (1 + d^2).

    The mean over both directions (Damrich et al. 2023, eq. 5, with the similarity of
    t-SNE).

    Parameters
    ----------
    a, b : tensors of shape (n, width)
        Places; row i of `b` is the partner of row i of `a`.
    """
    lengths = ops.sum(a * a, axis=-1)[:, None] + ops.sum(b * b, axis=-1)[None]
    apart = ops.maximum(lengths - 2.0 * ops.matmul(a, ops.transpose(b)), 0.0)
    similar = -ops.log1p(apart)
    own = -ops.log1p(ops.sum(ops.square(a - b), axis=-1))
    among = ops.logsumexp(similar, axis=0) + ops.logsumexp(similar, axis=1)
    return ops.mean(among / 2.0 - own)
