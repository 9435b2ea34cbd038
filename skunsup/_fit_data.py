"""Validated training data, and one training on them."""

from dataclasses import dataclass

import numpy as np

from skunsup._networks import Architecture
from skunsup._training import (
    BaggedSampler,
    OptimizerConfig,
    Rows,
    Sampler,
    TrainingConfig,
    TrainingState,
    Validation,
    train,
)
from skunsup.inputs import Inputs


@dataclass(frozen=True)
class FitData:
    """Validated training data."""

    rows: Rows
    sample: Sampler
    validation: Validation | None
    inputs: Inputs
    dtype: np.dtype

    @property
    def n_features(self) -> int:
        """Columns of a row, as networks see it."""
        return self.inputs.n_columns_


@dataclass(frozen=True)
class TrainingTask:
    """One training of a network.

    Parameters
    ----------
    architecture : Architecture
        What to train.
    recipes : tuple of OptimizerConfig
        Optimizer of each group of parameters.
    plan : TrainingConfig
        How.
    data : FitData
        Rows, and those held out.
    sample : sampler
        Draws minibatches.
    start : TrainingState
        From where.
    going_on : bool
        Whether `start` has been trained in an earlier call.
    """

    architecture: Architecture
    recipes: tuple[OptimizerConfig, ...]
    plan: TrainingConfig
    data: FitData
    sample: Sampler | BaggedSampler
    start: TrainingState
    going_on: bool

    def run(self) -> TrainingState:
        """Train, and return where it ended."""
        return train(
            self.architecture,
            self.recipes,
            self.plan,
            self.data.rows,
            self.sample,
            self.data.validation,
            self.start,
        )
