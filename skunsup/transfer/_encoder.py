"""The encoder of a fitted model, to be carried over into another network."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skunsup._estimator import DeepEstimator, inputs_of, network_of
from skunsup._networks import NetworkSpec
from skunsup._training import shared_network
from skunsup.inputs import Inputs
from skunsup.outliers._detector import Detector


@keras.saving.register_keras_serializable(package="skunsup")
class CodeOf(keras.Model):
    """An encoder with what follows it in its model: the code that `transform` gives.

    Parameters
    ----------
    encoder : keras.Model
        Of rows, or of several networks side by side, (n_members, n, n_features).
    n_members : int
        How many networks; their codes are put side by side.
    n_components : int
        Leading numbers to keep of what the encoder returns for a row: for a
        variational autoencoder the means, without the variances behind them.
    """

    def __init__(
        self, encoder: keras.Model, n_members: int, n_components: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.encoder, self.n_members = encoder, n_members
        self.n_components = n_components

    def call(self, x: Any, training: bool = False) -> Any:
        """Return the codes of rows, (n, n_members * n_components)."""
        m, k = self.n_members, self.n_components
        if m > 1:
            x = ops.repeat(x[None], m, axis=0)
        code = self.encoder(x, training=training)[..., :k]
        if m > 1:
            code = ops.reshape(ops.moveaxis(code, 0, 1), (-1, m * k))
        return code

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """One code a row."""
        return (input_shape[0], self.n_members * self.n_components)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as Keras saves them."""
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "n_members": self.n_members,
            "n_components": self.n_components,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "CodeOf":
        """Rebuild what `get_config` described."""
        encoder = keras.saving.deserialize_keras_object(config.pop("encoder"))
        return cls(encoder, **config)


@dataclass(frozen=True)
class CodePart:
    """The part that builds a `CodeOf`.

    Parameters
    ----------
    encoder : Part
        Of the fitted model.
    n_members, n_components : int
        See `CodeOf`.
    """

    encoder: NetworkSpec
    n_members: int
    n_components: int

    @property
    def regularized(self) -> bool:
        """True if layers may add losses of their own."""
        return bool(self.encoder.regularized)

    @property
    def n_inputs(self) -> int:
        """Number of columns in."""
        return int(self.encoder.n_inputs)

    @property
    def n_outputs(self) -> int:
        """Number of columns out."""
        return self.n_members * self.n_components

    def build(self) -> keras.Model:
        """Return a new Keras model with weights of no importance."""
        return CodeOf(self.encoder.build(), self.n_members, self.n_components)

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Start values of the encoder."""
        return self.encoder.initial_values(rng)


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
    architecture, values = network_of(model).architecture, network_of(model).values
    taken = architecture.taken(shared_network(architecture), values, "encoder")
    part = CodePart(
        architecture.parts["encoder"], architecture.n_members, architecture.n_components
    )
    columns = getattr(model, "feature_names_in_", None)
    copies = [value.copy() for value in taken]
    return FittedEncoder(name, part, copies, inputs_of(model), columns)
