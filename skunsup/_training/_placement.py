"""Refusal of several devices, for backends that train on one."""

import keras

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
