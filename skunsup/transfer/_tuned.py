"""The estimators that `fine_tune` returns: scikeras's, without their global effects."""

from typing import Any, Self

import numpy as np
from sklearn.metrics import r2_score
from sklearn.utils import (
    ClassifierTags,
    RegressorTags,
    Tags,
    assert_all_finite,
    compute_sample_weight,
)
from sklearn.utils.validation import check_array

from skunsup._dates import refuse_dates
from skunsup._docstrings import documented
from skunsup._documentation import FIT, ROWS
from skunsup._random import global_state_kept
from skunsup._validation import check_weights
from skunsup.models._labels import (
    accuracy,
    as_labels,
    check_classes,
    distinct,
    is_unlabelled,
    typed,
)
from skunsup.transfer._targets import given
from skunsup.transfer._tuning import FineTuned
from skunsup.transfer._unpatched import keras_as_it_is

with keras_as_it_is(), global_state_kept():
    from scikeras.wrappers import KerasClassifier, KerasRegressor


class FineTunedClassifier(FineTuned, KerasClassifier):
    """Classifier of `fine_tune`: a fitted encoder with a softmax behind it.

    Parameters
    ----------
    encoder : object
        A fitted model of skunsup with an encoder, or the encoder that `fine_tune` took
        out of one.
    model__freeze, model__head_layer_sizes, model__activation
        Whether the encoder keeps its weights, and what stands between it and the
        softmax.
    optimizer, optimizer__learning_rate, batch_size, epochs, verbose, **kwargs
        As scikeras has them. `loss` is one of numbers of classes and probabilities.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels seen in `fit`, sorted.
    n_features_in_ : int
        Number of columns.
    history_ : dict of str to list of float
        What Keras recorded, one entry an epoch.
    callbacks_ : list of keras.callbacks.Callback
        The copies of `callbacks` that were called.
    """

    _loss, _last = "sparse_categorical_crossentropy", "softmax"
    _target_dtype = "int32"

    @documented(FIT)
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> Self:
        """Train for one more epoch.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As in `fit`.
        classes : array-like of shape (n_classes,), default=None
            All labels, in the first call; None for those of `y`.
        """
        go_on = self.initialized_
        self._announced = None if go_on else classes
        try:
            return self._learn(X, y, sample_weight, 1, go_on=go_on)
        finally:
            del self._announced

    @documented(ROWS)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Estimate the probability of each class.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64
            In the order of `classes_`. A row's result depends on that row alone.
        """
        probabilities = self._raw(X)
        return probabilities / probabilities.sum(axis=1, keepdims=True)

    @documented(ROWS)
    def predict(self, X: Any) -> np.ndarray:
        """Tell the most probable class.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        best = self._raw(X).argmax(axis=1)
        return self.classes_[best]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy on rows whose label is not missing.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Rows like those of `fit`.
        y : array-like of shape (n_samples,)
            Their labels. One that `fit` has not seen counts as told wrong; rows whose
            label is missing do not count.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.

        Returns
        -------
        float
            The accuracy.
        """
        found = self.predict(X)
        return accuracy(y, found, sample_weight)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        tags.classifier_tags = ClassifierTags()
        return tags

    def _targets(self, y: Any, *, go_on: bool) -> np.ndarray:
        y = as_labels(given(y, self))
        known, seen = ~is_unlabelled(y), distinct(y)
        if not known.any():
            raise ValueError(
                f"Input y contains NaN or None alone: no label in {len(y)} rows. Give "
                "a label for some rows of each class."
            )
        assert_all_finite(seen, input_name="y")
        check_classes(y[known])
        if not go_on:
            announced = getattr(self, "_announced", None)
            whole = announced is not None
            self.classes_ = distinct(as_labels(announced)) if whole else seen
            self.n_classes_ = len(self.classes_)
        others = seen[~np.isin(seen, self.classes_)]
        classes = self.classes_.tolist()
        if len(others):
            raise ValueError(
                f"y contains the label {others.tolist()[0]!r}, which is none of the "
                f"classes {classes} that training began with. Call fit with "
                "warm_start=False, or list all classes in the first partial_fit."
            )
        if len(classes) < 2:
            raise ValueError(
                f"y contains 1 class, {classes[0]!r}, but a classifier needs at least "
                "2 classes to tell apart."
            )
        target = np.zeros((len(y), 1), np.float32)
        target[known, 0] = np.searchsorted(self.classes_, typed(y[known]))
        return target

    def _n_outputs(self) -> int:
        return len(self.classes_)

    def _weights(self, y: Any, weight: np.ndarray | None) -> np.ndarray | None:
        """Return weights of rows, 0 where the label is missing."""
        y = as_labels(y, warn=False)
        known = ~is_unlabelled(y)
        if self.class_weight is None and known.all():
            return weight
        whole = known * (np.ones(len(y)) if weight is None else weight)
        check_weights(whole, len(y))
        if self.class_weight is None:
            return whole
        balanced = whole.copy()
        balanced[known] *= compute_sample_weight(self.class_weight, typed(y[known]))
        return balanced * (whole.sum() / balanced.sum())


class FineTunedRegressor(FineTuned, KerasRegressor):
    """Regressor of `fine_tune`: a fitted encoder with linear units behind it.

    Parameters
    ----------
    encoder : object
        A fitted model of skunsup with an encoder, or the encoder that `fine_tune` took
        out of one.
    model__freeze, model__head_layer_sizes, model__activation
        Whether the encoder keeps its weights, and what stands between it and the
        output.
    optimizer, optimizer__learning_rate, batch_size, epochs, verbose, **kwargs
        As scikeras has them.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns.
    history_ : dict of str to list of float
        What Keras recorded, one entry an epoch.
    callbacks_ : list of keras.callbacks.Callback
        The copies of `callbacks` that were called.
    """

    _loss, _last = "mean_squared_error", "linear"
    _target_dtype = "float32"
    n_outputs_: int

    @documented(FIT)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more epoch.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As in `fit`.
        """
        return self._learn(X, y, sample_weight, 1, go_on=self.initialized_)

    @documented(ROWS)
    def predict(self, X: Any) -> np.ndarray:
        """Predict numbers.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs), float64
            As `y` was in `fit`. A row's result depends on that row alone.
        """
        values = self._raw(X)
        return values[:, 0] if self._flat else values

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the coefficient of determination.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Rows like those of `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            What is true of them.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.

        Returns
        -------
        float
            1 is perfect, 0 as good as the mean.
        """
        return float(r2_score(y, self.predict(X), sample_weight=sample_weight))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"
        tags.regressor_tags = RegressorTags()
        tags.target_tags.multi_output = True
        return tags

    def _targets(self, y: Any, *, go_on: bool) -> np.ndarray:
        refuse_dates(given(y, self), "y")
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        flat, n_outputs = y.ndim == 1, 1 if y.ndim == 1 else y.shape[1]
        if go_on and n_outputs != self.n_outputs_:
            raise ValueError(
                f"y has {n_outputs} columns, but training began with "
                f"{self.n_outputs_}. Call fit with warm_start=False to start anew."
            )
        self._flat, self.n_outputs_ = flat, n_outputs
        return y.reshape(len(y), n_outputs).astype(np.float32)

    def _n_outputs(self) -> int:
        return int(self.n_outputs_)
