"""scikit-learn's own checks, on every public estimator, with no expected failure."""

import gc
import multiprocessing
import warnings
from concurrent.futures import ProcessPoolExecutor

import psutil
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from .estimators import public_estimators

# TensorFlow frees no program that it has compiled, some 30 MB each, and these checks
# compile nearly a thousand. So they run in a process beside, which is renewed.
MOST_MEMORY = 2e9  # bytes


class Beside:
    """A process that runs checks, and another one when it has grown too large."""

    def __init__(self):
        self._pool = None

    def run(self, *call):
        """Return what a call gives in that process."""
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            thresholds = gc.get_threshold()
            self._pool = ProcessPoolExecutor(1, context, be_strict, (thresholds,))
        try:
            return self._pool.submit(*call).result()
        finally:
            if self._pool.submit(own_memory).result() > MOST_MEMORY:
                self.close()

    def close(self):
        """End the process."""
        if self._pool is not None:
            self._pool.shutdown()
        self._pool = None


@pytest.fixture(scope="module")
def beside():
    """A process of limited size."""
    process = Beside()
    yield process
    process.close()


def own_memory():
    """Bytes that this process takes."""
    return psutil.Process().memory_info().rss


def be_strict(thresholds):
    """Make warnings errors and collect garbage seldom, as in pytest's own process."""
    gc.set_threshold(*thresholds)
    warnings.simplefilter("error")
    warnings.filterwarnings(
        "ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning
    )


def run_check(name, check):
    """Run a check on the public estimator of that name, made here.

    A Keras model that is not built may be a parameter, but is not to be pickled.
    """
    made = {type(each).__name__: each for each in public_estimators()}
    check(made[name])


@parametrize_with_checks(public_estimators())
def test_scikit_learn_check(estimator, check, beside):
    beside.run(run_check, type(estimator).__name__, check)
