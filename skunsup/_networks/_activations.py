"""Activations by Keras name or as callables."""

from collections.abc import Callable
from difflib import get_close_matches
from functools import cache

import keras
import numpy as np
from keras import ops


def resolve_activation(activation: str | Callable) -> str | Callable:
    """Return `activation` once Keras is known to know it, or it to keep shapes."""
    if callable(activation):
        _check_keeps_shape(activation)
    elif not _is_usable(activation):
        names = [
            name
            for name in sorted(dir(keras.activations))
            if name[0].islower() and _is_usable(name)
        ]
        near = get_close_matches(activation, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"activation={activation!r} is not an activation that Keras knows and that "
            f"returns a tensor of the same shape.{hint} Give one of "
            f"{', '.join(names)}, or a callable on tensors."
        )
    return activation


@cache
def _is_usable(name: str) -> bool:
    """Return True if a name of Keras stands for a function that keeps shapes."""
    try:
        _check_keeps_shape(keras.activations.get(name))
    except (TypeError, ValueError):
        return False
    return True


def _check_keeps_shape(activation: Callable) -> None:
    if isinstance(activation, keras.layers.Layer):
        raise TypeError(
            f"activation={activation!r} is a layer, but expected a function without "
            "state of its own. Give a name such as 'leaky_relu' or a function of "
            "keras.ops, or build own encoder and decoder."
        )
    trial = np.linspace(-1.0, 1.0, 6, dtype=np.float32).reshape(2, 3)
    try:
        shape = tuple(ops.shape(activation(ops.convert_to_tensor(trial))))
    except Exception as error:
        raise ValueError(
            f"activation={activation!r} raised {type(error).__name__} for a tensor of "
            f"shape (2, 3): {error}. It must return a tensor of the same shape."
        ) from error
    if shape != (2, 3):
        raise ValueError(
            f"activation={activation!r} returned shape {shape} for a tensor of shape "
            "(2, 3). It must return a tensor of the same shape."
        )
