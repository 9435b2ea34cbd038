"""Compiled functions that TensorFlow frees when they are dropped.

What it compiles with XLA it keeps as long as the device of the calls lives: that of
eager calls until the process ends, that of a session until the session is dropped.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import numpy as np
import tensorflow as tf

from skunsup._training._tensorflow_private import (
    CallableOptions,
    call_flat,
    callable_of,
)

v1 = tf.compat.v1
# By which TensorFlow makes a variable anew in each run.
ANONYMOUS = "cd2c89b7-88b7-44c8-ad83-06c2a9158347"


def runner(
    compiled: Any, variables: Sequence[tf.Variable] = ()
) -> Callable[..., list[np.ndarray]]:
    """Return a function of arrays that runs a concrete function.

    Parameters
    ----------
    compiled : tf.types.experimental.ConcreteFunction
        Compiled by XLA.
    variables : sequence of tf.Variable
        Whose values a run is given behind the function's own arguments, and returns
        behind what the function returns.

    Returns
    -------
    function
        Of arrays, which it does not change; it returns a list of arrays. It may run in
        several threads at the same time.
    """
    handles = [variable.handle for variable in variables]
    places = {id(handle): i for i, handle in enumerate(handles)}
    captured = [(places.get(id(c)), c) for c in compiled.captured_inputs]
    foreign = any(i is None and c.dtype == tf.resource for i, c in captured)
    if foreign or tf.config.list_logical_devices("GPU"):
        return _eager_runner(compiled, variables)
    return _session_runner(compiled, variables, captured)


def _session_runner(
    compiled: Any, variables: Sequence[tf.Variable], captured: list[tuple[Any, Any]]
) -> Callable[..., list[np.ndarray]]:
    given = compiled.inputs[: len(compiled.inputs) - len(captured)]
    with tf.Graph().as_default() as graph:
        fed = [v1.placeholder(x.dtype, x.shape) for x in given]
        values = [v1.placeholder(v.dtype, v.shape) for v in variables]
        handles = [
            tf.raw_ops.VarHandleOp(dtype=v.dtype, shape=v.shape, shared_name=ANONYMOUS)
            for v in variables
        ]
        state = [
            tf.constant(c.numpy()) if i is None else handles[i] for i, c in captured
        ]
        pairs = list(zip(handles, values, strict=True))
        set_first = [
            tf.raw_ops.AssignVariableOp(resource=h, value=value) for h, value in pairs
        ]
        with tf.control_dependencies(set_first):
            out = call_flat(compiled, *fed, *state)
        with tf.control_dependencies(out):
            new = [
                tf.raw_ops.ReadVariableOp(resource=h, dtype=value.dtype)
                for h, value in pairs
            ]
        with tf.control_dependencies(new):
            dropped = [tf.raw_ops.DestroyResourceOp(resource=h) for h in handles]
    options = CallableOptions()
    options.feed.extend(x.name for x in [*fed, *values])
    options.fetch.extend(x.name for x in [*out, *new])
    options.target.extend(op.name for op in dropped)
    # Run in the thread that calls, at half the time of a call to another.
    options.run_options.inter_op_thread_pool = -1
    # Grappler would rewrite what XLA compiles, and change the last digits of results.
    config = v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    session = v1.Session(graph=graph, config=config)
    call = callable_of(session, options)
    # Numbers of NumPy would be given back to it at a hundred times the cost of arrays.
    return lambda *arrays: [np.asarray(value) for value in call(*arrays)]


def _eager_runner(
    compiled: Any, variables: Sequence[tf.Variable]
) -> Callable[..., list[np.ndarray]]:
    """Function that also runs on a GPU, or with resources of a user's own layers."""
    lock, n_given = Lock(), len(compiled.inputs) - len(compiled.captured_inputs)

    def run(*arrays: np.ndarray) -> list[np.ndarray]:
        with lock:
            for variable, value in zip(variables, arrays[n_given:], strict=True):
                variable.assign(value)
            given = [tf.constant(array) for array in arrays[:n_given]]
            out = call_flat(compiled, *given, *compiled.captured_inputs)
            return [np.array(x.numpy()) for x in [*out, *variables]]

    return run
