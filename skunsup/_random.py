"""Random numbers without global state."""

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

MAX_SEED = 2**31 - 1


def make_generator(random_state: object) -> np.random.Generator:
    """One generator from scikit-learn's `random_state`.

    `None` draws fresh entropy (the global NumPy state is neither read nor moved),
    an int fixes everything, a `RandomState` is advanced by four draws.
    """
    if isinstance(random_state, np.random.RandomState):
        entropy = random_state.randint(0, 2**32, size=4, dtype=np.uint32)
        return np.random.default_rng(entropy)
    return np.random.default_rng(None if random_state is None else int(random_state))  # type: ignore[call-overload]


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
