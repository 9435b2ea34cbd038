"""The one door to scikit-learn's private API, and what extends it.

Parameter validation and the fit context have no public twin; whatever changes in
them between releases is mended here and nowhere else.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from numbers import Integral, Real

from sklearn.base import BaseEstimator
from sklearn.base import _fit_context as validated
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads as n_threads
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition
from sklearn.utils.metaestimators import available_if
from sklearn.utils.parallel import _get_threadpool_controller
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
    "n_threads",
    "one_blas_thread",
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


def one_blas_thread() -> AbstractContextManager:
    """Keep products of NumPy's matrices in the calling thread.

    The other threads of OpenBLAS wait for more work by spinning, for a tenth of a
    second, which takes a core from what is computed next.
    """
    controller: AbstractContextManager = _get_threadpool_controller().limit(
        limits=1, user_api="blas"
    )
    return controller


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
