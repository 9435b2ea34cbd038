"""Refusal of several devices and processes, for backends that train on one device."""

import keras
import numpy as np

ONE_DEVICE = (
    "keras.distribution is set to {kind}, but training on the backend {backend!r} uses "
    "one device. Set KERAS_BACKEND=jax before Python starts to cut minibatches among "
    "devices, or call keras.distribution.set_distribution(None)."
)


def refuse_distribution() -> None:
    """Raise ValueError where `keras.distribution` is set."""
    found = keras.distribution.distribution()
    if found is not None:
        raise ValueError(
            ONE_DEVICE.format(
                kind=type(found).__name__, backend=keras.backend.backend()
            )
        )


def n_processes() -> int:
    """Return 1: this process trains alone."""
    return 1


def rank() -> int:
    """Return 0, the place of the only process."""
    return 0


def gathered(values: np.ndarray) -> np.ndarray:
    """Return `values` behind a new first axis, as those of the only process."""
    return values[None]
