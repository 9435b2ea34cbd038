"""Encoders onto a sphere, behind a fixed projection of rows."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._networks._built import BuiltSpec, Initializer
from skunsup._networks._wrapped import WrappedSpec

TINY = 1e-12


def unit(x: Any) -> Any:
    """Return rows divided by their lengths."""
    peak = ops.max(ops.abs(x), axis=-1, keepdims=True)  # whose square may be infinite
    x = x / ops.maximum(ops.stop_gradient(peak), TINY)
    return x * ops.rsqrt(ops.maximum(ops.sum(x * x, axis=-1, keepdims=True), TINY))


@keras.saving.register_keras_serializable(package="skunsup")
class Projection(keras.layers.Layer):
    """A linear map of rows that training leaves as it is.

    Parameters
    ----------
    width : int
        Columns out.
    unit_rows : bool
        Whether rows are divided by their lengths before.
    """

    def __init__(self, width: int, unit_rows: bool = False, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.width, self.unit_rows = width, unit_rows

    def build(self, input_shape: Any) -> None:
        """Create the map."""
        shape = (input_shape[-1], self.width)
        fixed = {"initializer": "zeros", "trainable": False}
        self.kernel = self.add_weight(name="kernel", shape=shape, **fixed)
        self.offset = self.add_weight(name="offset", shape=(self.width,), **fixed)

    def call(self, x: Any) -> Any:
        """Return the projections of rows."""
        x = unit(x) if self.unit_rows else x
        return ops.matmul(x, self.kernel) + self.offset

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As many columns as were asked for."""
        return (*input_shape[:-1], self.width)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("dtype")
        return {**config, "width": self.width, "unit_rows": self.unit_rows}


@keras.saving.register_keras_serializable(package="skunsup")
class SphereEncoder(keras.Model):
    """A network whose output is divided by its length, perhaps behind a projection.

    Parameters
    ----------
    inner : keras.Model
        The network, of projected rows where they are projected.
    projection : Projection, default=None
        What comes before it.
    """

    def __init__(
        self, inner: keras.Model, projection: Projection | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.projection, self.inner = projection, inner

    def call(self, x: Any, training: bool = False) -> Any:
        """Return codes of rows, each of length 1."""
        x = x if self.projection is None else self.projection(x)
        return self.embed(x, training=training)

    def embed(self, x: Any, training: bool = False) -> Any:
        """Return codes of rows that are projected already."""
        return unit(self.inner(x, training=training))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of the inner network's output."""
        return (*input_shape[:-1], self.inner.output_shape[-1])

    def get_config(self) -> dict[str, Any]:
        save = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "inner": save(self.inner),
            "projection": save(self.projection),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SphereEncoder":
        restore = keras.saving.deserialize_keras_object
        parts = {name: restore(config.pop(name)) for name in ("inner", "projection")}
        return cls(**parts, **config)


@dataclass(frozen=True)
class SphereSpec(WrappedSpec):
    """The part that builds a `SphereEncoder`.

    Parameters
    ----------
    inner : NetworkSpec
        The network.
    n_columns : int or None
        Columns of rows that are projected to those that `inner` takes; None for no
        projection.
    unit_rows : bool
        Whether rows are divided by their lengths before they are projected.
    """

    n_columns: int | None = None
    unit_rows: bool = False

    @property
    def n_inputs(self) -> int:
        return self.n_columns or super().n_inputs

    def build(self) -> keras.Model:
        """Return a new Keras model with weights of no importance."""
        inner, projection = self.inner.build(), None
        if self.n_columns is not None:
            projection = Projection(self.inner.n_inputs, self.unit_rows)
        model = SphereEncoder(inner, projection)
        model(keras.KerasTensor((None, self.n_inputs)))
        return model

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Start values of the inner network, behind a projection to 0."""
        values = super().initial_values(rng)
        if self.n_columns is None:
            return values
        width = self.inner.n_inputs
        kernel = np.zeros((self.n_columns, width), np.float32)
        return [kernel, np.zeros(width, np.float32), *values]


@dataclass(frozen=True)
class ProjectionSpec(BuiltSpec):
    """The part that builds a projection alone.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Columns in and out.
    unit_rows : bool
        Whether rows are divided by their lengths before.
    """

    n_inputs: int
    n_outputs: int
    unit_rows: bool

    def make(self, start: Initializer) -> keras.Model:
        """Return the layer as a model, a projection to 0."""
        layer = Projection(self.n_outputs, self.unit_rows)
        return keras.Sequential([keras.Input((self.n_inputs,)), layer])
