"""JAX: minibatches cut among the devices of `keras.distribution`."""

from collections.abc import Hashable
from typing import Any

import jax
import keras
from jax.sharding import NamedSharding, PartitionSpec

OTHER_DISTRIBUTION = (
    "keras.distribution is set to {kind}, but training cuts minibatches only. Use "
    "keras.distribution.DataParallel, or set_distribution(None)."
)
SEVERAL_PROCESSES = (
    "keras.distribution spans {n} processes of jax.distributed, but training uses the "
    "devices of one. Fit in a single process with all of its devices."
)
INDIVISIBLE = (
    "A step of {rows} rows cannot be cut among the {devices} devices of "
    "keras.distribution. Use a batch_size that they divide, such as {near} (and no "
    "fewer rows than that)."
)


def placement() -> Hashable:
    """Return what tells the devices of `keras.distribution` from others, or None.

    Raises
    ------
    ValueError
        If something else than minibatches shall be cut.
    """
    distribution = keras.distribution.distribution()
    if distribution is None:
        return None
    if not isinstance(distribution, keras.distribution.DataParallel):
        kind = type(distribution).__name__
        raise ValueError(OTHER_DISTRIBUTION.format(kind=kind))
    if jax.process_count() > 1:
        raise ValueError(SEVERAL_PROCESSES.format(n=jax.process_count()))
    return tuple(distribution.device_mesh.backend_mesh.devices.flat)


def shardings(shape: tuple[int, ...]) -> dict[str, Any]:
    """Return where a program for blocks of a shape finds and leaves its arrays.

    Parameters
    ----------
    shape : tuple of int
        Of a block: (steps, rows of a minibatch, columns).

    Returns
    -------
    dict
        Arguments of `jax.jit` for a program of (state, block, steps).

    Raises
    ------
    ValueError
        If devices do not divide the minibatch.
    """
    distribution = keras.distribution.distribution()
    if distribution is None:
        return {}
    mesh = distribution.device_mesh.backend_mesh
    n_devices = mesh.devices.size
    if shape[1] % n_devices:
        near = max(1, round(shape[1] / n_devices)) * n_devices
        raise ValueError(
            INDIVISIBLE.format(rows=shape[1], devices=n_devices, near=near)
        )
    whole = NamedSharding(mesh, PartitionSpec())
    cut = NamedSharding(mesh, PartitionSpec(None, distribution.batch_dim_name))
    return {"in_shardings": (whole, cut, whole), "out_shardings": (whole, whole)}
