"""Random numbers without global state."""

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral

import numpy as np

MAX_SEED = 2**31 - 1


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
        return np.random.default_rng()
    if not isinstance(random_state, Integral) or random_state < 0:
        raise ValueError(
            f"random_state={random_state!r}, but expected a whole number from 0 up, a "
            "numpy.random.RandomState or None."
        )
    return np.random.default_rng(int(random_state))


def draw_seed(rng: np.random.Generator) -> int:
    """A seed that every backend accepts."""
    return int(rng.integers(1, MAX_SEED))


@contextmanager
def global_state_kept() -> Iterator[None]:
    """Put the global random states back as they were.

    Keras draws the default seeds of layers and initialisers from Python's global
    generator, and torch its default weights from torch's; building a network would
    otherwise move both.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    torch = sys.modules.get("torch")
    torch_state = torch.get_rng_state() if torch else None
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        if torch:
            torch.set_rng_state(torch_state)
