"""JAX: minibatches cut among the devices of `keras.distribution`, in all processes."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import jax
import keras
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

OTHER_DISTRIBUTION = (
    "keras.distribution is set to {kind}, but training cuts minibatches only. Use "
    "keras.distribution.DataParallel, or set_distribution(None)."
)
INDIVISIBLE = (
    "A step of {rows} rows cannot be cut among the {devices} devices of "
    "keras.distribution. Use a batch_size that they divide, such as {near} (and no "
    "fewer rows than that)."
)


def placement() -> Hashable:
    """Return the identity of the devices of `keras.distribution`, or None.

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
    return tuple(distribution.device_mesh.backend_mesh.devices.flat)


def n_processes() -> int:
    """Return the number of processes whose devices `keras.distribution` has."""
    return len(_processes())


def rank() -> int:
    """Return the place of this process among them."""
    found = _processes()
    return found.index(jax.process_index()) if len(found) > 1 else 0


def gathered(values: np.ndarray) -> np.ndarray:
    """Return the arrays of all processes behind a new first axis."""
    mesh = _cut().mesh
    owners = [device.process_index for device in mesh.devices.flat]
    own = np.repeat(values[None], owners.count(jax.process_index()), axis=0)
    by_device = NamedSharding(mesh, PartitionSpec(mesh.axis_names))
    whole = NamedSharding(mesh, PartitionSpec())
    spread = jax.make_array_from_process_local_data(by_device, own)
    found = np.asarray(_moving(whole)(spread))
    return found[[owners.index(process) for process in _processes()]]


@cache
def _moving(place: NamedSharding) -> Callable[[Any], Any]:
    """Return a compiled function that returns what it is given, at a place."""
    moved: Callable[[Any], Any] = jax.jit(lambda x: x, out_shardings=place)
    return moved


def shardings(shape: tuple[int, ...]) -> dict[str, Any]:
    """Places of the arrays of a program for blocks of a shape, in and out.

    Parameters
    ----------
    shape : tuple of int
        Of a block in this process: (steps, rows of a minibatch, columns).

    Returns
    -------
    dict
        Arguments of `jax.jit` for a program of (state, block, steps).

    Raises
    ------
    ValueError
        If devices do not divide the minibatch.
    """
    if keras.distribution.distribution() is None:
        return {}
    cut = _cut()
    rows, n_devices = n_processes() * shape[1], cut.mesh.devices.size
    if rows % n_devices:
        near = max(1, round(rows / n_devices)) * n_devices
        raise ValueError(INDIVISIBLE.format(rows=rows, devices=n_devices, near=near))
    whole = NamedSharding(cut.mesh, PartitionSpec())
    return {"in_shardings": (whole, cut, whole), "out_shardings": (whole, whole)}


def joining() -> Callable[[np.ndarray], Any]:
    """Return a function that makes one block of those of all processes.

    A minibatch of it consists of the rows of the first process, then of the next.
    """
    if n_processes() == 1:
        return lambda block: block
    cut = _cut()
    return lambda block: jax.make_array_from_process_local_data(cut, block)


@contextmanager
def making_variables() -> Iterator[None]:
    """Block of code in which Keras makes variables; among processes, each its own.

    Keras would have all processes compare what each variable begins with, which fails
    in the middle of JAX where they make other networks.
    """
    if n_processes() == 1:
        yield
        return
    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(distribution)


def _processes() -> list[int]:
    """Return the numbers that JAX gives the processes, in order."""
    distribution = keras.distribution.distribution()
    if distribution is None or jax.process_count() == 1:
        return [0]
    devices = distribution.device_mesh.backend_mesh.devices.flat
    return sorted({device.process_index for device in devices})


def _cut() -> NamedSharding:
    """Place of the rows of minibatches: on all devices, in turn."""
    distribution = keras.distribution.distribution()
    mesh = distribution.device_mesh.backend_mesh
    return NamedSharding(mesh, PartitionSpec(None, distribution.batch_dim_name))
