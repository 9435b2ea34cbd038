"""Reconstruction losses, one value a row."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import keras
import numpy as np
from keras import ops

Loss = str | dict[str, Any] | Callable

# Losses that are only defined on part of the real line, with that part.
LOSS_DOMAINS = {
    "binary_crossentropy": (0.0, 1.0, "MinMaxScaler()"),
    "poisson": (0.0, np.inf, "MinMaxScaler()"),
    "mean_squared_logarithmic_error": (0.0, np.inf, "MinMaxScaler()"),
}


def check_loss(loss: str | keras.losses.Loss | Callable) -> Loss:
    """Return a hashable or plain description of `loss`: a name, a config or a callable.

    Raises
    ------
    ValueError
        If the name is unknown, or a callable does not return one value a row.
    """
    if isinstance(loss, keras.losses.Loss):
        return keras.losses.serialize(loss)
    if callable(loss):
        _check_one_value_a_row(loss)
        return loss
    return _known_name(loss)


def row_loss(loss: Loss) -> Callable[[Any, Any], Any]:
    """Return the function of (target, output), both (n, d), that gives (n,) losses."""
    if callable(loss):
        return loss
    found = keras.losses.get(loss)
    return found.call if isinstance(found, keras.losses.Loss) else found


def check_loss_domain(loss: str, low: float, high: float) -> None:
    """Raise ValueError where data in [low, high] leaves the domain of a named loss."""
    smallest, largest, scaler = LOSS_DOMAINS[loss]
    if low < smallest or high > largest:
        raise ValueError(
            f"loss={loss!r} needs values in [{smallest:g}, {largest:g}], but X holds "
            f"values from {low:g} to {high:g}. Scale X with {scaler} in a Pipeline, or "
            "use loss='mean_squared_error'."
        )


def _known_name(name: str) -> str:
    try:
        found = keras.losses.get(name)
    except ValueError:
        found = None
    if found is None:
        names = sorted(
            n
            for n in dir(keras.losses)
            if n[0].islower() and n not in ("deserialize", "get", "serialize")
        )
        near = get_close_matches(name, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"loss={name!r} is not a loss that Keras knows.{hint} Give one of "
            f"{', '.join(names)}, a keras.losses.Loss, or a callable of (X, output)."
        )
    return getattr(found, "__name__", name)


def _check_one_value_a_row(loss: Callable) -> None:
    trial = ops.convert_to_tensor(np.full((3, 2), 0.5, np.float32))
    shape = tuple(ops.shape(loss(trial, trial)))
    if shape != (3,):
        raise ValueError(
            f"loss={loss!r} returned shape {shape} for 3 rows of 2 columns, but a loss "
            "must return one value a row, shape (3,): take the mean over axis=-1."
        )
