"""Training of an encoder with a head by the `fit` of Keras."""

from abc import ABCMeta, abstractmethod
from contextlib import ExitStack
from typing import Any, ClassVar

import numpy as np

from skunsup._identity import differ
from skunsup._interrupts import interrupts_put_off
from skunsup._networks import own_code_explained
from skunsup._persistence import PickledEstimator
from skunsup._random import global_state_kept, make_generator
from skunsup._training import FittedNetwork, Rows, WeightedSampler
from skunsup.inputs import Inputs
from skunsup.models._parts import layer_sizes
from skunsup.transfer._compile import copied, optimizer_of
from skunsup.transfer._encoder import FittedEncoder
from skunsup.transfer._minibatches import Minibatches
from skunsup.transfer._network import (
    KerasTraining,
    start_values,
    tuned_architecture,
)
from skunsup.transfer._targets import check_finite, split
from skunsup.transfer._whole_steps import WholeSteps


class TrainedByKeras(PickledEstimator, metaclass=ABCMeta):
    """Base of the training of a fitted encoder with a head.

    A subclass says what loss, what activation of the last layer and what numbers of
    targets.
    """

    _loss: ClassVar[str]
    _last: ClassVar[str]
    _target_dtype: ClassVar[str]
    _fitted: FittedNetwork
    _inputs: Inputs
    _optimizer_values: list[np.ndarray]
    _rng: np.random.Generator
    history_: dict[str, list[float]]

    @abstractmethod
    def _n_outputs(self) -> int:
        """Count of numbers that the network gives for a row."""

    def _train(
        self,
        encoder: FittedEncoder,
        rows: Rows,
        sample: WeightedSampler,
        epochs: int,
        *,
        go_on: bool,
    ) -> None:
        rng = self._rng if go_on else make_generator(self.random_state)
        sizes = layer_sizes(self.model__head_layer_sizes, "model__head_layer_sizes")
        architecture = tuned_architecture(
            encoder, sizes, self.model__activation, self._n_outputs(), self._last
        )
        if go_on and differ(self._fitted.architecture, architecture):
            raise ValueError(
                f"{type(self).__name__} cannot go on training, because its parameters "
                "now describe another network than in the last fit. Set them back, or "
                "call fit with warm_start=False to start anew."
            )
        values = (
            self._fitted.values if go_on else start_values(architecture, encoder, rng)
        )
        with global_state_kept():
            with interrupts_put_off():
                training = KerasTraining(
                    architecture, values, freeze=self.model__freeze, **self._compiling()
                )
            if go_on:
                training.load_optimizer(self._optimizer_values)
            self.callbacks_ = copied("callbacks", self.callbacks)
            with own_code_explained(lambda: self._made_of(training), suspect=False):
                history = self._run(training, rows, sample, epochs, rng, go_on=go_on)
        values = training.values()
        check_finite(values, history, training.model.optimizer)
        self._fitted = FittedNetwork(architecture, values)
        self._optimizer_values, self._rng = training.optimizer_values(), rng
        before = self.history_ if go_on else {"loss": []}
        names = [*before, *(name for name in history if name not in before)]
        self.history_ = {k: before.get(k, []) + history.get(k, []) for k in names}

    def _compiling(self) -> dict[str, Any]:
        return {
            "optimizer": optimizer_of(self.get_params(deep=False)),
            "loss": self._loss if self.loss is None else self.loss,
            "metrics": copied("metrics", self.metrics),
            "run_eagerly": self.run_eagerly,
        }

    def _made_of(self, training: KerasTraining) -> dict[str, Any]:
        copies = {f"callbacks[{i}]": c for i, c in enumerate(self.callbacks_)}
        return {
            "encoder": training.network.encoder,
            "model__activation": training.network.head,
            "optimizer": training.model.optimizer,
            "loss": self.loss,
            "metrics": self.metrics,
            **copies,
        }

    def _run(
        self,
        training: KerasTraining,
        rows: Rows,
        sample: WeightedSampler,
        epochs: int,
        rng: np.random.Generator,
        *,
        go_on: bool,
    ) -> dict[str, list[float]]:
        """Let Keras train; return its history."""
        held = None
        if self.validation_split and epochs:
            sample, held = split(sample, self.validation_split, rng)
        n_features = rows.d - self._n_targets(rows)
        batches = Minibatches(
            rows, n_features, self._target_dtype, sample, self.batch_size, rng
        )
        before = self.current_epoch if go_on else 0
        with ExitStack() as building:
            building.enter_context(interrupts_put_off())
            return training.model.fit(
                batches,
                epochs=before + epochs,
                initial_epoch=before,
                verbose=int(self.verbose),
                callbacks=[WholeSteps(building), *self.callbacks_],
                validation_data=None if held is None else batches.whole(held),
                validation_batch_size=self.validation_batch_size or self.batch_size,
                shuffle=False,  # of minibatches, by Python's global generator
            ).history

    def _n_targets(self, rows: Rows) -> int:
        return rows.d - self._inputs.n_columns_
