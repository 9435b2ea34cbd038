"""The detectors that have a model's parameters as their own."""

import contextlib
import copy
from typing import Any, ClassVar, Self

import keras
import numpy as np
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skunsup._sklearn import count_rows, integers, unchanged_on_error, validated
from skunsup.models._latent import LatentTransformer
from skunsup.outliers._detector import Detector

N_COMPONENTS = 16
FEWEST_EPOCHS = 5


class FlatDetector(Detector):
    """Base of the detectors that have a model's parameters as their own.

    A subclass names its model, lists the model's parameters in its `__init__` with
    defaults that suit detection, and puts their ranges beside those of `_own`.
    `epochs=None` stands for `_most_epochs`, or fewer to keep to `_most_steps`.
    """

    _model: ClassVar[type[LatentTransformer]]
    _most_epochs: ClassVar[int] = 100
    _most_steps: ClassVar[int] = 1000
    _own: ClassVar[dict[str, list]] = {
        **Detector._contamination,
        "epochs": [integers(1), None],
    }

    @validated(prefer_skip_nested_validation=True)
    def fit(
        self, X: Any, y: Any = None, *, sample_weight: Any = None, X_val: Any = None
    ) -> Self:
        """Train the model on `X` and learn where normal ends.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Training rows, on a scale near 1; most of them should be normal.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative. A row of weight 2 is the same as that row twice, in training
            and for the threshold.
        X_val : array-like of shape (n_val, n_features), default=None
            Rows to judge epochs by, instead of a fraction held out of `X`.

        Returns
        -------
        self : object
            The fitted detector.

        Raises
        ------
        ValueError
            As the model's `fit` does; the detector is then as it was before.
        """
        with unchanged_on_error(self):
            model = self._scorer().set_params(epochs=self._epochs(X, sample_weight))
            model.fit(X, sample_weight=sample_weight, X_val=X_val)
            self.estimator_ = model
            self._take_columns()
            self.n_iter_, self.history_ = model.n_iter_, model.history_
            self.n_components_ = model.n_components_
            self._learn_threshold(X, sample_weight)
        return self

    @property
    def model_(self) -> keras.Model:
        """Keras network with the fitted weights, for the caller to keep."""
        check_is_fitted(self)
        return self.estimator_.model_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _scorer(self) -> Any:
        names = self._model._get_param_names()
        params = {name: getattr(self, name) for name in names}
        if params["n_components"] is None and params["encoder"] is None:
            params["n_components"] = N_COMPONENTS
        if params["epochs"] is None:
            params["epochs"] = self._most_epochs
        if self.warm_start and hasattr(self, "estimator_"):
            return copy.deepcopy(self.estimator_).set_params(**params)
        return self._model(**params)

    def _epochs(self, X: Any, sample_weight: Any) -> int:
        if self.epochs is not None:
            return int(self.epochs)
        n_rows = 0
        # What is wrong with rows or weights is for the model to say.
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            n_rows = count_rows(X)
            weight = 1.0 if sample_weight is None else sample_weight
            total = np.broadcast_to(np.asarray(weight, np.float64), (n_rows,)).sum()
            n_rows = round(total)
        n_steps = -(-n_rows // (self.batch_size or max(n_rows, 1)))
        epochs = self._most_steps // max(n_steps, 1)
        return int(np.clip(epochs, FEWEST_EPOCHS, self._most_epochs))
