"""Random parameters and data for every estimator, for as many cases as asked for.

    python tests/fuzz.py --cases 5000 --seed 0

What must hold in each case: a call gives finite numbers of the documented shape and
type, or ValueError, TypeError or NotFittedError in the words of this package or of
scikit-learn; an estimator that was fitted before a call that fails is the same, to the
bit, afterwards; and NumPy warns of nothing.
"""

import argparse
import ast
import copy
import functools
import inspect
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    __package__ = "tests"
    import tests  # noqa: F401

import scipy.sparse as sp
from hypothesis import HealthCheck, Phase, given, seed, settings

import skunsup

from .fuzz_cases import CLASSES, FITTING, Case, Data, cases, estimator, labels, weights
from .helpers import unchanged

OURS = str(Path(skunsup.__file__).parent)
# scikit-learn lets NumPy and the libraries of tables say that they cannot be read.
READING = ("/numpy/", "/pandas/", "/polars/", "/pyarrow/", "/scipy/", "array.pxi")
COUNTED: Counter = Counter()


class Fault(AssertionError):
    """What a case shows to be wrong."""


# What an error looks like -------------------------------------------------------------


@functools.cache
def raises_at(path):
    """Return the lines of a file that belong to a `raise`."""
    tree = ast.parse(Path(path).read_text())
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        for line in range(node.lineno, node.end_lineno + 1)
    }


def check_error(error):
    """Assert that an error is a clear one: raised on purpose, here or by sklearn."""
    if not isinstance(error, ValueError | TypeError):
        raise Fault(f"{type(error).__name__}: {error}") from error
    frames = traceback.extract_tb(error.__traceback__)
    frame = [f for f in frames if not any(part in f.filename for part in READING)][-1]
    if frame.filename.startswith(OURS):
        if frame.lineno not in raises_at(frame.filename):
            raise Fault(f"raw error: {type(error).__name__}: {error}") from error
    elif "sklearn" not in frame.filename:
        raise Fault(f"foreign error: {type(error).__name__}: {error}") from error
    if not str(error).strip():
        raise Fault("empty message") from error


def check_warnings(caught, name=""):
    """Assert that no warning is NumPy's or a backend's."""
    for each in caught:
        if name == "OutlierDetector" and each.category is RuntimeWarning:
            continue  # the user's estimator speaks for itself
        foreign = any(
            f"site-packages/{name}/" in each.filename
            for name in ("keras", "torch", "tensorflow", "jax", "numpy", "scipy")
        )
        known = "__array__ implementation doesn't accept a copy" in str(each.message)
        bad = (RuntimeWarning, np.exceptions.ComplexWarning, DeprecationWarning)
        if not known and (foreign or issubclass(each.category, bad)):
            raise Fault(f"warning {each.category.__name__}: {each.message}")


# What a result looks like -------------------------------------------------------------


def check_result(model, case, method, n, result):
    """Assert that what a method returned is finite and has its shape and type."""
    if result is model or result is None:
        return
    numeric = case.kind == "rows" and hasattr(result, "dtype")
    if numeric and not sp.issparse(result):
        values = np.asarray(result)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise Fault(f"{method} returned {np.sum(~np.isfinite(values))} not finite")
    rows = 3 if method == "sample" else n
    if method == "score":
        return
    if len(result) != rows and case.name != "SlidingWindows":
        raise Fault(f"{method} returned {len(result)} rows for {rows}")
    check = CHECKS.get(method)
    if check is not None and not isinstance(result, list):
        check(model, case, np.asarray(result))


def check_scores(model, case, values):
    """One float64 a row."""
    if values.dtype != np.float64 or values.ndim != 1:
        raise Fault(f"scores of dtype {values.dtype} and shape {values.shape}")


def check_codes(model, case, values):
    """As many columns as there are names, of the precision of the data."""
    if case.name in ("SlidingWindows", "TokenVectorizer"):
        return
    names = model.get_feature_names_out()
    if values.ndim != 2 or values.shape[1] != len(names):
        raise Fault(f"{values.shape} for {len(names)} names")
    single = case.X.dtype == "float32"
    plain = case.kind == "rows" and case.X.container == "array"
    if plain and single != (values.dtype == np.float32):
        raise Fault(f"{values.dtype} for {case.X.dtype}")


def check_like_rows(model, case, values):
    """As many columns as the data."""
    if case.kind == "rows" and values.shape[1] != model.n_features_in_:
        raise Fault(f"{values.shape} for {model.n_features_in_} columns")


def check_probabilities(model, case, values):
    """Numbers in [0, 1]; of classes they sum to 1."""
    if values.min() < 0 or values.max() > 1:
        raise Fault(f"probabilities from {values.min()} to {values.max()}")
    if values.ndim == 2 and not np.allclose(values.sum(axis=1), 1, atol=1e-5):
        raise Fault("probabilities that do not sum to 1")


def check_labels(model, case, values):
    """Whether detectors say -1 or 1."""
    if hasattr(model, "offset_") and not set(values.tolist()) <= {-1, 1}:
        raise Fault(f"labels {set(values.tolist())}")


CHECKS = {
    "score_samples": check_scores,
    "decision_function": check_scores,
    "outlier_probability": check_probabilities,
    "predict_proba": check_probabilities,
    "transform": check_codes,
    "fit_transform": check_codes,
    "reconstruct": check_like_rows,
    "feature_scores": check_like_rows,
    "sample": check_like_rows,
    "predict": check_labels,
    "fit_predict": check_labels,
}


# Cases -------------------------------------------------------------------------------


@functools.cache
def fitted(name, kind):
    """Return an estimator that was fitted to good data, to be copied."""
    model = estimator(name, kind)
    X = good(name, kind).make()
    labelled = {"y": labels("few", 20)} if name == "AAEClassifier" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return model.fit(X, **labelled)
        except ValueError as error:  # networks that take no texts
            check_error(error)
            return None


def good(name, kind):
    """Return a recipe of data that an estimator takes."""
    frame = kind in ("table", "blocks")
    return Data(kind, 20, 3, "float64", "plain", "pandas" if frame else "array")


def arguments(case, method, n):
    """Return the other arguments of a call."""
    known = inspect.signature(getattr(CLASSES[case.name], method)).parameters
    given = {}
    if "y" in known and case.name == "AAEClassifier":
        given["y"] = labels(case.y, n)
    for name, how in case.extra.items():
        if name in known:
            given[name] = weights(how, n)
    return given


def call(model, case, method, X, n):
    """Call a method and check what it returns; True if it returned."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            if method == "sample":
                result = model.sample(3, random_state=0)
            else:
                result = getattr(model, method)(X, **arguments(case, method, n))
        except Exception as error:
            check_error(error)
            check_warnings(caught, case.name)
            COUNTED["refused"] += 1
            return False
        check_warnings(caught, case.name)
    COUNTED["returned"] += 1
    check_result(model, case, method, n, result)
    return True


def run(case: Case):
    """Run a case.

    Raises
    ------
    Fault
        If something is not as it must be.
    """
    try:
        X = case.X.make()
    except Exception:  # what no library can hold is no case
        COUNTED["cannot be made"] += 1
        return
    n = number_of_rows(X, case.X.n)
    if case.call == "new":
        model = estimator(case.name, case.kind)
        change(model, case)
        with unchanged_where_refused(model) as state:
            state.done = call(model, case, "fit", X, n)
        if state.done:
            use(model, case, X, n)
        return
    model = copy.deepcopy(fitted(case.name, case.kind))
    if model is None:
        return
    if case.call in FITTING:
        change(model, case)
    if not hasattr(model, case.call):  # depends on another parameter
        return
    with unchanged_where_refused(model) as state:
        state.done = call(model, case, case.call, X, n)


def number_of_rows(X, otherwise):
    """Return the number of rows of data of any kind."""
    if hasattr(X, "shape"):
        return X.shape[0] if X.shape else otherwise
    return len(X) if hasattr(X, "__len__") else otherwise


def change(model, case):
    """Set the parameters that the case has."""
    given = {name: copy.deepcopy(value) for name, value in case.changes.items()}
    model.set_params(**given)
    if case.of_inputs and hasattr(getattr(model, "inputs", None), "learn"):
        model.inputs.set_params(**copy.deepcopy(case.of_inputs))


def use(model, case, X, n):
    """Call every method of an estimator on the rows that it was fitted to."""
    for method in sorted(set(CHECKS) - set(FITTING)):
        works = not hasattr(model, method) or call(model, case, method, X, n)
        if not works and ordinary(case):
            raise Fault(f"{method} refuses what fit took")


def ordinary(case):
    """Whether the data are such that a refusal after a fit would be wrong."""
    return case.X.values == "plain" and not case.changes and not case.of_inputs


class unchanged_where_refused:
    """Assert that a call which is refused leaves an estimator as it was."""

    def __init__(self, model):
        self.model, self.done = model, False

    def __enter__(self):
        self._check = unchanged(self.model)
        self._check.__enter__()
        return self

    def __exit__(self, kind, error, trace):
        if kind is None and not self.done:
            try:
                self._check.__exit__(None, None, None)
            except AssertionError as difference:
                raise Fault("a refused call changed the estimator") from difference


# Long runs ----------------------------------------------------------------------------


def signature(error):
    """Return what tells one kind of fault from another."""
    cause = error.__cause__ or error
    frames = [
        f"{Path(f.filename).name}:{f.lineno}"
        for f in traceback.extract_tb(cause.__traceback__)
        if "site-packages" not in f.filename
    ]
    return str(error)[:60], tuple(frames[-2:])


def main():
    """Run cases and print what is wrong, once for each kind of fault."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=list(CLASSES), choices=CLASSES)
    given_ = parser.parse_args()
    faults: Counter = Counter()
    start, slow = time.time(), []

    @seed(given_.seed)
    @settings(
        max_examples=given_.cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(names=tuple(given_.only)))
    def check(case):
        began = time.time()
        COUNTED["cases"] += 1
        try:
            run(case)
        except Exception as error:
            kind = signature(error)
            faults[kind] += 1
            if faults[kind] == 1:
                print(f"\nFAULT {kind}\n{case}", flush=True)
                traceback.print_exception(error.__cause__ or error, file=sys.stdout)
        slow.append((time.time() - began, case))
        if COUNTED["cases"] % 100 == 0:
            taken = time.time() - start
            print(f"{dict(COUNTED)} {len(faults)} faults {taken:.0f} s", flush=True)

    check()
    slow.sort(key=lambda each: -each[0])
    for taken, case in slow[:3]:
        print(f"slow: {taken:.1f} s {case}")
    print(f"{dict(COUNTED)}, {sum(faults.values())} cases of {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
