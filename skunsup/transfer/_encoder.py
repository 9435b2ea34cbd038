"""The encoder of a fitted model, to be carried over into another network."""

from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skunsup._estimator import DeepEstimator, inputs_of, network_of
from skunsup._networks import CodePart
from skunsup.inputs import Inputs
from skunsup.outliers._base import Detector


class FittedEncoder:
    """Encoder and weights of a fitted model, as they were when this was made.

    It never changes, so copies and clones share it.

    Parameters
    ----------
    name : str
        Class of the fitted model.
    part : CodePart
        What to build.
    values : list of arrays
        Its weights.
    inputs : Inputs
        Fitted kind of data.
    columns : array of str or None
        Names of the columns, where the model knows them.
    """

    def __init__(
        self,
        name: str,
        part: CodePart,
        values: list[np.ndarray],
        inputs: Inputs,
        columns: np.ndarray | None,
    ) -> None:
        self.name, self.part, self.values = name, part, values
        self.inputs, self.columns = inputs, columns

    def __deepcopy__(self, memo: dict[int, Any]) -> "FittedEncoder":
        return self

    def __repr__(self) -> str:
        n_inputs, n_outputs = self.part.n_inputs, self.part.n_outputs
        return f"<encoder of {self.name}, {n_inputs} columns to {n_outputs}>"


def fitted_encoder(fitted: Any) -> FittedEncoder:
    """Take the encoder out of a fitted model, or out of a detector that has one.

    Raises
    ------
    TypeError
        If `fitted` is no model of ours with an encoder.
    NotFittedError
        If it is not fitted.
    """
    if isinstance(fitted, FittedEncoder):
        return fitted
    name, model = type(fitted).__name__, _model(fitted)
    if isinstance(model, DeepEstimator):
        _check_fitted(model, name)
        network = network_of(model)
        if "encoder" in network.architecture.parts:
            return _taken(name, model)
    raise TypeError(
        f"fitted={name} has no encoder to start from. Give a fitted model of skunsup "
        "that has one, such as Autoencoder, VariationalAutoencoder or "
        "AutoencoderDetector."
    )


def _model(fitted: Any) -> Any:
    if isinstance(fitted, Pipeline):
        raise TypeError(
            "fitted is a Pipeline, but expected the model in it. Give its last step, "
            "fitted=pipeline[-1], and put the steps before it in front of the result, "
            "for instance make_pipeline(StandardScaler(), fine_tune(pipeline[-1]))."
        )
    if isinstance(fitted, FrozenEstimator):
        return _model(fitted.estimator)
    if isinstance(fitted, Detector):
        _check_fitted(fitted, type(fitted).__name__)
        return _model(fitted.estimator_)
    return fitted


def _check_fitted(model: Any, name: str) -> None:
    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise NotFittedError(
            f"fitted={name} is not fitted, so it has no weights to start from. Call "
            "its fit first, on rows with or without labels."
        ) from error


def _taken(name: str, model: DeepEstimator) -> FittedEncoder:
    network = network_of(model)
    architecture = network.architecture
    taken = architecture.taken(network.template(), network.values, "encoder")
    part = CodePart(
        architecture.parts["encoder"], architecture.n_members, architecture.n_components
    )
    columns = getattr(model, "feature_names_in_", None)
    copies = [value.copy() for value in taken]
    return FittedEncoder(name, part, copies, inputs_of(model), columns)
