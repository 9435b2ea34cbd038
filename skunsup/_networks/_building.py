"""Blocks of code in which Keras makes layers, networks and optimizers."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import keras
import numpy as np

from skunsup._interrupts import interrupts_put_off
from skunsup._keras_private import weights_limited
from skunsup._random import global_state_kept

SPARE = 2**20
OTHER_WEIGHTS = (
    "A network has more than {{most:,}} weights by its configuration, but {n:,} "
    "numbers come with it. The file that it was read from is damaged or was tampered "
    "with: do not use it."
)

_variables: Callable[[], AbstractContextManager[None]] = nullcontext


@contextmanager
def building() -> Iterator[None]:
    """Make layers whole, and leave the process as it was.

    Ctrl-C waits, global random states are kept, and variables are made as the engine
    wants them. Layers compute in float32, whatever `keras.config.set_dtype_policy` says
    of a user's own, whose configurations name their types.
    """
    with interrupts_put_off(), global_state_kept(), _single_precision(), _variables():
        yield


@contextmanager
def _single_precision() -> Iterator[None]:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


@contextmanager
def building_for(values: Sequence[np.ndarray]) -> Iterator[None]:
    """Build a network for weights that are there, such as those in a file.

    Parameters
    ----------
    values : sequence of array
        The weights.

    Raises
    ------
    ValueError
        If layers ask for more than twice as many numbers and a million, before they
        take memory.
    """
    n = sum(np.size(value) for value in values)
    with building(), weights_limited(2 * n + SPARE, OTHER_WEIGHTS.format(n=n)):
        yield


def make_variables_in(block: Callable[[], AbstractContextManager[None]]) -> None:
    """Let the engine choose the context in which variables are made."""
    global _variables
    _variables = block
