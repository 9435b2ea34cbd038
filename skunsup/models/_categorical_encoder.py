"""Encoders to the probabilities of categories, with a continuous code behind them."""

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from skunsup._networks import WrappedSpec
from skunsup.inputs import Inputs
from skunsup.models._parts import encoder_of_width


@keras.saving.register_keras_serializable(package="skunsup")
class LeadingSoftmax(keras.layers.Layer):
    """Softmax of the first columns; the others pass.

    Parameters
    ----------
    n_categories : int
        Number of columns of the softmax.
    """

    def __init__(self, n_categories: int, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.n_categories = n_categories
        self.built = True

    def call(self, x: Any) -> Any:
        """Return probabilities and the columns behind them."""
        k = self.n_categories
        logits = x[:, :k]  # Keras warns of a softmax over one column
        shares = ops.softmax(logits) if k > 1 else ops.ones_like(logits)
        return ops.concatenate([shares, x[:, k:]], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("dtype")
        return {**config, "n_categories": self.n_categories}


@dataclass(frozen=True)
class CategoricalEncoder(WrappedSpec):
    """A part whose first columns become probabilities.

    Parameters
    ----------
    inner : NetworkSpec
        Gives logits, and the continuous code behind them.
    n_categories : int
        Number of logits.
    """

    n_categories: int

    def build(self) -> keras.Model:
        """Return a new Keras model with weights of no importance."""
        inputs = keras.Input((self.n_inputs,), dtype="float32")
        softmax = LeadingSoftmax(self.n_categories)
        return keras.Sequential([inputs, self.inner.build(), softmax])


def categorical_encoder(
    estimator: Any, inputs: Inputs, n_categories: int
) -> CategoricalEncoder:
    """Return the network from rows to probabilities with a continuous code behind.

    Raises
    ------
    ValueError
        If an own encoder does not fit.
    """
    wanted = estimator.n_components
    asked = None if wanted is None else n_categories + wanted
    encoder = encoder_of_width(estimator, inputs, asked, n_categories + 2)
    if encoder.n_outputs <= n_categories or asked not in (None, encoder.n_outputs):
        least = f"{asked}" if asked else f"at least {n_categories + 1}"
        raise ValueError(
            f"encoder returns {encoder.n_outputs} columns, but expected {least}: "
            f"{n_categories} logits and n_components={wanted} columns of style behind "
            "them. Let its last layer have that many units."
        )
    return CategoricalEncoder(encoder, n_categories)
