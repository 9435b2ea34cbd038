"""Kernels that are divided by their spectral norms."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops


def new_direction(layer: keras.layers.Layer, width: int) -> keras.Variable:
    """Give a layer the singular vector of its kernel of `width` columns."""
    return layer.add_weight(
        name="direction", shape=(width,), initializer="ones", trainable=False
    )


def normalized(kernel: Any, direction: keras.Variable, training: bool) -> Any:
    """Divide a kernel by its spectral norm.

    The norm is followed by one step of the power method for each call in training
    (Miyato, Kataoka, Koyama & Yoshida 2018, algorithm 1).

    Parameters
    ----------
    kernel : tensor of shape (n_inputs, n_outputs)
        Of a convolution, with all that a filter sees in the first axis, as there.
    direction : Variable of shape (n_outputs,)
        The singular vector that is followed, as `new_direction` makes it.
    training : bool
        Whether to follow.

    Returns
    -------
    tensor of shape (n_inputs, n_outputs)
    """
    fixed = ops.stop_gradient(kernel)
    left = _unit(ops.matmul(fixed, ops.convert_to_tensor(direction)))
    right = _unit(ops.matmul(left, fixed))
    if training:
        direction.assign(right)
    return kernel / ops.sum(left * ops.matmul(kernel, right))


def _unit(vector: Any) -> Any:
    return vector / ops.sqrt(ops.sum(ops.square(vector)) + 1e-12)


@keras.saving.register_keras_serializable(package="skunsup")
class SpectralDense(keras.layers.Layer):
    """A fully connected layer with a kernel of spectral norm 1, see `normalized`.

    Parameters
    ----------
    units : int
        Number of columns out.
    activation : str or callable, default=None
        Of the output.
    kernel_initializer : str or keras.Initializer, default="glorot_uniform"
        As of `keras.layers.Dense`, which is no base of this class because it saves a
        kernel and a bias and nothing else.
    """

    def __init__(
        self,
        units: int,
        activation: str | Callable | None = None,
        kernel_initializer: str | keras.Initializer = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: Any) -> None:
        """Create kernel, bias and the singular vector that is followed."""
        n_inputs, units = input_shape[-1], self.units
        self.kernel = self.add_weight(
            name="kernel",
            shape=(n_inputs, units),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(name="bias", shape=(units,), initializer="zeros")
        self.direction = new_direction(self, units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Apply the layer to rows."""
        kernel = ops.convert_to_tensor(self.kernel)
        kernel = normalized(kernel, self.direction, training)
        return self.activation(ops.matmul(inputs, kernel) + self.bias)
