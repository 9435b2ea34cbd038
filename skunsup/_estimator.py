"""The one template of every deep estimator: validate, build, train, publish."""

from abc import ABCMeta, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from skunsup._fit_data import FitData, TrainingTask
from skunsup._identity import differ, identity
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
from skunsup._sklearn import (
    DOC_LINK,
    unchanged_on_error,
    validated,
)
from skunsup._training import (
    BaggedSampler,
    EnsembleConfig,
    FittedNetwork,
    OptimizerConfig,
    Renewal,
    Rows,
    RowSampler,
    Sampler,
    TrainingConfig,
    TrainingState,
    Validation,
    WeightedSampler,
    bagged_sampler,
    hstack,
    network_to_train,
    paired,
    running_checkpoint,
    shared_network,
    weighted_sample,
)
from skunsup._training_plan import TrainedByParameters
from skunsup._validation import check_weights
from skunsup.inputs import (
    Dense,
    Inputs,
    as_kind,
    fit_inputs,
    read_inputs,
)

# Parameters of models that say how much memory their networks need.
SIZES = (
    "n_components",
    "n_clusters",
    "hidden_layer_sizes",
    "discriminator_layer_sizes",
    "n_importance_samples",
    "encoder",
    "decoder",
    "discriminator",
    "generator",
    "inputs",
    "batch_size",
)

CHANGED = (
    "{name} cannot go on training, because its parameters or the columns of X now "
    "describe another {what} than in the last fit. Set them back, or call fit with "
    "warm_start=False to start anew."
)


class DeepEstimator(PickledEstimator, TrainedByParameters, metaclass=ABCMeta):
    """Base of the estimators around a network.

    A subclass names in `_criterion` the method of its network that judges validation
    rows, and says in `_architecture` what network. Eight more hooks have defaults,
    apart from those of `TrainedByParameters`: what model says what rows are, what
    labels mean, what minibatches are drawn from, where weights start, in what steps
    they are trained, what rows become between epochs, how wide the code is, and what
    the history tells of its health.
    """

    _doc_link_module = "skunsup"
    _doc_link_template = DOC_LINK
    _criterion: ClassVar[str]
    _inputs: Inputs

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
        """Return what minibatches are drawn from; by default the rows themselves."""
        return data

    def _trained(self, task: TrainingTask) -> tuple[Architecture, TrainingState]:
        """Train a network; return what it is in the end, and its weights."""
        return task.architecture, task.run()

    def _n_outputs(self, architecture: Architecture) -> int:
        """Return the width of what `transform` gives."""
        return architecture.n_components * architecture.n_members

    def _source(self) -> "DeepEstimator":
        """Return the model whose `inputs` and, if it is fitted, kind of data count."""
        return self

    def _renewal(self, architecture: Architecture, data: FitData) -> Renewal | None:
        """Return what renews the rows between epochs, as `TrainingConfig` takes it."""
        return None

    def _check_health(self, history: dict[str, list[float]]) -> None:
        """Warn of what `history` says went wrong."""

    def _saved(self) -> dict[str, Any]:
        return with_callbacks_at_rest(super()._saved(), self.callbacks)

    @validated(prefer_skip_nested_validation=True)
    def fit(
        self, X: Any, y: Any = None, *, sample_weight: Any = None, X_val: Any = None
    ) -> Self:
        """Train on `X`.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Training rows, on a scale near 1. Sparse rows and memory maps are read a
            block at a time.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative. A row of weight 2 is the same as that row twice, a row of
            weight 0 as none, exactly; an epoch draws as many rows as weights sum to.
        X_val : array-like of shape (n_val, n_features), default=None
            Rows to judge epochs by, instead of a fraction held out of `X`.

        Returns
        -------
        self : object
            The fitted estimator.

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
            return self._fit(learn_rows(self, X), y, sample_weight, X_val)

    @validated(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Self:
        """Train on one more batch of a stream: one pass over `X`.

        Weights, optimizer state and random state go on from the last call. At most
        `batch_size` rows make exactly one step. Early stopping does not apply.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            At least one row, on the scale of the rows before.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.

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

    @property
    def model_(self) -> Network:
        """Keras network with the fitted weights, for the caller to keep."""
        check_is_fitted(self)
        return self._network.model()

    def _details_html(self) -> str:
        if not is_trained(self):
            return ""
        architecture = self._network.architecture
        return summary_html(shared_network(architecture), architecture.n_components)

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

    def _learn(self, X: Any, min_samples: int, *, keep: bool) -> Rows:
        """Read training data, and learn what they look like.

        With `keep`, what was learned before stands, if it is of the same kind.
        """
        source = self._source()
        kind = clone(as_kind(source.inputs))
        if source is not self and not keep and is_trained(source):
            same_inputs(self, source)
            keep = True
        same = keep and identity(kind) == identity(clone(self._inputs))
        if same and not isinstance(kind, Dense):
            return self._read(X)
        rows = fit_inputs(kind, X, self, min_samples)
        self._inputs = kind
        return rows

    def _read(self, X: Any, name: str = "X") -> Rows:
        return read_inputs(self._inputs, X, self, name)

    def _training_data(self, rows: Rows, y: Any, sample_weight: Any) -> FitData:
        dtype = rows.result_dtype
        weight = check_weights(sample_weight, rows.n)
        labels = self._labels(y, rows.n)
        _noted("rows", rows, weight, labels)
        if labels is None:
            sample: RowSampler = weighted_sample(rows, weight)
        else:
            rows = hstack(rows, labels[:, None].astype(np.float32))
            rows, sample = paired(rows, weighted_sample(rows, weight), labels)
        return FitData(rows, sample, None, self._inputs, dtype)

    def _labels(self, y: Any, n: int) -> np.ndarray | None:
        """Return the number of each row's label, -1 for none; None without labels.

        The objective then sees behind each row another row, a labelled one, and the
        number of its label.
        """
        return None

    def _with_validation(
        self, data: FitData, rows: Rows, X_val: Any, rng: np.random.Generator
    ) -> FitData:
        if X_val is not None:
            held = self._read(X_val, "X_val")
            _noted("X_val", held)
            everyone = WeightedSampler(np.arange(held.n), None)
            judge = Validation(held, everyone, self._criterion)
            return replace(data, validation=judge)
        if not self.early_stopping:
            return data
        assert isinstance(data.sample, RowSampler)
        sample, out = self._split(data.sample, rng)
        held = rows.part(out.index)
        judge = Validation(held, out, self._criterion)
        return replace(data, sample=sample, validation=judge)

    def _split(
        self, sample: RowSampler, rng: np.random.Generator
    ) -> tuple[RowSampler, WeightedSampler]:
        fraction = self.validation_fraction
        rest, held = sample.split(fraction, rng)
        if not len(rest.index) or not len(held.index):
            raise ValueError(
                f"validation_fraction={fraction} of {len(sample.index)} distinct rows "
                f"leaves {len(rest.index)} rows to train on and {len(held.index)} to "
                "judge by; both need at least one. Give more rows, another fraction, "
                "X_val, or early_stopping=False."
            )
        return rest, held

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
        with memory_errors_explained(lambda: self._sizes(data, members)):
            return self._train_within_memory(data, plan, previous, rng, members)

    def _sizes(self, data: FitData, members: EnsembleConfig | None) -> dict[str, Any]:
        """Return the parameters that say how much memory is needed, and X's columns."""
        given = self.get_params(deep=False)
        sizes = {k: given[k] for k in SIZES if given.get(k) is not None}
        if members is not None:
            sizes["n_estimators"] = members.n_members
        return {**sizes, "the columns of X": data.rows.d}

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
            self._check_unchanged(architecture, recipes)
        plan = replace(plan, renewal=self._renewal(architecture, data))
        task = TrainingTask(
            architecture, recipes, plan, data, sample, previous, going_on=going_on
        )
        architecture, state = self._trained(task)
        self._publish(architecture, recipes, previous, state, data.dtype)
        return self

    def _check_unchanged(
        self, architecture: Architecture, recipes: tuple[OptimizerConfig, ...]
    ) -> None:
        pairs = zip(self._fitted_recipes, recipes, strict=True)
        changed = ""
        if differ(self._network.architecture, architecture):
            changed = "network"
        elif any(differ(*pair) for pair in pairs):
            changed = "optimizer"
        if changed:
            raise ValueError(CHANGED.format(name=type(self).__name__, what=changed))

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


def _noted(name: str, rows: Rows, *more: np.ndarray | None) -> None:
    """Let the checkpoint of the fit that runs, if there is one, know the data."""
    checkpoint = running_checkpoint()
    if checkpoint is not None:
        checkpoint.note(name, rows.hashes, *more)


# What detectors, transfer and models around models use of a model. Only this module
# reads its private names.


def learn_rows(model: DeepEstimator, X: Any) -> Rows:
    """Validate and read training rows, and learn what they look like.

    With a warm start, what was learned in the last fit stands.

    Parameters
    ----------
    model : DeepEstimator
        Knows the columns of `X` afterwards.
    X : array-like
        As `fit` takes it.

    Returns
    -------
    Rows
        For `fit_rows`.
    """
    going_on = model.warm_start and model._previous() is not None
    return model._learn(X, 2, keep=going_on)


def fit_rows(
    model: DeepEstimator,
    rows: Rows,
    *,
    sample_weight: Any = None,
    X_val: Any = None,
    members: EnsembleConfig | None = None,
    preliminary: bool = False,
) -> None:
    """Train a model on rows that `learn_rows` read, as `fit` does.

    Parameters
    ----------
    model : DeepEstimator
        The model to train.
    rows : Rows
        The rows.
    sample_weight, X_val : array-like, default=None
        As `fit` takes them.
    members : EnsembleConfig, default=None
        Train several networks side by side; None for one.
    preliminary : bool, default=False
        Whether another model is trained after this one.
    """
    model._fit(rows, None, sample_weight, X_val, members, preliminary=preliminary)


def fit_data(model: DeepEstimator, data: FitData, rng: np.random.Generator) -> None:
    """Train a model on the training data of another, which is trained after it.

    Parameters
    ----------
    model : DeepEstimator
        The model to train, after `same_inputs`.
    data : FitData
        The training data of the other.
    rng : numpy.random.Generator
        Draws what early stopping holds out and all else.
    """
    data = model._with_validation(data, data.rows, None, rng)
    plan = model._plan(data, stopping=model.early_stopping)
    model._train(data, replace(plan, preliminary=True), None, rng)


def architecture_of(model: DeepEstimator, data: FitData) -> Architecture:
    """Return the network that an unfitted model would train on `data`."""
    return model._architecture(data)


def same_inputs(model: DeepEstimator, other: DeepEstimator) -> None:
    """Let `model` know of the columns what `other` has learned.

    Parameters
    ----------
    model : DeepEstimator
        A model that `fit_rows` will train on the rows of `other`.
    other : DeepEstimator
        The model that read them.
    """
    model._inputs = other._inputs
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(other, name):
            setattr(model, name, getattr(other, name))


def read_rows(model: DeepEstimator, X: Any) -> Rows:
    """Return the rows of `X`, validated against those of the fit."""
    return model._read(X)


def inputs_of(model: DeepEstimator) -> Inputs:
    """Return the fitted kind of data of a model."""
    return model._inputs


def is_trained(model: DeepEstimator) -> bool:
    """Return True for a model with weights."""
    return hasattr(model, "_network")


def network_of(model: DeepEstimator) -> FittedNetwork:
    """Return the trained network of a fitted model."""
    return model._network


def details_html(model: DeepEstimator) -> str:
    """Return what a notebook shows of the fitted network of a model."""
    return model._details_html()
