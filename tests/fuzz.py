"""Random parameters and data for every estimator, for as many cases as asked for.

    python tests/fuzz.py --cases 5000 --seed 0

What must hold in each case: a call gives finite numbers of the documented shape and
type, or ValueError, TypeError or NotFittedError in the words of this package or of
scikit-learn; an estimator that was fitted before a call that fails is the same, to the
bit, afterwards; and NumPy warns of nothing.
"""

import argparse
import copy
import functools
import inspect
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    __package__ = "tests"
    import tests  # noqa: F401

from hypothesis import HealthCheck, Phase, given, seed, settings

from .fuzz_cases import CLASSES, FITTING, Case, cases, estimator
from .fuzz_data import Data, labels, weights
from .fuzz_oracle import CHECKS, Fault, check_error, check_result, check_warnings
from .helpers import unchanged

COUNTED: Counter = Counter()


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
    if case.of_inputs and hasattr(getattr(model, "inputs", None), "fit_rows"):
        model.inputs.set_params(**copy.deepcopy(case.of_inputs))


def use(model, case, X, n):
    """Call every method of an estimator on the rows that it was fitted to."""
    for method in sorted(set(CHECKS) - set(FITTING)):
        works = not hasattr(model, method) or call(model, case, method, X, n)
        if not works and ordinary(case):
            raise Fault(f"{method} refuses what fit took")


def ordinary(case):
    """True for data that a fitted estimator must not refuse."""
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
    """Key by which kinds of faults are told apart."""
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
