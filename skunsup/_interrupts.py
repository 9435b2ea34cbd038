"""Ctrl-C where it can be obeyed."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interrupts_put_off() -> Iterator[None]:
    """Let Ctrl-C act at the end of a block, and not in its middle.

    A backend that traces a program calls Python from C++ and back, in which an
    exception at any place may be lost, become another one, or leave a half of what was
    to be made. Python handles signals in the main thread, so in others this does
    nothing; nor where the program has put in no handler of Python's.
    """
    handler = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    if not main or not callable(handler):
        yield
        return
    caught: list[tuple[int, Any]] = []
    signal.signal(signal.SIGINT, lambda *given: caught.append(given))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if caught:
            handler(*caught[-1])
