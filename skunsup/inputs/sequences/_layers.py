"""Layers over the steps of sequences: recurrent ones and dilated convolutions.

Steps come as (n, steps, channels).
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from skunsup._networks import new_direction, normalized


def gru(gates: list[Any], recurrent: list[Any], states: list[Any]) -> list[Any]:
    """Gated recurrent unit (Cho et al. 2014), reset behind the product as in cuDNN.

    Parameters
    ----------
    gates, recurrent : list of tensors (n, units)
        Input and recurrent contributions to each gate.
    states : list of tensors (n, units)
        The old states, the output first.

    Returns
    -------
    list of tensors (n, units)
        The new ones.
    """
    update = ops.sigmoid(gates[0] + recurrent[0])
    reset = ops.sigmoid(gates[1] + recurrent[1])
    candidate = ops.tanh(gates[2] + reset * recurrent[2])
    return [candidate + update * (states[0] - candidate)]


def lstm(gates: list[Any], recurrent: list[Any], states: list[Any]) -> list[Any]:
    """Long short-term memory (Hochreiter & Schmidhuber 1997), arguments as of `gru`.

    The forget gate starts open (Jozefowicz, Zaremba & Sutskever 2015).
    """
    input_gate, forget_gate, candidate, output_gate = (
        a + b for a, b in zip(gates, recurrent, strict=True)
    )
    cell = ops.sigmoid(forget_gate + 1.0) * states[1]
    cell = cell + ops.sigmoid(input_gate) * ops.tanh(candidate)
    return [ops.sigmoid(output_gate) * ops.tanh(cell), cell]


# Each with its numbers of gates and of states.
UPDATES = {"gru": (gru, 3, 1), "lstm": (lstm, 4, 2)}


@keras.saving.register_keras_serializable(package="skunsup")
class StepCell(keras.layers.Layer):
    """One step of a recurrent layer, given projected inputs.

    The inputs of all steps are multiplied with their kernel at once, before the loop.
    A last column says whether there is a step; where not, the state stays.

    Parameters
    ----------
    kind : {"gru", "lstm"}
        How the state is updated.
    units : int
        Width of the state.
    recurrent_initializer : str or keras.initializers.Initializer
        Of the kernel of the state.
    """

    def __init__(
        self,
        kind: str,
        units: int,
        recurrent_initializer: Any = "orthogonal",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kind, self.units, self.output_size = kind, units, units
        self.update, self.n_gates, n_states = UPDATES[kind]
        self.state_size = [units] * n_states
        self.recurrent_initializer = recurrent_initializer

    def build(self, input_shape: Any) -> None:
        """Create the kernel of the state."""
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.units, self.n_gates * self.units),
            initializer=self.recurrent_initializer,
        )

    def call(self, inputs: Any, states: Any) -> Any:
        """Return the output of a step and the new states."""
        gates = ops.split(inputs[:, :-1], self.n_gates, axis=-1)
        product = ops.matmul(states[0], self.kernel)
        recurrent = ops.split(product, self.n_gates, axis=-1)
        seen = inputs[:, -1:]
        kept = [
            old + seen * (new - old)
            for old, new in zip(
                states, self.update(gates, recurrent, states), strict=True
            )
        ]
        return kept[0], kept

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kind": self.kind, "units": self.units}


@keras.saving.register_keras_serializable(package="skunsup")
class DilatedConv1D(keras.layers.Layer):
    """Dilated convolution over steps, as one product of matrices.

    XLA on a CPU computes the convolutions of Keras inside of a loop many times slower.

    Parameters
    ----------
    filters, kernel_size, dilation : int
        Number of filters, the steps each looks at, and how far these are apart.
    causal : bool
        Whether a step sees itself and steps before alone, or as many on both sides.
    activation : str or callable, default=None
        As of `keras.layers.Conv1D`.
    kernel_initializer : str or keras.initializers.Initializer
        Of the kernel, of shape (kernel_size, channels, filters).
    spectral : bool, default=False
        Whether the kernel is divided by its spectral norm, see `normalized`.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        dilation: int = 1,
        causal: bool = True,
        activation: str | Callable | None = None,
        kernel_initializer: Any = "glorot_uniform",
        spectral: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.kernel_size = filters, kernel_size
        self.dilation, self.causal = dilation, causal
        self.activation = keras.activations.get(activation)
        self.kernel_initializer, self.spectral = kernel_initializer, spectral

    def build(self, input_shape: Any) -> None:
        """Create kernel and bias."""
        shape = (self.kernel_size, input_shape[-1], self.filters)
        self.kernel = self.add_weight(
            name="kernel", shape=shape, initializer=self.kernel_initializer
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.filters,), initializer="zeros"
        )
        if self.spectral:
            self.direction = new_direction(self, self.filters)

    def call(self, x: Any, training: bool = False) -> Any:
        """Multiply what each step sees with the kernel."""
        k, by, (steps, channels) = self.kernel_size, self.dilation, x.shape[1:]
        around = by * (k - 1)
        before = around if self.causal else around // 2
        padded = ops.pad(x, [(0, 0), (before, around - before), (0, 0)])
        taps = [padded[:, i * by : i * by + steps] for i in range(k)]
        flat = ops.reshape(ops.concatenate(taps, -1), (-1, k * channels))
        kernel = ops.reshape(self.kernel, (k * channels, self.filters))
        if self.spectral:
            kernel = normalized(kernel, self.direction, training)
        out = ops.reshape(ops.matmul(flat, kernel), (-1, steps, self.filters))
        return self.activation(out + self.bias)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As many steps, of `filters` channels."""
        return (*input_shape[:-1], self.filters)

    def get_config(self) -> dict[str, Any]:
        names = ("filters", "kernel_size", "dilation", "causal", "spectral")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
            "activation": keras.activations.serialize(self.activation),
        }


@keras.saving.register_keras_serializable(package="skunsup")
class Places(keras.layers.Layer):
    """Adds learned numbers to each step, which tell it its place.

    Steps may come as one step, which is then repeated.

    Parameters
    ----------
    steps : int
        How many.
    initializer : str or keras.initializers.Initializer
        Of what is added.
    """

    def __init__(self, steps: int, initializer: Any = "zeros", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.steps, self.initializer = steps, initializer

    def build(self, input_shape: Any) -> None:
        """Create what is added."""
        shape = (self.steps, input_shape[-1])
        self.table = self.add_weight(
            name="table", shape=shape, initializer=self.initializer
        )

    def call(self, x: Any) -> Any:
        """Return steps that know their places."""
        return x + self.table

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As many steps as there are places."""
        return (input_shape[0], self.steps, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "steps": self.steps}
