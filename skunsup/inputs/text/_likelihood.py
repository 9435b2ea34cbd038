"""Likelihood of texts: one cell for each token."""

from collections.abc import Hashable
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._networks import Corruption, Likelihood, RealLoss

UNKNOWN = 1.0


@keras.saving.register_keras_serializable(package="skunsup")
class TokenLikelihood(Likelihood):
    """Rows of ids of tokens: 0 is padding, 1 a token that is not in the vocabulary.

    A decoder returns a logit of each token at each place; the loss of a place is the
    cross-entropy with the softmax. The padding right behind the text counts as a token,
    the one that ends it; that behind it does not count.

    Parameters
    ----------
    length, n_tokens : int
        Tokens of a row and of the vocabulary.
    dropout : float, default=0.0
        Probability that the encoder sees a token as unknown in training (Iyyer et al.
        2015).
    """

    smooth = False
    real = np.array([], int)

    def __init__(self, length: int, n_tokens: int, dropout: float = 0.0) -> None:
        super().__init__(length, length, length * n_tokens)
        self.n_tokens, self.dropout = int(n_tokens), float(dropout)

    def losses(self, x: Any, output: Any, real: RealLoss) -> Any:
        """Return the cross-entropy of each token."""
        logits = self._by_place(output)
        ids = ops.cast(x, "int32")[..., None]
        is_it = ops.equal(ids, ops.arange(self.n_tokens, dtype="int32"))
        picked = ops.sum(ops.where(is_it, logits, 0.0), axis=-1)
        return (ops.logsumexp(logits, axis=-1) - picked) * self.observed(x)

    def rows(self, output: Any) -> Any:
        """Return the likeliest token at each place, up to the end of the text."""
        ids = ops.argmax(self._by_place(output), axis=-1)
        over = ops.cumsum(ops.cast(ops.equal(ids, 0), "int32"), axis=-1) > 0
        return ops.cast(ops.where(over, ops.zeros_like(ids), ids), "float32")

    def observed(self, x: Any) -> Any:
        """Return 1 for tokens and for the padding right behind them, else 0."""
        token = ops.cast(x > 0.5, "float32")
        before = ops.concatenate([ops.ones_like(token[..., :1]), token[..., :-1]], -1)
        return ops.maximum(token, before)

    def residual(self, x: Any, rows: Any) -> Any:
        """Return 1 for each token that `rows` do not have, else 0."""
        return ops.cast(ops.not_equal(x, rows), "float32") * self.observed(x)

    def masked(self, x: Any, hit: Any) -> Any:
        """Return `x` with the unknown token in place of those that are `hit`."""
        return ops.where(hit, ops.minimum(x, UNKNOWN), x)

    def noisy(self, x: Any, noise: Any) -> Any:
        """Return `x`: there are no numbers to add noise to."""
        return x

    def distance_features(self, x: np.ndarray) -> np.ndarray:
        """Return log(1 + count) of each token, in rows of length 1, (n, n_tokens)."""
        n, ids = len(x), x.astype(np.intp)
        places = np.arange(n)[:, None] * self.n_tokens + ids
        counts = np.bincount(places.ravel(), minlength=n * self.n_tokens)
        counts = counts.reshape(n, self.n_tokens)[:, 1:]
        weights = np.log1p(counts.astype(np.float32))
        lengths = np.sqrt(np.square(weights).sum(axis=1, keepdims=True))
        return weights / np.maximum(lengths, 1.0)

    def corruption(self) -> keras.layers.Layer | None:
        """Return the layer that makes tokens unknown, if any are to be."""
        return Corruption("masking", self.dropout, self) if self.dropout else None

    def sample(
        self, rows: np.ndarray, variance: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return `rows`, the likeliest texts: drawn one by one, tokens do not agree."""
        return rows

    @property
    def identity(self) -> Hashable:
        """All arguments."""
        return self.n_cells, self.n_tokens, self.dropout

    def get_config(self) -> dict[str, Any]:
        names = ("length", "n_tokens", "dropout")
        return dict(zip(names, self.identity, strict=True))  # type: ignore[call-overload]

    def _by_place(self, output: Any) -> Any:
        """Return logits of shape (..., length, n_tokens)."""
        # At most one axis in front is of unknown length.
        lead = (-1 if size is None else size for size in output.shape[:-1])
        return ops.reshape(output, (*lead, self.n_cells, self.n_tokens))
