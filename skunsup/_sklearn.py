"""The one door to scikit-learn's private API, and what extends it.

Parameter validation and the fit context have no public twin; whatever changes in
them between releases is mended here and nowhere else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real

from sklearn.base import BaseEstimator
from sklearn.base import _fit_context as validated
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _num_samples as count_rows

__all__ = [
    "DOC_LINK",
    "BaseComposition",
    "HasMethods",
    "StrOptions",
    "available_if",
    "check_params",
    "count_rows",
    "integers",
    "reals",
    "unchanged_on_error",
    "validated",
]

DOC_LINK = "https://skunsup.readthedocs.io/en/stable/api/skunsup.{estimator_name}.html"


def integers(low: int) -> Interval:
    """Integers from `low` up."""
    return Interval(Integral, low, None, closed="left")


def reals(low: float, high: float | None, closed: str) -> Interval:
    """Real numbers of an interval; `closed` says which ends belong to it."""
    return Interval(Real, low, high, closed=closed)


def check_params(estimator: BaseEstimator) -> None:
    """Raise ValueError where a parameter is outside of its range."""
    estimator._validate_params()


@contextmanager
def unchanged_on_error(estimator: BaseEstimator) -> Iterator[None]:
    """Put every attribute of `estimator` back as it was if the body raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
