"""Variables that leave nothing behind on TensorFlow."""

import re
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from skunsup._training._tensorflow_private import rename, tell_shape

NUMBERS = re.compile(r"_\d+(?=_|$)")


def unkept(create: Callable[..., Any], **arguments: Any) -> Any:
    """Create a variable of which TensorFlow keeps nothing once it is dropped.

    It keeps the kernels of eager calls until the process ends: four for each name and
    shape of a variable, 35 kB each. Keras counts the layers of a process in their
    names, so that a fit left 2.3 MB. So here names have no numbers, and kernels do not
    know their shape; what is traced does.

    Parameters
    ----------
    create : callable
        As `tf.variable_creator_scope` has it.
    **arguments : dict
        Its arguments.
    """
    if tf.distribute.has_strategy() or not tf.executing_eagerly():
        return create(**arguments)
    name = NUMBERS.sub("", arguments["name"] or "variable")
    # A name that ends in a slash is not put behind those of layers, and is not made
    # unique in a graph either, where a SavedModel asks for it later.
    shapeless = {"name": f"{name}/", "shape": tf.TensorShape(None)}
    variable = create(**{**arguments, **shapeless})
    rename(variable, name)
    tell_shape(variable, variable.read_value().shape)
    return variable
