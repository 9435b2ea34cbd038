"""Weights that a training ends with: the best ones by early stopping, or the last."""

from typing import Any

import numpy as np

from skunsup._training._progress import Logs
from skunsup._training._state import TrainingConfig


class BestWeights:
    """Weights of the epoch that was best, where early stopping judges epochs.

    Parameters
    ----------
    values : list of arrays
        Weights before the first epoch.
    plan : TrainingConfig
        Its `patience` and `tol` count.
    """

    def __init__(self, values: list[np.ndarray], plan: TrainingConfig) -> None:
        self.values, self.patience, self.tol = values, plan.patience, plan.tol
        self.loss, self.stale = np.inf, 0

    def take(self, values: list[np.ndarray], logs: Logs) -> None:
        """Take the weights of an epoch, if they are better or nothing is judged."""
        if self.patience is None:
            self.values = values
            return
        loss = logs["val_loss"]
        self.stale = 0 if loss < self.loss - self.tol else self.stale + 1
        if loss < self.loss:
            self.loss, self.values = loss, values

    def keep_finite(self, values: list[np.ndarray]) -> None:
        """Take weights, if they are finite."""
        if all_finite(values):
            self.values = values

    @property
    def exhausted(self) -> bool:
        """True if early stopping has waited long enough."""
        return self.patience is not None and self.stale >= self.patience

    def saved(self) -> tuple[list[np.ndarray], float, int]:
        """Weights, their validation loss and the epochs since, for a checkpoint."""
        return self.values, self.loss, self.stale

    def restore(self, *saved: Any) -> None:
        """Take up what `saved` returned."""
        self.values, self.loss, self.stale = saved


def all_finite(values: list[np.ndarray]) -> bool:
    """True if no weight is NaN or infinite."""
    return all(np.isfinite(value).all() for value in values)
