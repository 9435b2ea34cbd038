"""Copies, pickles and what survives an interruption."""

import copy
import gc
import importlib.util
import io
import os
import pickle
import subprocess
import sys
import threading
import warnings
from inspect import signature

import joblib
import keras
import numpy as np
import psutil
import pytest
import sklearn.exceptions
import skops.io
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import cross_validate

import skunsup
from skunsup import (
    GAN,
    AdversarialAutoencoder,
    Autoencoder,
    AutoencoderDetector,
    BiGAN,
    Images,
    OutlierDetector,
    VariationalAutoencoder,
    WassersteinAutoencoder,
)
from skunsup._persistence import VERSION, InconsistentVersionWarning
from skunsup._training import _fitted, _programs, _train, compilations

from .helpers import unchanged

QUICK = {"hidden_layer_sizes": (16,), "epochs": 3, "random_state": 0}
# Estimators of each family, with what is hard to copy.
FAMILIES = {
    "GAN": GAN(**QUICK, n_components=2, spectral_normalization=True),
    "AdversarialAutoencoder": AdversarialAutoencoder(**QUICK, prior="swiss-roll"),
    "BiGAN": BiGAN(**QUICK, n_critic=2),
    "VariationalAutoencoder": VariationalAutoencoder(**QUICK, n_importance_samples=5),
    "WassersteinAutoencoder": WassersteinAutoencoder(**QUICK, prior="mixture"),
}


@pytest.fixture(scope="module")
def families(blobs):
    """The families on the blobs."""
    return {name: clone(model).fit(blobs) for name, model in FAMILIES.items()}


def by_joblib(estimator):
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    return joblib.load(buffer)


COPIES = {
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "joblib": by_joblib,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("how", COPIES)
def test_copies_compute_the_same(blobs, how):
    model = Autoencoder(**QUICK, loss=keras.losses.Huber(0.1)).fit(blobs)
    detector = AutoencoderDetector(**QUICK).fit(blobs)
    around = OutlierDetector(model).fit(blobs)
    for estimator in (model, detector, around):
        twin = COPIES[how](estimator)
        np.testing.assert_array_equal(
            twin.score_samples(blobs), estimator.score_samples(blobs)
        )


def test_a_copy_goes_on_training_as_the_original(blobs):
    model = Autoencoder(**QUICK, optimizer="nadam").fit(blobs)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        twin.partial_fit(blobs).transform(blobs),
        model.partial_fit(blobs).transform(blobs),
    )


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("how", COPIES)
def test_copies_of_families_go_on_as_the_original(blobs, families, how, name):
    model = copy.deepcopy(families[name])
    twin = COPIES[how](model)
    for _ in range(2):
        for method in ("transform", "score_samples"):
            ours, theirs = (getattr(each, method)(blobs) for each in (twin, model))
            np.testing.assert_array_equal(ours, theirs)
        ours, theirs = (each.sample(5, random_state=0) for each in (twin, model))
        np.testing.assert_array_equal(ours, theirs)
        twin.partial_fit(blobs)
        model.partial_fit(blobs)


@pytest.mark.parametrize("name", FAMILIES)
def test_keras_saves_the_networks(blobs, families, tmp_path, name):
    network, X = families[name].model_, keras.ops.convert_to_tensor(np.float32(blobs))
    network.save(tmp_path / "network.keras")
    saved = keras.models.load_model(tmp_path / "network.keras")
    for method in ("__call__", "row_score", "row_loss"):
        ours, theirs = (
            keras.ops.convert_to_numpy(getattr(each, method)(X))
            for each in (saved, network)
        )
        np.testing.assert_array_equal(ours, theirs)
    for part in network.part_names:
        assert type(getattr(saved, part)) is type(getattr(network, part))
    assert saved.groups == network.groups


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="of TensorFlow")
def test_keras_exports_the_networks(blobs, families, tmp_path):
    """TensorFlow wants a name of its own for each variable."""
    import tensorflow as tf

    network, X = families["VariationalAutoencoder"].model_, np.float32(blobs)
    network.export(tmp_path / "network", format="tf_saved_model", verbose=False)
    exported = tf.saved_model.load(str(tmp_path / "network"))
    np.testing.assert_allclose(exported.serve(X), network(X), rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="of TensorFlow")
@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_keras_exports_the_networks_to_lite_rt(blobs, families, tmp_path):
    import tensorflow as tf

    network, X = families["VariationalAutoencoder"].model_, np.float32(blobs)
    network.export(tmp_path / "network.tflite", format="litert", verbose=False)
    runtime = tf.lite.Interpreter(str(tmp_path / "network.tflite"))
    (given,) = runtime.get_input_details()
    runtime.resize_tensor_input(given["index"], X.shape)
    runtime.allocate_tensors()
    runtime.set_tensor(given["index"], X)
    runtime.invoke()
    (result,) = runtime.get_output_details()
    result = runtime.get_tensor(result["index"])
    np.testing.assert_allclose(result, network(X), rtol=1e-5, atol=1e-6)


def test_a_pickle_holds_numpy_alone(blobs):
    model = Autoencoder(**QUICK).fit(blobs)
    model.transform(blobs)
    _ = model.model_
    text = pickle.dumps(model)
    for name in (b"tensorflow", b"jax", b"torch"):
        assert name not in text
    weights = sum(value.nbytes for value in model._network.values)
    assert len(text) < 4 * weights + 20_000


LOAD = """
import pickle, sys, numpy as np, skops.io, skunsup
with open(sys.argv[1], "rb") as file:
    model, families, X = pickle.load(file)
twins = skops.io.load(sys.argv[1] + ".skops", trusted=skunsup.TRUSTED_TYPES)
for name, each in {"": model, **families}.items():
    assert np.array_equal(twins[name].transform(X), each.transform(X))
out = {"codes": model.transform(X), "scores": model.score_samples(X)}
out["more"] = model.partial_fit(X).transform(X)
for name, each in families.items():
    out[name + " scores"] = each.score_samples(X)
    out[name + " sample"] = each.sample(4, random_state=0)
more = families["AdversarialAutoencoder"].partial_fit(X).transform(X)
np.savez(sys.argv[2], more_of_family=more, **out)
"""


# All in one process, since the import of a backend takes longest.
@pytest.mark.parametrize("other", ["tensorflow", "jax", "torch"])
def test_pickles_load_under_another_backend(blobs, families, tmp_path, other):
    if other == keras.backend.backend():
        pytest.skip("It is the one that runs")
    if importlib.util.find_spec(other) is None:
        pytest.skip(f"{other} is not installed")
    model = Autoencoder(**QUICK, noise="masking").fit(blobs)
    path, out = tmp_path / "models.pickle", tmp_path / "out.npz"
    path.write_bytes(pickle.dumps((model, families, blobs)))
    skops.io.dump({"": model, **families}, f"{path}.skops")
    command = [sys.executable, "-W", "ignore", "-c", LOAD, path, out]
    subprocess.run(command, check=True, env={**os.environ, "KERAS_BACKEND": other})
    with np.load(out) as file:
        there = dict(file)
    np.testing.assert_allclose(there["codes"], model.transform(blobs), atol=1e-5)
    scores = model.score_samples(blobs)
    np.testing.assert_allclose(there["scores"], scores, rtol=1e-4, atol=1e-6)
    assert np.isfinite(there["more"]).all()
    for name, model in families.items():
        scores, rows = model.score_samples(blobs), model.sample(4, random_state=0)
        np.testing.assert_allclose(there[f"{name} scores"], scores, 1e-3, 1e-4)
        np.testing.assert_allclose(there[f"{name} sample"], rows, 1e-3, 1e-4)
    assert np.isfinite(there["more_of_family"]).all()


class Interrupt(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def test_interruption_leaves_a_usable_estimator(blobs):
    two = Autoencoder(**{**QUICK, "epochs": 2}).fit(blobs)
    model = Autoencoder(**{**QUICK, "epochs": 50}, callbacks=Interrupt())
    with pytest.warns(UserWarning, match="interrupted after 2 of 50 epochs"):
        model.fit(blobs)
    assert model.n_iter_ == 2
    np.testing.assert_array_equal(model.transform(blobs), two.transform(blobs))


def test_interruption_keeps_the_best(blobs):
    model = Autoencoder(
        **{**QUICK, "epochs": 50}, early_stopping=True, callbacks=Interrupt()
    )
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(blobs, X_val=blobs)
    assert -model.score(blobs) == pytest.approx(min(model.history_["val_loss"]))


def test_repeated_fits_reuse_programs_and_memory(blobs):
    model = Autoencoder(**QUICK)
    for seed in range(10):  # torch records its steps in the sixth
        model.set_params(random_state=seed, learning_rate=0.01 / (1 + seed)).fit(blobs)
    model.transform(blobs)
    process, before = psutil.Process(), compilations()
    resident = process.memory_info().rss
    for seed in range(50):
        model.set_params(random_state=seed, learning_rate=0.01 / (1 + seed)).fit(blobs)
        model.transform(blobs)
    assert compilations() == before
    assert process.memory_info().rss - resident < 10 * 2**20


def test_a_full_process_says_so_before_it_dies(blobs, monkeypatch, tmp_path):
    if keras.backend.backend() != "tensorflow" or not _programs.MAPPINGS.exists():
        pytest.skip("TensorFlow keeps its programs, and Linux counts mappings")
    limit = tmp_path / "max_map_count"
    limit.write_text("1000\n")
    monkeypatch.setattr(_programs, "MOST_MAPPINGS", limit)
    model = Autoencoder(**QUICK).fit(blobs)  # whose programs there are
    with unchanged(model), pytest.raises(MemoryError, match=r"of 1000 .*max_map_count"):
        model.fit(blobs[:, :4])


def test_the_store_is_bounded_and_what_it_drops_is_freed(blobs, monkeypatch):
    """A search over layer sizes would use up the mappings of a process."""
    stores = [_train._trainers, _fitted._networks, _fitted._scorers]
    for store in stores:
        monkeypatch.setattr(store, "size", 2)
    on_linux, n_mappings = _programs.MAPPINGS.exists(), []
    for width in range(1, 6):
        Autoencoder(hidden_layer_sizes=(width,), epochs=1).fit_transform(blobs[:4])
        gc.collect()
        if on_linux:  # which counts them
            n_mappings.append(len(_programs.MAPPINGS.read_bytes().splitlines()))
    assert [sum(map(len, store._values.values())) for store in stores] == [2, 2, 2]
    assert not on_linux or n_mappings[-1] - n_mappings[2] < 20  # a fit maps more


def test_the_keras_network_is_a_copy(blobs):
    model = Autoencoder(**QUICK).fit(blobs)
    codes = model.transform(blobs)
    network = model.model_
    seen = network.encode(keras.ops.convert_to_tensor(np.float32(blobs)))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(seen), codes, atol=1e-5)
    network.set_weights([0 * weight for weight in network.get_weights()])
    np.testing.assert_array_equal(model.transform(blobs), codes)


@pytest.mark.parametrize("spectral", [False, True])
def test_clones_of_the_keras_network_start_from_random_kernels(blobs, spectral):
    """The engine's own copies start from zeros, which nothing would train."""
    model = GAN(**QUICK, n_components=2, spectral_normalization=spectral).fit(blobs)
    twin = keras.models.clone_model(model.model_.discriminator)
    assert all(np.ptp(w) > 0 for w in twin.get_weights() if w.ndim == 2)


def everything():
    """One of each class that has parameters, where possible with defaults alone."""
    required = {"estimator": Autoencoder(), "blocks": [("a", Images(), ["a"])]}
    for cls in (getattr(skunsup, name) for name in skunsup.__all__):
        if isinstance(cls, type) and issubclass(cls, BaseEstimator):
            names = signature(cls).parameters
            yield cls(**{k: v for k, v in required.items() if k in names})


EVERYTHING = {type(each).__name__: each for each in everything()}


@pytest.mark.parametrize("name", EVERYTHING)
def test_an_old_pickle_warns_and_has_the_defaults(name):
    """As of a version before there were versions, and some of the parameters."""
    estimator = EVERYTHING[name]
    defaults = {
        k: p.default
        for k, p in signature(type(estimator)).parameters.items()
        if p.default is not p.empty
    }
    state = estimator.__getstate__()
    assert state.pop(VERSION) == skunsup.__version__
    for parameter in defaults:
        del state[parameter]
    old = type(estimator).__new__(type(estimator))
    with pytest.warns(sklearn.exceptions.InconsistentVersionWarning) as warned:
        old.__setstate__(state)
    assert isinstance(warned[0].message, InconsistentVersionWarning)
    assert f"{name} was pickled with skunsup of an unknown" in str(warned[0].message)
    found = old.get_params(deep=False)
    assert all(found[k] is v or found[k] == v for k, v in defaults.items())
    assert repr(old) == repr(type(estimator)(**found))


def test_an_old_fitted_estimator_goes_on(blobs):
    model = Autoencoder(**QUICK).fit(blobs)
    state = {**model.__getstate__(), VERSION: "0.0.9"}
    for name in ("weight_decay", "max_steps", "inputs", "warm_start"):
        del state[name]
    old = Autoencoder.__new__(Autoencoder)
    with pytest.warns(InconsistentVersionWarning, match=r"0\.0\.9 and is read by"):
        old.__setstate__(state)
    assert repr(old) == repr(model)
    np.testing.assert_array_equal(old.transform(blobs), model.transform(blobs))
    np.testing.assert_array_equal(
        old.partial_fit(blobs).transform(blobs),
        model.partial_fit(blobs).transform(blobs),
    )
    np.testing.assert_array_equal(
        old.fit(blobs).transform(blobs), model.fit(blobs).transform(blobs)
    )


def test_the_same_version_does_not_warn(blobs):
    around = OutlierDetector(Autoencoder(**QUICK)).fit(blobs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for how in COPIES.values():
            assert VERSION not in vars(how(around))


class Recorder(keras.callbacks.Callback):
    """Has data, a model under a name of its own, a file and a lock."""

    def __init__(self):
        super().__init__()
        self.seen, self.network, self.lock, self.file = [], None, None, None

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append((epoch, np.float64(logs["loss"])))
        self.network, self.lock = self.model, threading.Lock()


class Careful(Recorder):
    """Says itself what shall be pickled."""

    def __getstate__(self):
        left_out = ("lock", "network")
        return {k: v for k, v in vars(self).items() if k not in left_out}


def running(folder):
    return [
        Recorder(),
        Careful(),
        keras.callbacks.CSVLogger(folder / "log.csv"),
        keras.callbacks.EarlyStopping("loss", restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(folder / "best.keras", "loss"),
        keras.callbacks.ProgbarLogger(),
        keras.callbacks.History(),
    ]


@pytest.mark.parametrize("how", COPIES)
def test_callbacks_are_copied_with_what_they_recorded(blobs, tmp_path, how):
    callbacks = running(tmp_path)
    model = Autoencoder(**QUICK, callbacks=callbacks).fit(blobs)
    twin = COPIES[how](model)
    assert [type(c) for c in twin.callbacks_] == [type(c) for c in callbacks]
    for ours, theirs in zip(twin.callbacks_[:2], model.callbacks_[:2], strict=True):
        assert ours.seen == theirs.seen
        assert len(ours.seen) == 3
    assert twin.callbacks_[0].lock is twin.callbacks_[0].network is None
    assert all(callback.model is None for callback in twin.callbacks_)
    assert twin.callbacks_[6].history["loss"] == model.history_["loss"]
    assert model.callbacks_[0].network is model.callbacks_[0].model
    plain = Autoencoder(**QUICK).fit(blobs)
    np.testing.assert_array_equal(
        twin.fit(blobs).transform(blobs), plain.transform(blobs)
    )


def test_tensorboard_and_open_files_do_not_stop_copies(blobs, tmp_path):
    pytest.importorskip("tensorboard")
    callbacks = [
        keras.callbacks.TensorBoard(tmp_path / "board"),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
    ]
    detector = AutoencoderDetector(**QUICK, callbacks=callbacks).fit(blobs)
    for copied in COPIES.values():
        np.testing.assert_array_equal(
            copied(detector).score_samples(blobs), detector.score_samples(blobs)
        )
    found = cross_validate(
        Autoencoder(**QUICK, callbacks=callbacks),
        blobs,
        cv=2,
        n_jobs=2,
        return_estimator=True,
        error_score="raise",
    )
    assert all(each.n_iter_ == 3 for each in found["estimator"])
