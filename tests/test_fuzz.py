"""A short part of the fuzz test, the same at each run, and cases that failed once."""

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from skunsup import Autoencoder, SlidingWindows

from .fuzz import fitted, run
from .fuzz_cases import CLASSES, Case, cases, kinds
from .fuzz_data import Data
from .fuzz_oracle import Fault, check_error, check_warnings
from .helpers import on_torch_or_asked

N_CASES = 40 if keras.backend.backend() == "torch" else 10


@settings(
    max_examples=N_CASES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(cases())
def test_any_call_works_or_says_why_it_does_not(case):
    run(case)


def case(name, call, kind="rows", changes=(), y="none", **data):
    plain = {"n": 20, "d": 3, "dtype": "float64", "values": "plain"}
    data = Data(kind, **{**plain, "container": "array", **data})
    return Case(name, kind, dict(changes), {}, call, data, y)


FAILED = [
    case("Autoencoder", "partial_fit", changes={"optimizer": None}),
    case("Autoencoder", "new", container="ragged"),
    case("Autoencoder", "score_samples", kind="table", container="ragged"),
    case("SlidingWindows", "fit", dtype="longdouble", values="ends"),
    case("Autoencoder", "transform", dtype="longdouble", values="ends"),
    case("AAEDetector", "predict", n=1, dtype="float32", values="huger"),
    case("Autoencoder", "new", kind="sequences", n=0),
    case("Autoencoder", "score_samples", values="huge"),
    case("Autoencoder", "fit", dtype="datetime64[s]", container="0-d"),
    case("PretrainedFeatures", "fit_transform", n=1, dtype="object", values="huger"),
    case("AAEClustering", "fit", dtype="float32", values="huge"),
    case("Autoencoder", "transform", kind="blocks", n=0, container="pandas"),
    case("Autoencoder", "transform", kind="images", n=0),
    case("Autoencoder", "fit", kind="images", n=0, container="series"),
    case("TokenVectorizer", "inverse_transform", kind="text", container="polars"),
    case("VariationalAutoencoder", "feature_scores", values="huge"),
]


@pytest.mark.parametrize("case", FAILED, ids=lambda case: f"{case.name}-{case.call}")
def test_what_failed_once(case):
    run(case)


@on_torch_or_asked
@pytest.mark.parametrize("name", CLASSES)
def test_good_data_are_taken_by_every_estimator(name):
    """Else none of its cases would come further than the first check."""
    assert fitted(name, kinds(name)[0]) is not None


# The oracle itself -------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda: {}["a"],
        lambda: np.stack([np.zeros(2), np.zeros(3)]),
        lambda: keras.layers.Dense(-1),
    ],
)
def test_raw_errors_are_faults(call):
    with pytest.raises(Exception) as raised:  # noqa: PT011
        call()
    with pytest.raises(Fault):
        check_error(raised.value)


def test_errors_on_purpose_are_none():
    for model, X in ((Autoencoder(0), np.zeros((3, 2))), (SlidingWindows(), "a")):
        with pytest.raises((ValueError, TypeError)) as raised:
            model.fit(X)
        check_error(raised.value)


def test_warnings_of_numpy_are_faults():
    with pytest.warns(RuntimeWarning) as caught:
        np.float64(1) / np.float64(0)
    with pytest.raises(Fault, match="divide by zero"):
        check_warnings(caught)


def test_results_that_are_not_finite_are_faults(monkeypatch):
    monkeypatch.setattr(
        Autoencoder, "score_samples", lambda self, X: np.full(len(X), np.nan)
    )
    with pytest.raises(Fault, match="20 not finite"):
        run(case("Autoencoder", "score_samples"))


def test_a_refused_call_that_changes_an_estimator_is_a_fault(monkeypatch):
    def score(self, X):
        self.n_iter_ = -1
        raise ValueError("no")

    monkeypatch.setattr(Autoencoder, "score_samples", score)
    monkeypatch.setattr("tests.fuzz.check_error", lambda error: None)
    with pytest.raises(Fault, match="a refused call changed"):
        run(case("Autoencoder", "score_samples"))
