"""Thresholds, probabilities and explanations of the detectors."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import norm
from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity, kneighbors_graph
from sklearn.preprocessing import StandardScaler

from skunsup import Autoencoder, AutoencoderDetector, OutlierDetector
from skunsup.outliers._threshold import (
    TukeyG,
    exceeded_quantile,
    fit_tukey_g,
    weighted_quantile,
)

QUICK = {"hidden_layer_sizes": (16,), "epochs": 20, "random_state": 0}


@pytest.fixture(scope="module")
def tumours():
    X, y = load_breast_cancer(return_X_y=True)
    benign = X[y == 1]
    scaler = StandardScaler().fit(benign[:250])
    return scaler.transform(benign[:250]), scaler.transform(X), y == 0


def test_detects_malignant_tumours(tumours):
    train, X, malignant = tumours
    detector = AutoencoderDetector(n_components=4, **QUICK).fit(train)
    assert roc_auc_score(malignant, -detector.score_samples(X)) > 0.9
    assert len(np.unique(detector.score_samples(X))) > 0.99 * len(X)


@pytest.mark.parametrize(
    "estimator",
    [
        GaussianMixture(2, random_state=0),
        KernelDensity(bandwidth=0.5),
        PCA(3),
        Autoencoder(4, **QUICK),
    ],
)
def test_wraps_any_scorer(tumours, estimator):
    train, X, malignant = tumours
    detector = OutlierDetector(estimator, contamination=0.1).fit(train)
    assert np.mean(detector.predict(train) == -1) == pytest.approx(0.1, abs=0.01)
    assert (
        detector.predict(X)[malignant].mean() < detector.predict(X)[~malignant].mean()
    )
    np.testing.assert_array_equal(
        detector.decision_function(X), detector.score_samples(X) - detector.offset_
    )
    assert hasattr(detector, "feature_scores") == isinstance(estimator, Autoencoder)
    assert not hasattr(estimator, "n_features_in_")


def test_sparse_rows_score_as_dense_ones(tumours):
    X = np.float32(tumours[0])
    detector = OutlierDetector(PCA(3)).fit(csr_array(X))
    scores = detector.score_samples(csr_array(X))
    assert scores.dtype == np.float64
    np.testing.assert_array_equal(scores, detector.score_samples(X))
    with pytest.raises(ValueError, match="0 sample"):
        detector.score_samples(csr_array(X[:0]))


@pytest.mark.parametrize("contamination", [0.01, 0.1, 0.5])
def test_contamination_is_the_share_flagged(contamination):
    X = np.random.default_rng(0).normal(size=(400, 3))
    detector = OutlierDetector(GaussianMixture(), contamination=contamination)
    assert np.mean(detector.fit_predict(X) == -1) == pytest.approx(contamination)


@pytest.mark.parametrize("n_features", [1, 2, 5, 20])
def test_auto_flags_what_it_promises_on_gaussian_data(n_features):
    rng = np.random.default_rng(0)
    detector = OutlierDetector(GaussianMixture(random_state=0))
    detector.fit(rng.normal(size=(5000, n_features)))
    flagged = np.mean(detector.predict(rng.normal(size=(50_000, n_features))) == -1)
    assert 0.003 < flagged < 0.015


def test_auto_is_not_moved_by_outliers():
    rng = np.random.default_rng(0)
    clean = rng.normal(size=(1000, 5))
    dirty = np.concatenate([clean, rng.normal(size=(100, 5)) * 0.1 + 50])
    detector = OutlierDetector(KernelDensity(bandwidth=1.0))
    alone = detector.fit(clean).predict(clean)
    together = detector.fit(dirty).predict(clean)
    assert np.mean(alone != together) < 0.02


class FirstColumn(BaseEstimator):
    """Scores rows by minus their first column."""

    def fit(self, X, y=None):
        return self

    def score_samples(self, X):
        return -X[:, 0]


def test_auto_flags_the_highest_of_scores_in_clusters():
    levels = np.repeat([0.0, 1.0, 2.0], [180, 60, 60])
    X = (levels + np.linspace(0, 0.1, 300))[:, None]
    detector = OutlierDetector(FirstColumn()).fit(X)
    assert detector._shape.quantile(0.99) > X.max()
    assert np.sum(detector.predict(X) == -1) == 3


RNG = np.random.default_rng(0)
REPEATED = RNG.normal(size=(400, 3))[np.minimum(RNG.integers(0, 615, 400), 140)]
TINY, HUGE = np.finfo(float).smallest_subnormal, np.finfo(float).max
ODD_SCORES = {
    "three plateaus": np.repeat([0.0, 1.0, 1e6], [60, 20, 20]),
    "a leap": np.repeat([0.0, TINY, HUGE], [60, 20, 20]),
    "hardly a step": np.repeat([0.0, 1.0, 1.00001], [60, 20, 20]),
    "the least step": np.repeat([0.0, 1.0, np.nextafter(1.0, 2)], [60, 20, 20]),
    "two plateaus": np.repeat([0.0, 1.0], [60, 40]),
    "constant": np.full(100, 3.0),
    "constant and huge": np.full(100, HUGE),
    "tiny": np.arange(100) * TINY,
    "a tiny spread": 1.0 + np.arange(100) * np.finfo(float).eps,
    "huge": np.linspace(-HUGE / 2, HUGE / 2, 100),
    "both ends": np.repeat([-HUGE, HUGE], 50),
    "a few huge": np.repeat([-HUGE, 0.0, HUGE], [30, 60, 10]),
    "one huge": np.append(np.linspace(0.0, 1.0, 99), HUGE),
    "powers": np.geomspace(1e-300, 1e300, 100),
    "a range": np.concatenate([-np.geomspace(1e-300, 1e300, 50), np.zeros(50)]),
    "neighbours": kneighbors_graph(REPEATED, 1, mode="distance")
    .max(axis=1)
    .toarray()[:, 0],
    "two": np.array([0.0, 1.0]),
}


@pytest.mark.parametrize("contamination", ["auto", TINY, 1e-300, 1e-20, 0.03, 0.5])
@pytest.mark.parametrize("name", ODD_SCORES)
def test_any_finite_scores_have_a_threshold(name, contamination):
    X = ODD_SCORES[name][:, None]
    detector = OutlierDetector(FirstColumn(), contamination=contamination).fit(X)
    assert np.isfinite(detector.offset_)
    assert X.min() <= -detector.offset_ <= X.max()
    decision = detector.decision_function(X)
    assert np.isfinite(decision).all()
    np.testing.assert_array_equal(detector.predict(X) < 0, decision < 0)
    outside = np.array([[-HUGE], [HUGE]])
    assert np.isfinite(detector.decision_function(outside)).all()
    probability = detector.outlier_probability(np.concatenate([X, outside]))
    assert ((probability >= 0) & (probability <= 1)).all()
    order = np.argsort(X[:, 0], kind="stable")
    assert (np.diff(probability[:-2][order]) >= 0).all()
    share = 0.1 if contamination == "auto" else contamination
    assert probability[:-2].mean() == pytest.approx(share, rel=1e-3, abs=9 * TINY)
    if contamination != "auto":
        assert np.mean(decision < 0) <= share


def test_scores_of_a_few_levels_have_a_threshold():
    rng = np.random.default_rng(0)
    for _ in range(200):
        levels = rng.normal(size=rng.integers(1, 5)) * 10.0 ** rng.uniform(-300, 300)
        X = rng.choice(np.append(levels, 0.0), size=(rng.integers(2, 60), 1))
        detector = OutlierDetector(FirstColumn()).fit(X)
        assert X.min() <= -detector.offset_ <= X.max()
        assert detector.outlier_probability(X).mean() == pytest.approx(0.1)


def test_scores_of_nan_have_none():
    X = np.array([[0.0], [np.nan], [1.0]])
    with pytest.raises(ValueError, match="NaN for row 1"):
        OutlierDetector(FirstColumn()).fit(X)


def test_probability_is_between_0_and_1_and_falls_with_the_score(tumours):
    train, X, _ = tumours
    detector = AutoencoderDetector(n_components=4, **QUICK).fit(train)
    probability = detector.outlier_probability(X)
    assert probability.min() >= 0
    assert probability.max() <= 1
    order = np.argsort(detector.score_samples(X))
    assert (np.diff(probability[order]) <= 0).all()
    assert detector.outlier_probability(train).mean() == pytest.approx(0.1)
    detector.set_params(contamination=0.03).fit(train)
    assert detector.outlier_probability(train).mean() == pytest.approx(0.03)


def test_feature_scores_blame_the_spoilt_column(tumours):
    train, _, _ = tumours
    detector = AutoencoderDetector(n_components=4, **QUICK).fit(train)
    spoilt = train[:50].copy()
    spoilt[:, 7] += 10
    blame = detector.feature_scores(spoilt)
    assert np.mean(blame.argmax(axis=1) == 7) > 0.8
    np.testing.assert_allclose(blame.sum(axis=1), -detector.score_samples(spoilt), 1e-3)


def test_sample_weight_moves_the_threshold_as_repetition():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    weight = rng.integers(0, 4, size=80)
    for contamination in ("auto", 0.1):
        weighted = AutoencoderDetector(contamination, **QUICK)
        weighted.fit(X, sample_weight=weight)
        repeated = AutoencoderDetector(contamination, **QUICK)
        repeated.fit(X.repeat(weight, axis=0))
        assert weighted.offset_ == repeated.offset_


def test_flat_detector_is_the_wrapped_model(tumours):
    train, X, _ = tumours
    params = {"n_estimators": 1, "scoring": "reconstruction", "noise": None}
    params["batch_size"] = 128
    flat = AutoencoderDetector(n_components=4, **params, **QUICK).fit(train)
    names = set(Autoencoder().get_params()) - {"fitted_prior"}
    params = {name: getattr(flat, name) for name in names}
    params["learning_rate_schedule"] = "cosine"
    wrapped = OutlierDetector(Autoencoder(**params)).fit(train)
    ours, theirs = flat.score_samples(X), wrapped.score_samples(X)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert flat.offset_ == pytest.approx(wrapped.offset_, rel=1e-6)


def test_warm_start_goes_on(tumours):
    train, _, _ = tumours
    detector = AutoencoderDetector(**QUICK, warm_start=True).fit(train).fit(train)
    assert detector.n_iter_ == 40
    assert detector.history_["loss"][-1] < detector.history_["loss"][0]


def test_constant_scores_flag_nothing():
    X = np.ones((30, 3))
    detector = AutoencoderDetector(**QUICK).fit(X)
    assert (detector.predict(X) == 1).all()
    assert detector.outlier_probability(X) == pytest.approx(0.1)


@pytest.mark.parametrize("g", [-0.5, 0.0, 0.7])
def test_tukey_g_finds_its_own_quantiles(g):
    truth = TukeyG(3.0, 2.0, g)
    p = (np.arange(20_000) + 0.5) / 20_000
    values = np.array([truth.quantile(x) for x in p[::10]])
    fitted = fit_tukey_g(values, None)
    assert fitted.location == pytest.approx(3.0, rel=1e-2)
    assert fitted.quantile(0.99) == pytest.approx(truth.quantile(0.99), rel=1e-2)
    np.testing.assert_allclose(truth.standardise(values), norm.ppf(p[::10]), atol=1e-6)


def test_weighted_quantile_is_repetition():
    rng = np.random.default_rng(0)
    values, weight = rng.normal(size=50), rng.integers(0, 5, size=50)
    for p in (0.0, 0.1, 0.25, 0.5, 0.9, 1.0):
        repeated = weighted_quantile(values.repeat(weight), None, p)
        assert weighted_quantile(values, weight.astype(float), p) == repeated
    assert weighted_quantile(np.array([1.0, 2.0, 3.0, 4.0]), None, 0.5) == 2.5


@pytest.mark.parametrize("n", [20, 50, 98, 99, 300])
@pytest.mark.parametrize("shape", ["exponential", "normal", "gamma"])
def test_few_values_are_exceeded_by_one_in_a_hundred(n, shape):
    rng = np.random.default_rng(0)
    draw = {
        "exponential": rng.exponential,
        "normal": rng.normal,
        "gamma": lambda size: rng.gamma(3.0, size=size),
    }[shape]
    highest = [exceeded_quantile(draw(size=n), None, n, 0.01) for _ in range(3000)]
    # The highest of 20 would be exceeded by one in 21.
    assert 0.002 < np.mean(draw(size=(1000, 1)) > highest) < 0.015


@pytest.mark.parametrize("n", [2, 30])
def test_values_exceeded_by_few_count_weights_as_repetition(n):
    rng = np.random.default_rng(0)
    values, weight = rng.exponential(size=n), rng.integers(1, 4, size=n)
    repeated = values.repeat(weight)
    found = exceeded_quantile(values, weight.astype(float), weight.sum(), 0.01)
    expected = exceeded_quantile(repeated, None, len(repeated), 0.01)
    assert found == pytest.approx(expected)
    assert found > repeated.max()


def test_equal_values_are_exceeded_by_others_alone():
    assert exceeded_quantile(np.ones(4), None, 4, 0.01) == 1.0
