"""scikeras without the changes that its import makes to Keras."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

PATCHED = (
    (keras.Model, "__reduce__"),
    (keras.Model, "__deepcopy__"),
    (keras.losses.Loss, "__reduce__"),
    (keras.metrics.Metric, "__reduce__"),
    (keras.optimizers.Optimizer, "__reduce__"),
)


@contextmanager
def keras_as_it_is() -> Iterator[None]:
    """Undo, after a block of imports, what they changed about copies of Keras objects.

    scikeras replaces how models, losses, metrics and optimizers are copied and pickled,
    all over the process. Keras 3 does so itself, and models that are not built cannot
    be copied the other way.
    """
    before = [(cls, name, vars(cls).get(name)) for cls, name in PATCHED]
    try:
        yield
    finally:
        for cls, name, method in before:
            if method is not None:
                setattr(cls, name, method)
            elif name in vars(cls):
                delattr(cls, name)
