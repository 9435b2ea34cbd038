"""Assertions that several test files share."""

from contextlib import contextmanager

import joblib


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
