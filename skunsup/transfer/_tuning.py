"""Fine-tuning by Keras: the base of classifier and regressor."""

from abc import abstractmethod
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, ClassVar, Self

import keras
import numpy as np
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skunsup._containers import check_container
from skunsup._docstrings import documented
from skunsup._documentation import FIT
from skunsup._networks import Network, with_callbacks_at_rest
from skunsup._sklearn import (
    check_params,
    integers,
    python_numbers,
    reals,
    unchanged_on_error,
)
from skunsup._training import Rows, hstack, one_process, weighted_sample
from skunsup._validation import check_weights
from skunsup.inputs import Dense
from skunsup.transfer._compile import OPTIMIZER
from skunsup.transfer._encoder import FittedEncoder, fitted_encoder
from skunsup.transfer._keras_fit import TrainedByKeras
from skunsup.transfer._targets import check_columns, check_lengths

ROUTED = ("model__freeze", "model__head_layer_sizes", "model__activation")
# What scikeras has and nothing here reads, with the only value that changes nothing.
UNREAD = {"model": None, "build_fn": None, "shuffle": True}


class FineTuned(TrainedByKeras):
    """Base of both estimators, in front of a wrapper of scikeras.

    Fitted weights are NumPy arrays beside a recipe: a pickle holds nothing of Keras and
    can be read under another backend.
    """

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
        """Return the targets of the network for each row, (n, k), float32."""

    @documented(FIT)
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
