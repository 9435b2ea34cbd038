"""Encoders and decoders that users give, with flat rows on the outside."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from skunsup._networks import NetworkSpec, user_network
from skunsup.inputs import Inputs


def own_encoder(
    given: keras.Model | Callable, inputs: Inputs, wanted: int | None
) -> NetworkSpec:
    """Return the user's network that takes rows, in the shape that the kind says."""
    if inputs.row_shape_ is not None:
        given = FromShape(given, inputs.row_shape_)
    return user_network("encoder", given, inputs.n_columns_, wanted)


def own_output(
    name: str, given: keras.Model | Callable, n_inputs: int, inputs: Inputs
) -> NetworkSpec:
    """Return the user's network that makes rows.

    Raises
    ------
    ValueError
        If its rows have another number of columns than is needed for those of X.
    """
    n_features = inputs.n_outputs_
    if inputs.row_shape_ is not None:
        given = ToShape(given, inputs.row_shape_)
    part = user_network(name, given, n_inputs, n_features)
    if part.n_outputs != n_features:
        raise ValueError(
            f"{name} returns {part.n_outputs} columns, but X has {n_features} "
            f"features. Let its last layer have {n_features} units."
        )
    return part


@dataclass(frozen=True)
class OfShape:
    """Own network of inputs or outputs of a shape, for flat rows.

    Parameters
    ----------
    given : keras.Model or callable
        The network, or a function that returns it.
    shape : tuple of int
        What a row means to it.
    """

    given: Any
    shape: tuple[int, ...]

    def own(self, *widths: Any) -> keras.Model:
        """Return the network; a function is called with `widths`."""
        given = self.given
        return given if isinstance(given, keras.Model) else given(*widths)


class FromShape(OfShape):
    """Function of widths that returns an encoder behind a change of shape."""

    def __call__(self, n_inputs: int, wanted: int | None) -> keras.Model:
        """Return the network of rows."""
        model = self.own(self.shape, wanted)
        reshape = keras.layers.Reshape(self.shape)
        return keras.Sequential([keras.Input((n_inputs,)), reshape, model])


class ToShape(OfShape):
    """Function of widths that returns a decoder and makes its output flat."""

    def __call__(self, n_inputs: int, wanted: int) -> keras.Model:
        """Return the network that makes rows."""
        model = self.own(n_inputs, self.shape)
        flat = keras.layers.Flatten("channels_last")
        return keras.Sequential([keras.Input((n_inputs,)), model, flat])
