"""Fine-tuning by Keras: what classifier and regressor share."""

from abc import ABCMeta, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from difflib import get_close_matches
from typing import Any, ClassVar, Self

import keras
import numpy as np
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skunsup._containers import check_container
from skunsup._identity import differ
from skunsup._interrupts import interrupts_put_off
from skunsup._networks import (
    Network,
    own_code_explained,
    with_callbacks_at_rest,
)
from skunsup._persistence import PickledEstimator
from skunsup._random import global_state_kept, make_generator
from skunsup._sklearn import (
    check_params,
    integers,
    python_numbers,
    reals,
    unchanged_on_error,
)
from skunsup._training import (
    FittedNetwork,
    Rows,
    WeightedSampler,
    hstack,
    one_process,
    weighted_sample,
)
from skunsup._validation import check_weights
from skunsup.inputs import Dense, Inputs
from skunsup.models._parts import layer_sizes
from skunsup.transfer._compile import OPTIMIZER, copied, optimizer_of
from skunsup.transfer._encoder import FittedEncoder, fitted_encoder
from skunsup.transfer._minibatches import Minibatches
from skunsup.transfer._network import (
    KerasTraining,
    start_values,
    tuned_architecture,
)
from skunsup.transfer._targets import (
    check_columns,
    check_finite,
    check_lengths,
    split,
)
from skunsup.transfer._whole_steps import WholeSteps

ROUTED = ("model__freeze", "model__head_layer_sizes", "model__activation")
# What scikeras has and nothing here reads, with the only value that changes nothing.
UNREAD = {"model": None, "build_fn": None, "shuffle": True}


class FineTuned(PickledEstimator, metaclass=ABCMeta):
    """Base of both estimators, in front of a wrapper of scikeras.

    Fitted weights are NumPy arrays beside a recipe: a pickle holds nothing of Keras and
    can be read under another backend.
    """

    _loss: ClassVar[str]
    _last: ClassVar[str]
    _target_dtype: ClassVar[str]
    _fitted: FittedNetwork
    _inputs: Inputs
    _optimizer_values: list[np.ndarray]
    _rng: np.random.Generator
    history_: dict[str, list[float]]
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "model__freeze": ["boolean"],
        "model__head_layer_sizes": ["array-like", integers(1)],
        "model__activation": [str, callable],
        "optimizer__learning_rate": [
            reals(0, None, "neither"),
            keras.optimizers.schedules.LearningRateSchedule,
            None,
        ],
        "batch_size": [integers(1), None],
        "epochs": [integers(1)],
        "validation_split": [reals(0, 1, "left")],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        encoder: Any,
        *,
        model__freeze: bool = False,
        model__head_layer_sizes: int | Sequence[int] = (),
        model__activation: Any = "relu",
        optimizer: Any = "adam",
        optimizer__learning_rate: Any = None,
        batch_size: int | None = 32,
        epochs: int = 50,
        verbose: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            optimizer=optimizer,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            **kwargs,
        )
        self.encoder = encoder
        self.model__freeze = model__freeze
        self.model__head_layer_sizes = model__head_layer_sizes
        self.model__activation = model__activation
        self.optimizer__learning_rate = optimizer__learning_rate

    @abstractmethod
    def _targets(self, y: Any, *, go_on: bool) -> np.ndarray:
        """Return what the network shall give for each row, (n, k), float32."""

    @abstractmethod
    def _n_outputs(self) -> int:
        """Return how many numbers the network gives for a row."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on rows with targets, from the encoder's weights.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Rows like those that the encoder was trained on, on the same scale.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Classes, or numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative. A row of weight 2 is the same as that row twice.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data, a parameter or their combination cannot be used, or the loss
            is not finite. The estimator is then as it was before.
        """
        go_on = bool(self.warm_start) and self.initialized_
        return self._learn(X, y, sample_weight, self.epochs, go_on=go_on)

    def initialize(self, X: Any, y: Any = None) -> Self:
        """Build the network without training it: the encoder and a random head.

        Parameters
        ----------
        X, y : array-like
            As in `fit`.

        Returns
        -------
        self : object
            The estimator, which can predict.
        """
        return self._learn(X, y, None, 0, go_on=False)

    @property
    def initialized_(self) -> bool:
        """True if there is a network."""
        return hasattr(self, "_fitted")

    @property
    def model_(self) -> Network:
        """Keras network with the fitted weights, for the caller to keep."""
        check_is_fitted(self)
        return self._fitted.model()

    def _saved(self) -> dict[str, Any]:
        return with_callbacks_at_rest(super()._saved(), self.callbacks)

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        return tags

    def _raw(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        check_container(X)
        rows = self._inputs.read_rows(X, self)
        return self._fitted.compute("outputs", rows).astype(np.float64)

    def _learn(
        self, X: Any, y: Any, sample_weight: Any, epochs: int, *, go_on: bool
    ) -> Self:
        with python_numbers(self), unchanged_on_error(self):
            check_params(self)
            self._check_routed()
            one_process(f"{type(self).__name__} lets Keras train on the rows it has")
            encoder = fitted_encoder(self.encoder)
            check_container(X)
            rows = self._rows(encoder, X, go_on=go_on)
            target = self._targets(y, go_on=go_on)
            check_lengths(rows.n, len(target))
            both = hstack(rows, target)
            weight = self._weights(y, check_weights(sample_weight, rows.n))
            sample = weighted_sample(both, weight)
            self._train(encoder, both, sample, epochs, go_on=go_on)
        return self

    def _check_routed(self) -> None:
        for name, value in self.get_params(deep=False).items():
            if name in UNREAD and value is not UNREAD[name]:
                raise ValueError(
                    f"{name}={value!r}, but expected {UNREAD[name]!r}: the network is "
                    "the encoder with a head, and minibatches are drawn anew for each "
                    "epoch. See model__head_layer_sizes."
                )
            routed = "__" in name and not name.startswith(OPTIMIZER)
            if routed and name not in ROUTED:
                near = get_close_matches(name, ROUTED, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise ValueError(
                    f"{name!r} is not a parameter.{hint} There are "
                    f"{', '.join(ROUTED)}, and {OPTIMIZER} with an argument of the "
                    "optimizer behind it."
                )

    def _rows(self, encoder: FittedEncoder, X: Any, *, go_on: bool) -> Rows:
        if go_on:
            return self._inputs.read_rows(X, self)
        self._inputs = encoder.inputs
        if not isinstance(encoder.inputs, Dense):
            self.n_features_in_ = encoder.inputs.n_columns_
            return encoder.inputs.read_rows(X, self)
        rows = Dense().fit_rows(X, self)
        check_columns(encoder, rows.d, getattr(self, "feature_names_in_", None))
        return rows

    def _weights(self, y: Any, weight: np.ndarray | None) -> np.ndarray | None:
        return weight

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
