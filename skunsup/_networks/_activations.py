"""Activations by Keras name or as callables."""

from collections.abc import Callable
from difflib import get_close_matches

import keras


def resolve_activation(activation: str | Callable) -> str | Callable:
    """Return `activation` once Keras is known to know it."""
    if callable(activation):
        return activation
    try:
        keras.activations.get(activation)
    except ValueError:
        names = sorted(n for n in dir(keras.activations) if n[0].islower())
        near = get_close_matches(activation, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"activation={activation!r} is not an activation that Keras knows.{hint} "
            f"Give one of {', '.join(names)}, or a callable on tensors."
        ) from None
    return activation
