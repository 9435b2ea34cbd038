"""One random_state fixes everything and disturbs nothing."""

import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from keras import layers

from skunsup import (
    GAN,
    AdversarialAutoencoder,
    Autoencoder,
    AutoencoderDetector,
    BiGAN,
    VariationalAutoencoder,
    WassersteinAutoencoder,
)
from skunsup._random import global_state_kept

QUICK = {"hidden_layer_sizes": (16,), "epochs": 3, "random_state": 0}


FAMILIES = [
    GAN,
    AdversarialAutoencoder,
    BiGAN,
    VariationalAutoencoder,
    WassersteinAutoencoder,
]


def with_dropout(n_inputs, n_outputs):
    return keras.Sequential(
        [
            keras.Input((n_inputs,)),
            layers.Dense(8),
            layers.Dropout(0.3),
            layers.Dense(3),
        ]
    )


VARIANTS = [
    {},
    {"noise": "gaussian"},
    {"noise": "swap", "batch_size": 7},
    {"early_stopping": True},
    {"init": "pca"},
    {"encoder": with_dropout},
]


def draw_from_everything():
    """Move every global random state, and build networks in between."""
    random.random()
    np.random.random()  # noqa: NPY002
    keras.Sequential([keras.Input((3,)), layers.Dense(4)])
    keras.random.normal((2,))
    Autoencoder(epochs=1).fit(np.eye(4))


@pytest.mark.parametrize("params", VARIANTS)
def test_refits_are_equal_to_the_bit(blobs, params):
    first = Autoencoder(**QUICK, **params).fit(blobs)
    draw_from_everything()
    second = Autoencoder(**QUICK, **params).fit(blobs)
    np.testing.assert_array_equal(first.transform(blobs), second.transform(blobs))
    assert first.history_ == second.history_
    other = Autoencoder(**{**QUICK, "random_state": 1}, **params).fit(blobs)
    assert not np.array_equal(first.transform(blobs), other.transform(blobs))


@pytest.mark.parametrize("family", FAMILIES)
def test_refits_of_families_are_equal_to_the_bit(blobs, family):
    before = global_states()
    first, second = (family(**QUICK).fit(blobs) for _ in range(2))
    for method in ("transform", "score_samples"):
        ours, theirs = (getattr(model, method)(blobs) for model in (first, second))
        np.testing.assert_array_equal(ours, theirs)
    samples = [model.sample(9, random_state=1) for model in (first, second)]
    np.testing.assert_array_equal(*samples)
    assert first.history_ == second.history_
    assert global_states() == before
    other = family(**{**QUICK, "random_state": 1}).fit(blobs)
    assert not np.array_equal(first.transform(blobs), other.transform(blobs))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_of_a_family_depends_on_itself_alone(blobs, family):
    model, X = family(**QUICK).fit(blobs), np.tile(blobs, (2, 1))
    order = np.random.default_rng(0).permutation(len(X))
    for compute in (model.transform, model.score_samples):
        whole = compute(X)
        np.testing.assert_array_equal(compute(X[order]), whole[order])
        for size in (1, 33):
            np.testing.assert_array_equal(compute(X[:size]), whole[:size])


def test_no_random_state_means_a_new_one(blobs):
    params = {**QUICK, "random_state": None}
    codes = [Autoencoder(**params).fit_transform(blobs) for _ in range(2)]
    assert not np.array_equal(*codes)


def test_random_state_instance_moves_on(blobs):
    params = {**QUICK, "random_state": np.random.RandomState(0)}
    codes = [Autoencoder(**params).fit_transform(blobs) for _ in range(2)]
    assert not np.array_equal(*codes)


SCRIPT = """
import sys, numpy as np
from skunsup import Autoencoder
X = np.random.default_rng(0).normal(size=(60, 6))
codes = Autoencoder(3, hidden_layer_sizes=(16,), epochs=3, noise="gaussian",
                    random_state=0).fit_transform(X)
np.save(sys.argv[1], codes)
"""


def test_refits_are_equal_in_two_processes(tmp_path, monkeypatch):
    there, here = tmp_path / "there.npy", tmp_path / "here.npy"
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, there]
    subprocess.run(command, check=True, env=os.environ)
    monkeypatch.setattr(sys, "argv", ["-c", str(here)])
    exec(SCRIPT, {})
    np.testing.assert_array_equal(np.load(there), np.load(here))


def global_states():
    states = [random.getstate(), np.random.get_state()[1].tolist()]  # noqa: NPY002
    if "torch" in sys.modules:
        states.append(sys.modules["torch"].get_rng_state().tolist())
    if "tensorflow" in sys.modules:
        generator = sys.modules["tensorflow"].random.get_global_generator()
        states.append(generator.state.numpy().tolist())
    return states


@pytest.mark.parametrize("params", [*VARIANTS, {"random_state": None}])
def test_global_states_are_left_alone(blobs, params):
    before = global_states()
    model = Autoencoder(**{**QUICK, **params}).fit(blobs)
    model.partial_fit(blobs).score_samples(blobs)
    _ = model.model_
    AutoencoderDetector(**{**QUICK, **params}).fit(blobs).predict(blobs)
    assert global_states() == before


def test_blocks_that_keep_global_states_may_overlap():
    before = global_states()
    first, second, inner = (global_state_kept() for _ in range(3))
    first.__enter__()
    random.random()
    second.__enter__()  # as another thread would
    np.random.random()  # noqa: NPY002
    with inner:
        random.random()
    first.__exit__(None, None, None)
    random.random()
    second.__exit__(None, None, None)
    assert global_states() == before


def test_global_states_are_kept_when_a_block_raises():
    before = global_states()
    with pytest.raises(KeyError), global_state_kept():
        {}[random.random()]
    assert global_states() == before
    random.random()
    assert global_states() != before  # nothing is kept any longer


def test_fits_in_threads_leave_global_states_alone(blobs):
    def fit(seed):
        params = {**QUICK, "random_state": seed}
        return Autoencoder(**params).fit(blobs).model_

    before = global_states()
    for _ in range(3):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(fit, range(8)))
    assert global_states() == before


METHODS = ["transform", "reconstruct", "score_samples", "feature_scores"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("activation", ["relu", "tanh", "swish"])
def test_a_row_depends_on_itself_alone(method, activation):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(700, 13))
    model = Autoencoder(
        3, hidden_layer_sizes=(37, 10), activation=activation, epochs=1, random_state=0
    ).fit(X)
    compute = getattr(model, method)
    whole = compute(X)
    np.testing.assert_array_equal(compute(X), whole)
    order = rng.permutation(len(X))
    np.testing.assert_array_equal(compute(X[order]), whole[order])
    for size in (1, 31, 33, 65):
        np.testing.assert_array_equal(compute(X[:size]), whole[:size])
    for row in (0, 250, 699):
        np.testing.assert_array_equal(compute(X[row : row + 1])[0], whole[row])


def test_many_blocks_are_as_one(blobs, monkeypatch):
    model = Autoencoder(**QUICK).fit(blobs)
    X = np.tile(blobs, (9, 1))
    whole = model.transform(X)
    monkeypatch.setattr("skunsup._training._fitted.MAX_TILES", 4)
    np.testing.assert_array_equal(model.transform(X), whole)


def test_threads_agree_with_serial(blobs):
    model = Autoencoder(**QUICK).fit(blobs)
    parts = [np.roll(blobs, i, axis=0)[: 10 + i] for i in range(32)]
    serial = [model.transform(part) for part in parts]
    fresh = Autoencoder(**QUICK).fit(blobs)
    with ThreadPoolExecutor(8) as pool:
        threaded = list(pool.map(fresh.transform, parts))
    for ours, theirs in zip(threaded, serial, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_fits_in_threads_agree_with_serial(blobs):
    def fit(seed):
        return Autoencoder(**{**QUICK, "random_state": seed}).fit_transform(blobs)

    serial = [fit(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(fit, range(4)))
    for ours, theirs in zip(threaded, serial, strict=True):
        np.testing.assert_array_equal(ours, theirs)
