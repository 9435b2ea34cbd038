"""Parts of several networks that are trained side by side, one weight array for all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from skunsup._networks._dense import DenseStack, built_from_zeros
from skunsup._networks._wrapped import WrappedSpec

NARROWEST = 0.5  # share of the units that the narrowest member uses


def width_shares(n_members: int) -> np.ndarray:
    """Return the share of its units that each member uses: 1 for the first."""
    return np.linspace(1.0, NARROWEST, n_members)


def used_units(share: float, size: int) -> int:
    """Number of units, of `size`, that a member with that share uses."""
    return max(1, round(share * size))


@keras.saving.register_keras_serializable(package="skunsup")
class StackedDense(keras.layers.Layer):
    """A fully connected layer of each of several members, in one product.

    Rows come with an axis of members in front, (n_members, n, n_inputs).

    Parameters
    ----------
    units : int
        Number of columns out.
    n_members : int
        Number of members.
    activation : str or callable, default=None
        As of `keras.layers.Dense`.
    kernel_initializer : str or keras.Initializer, default="glorot_uniform"
        As of `keras.layers.Dense`.
    """

    def __init__(
        self,
        units: int,
        n_members: int,
        activation: str | Callable | None = None,
        kernel_initializer: str | keras.Initializer = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.n_members = units, n_members
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: Any) -> None:
        """Create kernels, biases, and which inputs each member sees."""
        m, n_inputs = self.n_members, input_shape[-1]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(m, n_inputs, self.units),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(
            name="bias", shape=(m, 1, self.units), initializer="zeros"
        )
        self.seen = self.add_weight(
            name="seen", shape=(m, 1, n_inputs), initializer="ones", trainable=False
        )

    def call(self, inputs: Any) -> Any:
        """Apply each member's layer to its rows."""
        return self.activation(ops.matmul(inputs * self.seen, self.kernel) + self.bias)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The last axis becomes the units."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "n_members": self.n_members,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


@dataclass(frozen=True)
class DenseMembers:
    """Dense stacks of several members, whose widths differ.

    Parameters
    ----------
    stack : DenseStack
        What each member would be with all of its units.
    n_members : int
        Number of members.
    reads_code : bool
        Whether the inputs are a code, of which narrow members use less, or columns.
    max_features : float, default=1.0
        Share of the columns that each member sees.
    """

    stack: DenseStack
    n_members: int
    reads_code: bool
    max_features: float = 1.0
    regularized: ClassVar[bool] = False

    @property
    def n_inputs(self) -> int:
        """Number of columns in."""
        return self.stack.n_inputs

    @property
    def n_outputs(self) -> int:
        """Number of columns out."""
        return self.stack.n_outputs

    def build(self) -> keras.Model:
        """Return the layers as a new Keras model; kernels as in `DenseStack.build`."""
        stack, m = self.stack, self.n_members
        activations = [stack.activation] * (len(stack.sizes) - 1)
        layers = [
            StackedDense(size, m, activation, "zeros", dtype="float32")
            for size, activation in zip(
                stack.sizes, [*activations, stack.output_activation], strict=True
            )
        ]
        inputs = keras.Input(batch_shape=(m, None, self.n_inputs), dtype="float32")
        return built_from_zeros(inputs, layers)

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Each member's own start values, and the inputs that it sees."""
        drawn = [self.stack.initial_values(rng) for _ in range(self.n_members)]
        kernels, biases = (
            [np.stack(of_members) for of_members in zip(*places, strict=True)]
            for places in ([d[::2] for d in drawn], [d[1::2] for d in drawn])
        )
        values = []
        for kernel, bias, seen in zip(kernels, biases, self._seen(rng), strict=True):
            values += [kernel, bias[:, None], seen]
        return values

    def each_member(
        self,
        values: list[np.ndarray],
        change: Callable[..., list[np.ndarray]],
        *given: Any,
    ) -> list[np.ndarray]:
        """Apply `change` to the kernels and biases of each member."""
        new = [value.copy() for value in values]
        kernels, biases = new[::3], new[1::3]
        for member in range(self.n_members):
            alone = [
                value
                for kernel, bias in zip(kernels, biases, strict=True)
                for value in (kernel[member], bias[member, 0])
            ]
            changed = change(alone, *given)
            for layer, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
                kernel[member], bias[member, 0] = changed[2 * layer : 2 * layer + 2]
        return new

    def _seen(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Masks of the inputs of each layer, one for each member."""
        shares = width_shares(self.n_members)
        widths = (self.n_inputs, *self.stack.sizes[:-1])
        seen = [np.zeros((self.n_members, 1, w), np.float32) for w in widths]
        for layer, size in enumerate(widths):
            for member, share in enumerate(shares):
                chosen = np.arange(used_units(share, size))
                if layer == 0 and not self.reads_code:
                    n_columns = used_units(self.max_features, size)
                    chosen = rng.permutation(size)[:n_columns]
                seen[layer][member, 0, chosen] = 1.0
        return seen


@keras.saving.register_keras_serializable(package="skunsup")
class SideBySide(keras.Model):
    """Models of the same shapes, each applied to its own slice of the first axis."""

    def __init__(self, members: list[keras.Model], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.members = list(members)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Apply each model to its rows."""
        return ops.stack(
            [
                model(inputs[i], training=training)
                for i, model in enumerate(self.members)
            ]
        )

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        config = super().get_config()
        return {**config, "members": [serialize(model) for model in self.members]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SideBySide":
        restore = keras.saving.deserialize_keras_object
        members = [restore(model) for model in config.pop("members")]
        return cls(members, **config)


@dataclass(frozen=True)
class CopiedMembers(WrappedSpec):
    """One part of any kind for each of several members.

    Parameters
    ----------
    inner : NetworkSpec
        What each member is.
    n_members : int
        Number of members.
    """

    n_members: int

    def build(self) -> keras.Model:
        """Return the copies as one new Keras model."""
        return SideBySide([self.inner.build() for _ in range(self.n_members)])

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Each member's own start values, one member after the other."""
        each = super().initial_values
        return [value for _ in range(self.n_members) for value in each(rng)]


def members_of(
    part: Any, n_members: int, *, reads_code: bool, max_features: float
) -> DenseMembers | CopiedMembers:
    """Return `part` for each of `n_members` networks.

    Raises
    ------
    ValueError
        If members shall see a share of the columns, but the part is the user's own.
    """
    if isinstance(part, DenseStack) and not part.spectral:
        share = 1.0 if reads_code else max_features
        return DenseMembers(part, n_members, reads_code, share)
    if max_features < 1.0 and not reads_code:
        raise ValueError(
            f"max_features={max_features} hides columns from the default encoder, but "
            "encoder is your own. Use max_features=1.0."
        )
    return CopiedMembers(part, n_members)
