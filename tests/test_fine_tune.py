"""Classifiers and regressors that start from a fitted encoder."""

import copy
import os
import pickle
import random
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import load_diabetes
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skunsup import (
    GAN,
    Autoencoder,
    AutoencoderDetector,
    OutlierDetector,
    VariationalAutoencoder,
    fine_tune,
)

from .helpers import on_torch_or_asked

QUICK = {"hidden_layer_sizes": (16,), "epochs": 2, "random_state": 0}
TUNE = {"epochs": 15, "learning_rate": 5e-3, "random_state": 0}


@pytest.fixture(scope="module")
def source(digits):
    """An autoencoder of digits."""
    model = Autoencoder(16, hidden_layer_sizes=(64,), epochs=20, random_state=0)
    return model.fit(digits[:1000])


@pytest.fixture(scope="module")
def names(digit_labels):
    """Labels that are strings."""
    words = "zero one two three four five six seven eight nine"
    return np.array(words.split())[digit_labels]


@pytest.fixture(scope="module")
def fitted(source, digits, names):
    """A classifier."""
    return fine_tune(source, **TUNE).fit(digits[:200], names[:200])


def encoded(network, X):
    return keras.ops.convert_to_numpy(network.encoder(np.float32(X)))


def test_tells_digits_apart(fitted, digits, names):
    from scikeras.wrappers import KerasClassifier  # after ours, which undoes its patch

    assert isinstance(fitted, KerasClassifier)
    assert is_classifier(fitted)
    assert fitted.classes_.tolist() == sorted(set(names))
    assert fitted.score(digits[1000:], names[1000:]) > 0.8
    assert fitted.predict(digits[:3]).tolist() == names[:3].tolist()
    shares = fitted.predict_proba(digits[1000:])
    assert shares.shape == (797, 10)
    assert shares.dtype == np.float64
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert fitted.history_["loss"][-1] < 0.5 * fitted.history_["loss"][0]
    assert len(fitted.history_["loss"]) == 15
    assert fitted.n_features_in_ == 64


def test_a_row_does_not_depend_on_its_company(fitted, digits):
    whole = fitted.predict_proba(digits[:50])
    for index in ([7], [3, 7], slice(None, None, -1)):
        alone = fitted.predict_proba(digits[:50][index])
        np.testing.assert_array_equal(alone, whole[index])


def test_the_source_stays_as_it_was(source, fitted, digits):
    before = source.transform(digits)
    assert not np.allclose(encoded(fitted.model_, digits), before, atol=0.1)
    np.testing.assert_array_equal(source.transform(digits), before)


def test_freezing_keeps_the_encoder(source, digits, names):
    model = fine_tune(source, freeze=True, **{**TUNE, "epochs": 1})
    model.fit(digits[:100], names[:100])
    codes = source.transform(digits)
    np.testing.assert_allclose(encoded(model.model_, digits), codes, atol=1e-4)


@on_torch_or_asked
def test_starts_from_the_encoder_as_it_was_when_taken(digits, names):
    model = Autoencoder(**QUICK).fit(digits[:100])
    codes, tuned = model.transform(digits), fine_tune(model)
    model.partial_fit(digits)
    tuned.initialize(digits[:100], names[:100])
    np.testing.assert_allclose(encoded(tuned.model_, digits), codes, atol=1e-4)


@on_torch_or_asked
@pytest.mark.parametrize(
    "model",
    [
        AutoencoderDetector(**QUICK, n_estimators=2),
        OutlierDetector(Autoencoder(**QUICK)),
        VariationalAutoencoder(2, **QUICK),
    ],
    ids=lambda model: type(model).__name__,
)
def test_every_encoder_will_do(model, digits, digit_labels):
    model = model.fit(digits[:100])
    within = getattr(model, "estimator_", model)
    tuned = fine_tune(FrozenEstimator(model), freeze=True, random_state=0)
    tuned.initialize(digits[:100], digit_labels[:100])
    codes = within._compute("encode", digits)[0]
    np.testing.assert_allclose(encoded(tuned.model_, digits), codes, atol=1e-4)


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (Autoencoder(), NotFittedError, "fitted=Autoencoder is not fitted"),
        (AutoencoderDetector(), NotFittedError, "fitted=AutoencoderDetector is not"),
        (GaussianMixture(), TypeError, "fitted=GaussianMixture has no encoder"),
        (GAN, TypeError, "GAN has no encoder"),
        (GaussianMixture, TypeError, "OutlierDetector has no encoder"),
        (make_pipeline(StandardScaler(), Autoencoder()), TypeError, "last step"),
    ],
)
def test_other_models_are_refused(model, error, message, blobs):
    if isinstance(model, type):
        model = (
            GAN(**QUICK).fit(blobs)
            if model is GAN
            else OutlierDetector(model()).fit(blobs)
        )
    with pytest.raises(error, match=message):
        fine_tune(model)


def test_task_is_checked(source):
    with pytest.raises(ValueError, match=r"task='clustering'.*regression"):
        fine_tune(source, task="clustering")
    with pytest.raises(ValueError, match="class_weight='balanced'"):
        fine_tune(source, task="regression", class_weight="balanced")


def test_columns_are_checked(source, digits, names):
    with pytest.raises(ValueError, match=r"X has 63 features.*trained on 64"):
        fine_tune(source).fit(digits[:50, 1:], names[:50])
    with pytest.raises(ValueError, match="X has 50 rows, but y has 49"):
        fine_tune(source).fit(digits[:50], names[:49])
    with pytest.raises(ValueError, match="requires y to be passed"):
        fine_tune(source).fit(digits[:50], None)


def test_column_names_are_checked(blobs):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(blobs, columns=list("abcdef"))
    y = blobs[:, 0] > 0
    tuned = fine_tune(Autoencoder(**QUICK).fit(X), epochs=1)
    assert tuned.fit(X, y).feature_names_in_.tolist() == list("abcdef")
    with pytest.raises(ValueError, match=r"'f' as column 0.*trained on 'a'"):
        tuned.fit(X[X.columns[::-1]], y)
    with pytest.raises(ValueError, match="feature names"):
        tuned.predict(X[X.columns[::-1]])


def test_searches_reach_freezing_rate_and_head(source, digits, names):
    search = GridSearchCV(
        make_pipeline(StandardScaler(with_std=False), fine_tune(source, **TUNE)),
        {
            "finetunedclassifier__model__freeze": [True],
            "finetunedclassifier__optimizer__learning_rate": [1e-9, 0.03],
            "finetunedclassifier__model__head_layer_sizes": [(16,)],
            "finetunedclassifier__epochs": [10],
        },
        cv=2,
        error_score="raise",
    ).fit(digits[:200], names[:200])
    assert search.best_params_["finetunedclassifier__optimizer__learning_rate"] == 0.03
    best = search.best_estimator_[-1]
    assert [layer.units for layer in best.model_.head.layers] == [16, 10]
    assert search.score(digits[1000:], names[1000:]) > 0.5


def test_an_int_fixes_everything_and_no_global_state_moves(source, digits, names):
    def states():
        kind, keys, *rest = np.random.get_state()  # noqa: NPY002
        return random.getstate(), (kind, keys.tolist(), *rest), global_seed()

    model = clone(fine_tune(source, **{**TUNE, "epochs": 2}))
    first, before = model.fit(digits[:70], names[:70]).predict_proba(digits), states()
    second = model.fit(digits[:70], names[:70]).predict_proba(digits)
    assert states() == before
    np.testing.assert_array_equal(first, second)
    shuffled = np.random.default_rng(0).permutation(70)
    model.fit(digits[shuffled], names[shuffled])
    np.testing.assert_array_equal(model.predict_proba(digits), first)
    model.set_params(random_state=1).fit(digits[:70], names[:70])
    assert not np.allclose(model.predict_proba(digits), first)


def global_seed():
    """The next draw of a backend by its global state, without drawing."""
    if keras.backend.backend() == "tensorflow":
        from tensorflow.python.eager import context

        return context.global_seed()
    if keras.backend.backend() == "torch":
        import torch

        return torch.get_rng_state().tolist()
    return None


@on_torch_or_asked
def test_epochs_differ_in_their_minibatches(source, digits, names):
    model = fine_tune(source, optimizer="sgd", learning_rate=1e-12, epochs=3)
    model.set_params(batch_size=64, random_state=0)
    loss = model.fit(digits[:100], names[:100]).history_["loss"]
    assert len(set(loss)) == 3  # of the 28 rows that are drawn twice


COPIES = {
    "clone": lambda model: clone(model),
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("how", COPIES)
def test_copies_compute_and_go_on_as_the_original(how, fitted, source, digits, names):
    twin = COPIES[how](fitted)
    if how == "clone":
        assert not twin.initialized_
        assert twin.encoder is fitted.encoder
        return
    ours, theirs = (each.predict_proba(digits) for each in (twin, fitted))
    np.testing.assert_array_equal(ours, theirs)
    original = copy.deepcopy(fitted)
    for each in (twin, original):
        each.partial_fit(digits[:64], names[:64])
    assert len(twin.history_["loss"]) == 16
    ours, theirs = (each.predict_proba(digits) for each in (twin, original))
    np.testing.assert_array_equal(ours, theirs)


LOAD = """
import pickle, sys, numpy as np
with open(sys.argv[1], "rb") as file:
    model, X = pickle.load(file)
np.save(sys.argv[2], model.predict_proba(X))
"""


@on_torch_or_asked
def test_a_pickle_loads_under_another_backend(fitted, digits, tmp_path):
    other = "jax" if keras.backend.backend() == "torch" else "torch"
    pytest.importorskip(other)
    text = pickle.dumps((fitted, digits[:20]))
    for name in (b"tensorflow", b"jax", b"torch"):
        assert name not in text
    (tmp_path / "model.pickle").write_bytes(text)
    arguments = [tmp_path / "model.pickle", tmp_path / "out.npy"]
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD, *arguments],
        check=True,
        env={**os.environ, "KERAS_BACKEND": other},
    )
    there = np.load(arguments[1])
    np.testing.assert_allclose(there, fitted.predict_proba(digits[:20]), atol=1e-5)


def test_sample_weight_is_repetition(source, digits, names):
    X, y = digits[:40], names[:40]
    weight = np.arange(40) % 3
    given = weight.astype(float)
    model = fine_tune(source, epochs=1, random_state=0)
    weighted = model.fit(X, y, sample_weight=given).predict_proba(X)
    np.testing.assert_array_equal(given, weight)
    repeated = model.fit(X.repeat(weight, axis=0), y.repeat(weight)).predict_proba(X)
    np.testing.assert_array_equal(weighted, repeated)


@on_torch_or_asked
def test_class_weight_draws_a_small_class_more_often(source, digits, digit_labels):
    few = np.flatnonzero(digit_labels[:300] == 3)[:4]
    many = np.flatnonzero(digit_labels[:300] == 8)
    index = np.concatenate([few, many])
    X, y = digits[index], digit_labels[index]
    found = [
        fine_tune(source, class_weight=weight, freeze=True, epochs=4, random_state=0)
        .fit(X, y)
        .predict_proba(digits)[:, 0]
        .mean()
        for weight in (None, "balanced")
    ]
    assert found[1] > found[0]


def test_a_label_that_fit_has_not_seen(source, digits, digit_labels):
    X, y = digits[:60], np.minimum(digit_labels[:60], 2)
    model = fine_tune(source, **{**TUNE, "epochs": 10}).fit(X[y < 2], y[y < 2])
    assert model.classes_.tolist() == [0, 1]
    assert model.score(X[y == 2], y[y == 2]) == 0.0
    with pytest.raises(ValueError, match=r"label 2.*\[0, 1\].*partial_fit"):
        model.partial_fit(X, y)
    with pytest.raises(ValueError, match="y contains 1 class"):
        model.fit(X[y == 2], y[y == 2])
    assert model.classes_.tolist() == [0, 1]
    model = fine_tune(source, **TUNE)
    model.partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2]).partial_fit(X, y)
    assert model.predict_proba(X).shape == (60, 3)


@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_rows_without_a_label_are_left_out(source, digits, digit_labels, class_weight):
    X, y = digits[:60], digit_labels[:60] % 3
    known = np.arange(60) % 4 > 0
    names = pd.Series(np.array(["no", "yes", "maybe"])[y], dtype="string").mask(~known)
    params = {"epochs": 2, "class_weight": class_weight, "random_state": 0}
    model = fine_tune(source, **params).fit(X, names)
    other = fine_tune(source, **params).fit(X[known], names[known].to_numpy(object))
    assert model.classes_.tolist() == ["maybe", "no", "yes"]
    np.testing.assert_array_equal(model.predict_proba(X), other.predict_proba(X))
    assert model.score(X, names) == other.score(X[known], names[known].astype(object))
    with pytest.raises(ValueError, match="NaN or None alone"):
        model.fit(X, [None] * 60)


def test_minus_one_is_a_class(source, digits, digit_labels):
    y = np.where(digit_labels[:60] % 2, 1, -1)
    for labels in (y, y.astype(object), pd.Categorical(y)):
        model = fine_tune(source, epochs=1, random_state=0).fit(digits[:60], labels)
        assert model.classes_.tolist() == [-1, 1]


@on_torch_or_asked
def test_cross_validation_fills_in_for_a_class_that_a_fold_lacks(
    source, digits, digit_labels
):
    X, y = digits[:60], digit_labels[:60] % 3
    first, second = np.flatnonzero(y == 2), np.flatnonzero(y < 2)
    folds = [(second, first), (np.arange(60), second)]
    model = fine_tune(source, epochs=1, random_state=0)
    with pytest.warns(RuntimeWarning, match="Number of classes"):
        shares = cross_val_predict(model, X, y, cv=folds, method="predict_proba")
    assert shares.shape == (60, 3)


def test_validation_rows_and_callbacks(source, digits, names):
    stop = keras.callbacks.EarlyStopping("val_loss", patience=1, min_delta=1e9)
    model = fine_tune(
        source,
        epochs=9,
        validation_split=0.25,
        callbacks=[stop],
        metrics=["accuracy"],
        optimizer=keras.optimizers.Adam(1e-3),
        random_state=0,
    ).fit(digits[:100], names[:100])
    assert set(model.history_) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert len(model.history_["loss"]) == 2
    assert stop.stopped_epoch == 0
    assert model.callbacks_[0].stopped_epoch == 1
    assert not model.optimizer.built
    assert b"EarlyStopping" in pickle.dumps(model)  # the parameter
    pickle.loads(pickle.dumps(model))


def test_warm_start_goes_on(source, digits, names):
    model = fine_tune(source, epochs=2, warm_start=True, random_state=0)
    model.fit(digits[:64], names[:64]).fit(digits[:64], names[:64])
    assert len(model.history_["loss"]) == 4
    model.set_params(model__head_layer_sizes=(5,))
    with pytest.raises(ValueError, match="another network"):
        model.fit(digits[:64], names[:64])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"model__freez": True}, "Did you mean 'model__freeze'"),
        ({"optimizer__learnin_rate": 0.1}, "Did you mean 'optimizer__learning_rate'"),
        ({"optimizer": "adan"}, "Did you mean 'adam'"),
        ({"optimizer__learning_rate": -1.0}, "optimizer__learning_rate"),
        ({"model__head_layer_sizes": (0,)}, "model__head_layer_sizes"),
        ({"model__freeze": 3}, "model__freeze"),
        ({"shuffle": False}, "shuffle=False"),
        ({"epochs": 0}, "epochs"),
        ({"optimizer__learning_rate": 1e30, "optimizer": "sgd"}, "smaller learning"),
    ],
)
def test_bad_parameters(fitted, digits, names, params, message):
    model = copy.deepcopy(fitted).set_params(**params)
    before = model.predict_proba(digits)
    with pytest.raises(ValueError, match=message):
        model.fit(digits[:64], names[:64])
    np.testing.assert_array_equal(model.predict_proba(digits), before)


@on_torch_or_asked
def test_optimizers_take_arguments(source, digits, names):
    model = fine_tune(source, optimizer="sgd", epochs=1, random_state=0)
    model.set_params(optimizer__momentum=0.9, optimizer__learning_rate=0.1)
    moved = model.fit(digits[:64], names[:64]).predict_proba(digits)
    model.set_params(optimizer__momentum=0.0).fit(digits[:64], names[:64])
    assert not np.allclose(moved, model.predict_proba(digits))


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regression(n_outputs):
    X, y = load_diabetes(return_X_y=True)
    X, y = StandardScaler().fit_transform(X), (y - y.mean()) / y.std()
    y = y if n_outputs == 1 else np.column_stack([y, -y])
    model = Autoencoder(6, hidden_layer_sizes=(16,), epochs=20, random_state=0).fit(X)
    tuned = fine_tune(model, task="regression", **TUNE).fit(X[:300], y[:300])
    from scikeras.wrappers import KerasRegressor  # after ours, which undoes its patch

    assert isinstance(tuned, KerasRegressor)
    assert is_regressor(tuned)
    assert tuned.score(X[300:], y[300:]) > 0.3
    assert tuned.predict(X[:5]).shape == y[:5].shape
    np.testing.assert_allclose(tuned.predict(X[:1]), tuned.predict(X)[:1], atol=0)
    with pytest.raises(ValueError, match="y has 3 columns"):
        tuned.partial_fit(X, np.zeros((len(X), 3)))


@on_torch_or_asked
def test_a_head_start_helps(digits, digit_labels, source):
    """The codes of a trained encoder tell more than those of a random one."""
    blank = clone(source).set_params(epochs=1, batch_size=None, learning_rate=1e-12)
    trained, random_ = (
        fine_tune(model, freeze=True, learning_rate=1e-2, epochs=15, random_state=0)
        .fit(digits[:300], digit_labels[:300])
        .score(digits[1000:], digit_labels[1000:])
        for model in (source, blank.fit(digits[:50]))
    )
    assert trained > random_ + 0.05


UNPATCHED = """
import sys, keras, skunsup
skunsup.fine_tune
assert "scikeras" not in sys.modules
before = keras.Model.__reduce__, keras.losses.Loss.__reduce__
import skunsup.transfer._tuned
assert "scikeras" in sys.modules
assert before == (keras.Model.__reduce__, keras.losses.Loss.__reduce__)
assert not hasattr(keras.Model, "__deepcopy__")
"""


@on_torch_or_asked
def test_importing_scikeras_leaves_keras_as_it_was():
    pytest.importorskip("jax", reason="Keras's NumPy backend imports JAX")
    command = [sys.executable, "-W", "ignore", "-c", UNPATCHED]
    subprocess.run(command, check=True, env={**os.environ, "KERAS_BACKEND": "numpy"})


class Recorder(keras.callbacks.Callback):
    """Notes the losses, and has the model under a second name."""

    def on_train_begin(self, logs=None):
        self.losses, self.network = [], self.model

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(logs["loss"])


def test_an_old_pickle_without_a_version_and_parameters(fitted, digits):
    tuned = fine_tune(fitted.encoder, epochs=2, callbacks=[Recorder()], random_state=0)
    tuned.fit(digits[:40], np.arange(40) % 2)
    state = tuned.__getstate__()
    del state["_skunsup_version"], state["model__activation"], state["warm_start"]
    old = type(tuned).__new__(type(tuned))
    with pytest.warns(InconsistentVersionWarning, match="an unknown version"):
        old.__setstate__(pickle.loads(pickle.dumps(state)))
    assert old.callbacks_[0].losses == tuned.history_["loss"]
    assert not hasattr(old.callbacks_[0], "network")
    assert old.callbacks_[0].model is None
    assert old.model__activation == "relu"
    assert old.warm_start is False
    assert "model__activation=relu" in repr(old)
    twin = copy.deepcopy(tuned)
    for model in (old, twin):
        model.fit(digits[:40], np.arange(40) % 2)
    np.testing.assert_array_equal(
        old.predict_proba(digits[:40]), twin.predict_proba(digits[:40])
    )
