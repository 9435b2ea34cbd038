"""Scores, logits and probabilities of categories in the diffusion model."""

import itertools
import math
from typing import Any

from keras import ops

HOT = 2.0  # by how much the score of a row's category exceeds the others'


class Categories:
    """Categories of rows, with a score for each of their values.

    Parameters
    ----------
    sizes : array of int, shape (n_categories,)
        Number of values of each.
    share : tensor of shape (n_scores,)
        Share of the training rows of each value.
    """

    def __init__(self, sizes: Any, share: Any) -> None:
        groups = itertools.groupby(map(int, sizes))
        # Number of values, and how many categories in a row have it, for each such run.
        self.runs = [(k, len([*run])) for k, run in groups]
        self.share = share

    def split(self, scores: Any) -> list[Any]:
        """Scores by category, shape (n, categories, values) for each run."""
        parts, start = [], 0
        for k, n in self.runs:
            part = scores[..., start : start + k * n]
            parts.append(ops.reshape(part, (-1, n, k)))
            start += k * n
        return parts

    def log_probabilities(self, logits: Any) -> list[Any]:
        """Logarithms of probabilities, shape (n, categories, values) for each run."""
        return [ops.log_softmax(part) for part in self.split(logits)]

    def expected(self, logs: list[Any]) -> Any:
        """Scores that are expected with such logarithms of probabilities."""
        flat = [ops.reshape(p, (-1, math.prod(p.shape[1:]))) for p in logs]
        return HOT * (ops.exp(ops.concatenate(flat, axis=-1)) - self.share)

    def own_logits(self, noisy: Any, sigma: Any) -> Any:
        """Logits of values given the noisy scores of their own category (Bayes)."""
        variance = sigma * sigma
        seen = ops.sqrt(1.0 + variance) * noisy + HOT * self.share
        return ops.log(self.share) + HOT * seen / variance

    def cross_entropies(self, clean: Any, logs: list[Any]) -> list[Any]:
        """Cross-entropy of each category, for scores without noise."""
        pairs = zip(self.split(clean / HOT + self.share), logs, strict=True)
        return [-ops.sum(true * log, axis=-1) for true, log in pairs]
