"""Length of training, minibatches and optimizers, by parameters and kind of data."""

from typing import Any

from skunsup._fit_data import FitData
from skunsup._training import (
    OptimizerConfig,
    TrainingConfig,
    check_callbacks,
    n_processes,
    optimizer_config,
)
from skunsup._training_parameters import TrainingParameters
from skunsup.inputs import TrainingDefaults


class TrainedByParameters(TrainingParameters):
    """Base of what trains as `TrainingParameters` say.

    Two hooks have defaults: how long training is where that is left open, and with
    what optimizers.
    """

    def _training_defaults(self, data: FitData) -> TrainingDefaults:
        """Return minibatches and epochs where "auto" leaves them open."""
        return data.inputs.training_

    def _optimizer_configs(self) -> tuple[OptimizerConfig, ...]:
        """Return the optimizer of each group of the network's parameters."""
        return (self._optimizer_config(self.learning_rate),)

    def _optimizer_config(
        self, learning_rate: Any, averaged: bool = True
    ) -> OptimizerConfig:
        """Return an optimizer with that rate, of weights that `ema` averages or not."""
        ema = self.ema if averaged else 0.0
        return optimizer_config(self.optimizer, learning_rate, self.weight_decay, ema)

    def _plan(self, data: FitData, *, stopping: bool) -> TrainingConfig:
        self._check_length()
        return TrainingConfig(
            epochs=self._n_epochs(data),
            batch_size=self._batch_size(data),
            patience=self.n_iter_no_change if stopping else None,
            tol=self.tol,
            callbacks=check_callbacks(self.callbacks),
            verbose=int(self.verbose),
            max_steps=self.max_steps,
            schedule=str(self.learning_rate_schedule),
        )

    def _batch_size(self, data: FitData) -> int | None:
        """Return the rows a step, None for all, where "auto" leaves it to the kind."""
        given = self.batch_size
        defaults = self._training_defaults(data)
        return defaults.batch_size if isinstance(given, str) else given

    def _steps_per_epoch(self, data: FitData) -> int:
        n = n_processes() * data.sample.own_draws
        return -(-n // (self._batch_size(data) or n))

    def _n_epochs(self, data: FitData) -> int | None:
        """Return the most epochs, where "auto" leaves them to the kind of data."""
        if not isinstance(self.epochs, str):
            return self.epochs
        kind = self._training_defaults(data)
        if self.max_steps is not None:
            return kind.most_epochs
        return kind.epochs(self._steps_per_epoch(data))

    def _check_length(self) -> None:
        if self.epochs is None and self.max_steps is None:
            raise ValueError(
                "epochs=None and max_steps=None leave open how long to train. Give one "
                "of them, for instance max_steps=1000."
            )
        schedule = self.learning_rate_schedule
        if schedule == "constant":
            return
        if any(recipe.learning_rate is None for recipe in self._optimizer_configs()):
            raise ValueError(
                f"learning_rate_schedule={schedule!r} changes a constant rate, but "
                "learning_rate or the optimizer brings a schedule of its own. Give "
                "learning_rate as a float, or learning_rate_schedule='constant'."
            )
