"""Assertions and marks that several test files share."""

import os
from contextlib import contextmanager

import joblib
import keras
import numpy as np
import pytest
from keras import ops

# Each family with each kind of data is a program of its own, which takes XLA seconds.
# What only puts together what is tested alone runs where nothing is compiled.
on_torch_or_asked = pytest.mark.skipif(
    keras.backend.backend() != "torch" and not os.environ.get("SKUNSUP_ALL_TESTS"),
    reason="Runs on torch, which compiles nothing, or with SKUNSUP_ALL_TESTS=1.",
)


def tensor(values):
    """Return numbers as a tensor of the backend."""
    return ops.convert_to_tensor(np.asarray(values, np.float32))


def array(values):
    """Return a tensor as an array."""
    return ops.convert_to_numpy(values)


@contextmanager
def unchanged(estimator):
    """Assert that the body leaves every attribute of `estimator` as it was.

    Parameters must be the same objects, and what `fit` learned the same objects with
    the same content.
    """
    before, content = dict(vars(estimator)), _content(estimator)
    yield
    after = vars(estimator)
    assert after.keys() == before.keys()
    assert all(after[name] is value for name, value in before.items())
    assert _content(estimator) == content


def _content(estimator):
    parameters = estimator.get_params(deep=False)
    learned = {k: v for k, v in vars(estimator).items() if k not in parameters}
    return {name: joblib.hash(value) for name, value in learned.items()}
