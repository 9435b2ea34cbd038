"""A category in the code: its prior, and measures of its probabilities."""

import math
from collections.abc import Hashable
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._networks import GaussianPrior, Prior

TINY = 1e-6


@keras.saving.register_keras_serializable(package="skunsup")
class CategoricalPrior(Prior):
    """A category, one-hot, and independent of it a standard normal code.

    Parameters
    ----------
    width : int
        Number of columns of both together.
    shares : tuple of float
        Probability of each category.
    """

    name = "categorical"

    def __init__(self, width: int, shares: tuple[float, ...]) -> None:
        super().__init__(width)
        self.shares = tuple(shares)
        self._normal = GaussianPrior(width - len(self.shares))

    @property
    def identity(self) -> Hashable:
        """Width and shares."""
        return (self.width, self.shares)

    def get_config(self) -> dict[str, Any]:
        return {"width": self.width, "shares": list(self.shares)}

    def place(self, e: Any, u: Any) -> Any:
        """Pick a category by the uniform number."""
        k = len(self.shares)
        ends = np.cumsum(self.shares)[:-1].astype(np.float32)
        passed = ops.cast(u >= ops.convert_to_tensor(ends[None]), "int32")
        category = ops.sum(passed, axis=1)
        return ops.concatenate([ops.one_hot(category, k), e[:, k:]], axis=-1)

    def log_density(self, z: Any) -> Any:
        """Log-density of the normal part; categories have no say in it."""
        return self._normal.log_density(z[:, len(self.shares) :])


def imbalance(probabilities: Any) -> Any:
    """Divergence of the mean probabilities from equal ones, in nats.

    Their Kullback-Leibler divergence: 0 where the k categories are used alike, log k
    where only one is (Springenberg 2016, eq. 6).
    """
    mean = ops.mean(probabilities, axis=0)
    return math.log(probabilities.shape[-1]) + ops.sum(mean * ops.log(mean + TINY))


def usage(probabilities: Any) -> Any:
    """Perplexity of the mean probabilities, relative to that of equal shares.

    1 where categories are used alike, 1 / k where only one of k is.
    """
    return ops.exp(-imbalance(probabilities))


def cross_entropy(one_hot: Any, probabilities: Any) -> Any:
    """Mean cross-entropy of the rows that have a category, in nats."""
    known = ops.maximum(ops.sum(one_hot), 1.0)
    return -ops.sum(one_hot * ops.log(probabilities + TINY)) / known
