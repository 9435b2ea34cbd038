"""Distances between rows."""

from typing import Any

from keras import ops


def squared_distances(a: Any, b: Any) -> Any:
    """Squared Euclidean distances between the rows of `a` and of `b`."""
    products = ops.matmul(a, ops.transpose(b))
    a2 = ops.sum(ops.square(a), axis=-1, keepdims=True)
    return ops.relu(a2 + ops.sum(ops.square(b), axis=-1) - 2.0 * products)
