"""Checks of errors, warnings and results in the fuzz test."""

import ast
import functools
import traceback
from pathlib import Path

import numpy as np

import skunsup

OURS = str(Path(skunsup.__file__).parent)
# scikit-learn lets NumPy and the libraries of tables say that they cannot be read.
READING = ("/numpy/", "/pandas/", "/polars/", "/pyarrow/", "/scipy/", "array.pxi")


class Fault(AssertionError):
    """Error of the package that a case shows."""


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
        if (
            name in ("OutlierDetector", "SeriesDetector")
            and each.category is RuntimeWarning
        ):
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
    if isinstance(result, np.ndarray) and result.dtype.kind == "f":
        n_bad = np.sum(~np.isfinite(result))
        if n_bad:
            raise Fault(f"{method} returned {n_bad} not finite")
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
    if hasattr(model, "n_columns_"):  # a kind of data
        if values.dtype != np.float32 or values.shape[1] != model.n_columns_:
            raise Fault(f"{values.dtype} {values.shape} for {model.n_columns_}")
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
    """Check that detectors say -1 or 1."""
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
