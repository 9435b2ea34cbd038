"""The only use of Keras's private API.

Whatever changes in it between releases is fixed here and nowhere else.
"""

import math
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

# Name of the variables of seed generators, which start with (seed, count of draws).
SEED_VARIABLE = "seed_generator_state"
_changing = threading.RLock()  # Keras's classes


def loss_settings(loss: Any) -> dict[str, Any]:
    """Return the identity of a loss among those of its class."""
    return {k: v for k, v in vars(loss).items() if k != "_dtype_policy"}


def takes_logits(settings: dict[str, Any]) -> bool:
    """Return True if a loss with these `loss_settings` takes logits."""
    return bool(settings.get("_fn_kwargs", {}).get("from_logits"))


def origin(tensor: Any) -> tuple[Any, Any]:
    """Return the operation that gives a symbolic tensor, and the call of it."""
    operation, at, _ = tensor._keras_history
    return operation, operation._inbound_nodes[at]


def functional(layer: Any) -> Any:
    """Return the functional model that a layer is, or None."""
    found = getattr(layer, "_functional", None) or layer
    return found if hasattr(found, "_operations_by_depth") else None


@contextmanager
def comparisons_refused(message: str) -> Iterator[None]:
    """Let `==` and `!=` between symbolic tensors raise, in a block.

    Keras leaves them to Python, for which two tensors are never equal, so that what is
    computed from them is wrong without a word. In the block, a symbolic tensor may also
    stand to the right of an array of JAX, which asks it for its values otherwise.
    """

    def refused(self: Any, other: Any) -> bool:
        if other is self:
            return True
        if isinstance(other, keras.KerasTensor) or np.ndim(other) or np.isscalar(other):
            raise NotImplementedError(message)
        return False

    kind, values = keras.KerasTensor, "__jax_array__"
    with _changing:
        asked = vars(kind).get(values)
        kind.__eq__ = refused
        try:
            if asked is not None:
                delattr(kind, values)
            yield
        finally:
            del kind.__eq__
            if asked is not None:
                setattr(kind, values, asked)


@contextmanager
def weights_limited(most: int, message: str) -> Iterator[None]:
    """Let layers that are built in a block, by this thread, raise for large weights.

    Parameters
    ----------
    most : int
        Numbers in all weights of these layers at most. None is allocated beyond it.
    message : str
        Of the error; it may name `found` and `most`.

    Raises
    ------
    ValueError
        In the block, before the weight is made that goes beyond `most`.
    """
    thread, found = threading.get_ident(), 0

    def add_weight(self: Any, shape: Any = None, *args: Any, **kwargs: Any) -> Any:
        nonlocal found
        if threading.get_ident() == thread:
            sizes = shape if isinstance(shape, list | tuple) else (shape,)
            found += math.prod(int(1 if size is None else size) for size in sizes)
            if found > most:
                raise ValueError(message.format(found=found, most=most))
        return made(self, shape, *args, **kwargs)

    with _changing:
        made = keras.Layer.add_weight
        keras.Layer.add_weight = add_weight
        try:
            yield
        finally:
            keras.Layer.add_weight = made


def configuration(optimizer: Any) -> dict[str, Any]:
    """Return the configuration of an optimizer.

    NumPy 2 warns of how Keras 3 reads the learning rate. That is nothing that a user
    could change, who may have made errors of warnings.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ impl", DeprecationWarning)
        found: dict[str, Any] = optimizer.get_config()
    return found


def leave_unreduced(optimizer: Any) -> None:
    """Let an optimizer take gradients as they are.

    Keras sums them over replicas, of which there is one, by a function whose gradient
    TensorFlow registers for ever, and with it the graph of the program.
    """
    optimizer._all_reduce_sum_gradients = lambda pairs: pairs
