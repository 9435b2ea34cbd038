"""The one door to TensorFlow's private API.

Whatever changes in it between releases is fixed here and nowhere else.
"""

from collections.abc import Callable
from typing import Any

from tensorflow.compiler.tf2xla.python.xla import dynamic_update_slice
from tensorflow.core.protobuf.config_pb2 import CallableOptions
from tensorflow.python.ops import handle_data_util

__all__ = [
    "CallableOptions",
    "call_flat",
    "callable_of",
    "dynamic_update_slice",
    "rename",
    "tell_shape",
]


def call_flat(compiled: Any, *arguments: Any) -> list[Any]:
    """Call a concrete function with all that it takes, what it has captured included.

    Parameters
    ----------
    compiled : tf.types.experimental.ConcreteFunction
        The function.
    *arguments : tensors
        Its inputs, with something for each of `captured_inputs` behind.
    """
    return list(compiled.inference_fn.call_flat(*arguments))


def callable_of(session: Any, options: Any) -> Callable[..., list[Any]]:
    """Function from the arrays that a session is fed to its results."""
    made: Callable[..., list[Any]] = session._make_callable_from_options(options)
    return made


def rename(variable: Any, name: str) -> None:
    """Give a variable another name, by which a SavedModel knows it.

    Parameters
    ----------
    variable : tf.Variable
        Created by another name.
    name : str
        The new one.
    """
    variable._handle_name = f"{name}:0"


def tell_shape(variable: Any, shape: Any) -> None:
    """Let a variable that was made without a shape have one where it is traced.

    Parameters
    ----------
    variable : tf.Variable
        Whose value always has this shape.
    shape : tf.TensorShape
        The shape.
    """
    known = handle_data_util.create_handle_data(shape, variable.dtype)
    handle_data_util.set_handle_data(variable.handle, known)
    variable._shape = shape
