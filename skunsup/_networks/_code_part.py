"""The part of an encoder that gives the code, as `transform` does."""

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from skunsup._networks._wrapped import WrappedSpec


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
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "n_members": self.n_members,
            "n_components": self.n_components,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "CodeOf":
        encoder = keras.saving.deserialize_keras_object(config.pop("encoder"))
        return cls(encoder, **config)


@dataclass(frozen=True)
class CodePart(WrappedSpec):
    """The part that builds a `CodeOf`.

    Parameters
    ----------
    inner : NetworkSpec
        Encoder of the fitted model.
    n_members, n_components : int
        See `CodeOf`.
    """

    n_members: int
    n_components: int

    @property
    def n_outputs(self) -> int:
        return self.n_members * self.n_components

    def build(self) -> keras.Model:
        """Return a new Keras model with weights of no importance."""
        return CodeOf(self.inner.build(), self.n_members, self.n_components)
