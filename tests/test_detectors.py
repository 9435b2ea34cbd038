"""Promises of every detector with flat parameters, whatever its model."""

import pickle
import re
from inspect import signature

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score

from skunsup import (
    AAEDetector,
    AdversarialAutoencoder,
    Autoencoder,
    AutoencoderDetector,
    BiGAN,
    GANDetector,
    VAEDetector,
    VariationalAutoencoder,
    _validation,
)
from skunsup._training import _rows

from .helpers import unchanged

MODELS = {
    AutoencoderDetector: Autoencoder,
    VAEDetector: VariationalAutoencoder,
    AAEDetector: AdversarialAutoencoder,
    GANDetector: BiGAN,
}
FAMILIES = [pytest.param(cls, id=cls.__name__) for cls in MODELS]
QUICK = {"n_components": 2, "hidden_layer_sizes": (16,), "batch_size": 32}


def rows(n, rng, mixing):
    """Rows of six columns that two numbers explain, but for a little noise."""
    return rng.normal(size=(n, 2)) @ mixing + 0.1 * rng.normal(size=(n, 6))


@pytest.fixture(scope="module")
def planted():
    """Normal rows to train on; others to score, half of them with shuffled columns."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(2, 6))
    train, normal = rows(320, rng, mixing), rows(160, rng, mixing)
    outliers = rng.permuted(rows(160, rng, mixing), axis=0)
    return train, np.r_[normal, outliers], np.repeat([0, 1], 160)


@pytest.fixture(scope="module")
def fitted(planted):
    """One detector of each family, trained on the normal rows."""
    return {
        cls: cls(**QUICK, epochs=60, random_state=0).fit(planted[0]) for cls in MODELS
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_finds_rows_that_break_the_pattern(planted, fitted, family):
    train, X, outlying = planted
    untrained = family(**QUICK, epochs=1, learning_rate=1e-9, random_state=0).fit(train)
    assert roc_auc_score(outlying, -fitted[family].score_samples(X)) > 0.95
    learned, chance = (
        roc_auc_score(outlying, -detector.estimator_.score_samples(X))
        for detector in (fitted[family], untrained)
    )
    assert learned > 0.9
    assert learned > chance + 0.1


@pytest.mark.parametrize("family", FAMILIES)
def test_predicts_by_the_threshold(planted, fitted, family):
    _, X, outlying = planted
    detector = fitted[family]
    predicted = detector.predict(X)
    np.testing.assert_array_equal(predicted == -1, detector.decision_function(X) < 0)
    flagged = [np.mean(predicted[outlying == label] == -1) for label in (0, 1)]
    assert flagged[0] < 0.1
    assert flagged[1] > 0.5
    probability = detector.outlier_probability(X)
    assert probability[predicted == -1].min() >= probability[predicted == 1].max()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_share_of_the_training_rows_is_flagged(planted, fitted, family):
    train = planted[0]
    auto = fitted[family].decision_function(train)
    detector = clone(fitted[family]).set_params(contamination=0.25, epochs=1).fit(train)
    assert np.mean(detector.predict(train) == -1) == 0.25
    assert np.mean(auto < 0) < 0.1


@pytest.mark.parametrize("family", FAMILIES)
def test_every_parameter_of_the_model_is_there_and_reaches_it(fitted, family):
    model, given = MODELS[family], {"l1_penalty": 0.5, "beta": 0.5, "warmup_epochs": 2}
    given |= {"adversarial_weight": 0.5, "reconstruction_weight": 0.5, "n_critic": 2}
    given |= {"tol": 0.5, "validation_fraction": 0.25, "n_iter_no_change": 3}
    given |= {"density_weight": 0.5, "n_importance_samples": 2, "noise": "swap"}
    # Detectors share one program among their networks, and generate no rows.
    names = set(model().get_params()) - {"n_clusters", "fitted_prior"}
    own = {"contamination", "scoring", "novelty", "support_fraction", "n_neighbors"}
    if family is AutoencoderDetector:
        own |= {"n_estimators", "max_samples", "max_features"}
    assert set(signature(family).parameters) == names | own
    given = {name: value for name, value in given.items() if name in names}
    detector = family(**QUICK, **given, epochs=3, learning_rate_schedule="constant")
    expected = {name: getattr(detector, name) for name in names}
    reached = detector._scorer().get_params()
    assert {name: reached[name] for name in names} == expected
    assert {**expected, **given} == expected
    model_used = fitted[family].estimator_
    assert isinstance(model_used, model)
    assert model_used.hidden_layer_sizes == QUICK["hidden_layer_sizes"]
    assert fitted[family].n_components_ == 2
    assert model_used.history_ == fitted[family].history_


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_of_reconstruction_are_the_models(planted, fitted, family):
    train, X, _ = planted
    detector = clone(fitted[family]).set_params(scoring="reconstruction", epochs=2)
    own = detector.fit(train).estimator_.score_samples(X)
    np.testing.assert_allclose(detector.score_samples(X), own, rtol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_feature_scores_blame_the_spoilt_column(planted, fitted, family):
    train, _, _ = planted
    detector, spoilt = fitted[family], train[:100].copy()
    spoilt[:, 3] += 6.0
    before, after = (detector.feature_scores(X) for X in (train[:100], spoilt))
    assert after.shape == (100, 6)
    assert after.min() >= 0.0
    assert (after - before).mean(axis=0).argmax() == 3


@pytest.mark.parametrize("family", FAMILIES)
def test_feature_scores_sum_to_the_score(planted, fitted, family):
    _, X, _ = planted
    shares, scores = fitted[family].feature_scores(X), fitted[family].score_samples(X)
    np.testing.assert_allclose(shares.sum(axis=1), -scores, rtol=1e-5)


def test_density_of_the_code_counts_by_its_weight(planted):
    train, X, _ = planted
    params = {**QUICK, "epochs": 2, "random_state": 0, "scoring": "reconstruction"}
    plain, joint = (
        AAEDetector(**params, density_weight=weight).fit(train) for weight in (0.0, 0.5)
    )
    codes = plain.estimator_.transform(X)
    np.testing.assert_array_equal(codes, joint.estimator_.transform(X))
    density = -0.5 * np.square(codes).sum(axis=1)
    rest = joint.score_samples(X) - 0.5 * density
    assert np.corrcoef(rest, plain.score_samples(X))[0, 1] > 0.9999
    assert np.corrcoef(joint.score_samples(X), plain.score_samples(X))[0, 1] < 0.999


@pytest.mark.parametrize(
    ("given", "epochs"),
    [
        ({}, 31),  # 500 steps, of the half of 256 rows that each network sees
        ({"novelty": True}, 50),  # 1,000, of the half of 320
        ({"support_fraction": 1.0, "max_samples": 1.0}, 13),  # 40 an epoch
        ({"epochs": 3}, 3),
        ({"support_fraction": 1.0, "max_samples": 1.0, "max_steps": 95}, 3),
        ({"max_steps": 95, "epochs": 2}, 2),
    ],
)
def test_length_of_training_suits_the_rows(planted, given, epochs):
    detector = AutoencoderDetector(**{**QUICK, "batch_size": 8}, random_state=0)
    detector.set_params(**given).fit(planted[0])
    # The halves are about as large.
    about = detector.max_samples < 1 and "epochs" not in given
    assert abs(detector.n_iter_ - epochs) <= 6 * about


@pytest.mark.parametrize("family", FAMILIES)
def test_warm_start_goes_on(planted, family):
    train, _, _ = planted
    params = {**QUICK, "learning_rate_schedule": "constant", "random_state": 0}
    once = family(**params, epochs=2).fit(train)
    detector = family(**params, epochs=1, warm_start=True)
    detector.fit(train).fit(train)
    assert detector.n_iter_ == 2
    assert detector.history_["loss"] == once.history_["loss"]
    np.testing.assert_array_equal(
        detector.score_samples(train), once.score_samples(train)
    )
    assert detector.offset_ == once.offset_


@pytest.mark.parametrize("family", FAMILIES)
def test_copies_score_alike(planted, fitted, family):
    _, X, _ = planted
    detector = fitted[family]
    restored = pickle.loads(pickle.dumps(detector))
    np.testing.assert_array_equal(
        restored.decision_function(X), detector.decision_function(X)
    )
    fresh = clone(detector)
    assert fresh.get_params() == detector.get_params()
    with pytest.raises(NotFittedError):
        fresh.predict(X)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"contamination": 0.6}, "'contamination' parameter of .*Got 0.6"),
        ({"contamination": "some"}, "'contamination' parameter of .*Got 'some'"),
        ({"n_components": 0}, "'n_components' parameter of .*Got 0"),
        ({"hidden_layer_sizes": (16, 0)}, re.escape("hidden_layer_sizes=(16, 0)")),
        ({"activation": "swihs"}, "swihs"),
    ],
)
def test_refuses_bad_parameters(planted, fitted, family, params, message):
    detector = pickle.loads(pickle.dumps(fitted[family]))
    detector.set_params(**params)
    with unchanged(detector), pytest.raises(ValueError, match=message):
        detector.fit(planted[0])


@pytest.mark.parametrize("family", FAMILIES)
def test_refuses_bad_rows(planted, fitted, family):
    train, X, _ = planted
    detector = pickle.loads(pickle.dumps(fitted[family]))
    broken = train.copy()
    broken[3, 2] = np.nan
    with unchanged(detector), pytest.raises(ValueError, match="NaN"):
        detector.fit(broken)
    with pytest.raises(ValueError, match="5 features"):
        detector.predict(X[:, :5])
    with unchanged(detector), pytest.raises(ValueError, match="sample"):
        detector.fit(train[:1])
    detector.set_params(max_steps=1)
    for X, weight, message in ((None, None, "scalar"), (train, [1.0], "shape")):
        with unchanged(detector), pytest.raises(ValueError, match=message):
            detector.fit(X, sample_weight=weight)


@pytest.mark.parametrize("novelty", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_training_rows_are_validated_and_hashed_once(family, novelty, monkeypatch):
    counts = {"validated": 0, "hashed": 0}
    validate, hashed = _validation.validate_data, _rows._hashed

    def count_validations(*args, **kwargs):
        counts["validated"] += 1
        return validate(*args, **kwargs)

    def count_hashes(block, salt):
        counts["hashed"] += len(block)
        return hashed(block, salt)

    monkeypatch.setattr(_validation, "validate_data", count_validations)
    monkeypatch.setattr(_rows, "_hashed", count_hashes)
    X = np.random.default_rng(0).normal(size=(60, 6))
    family(**QUICK, max_steps=2, novelty=novelty, random_state=0).fit(X)
    assert counts == {"validated": 1, "hashed": 60}
