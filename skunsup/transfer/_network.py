"""The network that is fine-tuned: an encoder and a head."""

from typing import Any

import keras
import numpy as np

from skunsup._networks import (
    Architecture,
    DenseStack,
    Network,
    NetworkSpec,
    resolve_activation,
)
from skunsup.transfer._encoder import FittedEncoder


@keras.saving.register_keras_serializable(package="skunsup")
class TunedNetwork(Network):
    """Encoder of a fitted model and a head of fully connected layers.

    Keras trains the two as a `Sequential` model; this one computes on rows.

    Parameters
    ----------
    encoder, head : keras.Model
        The two parts.
    """

    def call(self, x: Any, training: bool = False) -> Any:
        """Return probabilities of classes, or values."""
        return self.head(self.encoder(x, training=training), training=training)

    def outputs(self, x: Any) -> Any:
        """Return the result of `call`, under the name that the engine asks for."""
        return self(x, training=False)


def tuned_architecture(
    encoder: FittedEncoder,
    hidden: tuple[int, ...],
    activation: Any,
    n_outputs: int,
    last: str,
) -> Architecture:
    """Return the recipe of encoder and head.

    Parameters
    ----------
    encoder : FittedEncoder
        To start from.
    hidden : tuple of int
        Widths of the head's hidden layers.
    activation : str or callable
        Of these.
    n_outputs : int
        Numbers that the head returns for a row.
    last : str
        Activation of its last layer.
    """
    sizes = (*hidden, n_outputs)
    activation = resolve_activation(activation)
    head = DenseStack(encoder.part.n_outputs, sizes, activation, last)
    parts: dict[str, NetworkSpec] = {"encoder": encoder.part, "head": head}
    return Architecture(TunedNetwork, parts, {}, n_outputs)


def start_values(
    architecture: Architecture, encoder: FittedEncoder, rng: np.random.Generator
) -> list[np.ndarray]:
    """Return the weights to start from: the encoder's own, and a random head."""
    network = architecture.build()
    values = architecture.initial_values(network, rng)
    architecture.put(network, values, "encoder", encoder.values)
    return values


class KerasTraining:
    """A network that Keras trains, with its optimizer.

    Parameters
    ----------
    architecture : Architecture
        What to build.
    values : list of arrays
        Weights to start from.
    freeze : bool
        Whether the encoder keeps its weights.
    **compile_arguments : dict
        For `keras.Model.compile`.
    """

    def __init__(
        self,
        architecture: Architecture,
        values: list[np.ndarray],
        *,
        freeze: bool,
        **compile_arguments: Any,
    ) -> None:
        self.network = architecture.build()
        _assign(self.network.variables, values)
        encoder, head = (getattr(self.network, name) for name in ("encoder", "head"))
        encoder.trainable = not freeze
        n_features = architecture.parts["encoder"].n_inputs
        inputs = keras.Input((n_features,), dtype="float32")
        self.model = keras.Sequential([inputs, encoder, head])
        self.model.compile(**compile_arguments)
        self.model.optimizer.build(self.model.trainable_variables)

    def load_optimizer(self, values: list[np.ndarray]) -> None:
        """Set the state of the optimizer, if these values are one of its states."""
        variables = self.model.optimizer.variables
        if [v.shape for v in values] == [tuple(v.shape) for v in variables]:
            _assign(variables, values)

    def values(self) -> list[np.ndarray]:
        """Return the weights of the network."""
        return _arrays(self.network.variables)

    def optimizer_values(self) -> list[np.ndarray]:
        """Return the state of the optimizer."""
        return _arrays(self.model.optimizer.variables)


def _assign(variables: list[keras.Variable], values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _arrays(variables: list[keras.Variable]) -> list[np.ndarray]:
    return [np.array(keras.ops.convert_to_numpy(v.value)) for v in variables]
