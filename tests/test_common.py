"""scikit-learn's own checks, on every public estimator, with no expected failure."""

import multiprocessing
import warnings
from concurrent.futures import ProcessPoolExecutor

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from .estimators import public_estimators

# TensorFlow frees no program that it has compiled, some 30 MB each, and these checks
# compile nearly a thousand. So they run in a process beside, which is renewed.
CHECKS_PER_PROCESS = 120


@pytest.fixture(scope="module")
def beside():
    """A process of limited life."""
    with ProcessPoolExecutor(
        1,
        multiprocessing.get_context("spawn"),
        initializer=be_strict,
        max_tasks_per_child=CHECKS_PER_PROCESS,
    ) as pool:
        yield pool


def be_strict():
    """Make warnings errors, as pytest is configured to."""
    warnings.simplefilter("error")
    warnings.filterwarnings(
        "ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning
    )


@parametrize_with_checks(public_estimators())
def test_scikit_learn_check(estimator, check, beside):
    beside.submit(check, estimator).result()
