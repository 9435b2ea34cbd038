"""Networks on plain rows of numbers, computed by the engine."""

from pathlib import Path
from typing import Any

import joblib
import keras
import numpy as np
from sklearn.base import BaseEstimator

from skunsup._networks import (
    Architecture,
    Network,
    check_finite_weights,
    user_network,
)
from skunsup._training import FittedNetwork, Rows
from skunsup._validation import check_rows, check_X, float_dtype
from skunsup.transfer._backbone import arrays, load_weights


@keras.saving.register_keras_serializable(package="skunsup")
class RowNetwork(Network):
    """One network of rows.

    Parameters
    ----------
    model : keras.Model
        From rows to rows.
    """

    def call(self, x: Any, training: bool = False) -> Any:
        """Output of the network."""
        return self.model(x, training=training)

    def features(self, x: Any) -> Any:
        """Return the result of `call`, under the name that the engine asks for."""
        return self.model(x, training=False)


class RowFeatures:
    """A Keras model from rows to rows, copied.

    Parameters
    ----------
    model : keras.Model
        The model; not changed.
    n_features : int
        Number of columns in.
    rng : numpy.random.Generator
        Draws weights where there are none.
    source : path, "auto" or None
        A file with weights, those that the model has, or random ones.

    Raises
    ------
    ValueError
        If it does not take `n_features` columns or return rows, or weights cannot be
        had, do not fit or are not finite.
    """

    size = None

    def __init__(
        self,
        model: keras.Model,
        n_features: int,
        rng: np.random.Generator,
        source: Path | str | None,
    ) -> None:
        part = user_network("model", model, n_features, None)
        architecture = Architecture(RowNetwork, {"model": part}, {}, part.n_outputs)
        if isinstance(source, Path):
            model = part.build()
            load_weights(model, source)
        if model.built and source is not None:
            values = arrays(model)
            check_finite_weights("model", model, values)
        else:
            values = architecture.initial_values(architecture.build(), rng)
        self.network, self.n_outputs = (
            FittedNetwork(architecture, values),
            part.n_outputs,
        )
        self.digest = joblib.hash((part.description.digest, values))

    def model(self) -> keras.Model:
        """Return the network, for the caller to keep."""
        return self.network.model().model

    def read(self, estimator: BaseEstimator, X: Any) -> tuple[Any, Rows, np.dtype]:
        """Return the identity of `X`, its rows, and the dtype of features."""
        X = check_X(estimator, X, reset=False)
        rows = check_rows(X, getattr(estimator, "feature_names_in_", None))
        return X, rows, float_dtype(X)

    def compute(self, rows: Rows) -> np.ndarray:
        """Return the features of rows, (n, n_outputs), float32."""
        return self.network.compute("features", rows)
