"""Weights to start from: those of a fitted model, and layer by layer."""

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator

from skunsup import Autoencoder, AutoencoderDetector, VariationalAutoencoder

from .helpers import on_torch_or_asked

QUICK = {"hidden_layer_sizes": (16,), "epochs": 3, "random_state": 0}
STILL = {**QUICK, "epochs": 1, "batch_size": None, "learning_rate": 1e-12}
DEEP = {
    "n_components": 8,
    "hidden_layer_sizes": (64, 48, 32, 24, 16),
    "activation": "sigmoid",
    "learning_rate": 0.01,
    "epochs": 8,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def source(blobs):
    """A model to start from."""
    return Autoencoder(**{**QUICK, "epochs": 20}).fit(blobs)


@pytest.mark.parametrize("wrap", [FrozenEstimator, lambda fitted: fitted])
def test_starts_from_a_fitted_model(blobs, source, wrap):
    before = source.transform(blobs)
    model = Autoencoder(**STILL, init=wrap(source)).fit(blobs)
    np.testing.assert_allclose(model.transform(blobs), before, rtol=1e-4, atol=1e-5)
    assert model.n_iter_ == 1


def test_the_source_stays_as_it_was(blobs, source):
    before = source.transform(blobs)
    model = Autoencoder(**QUICK, learning_rate=0.1, init=FrozenEstimator(source))
    assert not np.allclose(model.fit_transform(blobs), before, atol=0.1)
    np.testing.assert_array_equal(source.transform(blobs), before)


def test_new_data_take_fewer_epochs(blobs, source):
    new = blobs[::-1] * 0.9 + 0.1
    warm = Autoencoder(**QUICK, init=FrozenEstimator(source)).fit(new)
    assert warm.score(new) > Autoencoder(**QUICK).fit(new).score(new)


def test_a_frozen_start_survives_clone(blobs, source):
    model = Autoencoder(**QUICK, init=FrozenEstimator(source))
    codes = model.fit_transform(blobs)
    np.testing.assert_array_equal(clone(model).fit_transform(blobs), codes)


def test_a_plain_start_does_not_survive_clone(blobs, source):
    model = clone(Autoencoder(**QUICK, init=source))
    with pytest.raises(ValueError, match=r"init=Auto.* not fitted.*FrozenEstimator"):
        model.fit(blobs)


@on_torch_or_asked
def test_another_family_may_be_the_start(blobs):
    detector = AutoencoderDetector(n_components=2, **QUICK, n_estimators=1).fit(blobs)
    same = {"activation": detector.activation, "init": detector.estimator_}
    model = Autoencoder(2, **STILL, **same).fit(blobs)
    np.testing.assert_allclose(
        model.transform(blobs),
        detector.estimator_.transform(blobs),
        rtol=1e-4,
        atol=1e-5,
    )


def test_shapes_that_differ_are_named(blobs, source):
    model = Autoencoder(3, **QUICK, init=FrozenEstimator(source))
    with pytest.raises(ValueError, match=r"6-16-2-16-6.*6-16-3-16-6"):
        model.fit(blobs)
    variational = VariationalAutoencoder(**QUICK).fit(blobs)
    with pytest.raises(ValueError, match=r"6-16-4, 2-16-6.*6-16-2-16-6"):
        Autoencoder(**QUICK, init=FrozenEstimator(variational)).fit(blobs)
    with pytest.raises(ValueError, match=r"6-16-2-16-6 units \(relu\).*\(tanh\)"):
        Autoencoder(**QUICK, activation="tanh", init=source).fit(blobs)
    assert not hasattr(model, "n_components_")


@pytest.mark.parametrize("start", [object(), "best", 3])
def test_other_starts_are_refused(blobs, start):
    with pytest.raises(ValueError, match="'init' parameter"):
        Autoencoder(**QUICK, init=start).fit(blobs)


def test_estimators_of_other_kinds_are_refused(blobs):
    with pytest.raises(ValueError, match=r"init=.*PCA.*fitted model of skunsup"):
        Autoencoder(**QUICK, init=FrozenEstimator(PCA().fit(blobs))).fit(blobs)


def test_layerwise_start_trains_deep_networks(digits):
    train, test = digits[:600], digits[1200:]
    random, layerwise = (
        -Autoencoder(**DEEP, init=init).fit(train).score(test)
        for init in ("random", "layerwise")
    )
    assert random > 0.9 * test.var(axis=0).mean()  # it has not begun to learn
    assert layerwise < 0.6 * random


def test_layerwise_start_is_fixed_by_the_seed(blobs):
    model = Autoencoder(**QUICK, init="layerwise")
    codes = model.fit_transform(blobs)
    np.testing.assert_array_equal(clone(model).fit_transform(blobs), codes)
    model.set_params(random_state=1)
    assert not np.allclose(model.fit_transform(blobs), codes)


@on_torch_or_asked
def test_layerwise_start_knows_loss_weights_and_steps(digits):
    X = digits[:100]
    model = Autoencoder(
        hidden_layer_sizes=(16,),
        loss="binary_crossentropy",
        noise="masking",
        epochs=None,
        max_steps=20,
        init="layerwise",
        random_state=0,
    ).fit(X, sample_weight=np.arange(100.0))
    assert np.isfinite(model.score(X))
    assert model.partial_fit(X).n_iter_ > 1


def test_layerwise_needs_the_default_network(blobs):
    own = keras.Sequential([keras.layers.Dense(2)])
    with pytest.raises(ValueError, match=r"init='layerwise' .* encoder or decoder"):
        Autoencoder(encoder=own, epochs=1, init="layerwise").fit(blobs)
    detector = AutoencoderDetector(**QUICK, n_estimators=2, init="layerwise")
    with pytest.raises(ValueError, match="n_estimators=1"):
        detector.fit(blobs)
