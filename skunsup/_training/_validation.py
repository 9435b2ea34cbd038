"""Rows held out of training."""

from dataclasses import dataclass

import numpy as np

from skunsup._networks import Architecture
from skunsup._training._fitted import FittedNetwork
from skunsup._training._processes import mean_of_all
from skunsup._training._rows import Rows
from skunsup._training._sampling import WeightedSampler


@dataclass(frozen=True)
class Validation:
    """Rows held out to judge each epoch by."""

    rows: Rows
    sample: WeightedSampler
    method: str

    def loss(self, architecture: Architecture, values: list[np.ndarray]) -> float:
        """Weighted mean over the rows of what `method` gives with weights `values`."""
        fitted = FittedNetwork(architecture, values)

        def of_each(rows: Rows) -> np.ndarray:
            losses = fitted.compute(self.method, rows)
            means: np.ndarray = losses.reshape(len(losses), -1).mean(axis=1)
            return means

        mean = self.sample.mean_over(self.rows, of_each)
        return mean_of_all(mean, self.sample.total)
