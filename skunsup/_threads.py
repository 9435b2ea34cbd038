"""Pieces of work side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from skunsup._sklearn import n_threads


def in_threads(function: Callable[[Any], Any], pieces: Sequence[Any]) -> list[Any]:
    """Return what `function` makes of each piece, in order.

    In as many threads as scikit-learn would use: one for each core, or fewer where
    OMP_NUM_THREADS or joblib say so.
    """
    n = min(n_threads(), len(pieces))
    if n < 2:
        return [function(piece) for piece in pieces]
    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(function, pieces))
