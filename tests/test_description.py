"""Users' own networks: known by what they are, and rebuilt from files with care."""

import copy
import importlib.util
import json
import pickle
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops
from numpy.testing import assert_array_equal

from skunsup import AdversarialAutoencoder, Autoencoder
from skunsup._networks._description import described
from skunsup._training import _fitted, _programs, compilations

from .helpers import array, tensor

QUICK = {"hidden_layer_sizes": (16,), "epochs": 3, "random_state": 0}
FACTOR = 1.0
ACTIVATION = "tanh"


def make(n_inputs, n_outputs):
    """Read a global, as users' functions do."""
    return keras.Sequential(
        [
            keras.Input((n_inputs,)),
            layers.Dense(5, activation=ACTIVATION),
            layers.Dropout(0.1),
            layers.Dense(n_outputs or 2),
        ]
    )


def functional(*activations):
    """Two branches; `add` and `concatenate` refer to layers by their names."""
    given = keras.Input((6,))
    branches = [layers.Dense(3, activation=each)(given) for each in activations]
    return keras.Model(given, ops.relu(layers.Add()(branches)))


class Scaled(layers.Layer):
    def call(self, x):
        return FACTOR * x


def with_layer(n_inputs, n_outputs):
    return keras.Sequential([keras.Input((n_inputs,)), Scaled(), layers.Dense(2)])


def scaled(x):
    return FACTOR * ops.tanh(x)


def with_function(n_inputs, n_outputs):
    return keras.Sequential([keras.Input((n_inputs,)), layers.Dense(2, scaled)])


def with_lambdas(n_inputs, n_outputs):
    return keras.Sequential(
        [
            keras.Input((n_inputs,)),
            layers.Dense(2, activation=lambda x: FACTOR * ops.tanh(x)),
            layers.Lambda(lambda x: FACTOR * x),
            *(layers.Lambda(times(k)) for k in (1.0, -1.0)),
        ]
    )


def times(k):
    return lambda x: k * x


def loss(x, output):
    return FACTOR * ops.mean(ops.square(x - output), axis=-1)


def sampler(n, rng):
    return FACTOR * rng.standard_normal((n, 2))


READING = {
    "layer": Autoencoder(**QUICK, encoder=with_layer),
    "function": Autoencoder(**QUICK, encoder=with_function),
    "lambdas": Autoencoder(**QUICK, encoder=with_lambdas),
    "activation": Autoencoder(2, **QUICK, activation=scaled),
    "loss": Autoencoder(2, **QUICK, loss=loss),
    "prior": AdversarialAutoencoder(2, **QUICK, prior=sampler),
}


def check_trained_as_built(model, X):
    codes = array(model.model_.encoder(tensor(X)))
    np.testing.assert_allclose(model.transform(X), codes, rtol=1e-4, atol=1e-5)


def test_a_network_is_what_was_built(blobs, monkeypatch):
    model = Autoencoder(encoder=make, epochs=3, random_state=0)
    before = model.fit(blobs).history_["loss"]
    monkeypatch.setattr(f"{__name__}.ACTIVATION", "relu")
    after = model.fit(blobs).history_["loss"]
    assert after != before
    check_trained_as_built(model, blobs)
    monkeypatch.setattr(f"{__name__}.ACTIVATION", "tanh")
    assert model.fit(blobs).history_["loss"] == before
    check_trained_as_built(model, blobs)


@pytest.mark.parametrize("kind", READING)
def test_functions_are_what_they_read(blobs, monkeypatch, kind):
    model = copy.deepcopy(READING[kind])
    before = model.fit(blobs).history_["loss"]
    monkeypatch.setattr(f"{__name__}.FACTOR", 0.5)
    assert model.fit(blobs).history_["loss"] != before
    check_trained_as_built(model, blobs)
    monkeypatch.setattr(f"{__name__}.FACTOR", 1.0)
    assert model.fit(blobs).history_["loss"] == before


def test_training_goes_on_after_what_a_function_reads_has_changed(blobs, monkeypatch):
    model = Autoencoder(2, **QUICK, loss=loss, warm_start=True).fit(blobs)
    monkeypatch.setattr(f"{__name__}.FACTOR", 100.0)
    model.fit(blobs)
    assert model.history_["loss"][3] > 20 * model.history_["loss"][2]
    with pytest.raises(ValueError, match="another network"):
        model.set_params(loss=lambda x, y: ops.mean(abs(x - y), axis=-1)).fit(blobs)


def test_equal_networks_share_programs(blobs):
    model = Autoencoder(encoder=make, epochs=3, random_state=0).fit(blobs)
    codes, before = model.transform(blobs), compilations()
    for encoder in (make, lambda *_: make(6, 2), make(6, 2), make(6, 2)):
        model.set_params(encoder=encoder).fit(blobs)
        assert_array_equal(model.transform(blobs), codes)
    assert compilations() == before


def test_names_of_layers_do_not_count():
    one, other = (described("encoder", functional("tanh", None)) for _ in range(2))
    assert one.config != other.config
    assert one == other
    assert one.digest == other.digest
    assert described("encoder", functional(None, "tanh")) != one
    named, exact = (
        keras.Sequential([keras.Input((6,)), layers.Dense(2, name=name, dtype=dtype)])
        for name, dtype in [("float32", "float32"), ("float64", "float64")]
    )
    assert described("encoder", named) != described("encoder", exact)


def test_wiring_counts():
    given = keras.Input((6,))
    first, second = layers.Dense(6), layers.Dense(6)
    one = keras.Model(given, layers.Subtract()([first(given), second(given)]))
    other = keras.Model(given, layers.Subtract()([second(given), first(given)]))
    chain = keras.Model(given, second(first(given)))
    structures = {described("encoder", each).structure for each in (one, chain)}
    assert len(structures) == 2
    assert described("encoder", one) is not described("encoder", other)


def test_a_network_has_the_functions_that_it_was_built_with(blobs):
    """Even if others have been registered under their names since."""

    def register(factor):
        @keras.saving.register_keras_serializable(package="test", name="times")
        def function(x):
            return factor * x

        return keras.Sequential([keras.Input((6,)), layers.Dense(2, function)])

    network = register(1.0)
    model = Autoencoder(encoder=network, epochs=1, random_state=0).fit(blobs)
    other = clone_fit(model, register(-1.0), blobs)
    assert not np.array_equal(model.transform(blobs), other.transform(blobs))
    check_trained_as_built(model, blobs)
    check_trained_as_built(other, blobs)


def clone_fit(model, encoder, X):
    return copy.deepcopy(model).set_params(encoder=encoder).fit(X)


CUSTOM = """
import keras

class Twice(keras.layers.Layer):
    def call(self, x):
        return self.sub(x)
    def __init__(self, sub=None, **kwargs):
        super().__init__(**kwargs)
        self.sub = sub or (lambda x: 2 * x)
    def get_config(self):
        return super().get_config()

def half(x):
    return x / 2
"""


def test_named_functions_and_classes_come_back_from_pickles(blobs, tmp_path):
    path = tmp_path / "skunsup_test_parts.py"
    path.write_text(CUSTOM)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
        inner = layers.Dense(4, activation=module.half)
        encoder = keras.Sequential(
            [keras.Input((6,)), inner, module.Twice(), layers.Lambda(module.half)]
        )
        model = Autoencoder(encoder=encoder, epochs=1, random_state=0).fit(blobs)
        twin = pickle.loads(pickle.dumps(model.set_params(encoder=None)))
        assert_array_equal(twin.transform(blobs), model.transform(blobs))
    finally:
        del sys.modules[path.stem]


@pytest.fixture
def allowed():
    """Let Keras run code from files, as users do by its name."""
    keras.config.enable_unsafe_deserialization()
    yield
    keras.src.backend.common.global_state.set_global_attribute("safe_mode_saving", None)


def doubled(n_inputs, n_outputs):
    return keras.Sequential(
        [keras.Input((n_inputs,)), layers.Dense(2), layers.Lambda(lambda x: 2 * x)]
    )


def test_a_lambda_in_memory_needs_no_permission(blobs):
    model = Autoencoder(**QUICK, encoder=doubled).fit(blobs)
    check_trained_as_built(copy.deepcopy(model), blobs)


def test_code_from_a_file_does_not_run(blobs, monkeypatch):
    model = Autoencoder(**QUICK, encoder=doubled).fit(blobs)
    text = pickle.dumps(model)
    for store in ("_networks", "_scorers"):  # as in another process
        monkeypatch.setattr(_fitted, store, _programs.LRUCache(4))
    for method in ("transform", "score_samples"):
        with pytest.raises(ValueError, match=r"read from a file.*enable_unsafe"):
            getattr(pickle.loads(text), method)(blobs)
    # The function in `encoder` is the user's own.
    twin = pickle.loads(text).partial_fit(blobs)
    assert_array_equal(twin.transform(blobs), model.partial_fit(blobs).transform(blobs))


def test_code_from_a_file_runs_where_the_user_says_so(blobs, allowed):
    model = Autoencoder(**QUICK, encoder=doubled).fit(blobs)
    twin = pickle.loads(pickle.dumps(model))
    assert_array_equal(twin.transform(blobs), model.transform(blobs))


def test_a_configuration_with_code_is_refused(tmp_path):
    """As one that somebody else wrote into a file without pickles."""
    target = tmp_path / "seen"

    def touch(x, to=str(target)):
        Path(to).touch()
        return x

    touch.__name__ = "<lambda>"
    network = keras.Sequential([keras.Input((2,)), layers.Lambda(touch)])
    target.unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = json.dumps(keras.saving.serialize_keras_object(network))
    forged = replace(described("encoder", network), config=config, objects=())
    with pytest.raises(ValueError, match="lambda"):
        forged.model(np.random.default_rng(0))
    assert not target.exists()
