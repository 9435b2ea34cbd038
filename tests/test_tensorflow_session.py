"""Runs of compiled functions of TensorFlow."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":
    pytest.skip("of TensorFlow alone", allow_module_level=True)

import tensorflow as tf

from skunsup import AdversarialAutoencoder, Autoencoder
from skunsup._training import _fitted, _tensorflow_session, _train
from skunsup._training._tensorflow_session import runner


@pytest.fixture(params=["session", "eager"])
def counting(request, monkeypatch):
    """A function of x and of the values of two variables, run either way."""
    total, count = tf.Variable([0.0, 0.0]), tf.Variable(0)
    factor = tf.constant([1.0, 2.0])

    @tf.function(jit_compile=True, autograph=False)
    def count_up(x):
        total.assign_add(factor * x)
        count.assign_add(1)
        return total * 10.0

    compiled = count_up.get_concrete_function(tf.TensorSpec((2,)))
    if request.param == "eager":
        monkeypatch.setattr(
            _tensorflow_session,
            "_session_runner",
            lambda *args: _tensorflow_session._eager_runner(*args[:2]),
        )
    return runner(compiled, [total, count])


def test_values_of_variables_go_in_and_out(counting):
    x, state = np.ones(2, np.float32), [np.zeros(2, np.float32), np.array(4, np.int32)]
    for _ in range(2):  # a run leaves nothing behind
        out, total, count = counting(x, *state)
        np.testing.assert_array_equal(out, [10, 20])
        np.testing.assert_array_equal(total, [1, 2])
        assert count == 5
        assert count.dtype == np.int32
        np.testing.assert_array_equal(state[0], 0)  # and what it is given alone


def test_runs_at_the_same_time_do_not_meet(counting):
    def last(start):
        state = [np.full(2, start, np.float32), np.array(0, np.int32)]
        for _ in range(50):
            _, *state = counting(np.ones(2, np.float32), *state)
        return state[0].tolist()

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(last, range(4)))
    assert found == [[start + 50.0, start + 100.0] for start in range(4)]


def test_resources_of_own_layers_are_kept():
    own = tf.Variable(3.0)

    @tf.function(jit_compile=True, autograph=False)
    def scaled(x):
        own.assign_add(1.0)
        return own * x

    run = runner(scaled.get_concrete_function(tf.TensorSpec((1,))))
    assert [float(run(np.ones(1, np.float32))[0][0]) for _ in range(2)] == [4.0, 5.0]


def small_encoder(n_inputs, n_components):
    return keras.Sequential(
        [keras.Input((n_inputs,)), keras.layers.Dense(n_components)]
    )


@pytest.mark.parametrize(
    "model",
    [
        Autoencoder(2, hidden_layer_sizes=(37,), epochs=1),
        Autoencoder(2, encoder=small_encoder, optimizer="muon", epochs=1),
        AdversarialAutoencoder(2, hidden_layer_sizes=(37,), epochs=1),
    ],
)
def test_variables_have_no_shape_and_no_numbers_in_their_names(blobs, model):
    """For each name and shape TensorFlow keeps kernels until the process ends."""
    names = set()

    def seen(create, **arguments):
        variable = create(**arguments)
        if arguments["name"].endswith("/"):  # else of a network of the user's
            assert variable.handle._handle_data.shape_and_type[0].shape.unknown_rank
            names.add(arguments["name"])
        else:
            assert model.encoder is not None
            assert arguments["name"] in {"kernel", "bias"}
        return variable

    for store in (_train._trainers, _fitted._networks):
        store.clear()
    with tf.variable_creator_scope(seen):
        model.fit(blobs[:8]).transform(blobs[:8])
        assert model.model_.variables
    assert {"kernel/", "bias/", "learning_rate/"} <= names
    assert not any(map(str.isdigit, "".join(names)))
    assert "bias" in model.model_.trainable_variables[1].value.name  # not decayed
