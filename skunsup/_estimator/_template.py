"""The one template of every deep estimator: validate, build, train, publish."""

from abc import ABCMeta, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skunsup._docstrings import documented
from skunsup._documentation import FIT
from skunsup._estimator._checks import check_unchanged, sizes
from skunsup._estimator._data import DataReader, is_trained
from skunsup._fit_data import FitData, TrainingTask
from skunsup._networks import (
    Architecture,
    Network,
    NetworkSpec,
    memory_errors_explained,
    summary_html,
    with_callbacks_at_rest,
)
from skunsup._persistence import PickledEstimator
from skunsup._random import make_generator
from skunsup._sklearn import unchanged_on_error, validated
from skunsup._training import (
    BaggedSampler,
    EnsembleConfig,
    FittedNetwork,
    OptimizerConfig,
    Renewal,
    Rows,
    Sampler,
    TrainingConfig,
    TrainingState,
    WeightedSampler,
    bagged_sampler,
    network_to_train,
)


class DeepEstimator(PickledEstimator, DataReader, metaclass=ABCMeta):
    """Base of the estimators around a network.

    A subclass says in `_architecture` what network. Six more hooks have defaults,
    apart from those of `DataReader` and `TrainedByParameters`: what minibatches are
    drawn from, where weights start, in what steps they are trained, what rows become
    between epochs, how wide the code is, and what the history tells of its health.
    """

    @abstractmethod
    def _architecture(self, data: FitData) -> Architecture:
        """Return the network's recipe; raise ValueError for parameters that clash."""

    def _start_values(
        self,
        architecture: Architecture,
        network: Network,
        data: FitData,
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        """Return the weights of `network` to start a new fit from."""
        return architecture.initial_values(network, rng)

    def _prepared(
        self, data: FitData, previous: TrainingState | None, rng: np.random.Generator
    ) -> FitData:
        """Return the data that minibatches are drawn from; by default the rows."""
        return data

    def _trained(self, task: TrainingTask) -> tuple[Architecture, TrainingState]:
        """Train a network; return its architecture in the end, and its weights."""
        return task.architecture, task.run()

    def _n_outputs(self, architecture: Architecture) -> int:
        """Return the width of what `transform` gives."""
        return architecture.n_components * architecture.n_members

    def _renewal(self, architecture: Architecture, data: FitData) -> Renewal | None:
        """Return the function that renews rows between epochs, for `TrainingConfig`."""
        return None

    def _check_health(self, history: dict[str, list[float]]) -> None:
        """Warn of a failure that `history` shows."""

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _saved(self) -> dict[str, Any]:
        return with_callbacks_at_rest(super()._saved(), self.callbacks)

    @validated(prefer_skip_nested_validation=True)
    @documented(FIT)
    def fit(
        self, X: Any, y: Any = None, *, sample_weight: Any = None, X_val: Any = None
    ) -> Self:
        """Train on `X`.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Training rows, on a scale near 1. Sparse rows and memory maps are read a
            block at a time.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative. A row of weight 2 is the same as that row twice, a row of
            weight 0 as none, exactly; an epoch draws as many rows as weights sum to.

        Raises
        ------
        ValueError
            If the data, a parameter or their combination cannot be used, if the loss is
            not finite in the first epoch, or if a callback, or another piece of code
            that was passed in, raises. The estimator is then as it was before.
        MemoryError
            If the network or a minibatch does not fit into memory.
        """
        with self._fitting():
            return self._fit(self._learn_first(X), y, sample_weight, X_val)

    @validated(prefer_skip_nested_validation=True)
    @documented(FIT)
    def partial_fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Self:
        """Train on one more batch of a stream: one pass over `X`.

        Weights, optimizer state and random state go on from the last call. At most
        `batch_size` rows make exactly one step. Early stopping does not apply.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            At least one row, on the scale of the rows before.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`.

        Raises
        ------
        ValueError
            As in `fit`, and if `X` has other columns than before.
        """
        with unchanged_on_error(self):
            previous = self._previous()
            rng = make_generator(self.random_state)
            first = previous is None
            rows = self._learn(X, 1, keep=False) if first else self._read(X)
            data = self._training_data(rows, y, sample_weight)
            data = self._prepared(data, previous, rng)
            plan = replace(
                self._plan(data, stopping=False),
                epochs=1,
                max_steps=None,
                schedule="constant",
            )
            return self._train(data, plan, previous, rng)

    def _fit(
        self,
        rows: Rows,
        y: Any,
        sample_weight: Any,
        X_val: Any,
        members: EnsembleConfig | None = None,
        **options: Any,
    ) -> Self:
        """Train on rows that `learn_rows` read; `options` go to `TrainingConfig`."""
        previous = self._previous() if self.warm_start else None
        rng = make_generator(self.random_state)
        data = self._training_data(rows, y, sample_weight)
        data = self._with_validation(data, rows, X_val, rng)
        data = self._prepared(data, previous, rng)
        plan = replace(self._plan(data, stopping=self.early_stopping), **options)
        return self._train(data, plan, previous, rng, members)

    def _learn_first(self, X: Any) -> Rows:
        going_on = self.warm_start and self._previous() is not None
        return self._learn(X, 2, keep=going_on)

    @property
    def model_(self) -> Network:
        """Keras network with the fitted weights, for the caller to keep."""
        check_is_fitted(self)
        return self._network.model()

    def _details_html(self) -> str:
        if not is_trained(self):
            return ""
        n_components = self._network.architecture.n_components
        return summary_html(self._network.template(), n_components)

    def _made(
        self,
        network: type[Network],
        parts: Mapping[str, NetworkSpec],
        settings: Mapping[str, Any],
        n_components: int,
        data: FitData,
    ) -> Architecture:
        """Return an architecture for rows of the kind of `data`."""
        return Architecture(
            network, parts, settings, n_components, likelihood=data.inputs.likelihood_
        )

    def _compute(self, method: str, X: Any) -> tuple[np.ndarray, np.dtype]:
        """Validate `X`, apply a method of the network, and say the dtype to return."""
        if not is_trained(self):  # quicker than scikit-learn's check
            check_is_fitted(self)
        rows = self._read(X)
        return self._network.merged(method, rows), rows.result_dtype

    def _previous(self) -> TrainingState | None:
        return getattr(self, "_state", None)

    def _train(
        self,
        data: FitData,
        plan: TrainingConfig,
        previous: TrainingState | None,
        rng: np.random.Generator,
        members: EnsembleConfig | None = None,
    ) -> Self:
        with memory_errors_explained(lambda: sizes(self, data, members)):
            return self._train_within_memory(data, plan, previous, rng, members)

    def _train_within_memory(
        self,
        data: FitData,
        plan: TrainingConfig,
        previous: TrainingState | None,
        rng: np.random.Generator,
        members: EnsembleConfig | None,
    ) -> Self:
        architecture, recipes = self._architecture(data), self._optimizer_configs()
        sample: Sampler | BaggedSampler = data.sample
        if members is not None:
            architecture = architecture.repeated(
                members.n_members, members.max_features
            )
            if isinstance(sample, WeightedSampler):
                sample = bagged_sampler(data.rows, sample, members)
        going_on = previous is not None
        if previous is None:
            network = network_to_train(architecture, recipes)
            values = self._start_values(architecture, network, data, rng)
            previous = TrainingState(values, None, rng)
        else:
            check_unchanged(
                type(self).__name__,
                (self._network.architecture, self._fitted_recipes),
                (architecture, recipes),
            )
        plan = replace(plan, renewal=self._renewal(architecture, data))
        task = TrainingTask(
            architecture, recipes, plan, data, sample, previous, going_on=going_on
        )
        architecture, state = self._trained(task)
        self._publish(architecture, recipes, previous, state, data.dtype)
        return self

    def _publish(
        self,
        architecture: Architecture,
        recipes: tuple[OptimizerConfig, ...],
        previous: TrainingState,
        state: TrainingState,
        dtype: np.dtype,
    ) -> None:
        history = {
            name: previous.history.get(name, []) + values
            for name, values in state.history.items()
        }
        history = history or previous.history  # after Ctrl-C in the first epoch
        self._state = replace(state, history=history, callbacks=[])
        self._fitted_recipes = recipes
        self._network = FittedNetwork(architecture, state.values)
        self._dtype = dtype
        self.n_components_ = self._n_outputs(architecture)
        self.history_ = history
        self.n_iter_ = len(history.get("loss", []))
        self.callbacks_ = state.callbacks
        if state.history:
            self._check_health(state.history)
