"""Blocks of code in which Keras makes layers, networks and optimizers."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from skunsup._interrupts import interrupts_put_off
from skunsup._random import global_state_kept

_variables: Callable[[], AbstractContextManager[None]] = nullcontext


@contextmanager
def building() -> Iterator[None]:
    """Make layers whole, and leave the process as it was.

    Ctrl-C waits, global random states are kept, and variables are made as the engine
    wants them.
    """
    with interrupts_put_off(), global_state_kept(), _variables():
        yield


def make_variables_in(block: Callable[[], AbstractContextManager[None]]) -> None:
    """Let the engine say in what block of code variables are made."""
    global _variables
    _variables = block
