"""Likelihood of sequences of different length."""

from collections.abc import Hashable
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._networks import Likelihood, RealLoss


@keras.saving.register_keras_serializable(package="skunsup")
class SequenceLikelihood(Likelihood):
    """Sequences of up to `length` steps of `width` numbers, filled up to one length.

    A row holds the values, step by step, and then for each step 1 if the sequence has
    it and 0 if not. Each value is a cell. So is the length, the last one: a decoder
    returns values and for each step a logit that it is the last, whose loss is the
    cross-entropy with the softmax. Rows of a generator hold values times the
    probability that there is such a step, and that probability.

    Parameters
    ----------
    length, width : int
        Most steps, and numbers in each.
    """

    def __init__(self, length: int, width: int) -> None:
        self.length, self.width = int(length), int(width)
        self.n_values = self.length * self.width
        n_columns = self.n_values + self.length
        super().__init__(n_columns, self.n_values + 1, n_columns)
        self.real = slice(0, self.n_values)

    def losses(self, x: Any, output: Any, real: RealLoss) -> Any:
        """Return the loss of each value, and the cross-entropy of the length."""
        v = self.n_values
        values = real(x[..., :v], output[..., :v], self.real)
        logit = output[..., v:]
        picked = ops.sum(self._ends(x) * logit, axis=-1, keepdims=True)
        ending = ops.logsumexp(logit, axis=-1, keepdims=True) - picked
        return ops.concatenate([values * self._by_value(x), ending], axis=-1)

    def rows(self, output: Any) -> Any:
        """Return values and which steps there are, as the model expects them."""
        v = self.n_values
        logit = output[..., v:]
        ends = ops.exp(logit - ops.logsumexp(logit, axis=-1, keepdims=True))
        seen = ops.matmul(ends, np.tri(self.length, dtype=np.float32))
        values = output[..., :v] * ops.repeat(seen, self.width, axis=-1)
        return ops.concatenate([values, seen], axis=-1)

    def observed(self, x: Any) -> Any:
        """Return 1 for the length and the values of steps that a sequence has."""
        by_value = self._by_value(x)
        return ops.concatenate([by_value, ops.ones_like(by_value[..., :1])], axis=-1)

    def residual(self, x: Any, rows: Any) -> Any:
        """Return `x` minus `rows`, of values 0 where a sequence has no such step."""
        v = self.n_values
        chance = ops.maximum(self._by_value(rows), TINY)
        values = (x[..., :v] - rows[..., :v] / chance) * self._by_value(x)
        return ops.concatenate([values, x[..., v:] - rows[..., v:]], axis=-1)

    def hidden(self, rows: Any, x: Any) -> Any:
        """Return `rows`: which steps there are belongs to what is generated."""
        return rows

    def masked(self, x: Any, hit: Any) -> Any:
        """Return `x` with 0 for values that are `hit`; the length is never hidden."""
        v = self.n_values
        values = ops.where(hit[..., :v], 0.0, x[..., :v])
        return ops.concatenate([values, x[..., v:]], axis=-1)

    def noisy(self, x: Any, noise: Any) -> Any:
        """Return `x` with `noise` added to the values of steps that there are."""
        v = self.n_values
        values = x[..., :v] + noise[..., :v] * self._by_value(x)
        return ops.concatenate([values, x[..., v:]], axis=-1)

    def feature_index(self) -> np.ndarray:
        """Return the value of each column; the length owns which steps there are."""
        return np.append(np.arange(self.n_values), np.full(self.length, self.n_values))

    def sample(
        self, rows: np.ndarray, variance: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw lengths by their probability, and values from normal distributions."""
        values, seen = self.split(rows)
        at = rng.random((len(rows), 1))
        steps = 1 + (seen[:, 1:] > at).sum(axis=1)
        noise = rng.standard_normal(values.shape, np.float32)
        values = values + np.sqrt(variance[self.real]).astype(np.float32) * noise
        return self.joined(values, steps)

    def split(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return values (n, n_values), and the probability of each step, (n, length).

        Values are those that there are if the sequence is long enough.
        """
        values, seen = rows[:, : self.n_values], rows[:, self.n_values :]
        chance = np.maximum(np.repeat(seen, self.width, axis=1), TINY)
        return values / chance, seen

    def likeliest(self, rows: np.ndarray) -> np.ndarray:
        """Return the likeliest number of steps of each row."""
        seen = rows[:, self.n_values :]
        return 1 + np.argmax(seen - np.pad(seen[:, 1:], ((0, 0), (0, 1))), axis=1)

    def joined(self, values: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Return rows of values (n, n_values) and of numbers of steps (n,)."""
        seen = (np.arange(self.length) < steps[:, None]).astype(np.float32)
        values = np.where(np.repeat(seen, self.width, axis=1), values, 0.0)
        return np.concatenate([values, seen], axis=1, dtype=np.float32)

    @property
    def identity(self) -> Hashable:
        """Both numbers."""
        return self.length, self.width

    def get_config(self) -> dict[str, Any]:
        return {"length": self.length, "width": self.width}

    def _by_value(self, x: Any) -> Any:
        """Mask of the values that belong to a step that there is, (..., n_values)."""
        return ops.repeat(x[..., self.n_values :], self.width, axis=-1)

    def _ends(self, x: Any) -> Any:
        """Return 1 for the last step, (..., length)."""
        seen = x[..., self.n_values :]
        after = ops.concatenate([seen[..., 1:], ops.zeros_like(seen[..., :1])], axis=-1)
        return seen - after


TINY = 1e-6
