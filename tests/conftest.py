import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits


def pytest_collection_modifyitems(items):
    """Put scikit-learn's checks, which take longest, in the middle.

    Each of two workers begins with one half of the tests, so both have some of them.
    """
    checks = [item for item in items if item.path.name == "test_common.py"]
    others = [item for item in items if item.path.name != "test_common.py"]
    middle = len(others) // 2
    items[:] = others[:middle] + checks + others[middle:]


@pytest.fixture(scope="session")
def digits():
    """Handwritten digits, pixels in [0, 1], float32."""
    return (load_digits().data / 16).astype(np.float32)


@pytest.fixture(scope="session")
def digit_labels():
    """The digit that each row of `digits` shows."""
    return load_digits().target


@pytest.fixture(scope="session")
def blobs():
    """Sixty rows of six columns, of rank two and a little noise, float64."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 6))
    return X + 0.05 * rng.normal(size=X.shape)


@pytest.fixture(scope="session")
def compiles():
    """True if the running backend compiles its training steps."""
    return keras.backend.backend() != "torch"
