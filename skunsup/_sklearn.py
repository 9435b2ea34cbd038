"""The only use of scikit-learn's private API, and extensions of it.

Parameter validation and the fit context have no public twin; whatever changes in
them between releases is fixed here and nowhere else.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import estimator_html_repr
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads as n_threads
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import _BaseComposition, available_if
from sklearn.utils.parallel import _get_threadpool_controller
from sklearn.utils.validation import _num_samples as count_rows

__all__ = [
    "MOST_UNITS",
    "Composition",
    "DetailedEstimator",
    "HasMethods",
    "StrOptions",
    "available_if",
    "check_params",
    "count_rows",
    "integers",
    "n_threads",
    "one_thread",
    "output_container",
    "python_number",
    "python_numbers",
    "range_in_words",
    "reals",
    "unchanged_on_error",
    "validated",
]

DOC_LINK = "https://skunsup.readthedocs.io/en/stable/api/skunsup.{estimator_name}.html"


LARGEST = 3.4e38  # in single precision
MOST_UNITS = 1_000_000  # of a layer; two in a row would fill most memories


def integers(low: int, high: int | None = None) -> Interval:
    """Integers from `low` up, to `high` at most where it is given."""
    closed = "left" if high is None else "both"
    return Interval(Integral, low, high, closed=closed)


def reals(low: float, high: float | None, closed: str) -> Interval:
    """Real numbers of an interval; `closed` says which ends belong to it.

    A `high` of None means the largest number of single precision, in which networks
    compute.
    """
    if high is None:
        high, closed = LARGEST, {"left": "both", "neither": "right"}[closed]
    return Interval(Real, low, high, closed=closed)


def range_in_words(allowed: list[Any]) -> str:
    """Return the ranges of numbers among the values of a parameter, "" for none."""
    ranges = (each for each in allowed if isinstance(each, Interval))
    return ", or ".join(map(_in_words, ranges))


def _in_words(numbers: Interval) -> str:
    low, high = numbers.left, numbers.right
    closed = numbers.closed in ("left", "both")
    if high is None or high == LARGEST:
        return f"from {low:g} up" if closed else f"above {low:g}"
    if numbers.type is Integral:
        return f"from {low:,} to {high:,}"
    ends = "[" if closed else "(", "]" if numbers.closed in ("right", "both") else ")"
    return f"in {ends[0]}{low:g}, {high:g}{ends[1]}"


def validated(*, prefer_skip_nested_validation: bool) -> Callable[[Any], Any]:
    """Check parameters before a method that fits, in which they are Python's numbers.

    Parameters
    ----------
    prefer_skip_nested_validation : bool
        Whether estimators inside need not check their own.
    """
    context = _fit_context(prefer_skip_nested_validation=prefer_skip_nested_validation)

    def decorated(method: Any) -> Any:
        checked = context(method)

        @wraps(checked)
        def fit(estimator: BaseEstimator, *args: Any, **kwargs: Any) -> Any:
            with python_numbers(estimator):
                # scikit-learn does not look at them where partial_fit goes on.
                if method.__name__ == "partial_fit":
                    check_params(estimator)
                return checked(estimator, *args, **kwargs)

        return fit

    return decorated


@contextmanager
def python_numbers(estimator: BaseEstimator) -> Iterator[None]:
    """Let the parameters of `estimator` be Python's numbers where they are NumPy's.

    Searches pass numbers of NumPy, which Keras refuses, and which show as
    `np.int64(3)` in messages. At the end the parameters are what the user gave.
    """
    given = vars(estimator)
    changed = {
        name: (value, number)
        for name, value in given.items()
        # What fit learned is no parameter.
        if not (name.startswith("_") or name.endswith("_"))
        and (number := python_number(value)) is not value
    }
    given.update({name: number for name, (_, number) in changed.items()})
    try:
        yield
    finally:
        for name, (value, number) in changed.items():
            if given.get(name) is number:
                given[name] = value


def python_number(value: Any) -> Any:
    """Return a scalar of NumPy as Python has it, also in lists, tuples and dicts."""
    if isinstance(value, np.generic) and value.dtype.kind in "biufU":
        return float(value) if value.dtype.kind == "f" else value.item()
    if type(value) in (list, tuple):
        items = [python_number(item) for item in value]
        same = all(a is b for a, b in zip(items, value, strict=True))
        return value if same else type(value)(items)
    if type(value) is dict:
        numbers = {name: python_number(item) for name, item in value.items()}
        same = all(numbers[name] is item for name, item in value.items())
        return value if same else numbers
    return value


def check_params(estimator: BaseEstimator) -> None:
    """Raise ValueError where a parameter is outside of its range."""
    estimator._validate_params()


def one_thread(api: Literal["blas", "openmp"]) -> AbstractContextManager:
    """Keep products of matrices, or loops of scikit-learn, in the calling thread.

    The other threads wait for more work by spinning, those of OpenBLAS for a tenth of a
    second, which takes a core from what is computed next. Sums of k-means depend on the
    number of threads of OpenMP.
    """
    controller: AbstractContextManager = _get_threadpool_controller().limit(
        limits=1, user_api=api
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


class DetailedEstimator(BaseEstimator):
    """Base of estimators whose diagram in a notebook may be followed by more."""

    _doc_link_module = "skunsup"
    _doc_link_template = DOC_LINK

    def _html_repr(self) -> str:
        return str(estimator_html_repr(self)) + self._details_html()

    def _details_html(self) -> str:
        """Return HTML to show below the diagram."""
        return ""


class Composition(_BaseComposition):
    """Base of classes with named parts, whose parameters are `name__parameter`.

    Parts are a list of (name, part), which an attribute of the given name holds.
    """

    def _params_of_parts(self, attribute: str, deep: bool) -> dict[str, Any]:
        return dict(self._get_params(attribute, deep=deep))

    def _set_params_of_parts(self, attribute: str, **params: Any) -> None:
        self._set_params(attribute, **params)

    def _check_names(self, names: list[str]) -> None:
        """Raise ValueError for names that are taken twice, or by a parameter."""
        self._validate_names(names)


def output_container(transformer: BaseEstimator) -> str | None:
    """Return the container that `set_output` asked of a transformer, if any."""
    return getattr(transformer, "_sklearn_output_config", {}).get("transform")
