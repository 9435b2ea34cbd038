"""Pieces of work side by side."""

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import Any

from skunsup._sklearn import n_threads


def in_threads(function: Callable[[Any], Any], pieces: Sequence[Any]) -> list[Any]:
    """Return the results of `function` for each piece, in order.

    In as many threads as scikit-learn would use: one for each core, or fewer where
    OMP_NUM_THREADS or joblib say so. The calling thread is one of them and takes pieces
    until none is left, so it never waits for a thread that has not begun.
    """
    helpers = min(n_threads(), len(pieces)) - 1
    if helpers < 1:
        return [function(piece) for piece in pieces]
    left, done = deque(enumerate(pieces)), [None] * len(pieces)

    def work() -> None:
        while True:
            try:
                place, piece = left.popleft()
            except IndexError:
                return
            done[place] = function(piece)

    futures = [_threads().submit(work) for _ in range(helpers)]
    try:
        work()
    finally:
        left.clear()
        begun = [future for future in futures if not future.cancel()]
        wait(begun)
    for future in begun:
        future.result()
    return done


@cache
def _threads() -> ThreadPoolExecutor:
    """Return threads that are kept, since to start one takes as long as 1,000 rows."""
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="skunsup")
