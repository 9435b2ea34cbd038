"""Minibatches for Keras's `fit`, in an order that no global state has a say in."""

import keras
import numpy as np

from skunsup._training import Rows, WeightedSampler


class Minibatches(keras.utils.PyDataset):
    """Minibatches of rows and targets, drawn anew for each epoch.

    Every minibatch is full: where `batch_size` does not divide the number of rows, some
    are drawn a second time. Weights act when rows are drawn.

    Parameters
    ----------
    rows : Rows
        Columns of X, and behind them those of y.
    n_features : int
        How many are of X.
    kind : str
        The dtype of targets; "int32" for one column of numbers of classes.
    sample : Sample
        Which rows, how often.
    batch_size : int or None
        Rows of a minibatch; None, or more than an epoch draws, for all.
    rng : numpy.random.Generator
        Draws them.
    """

    def __init__(
        self,
        rows: Rows,
        n_features: int,
        kind: str,
        sample: WeightedSampler,
        batch_size: int | None,
        rng: np.random.Generator,
    ) -> None:
        super().__init__()
        self._rows, self._n_features, self._kind = rows, n_features, kind
        self._sample, self._rng = sample, rng
        self._size = min(batch_size or sample.n_draws, sample.n_draws)
        self._drawn = self._draw()

    def _draw(self) -> np.ndarray:
        return self._sample.draw(len(self) * self._size, self._rng)

    def __len__(self) -> int:
        return -(-self._sample.n_draws // self._size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        start = index * self._size
        return self._pairs(self._drawn[start : start + self._size])

    def on_epoch_end(self) -> None:
        """Draw the minibatches of the next epoch."""
        self._drawn = self._draw()

    def whole(self, sample: WeightedSampler) -> tuple[np.ndarray, ...]:
        """Return all rows of a sample at once, with their weights if there are any."""
        weight = () if sample.weight is None else (sample.weight.astype(np.float32),)
        return (*self._pairs(sample.index), *weight)

    def _pairs(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        taken = self._rows.take(index)
        x, y = np.split(taken, [self._n_features], axis=1)
        y = y[:, 0] if self._kind == "int32" else y
        return np.ascontiguousarray(x), np.ascontiguousarray(y, self._kind)
