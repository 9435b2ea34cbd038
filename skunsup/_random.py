"""Random numbers without global state."""

import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Integral
from typing import Any

import numpy as np

MAX_SEED = 2**31 - 1

_entropy: ContextVar[Callable[[], int] | None] = ContextVar("entropy", default=None)


def make_generator(random_state: object) -> np.random.Generator:
    """One generator from scikit-learn's `random_state`.

    `None` draws fresh entropy (the global NumPy state is neither read nor moved),
    an int fixes everything, a `RandomState` is advanced by four draws.

    Raises
    ------
    ValueError
        If `random_state` is something else.
    """
    if isinstance(random_state, np.random.RandomState):
        entropy = random_state.randint(0, 2**32, size=4, dtype=np.uint32)
        return np.random.default_rng(entropy)
    if random_state is None:
        source = _entropy.get()
        return np.random.default_rng(None if source is None else source())
    if not isinstance(random_state, Integral) or random_state < 0:
        raise ValueError(
            f"random_state={random_state!r}, but expected a whole number from 0 up, a "
            "numpy.random.RandomState or None."
        )
    return np.random.default_rng(int(random_state))


@contextmanager
def entropy_from(source: Callable[[], int]) -> Iterator[None]:
    """Let fresh generators be seeded by `source`, in this thread."""
    token = _entropy.set(source)
    try:
        yield
    finally:
        _entropy.reset(token)


def draw_seed(rng: np.random.Generator) -> int:
    """A seed that every backend accepts."""
    return int(rng.integers(1, MAX_SEED))


@contextmanager
def global_state_kept() -> Iterator[None]:
    """Put the global random states back as they were.

    Keras draws the default seeds of layers and initialisers from Python's global
    generator, and torch its default weights from torch's; building a network would
    otherwise move both. Blocks may lie inside of others and overlap in several threads:
    the states are those before the first of them, once the last has ended.
    """
    block = object()
    try:
        _kept.begin(block)
        yield
    finally:
        _kept.end(block)


class _Kept:
    """The global random states before the first of the blocks that run now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: set[object] = set()
        self._before: dict[str, Any] = {}

    def begin(self, block: object) -> None:
        with self._lock:
            self._blocks.add(block)
            for name, (read, _) in _generators().items():
                if name not in self._before:
                    self._before[name] = read()

    def end(self, block: object) -> None:
        with self._lock:
            self._blocks.discard(block)
            if self._blocks:
                return
            for name, (_, put_back) in _generators().items():
                if name in self._before:
                    put_back(self._before[name])
            self._before.clear()


_kept = _Kept()


def _generators() -> dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]]:
    """Functions that read and set the state of each global generator."""
    found: dict[str, Any] = {
        "random": (random.getstate, random.setstate),
        "numpy": (np.random.get_state, np.random.set_state),
    }
    torch: Any = sys.modules.get("torch")
    if hasattr(torch, "set_rng_state"):  # else it is absent, or being imported
        found["torch"] = (torch.get_rng_state, torch.set_rng_state)
    return found
