"""Errors where memory runs out or own code raises, which say what to do."""

import keras
import numpy as np
import pytest
from keras import ops
from sklearn.base import clone

from skunsup import (
    AAEClustering,
    Autoencoder,
    AutoencoderDetector,
    PretrainedFeatures,
    Sequences,
    Text,
    VariationalAutoencoder,
    fine_tune,
)
from skunsup._networks._failures import lacks_memory, memory_errors_explained
from skunsup._networks._own_code import own_code_explained

from .helpers import on_torch_or_asked, unchanged
from .test_bad_input import SMALL, D, X, dense

HUGE = 10**13


def numpy_loss(x, output):
    return ops.convert_to_tensor(np.mean((np.asarray(x) - np.asarray(output)) ** 2, 1))


def python_loss(x, output):
    loss = ops.mean(ops.square(x - output), axis=-1)
    if ops.shape(x)[0] > 4:  # not when it is tried
        raise KeyError("out of paper")
    return loss


def works(x, output):
    return ops.mean(ops.abs(x - output), axis=-1)


def python_activation(x):
    if x.shape[0] not in (None, 2):  # nor when it is tried
        raise KeyError("out of glue")
    return x


@keras.saving.register_keras_serializable(package="tests")
class FailsInTraining(keras.layers.Layer):
    def call(self, x, training=False):
        if training:
            raise OSError("out of ink")
        return x


@keras.saving.register_keras_serializable(package="tests")
class FailsInScoring(keras.layers.Layer):
    works = True

    def call(self, x, training=False):
        if not self.works:
            raise OSError("out of ink")
        return x


@keras.saving.register_keras_serializable(package="tests")
class WorkingSGD(keras.optimizers.SGD):
    pass


@keras.saving.register_keras_serializable(package="tests")
class FailingSGD(keras.optimizers.SGD):
    def update_step(self, gradient, variable, learning_rate):
        raise ZeroDivisionError("out of steam")


@keras.saving.register_keras_serializable(package="tests")
class UnbuiltSGD(keras.optimizers.SGD):
    def build(self, variables):
        raise ZeroDivisionError("out of steam")


@keras.saving.register_keras_serializable(package="tests")
class FailingSchedule(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        raise LookupError("out of time")

    def get_config(self):
        return {}


@pytest.fixture(scope="module")
def fitted():
    return Autoencoder(**SMALL).fit(X)


OWN = {
    "loss in NumPy": ({"loss": numpy_loss}, "since numpy_loss of loss, ", Exception),
    "loss that raises": (
        {"loss": python_loss},
        "since python_loss of loss, which [^,]*, raised KeyError.*out of paper",
        KeyError,
    ),
    "layer": (
        {"encoder": dense(D, 2, FailsInTraining(name="mine"))},
        r"since the layer 'mine' \(FailsInTraining\) of encoder, .* raised .*of ink",
        OSError,
    ),
    "layer beside other code of the user's": (
        {
            "decoder": dense(2, D, FailsInTraining(name="mine")),
            "encoder": dense(D, 2, FailsInScoring()),
            "loss": works,
            "optimizer": WorkingSGD(),
        },
        r"since the layer 'mine' \(FailsInTraining\) of decoder, .*, raised .*of ink",
        OSError,
    ),
    "activation": (
        {"encoder": None, "activation": python_activation},
        "since python_activation of activation, which [^,]*, raised .*out of glue",
        KeyError,
    ),
    "optimizer": (
        {"optimizer": FailingSGD()},
        "since FailingSGD of optimizer, .*, raised ZeroDivisionError: .*out of steam",
        ZeroDivisionError,
    ),
    "optimizer that is not built": (
        {"optimizer": UnbuiltSGD()},
        "since UnbuiltSGD of optimizer, .*, raised ZeroDivisionError: .*out of steam",
        ZeroDivisionError,
    ),
    "schedule": (
        {"learning_rate": FailingSchedule()},
        "since FailingSchedule of learning_rate, .* LookupError: .*out of time",
        LookupError,
    ),
}


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("again", [False, True])
def test_own_code_that_raises_in_training(fitted, name, again):
    params, words, cause = OWN[name]
    model = Autoencoder(**SMALL)
    if again:
        vars(model).update(vars(fitted))
    model.set_params(**params)
    with (
        unchanged(model),
        pytest.raises(ValueError, match=f"(?s){words}.*keras.ops") as caught,
    ):
        model.fit(X)
    assert isinstance(caught.value.__cause__, cause)


def test_own_code_that_raises_in_scoring(monkeypatch):
    encoder = dense(D, 2, FailsInScoring())
    model = Autoencoder(**{**SMALL, "encoder": encoder}).fit(X)
    monkeypatch.setattr(FailsInScoring, "works", False)
    with unchanged(model), pytest.raises(ValueError, match=r"FailsInScoring.*keras.op"):
        model.transform(X)


def test_only_own_code_is_blamed():
    def fails(error, made_of):
        with own_code_explained(lambda: {"loss": made_of}):
            raise error

    for error in (KeyError("key"), RuntimeWarning("warns"), MemoryError()):
        with pytest.raises(type(error)):
            fails(error, [dense(2, 2), keras.optimizers.SGD()])
    for error in (KeyboardInterrupt(), RuntimeWarning("warns"), MemoryError()):
        with pytest.raises(type(error)):
            fails(error, [numpy_loss])
    words = r"since numpy_loss of loss, .*probably raised OSError: ink"
    with pytest.raises(ValueError, match=words):
        fails(OSError("ink"), [numpy_loss, dense(2, 2)])


def out_of_thread(*args):
    raise KeyError("out of thread")


def test_the_callback_that_raises_is_named():
    quiet = keras.callbacks.LambdaCallback()
    raising = keras.callbacks.LambdaCallback(on_epoch_end=out_of_thread)
    model = Autoencoder(**SMALL, callbacks=[quiet, raising, quiet])
    words = r"^callbacks\[1\]=<.*LambdaCallback.* raised KeyError in on_epoch_end"
    with unchanged(model), pytest.raises(ValueError, match=words):
        model.fit(X)


class FailingCallback(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise OSError("out of ink")


TUNED = {
    "loss": (
        {"loss": lambda y, output: out_of_thread()},
        r"<lambda> of loss, .*, raised KeyError: .*out of thread.*keras.ops",
    ),
    "optimizer": (
        {"optimizer": FailingSGD()},
        r"FailingSGD of optimizer, .*, raised ZeroDivisionError: .*out of steam",
    ),
    "metric": (
        {"metrics": [out_of_thread]},
        r"out_of_thread of metrics, .*, raised KeyError: .*out of thread",
    ),
    "callback": (
        {"callbacks": [keras.callbacks.LambdaCallback(), FailingCallback()]},
        r"FailingCallback of callbacks\[1\], .*, raised OSError: out of ink Fix the",
    ),
}


@pytest.mark.parametrize("name", TUNED)
def test_own_code_that_raises_in_fine_tuning(fitted, name):
    params, words = TUNED[name]
    model = fine_tune(fitted, epochs=1, batch_size=4, random_state=0).set_params(
        **params
    )
    with unchanged(model), pytest.raises(ValueError, match=f"(?s)since {words}"):
        model.fit(X, np.arange(len(X)) % 2)


def test_own_layers_that_raise_in_fine_tuning(monkeypatch):
    encoder = dense(D, 2, FailsInScoring(name="mine"))
    model = fine_tune(Autoencoder(**{**SMALL, "encoder": encoder}).fit(X), epochs=1)
    model.fit(X, np.arange(len(X)) % 2)
    monkeypatch.setattr(FailsInScoring, "works", False)
    words = r"since the layer 'mine' \(FailsInScoring\) of encoder, .* raised OSError"
    with unchanged(model), pytest.raises(ValueError, match=words):
        model.fit(X, np.arange(len(X)) % 2)
    # What is known to be another's fault is not blamed on them.
    monkeypatch.setattr(FailsInScoring, "works", True)
    with pytest.raises(ValueError, match="nonsense") as caught:
        model.set_params(loss="nonsense").fit(X, np.arange(len(X)) % 2)
    assert "mine" not in str(caught.value)


@pytest.mark.parametrize("shape", [(D,), (4, 4, 3)])
def test_own_layers_that_raise_in_features(monkeypatch, shape):
    layer = FailsInScoring(name="mine")
    network = keras.Sequential([keras.Input(shape), layer, keras.layers.Flatten()])
    given = np.zeros((2, *shape), np.float32)
    features = PretrainedFeatures(network, preprocessing=None).fit(given)
    monkeypatch.setattr(FailsInScoring, "works", False)
    words = r"since the layer 'mine' \(FailsInScoring\) of model, .*, raised OSError"
    with unchanged(features), pytest.raises(ValueError, match=words):
        features.transform(given)


def huge_encoder(n_inputs, n_components):
    return keras.Sequential([keras.Input((n_inputs,)), keras.layers.Dense(HUGE)])


MEMORY = {
    "hidden layer": (Autoencoder, {"hidden_layer_sizes": (HUGE,)}),
    "a product of layers": (Autoencoder, {"hidden_layer_sizes": (HUGE, HUGE)}),
    "beyond int64": (Autoencoder, {"hidden_layer_sizes": (10**30,)}),
    "near int64": (Autoencoder, {"n_components": 10**18}),
    "code": (VariationalAutoencoder, {"n_components": HUGE}),
    "encoder": (Autoencoder, {"encoder": huge_encoder}),
}
# TensorFlow waits ten seconds for memory where it makes a user's network.
WAITS = pytest.param("encoder", marks=on_torch_or_asked)


@pytest.mark.parametrize(
    "name", [*(name for name in MEMORY if name != "encoder"), WAITS]
)
def test_a_network_that_does_not_fit(name):
    kind, params = MEMORY[name]
    given = {**SMALL, **params} if kind is Autoencoder else params
    model = kind(**given, batch_size=32)
    ((name, value),) = params.items()
    value = value if isinstance(value, int | tuple) else ""
    words = rf"(?s)not enough memory for .*{name}=.*Lower .*{name}"
    with unchanged(model), pytest.raises(MemoryError, match=words) as caught:
        model.fit(X)
    assert f"{name}={value}" in str(caught.value)
    assert "batch_size=32" in str(caught.value)


def test_clusters_that_do_not_fit():
    model = AAEClustering(n_clusters=HUGE)
    with unchanged(model), pytest.raises(MemoryError, match=f"n_clusters={HUGE}"):
        model.fit(X)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 12 bytes."),
        type("ResourceExhaustedError", (Exception,), {})("shape[3,1]"),
        type("OutOfMemoryError", (RuntimeError,), {})("GPU"),
        np._core._exceptions._ArrayMemoryError((3,), np.dtype(np.float32)),
        MemoryError(),
    ],
)
def test_what_backends_say_of_memory(error):
    assert lacks_memory(error)
    with (
        pytest.raises(MemoryError, match=r"batch_size=3 .*Lower batch_size") as caught,
        memory_errors_explained(lambda: {"batch_size": 3}),
        own_code_explained(lambda: {"loss": numpy_loss}),
    ):
        raise error
    assert caught.value.__cause__ is error


def test_what_is_said_of_memory_stays():
    for error in (MemoryError("sysctl"), ValueError("a row"), OverflowError("exp")):
        with (
            pytest.raises(type(error), match=str(error)),
            memory_errors_explained(dict),
        ):
            raise error


def test_sizes_have_ends():
    for model, words in (
        (AutoencoderDetector(n_estimators=10**9), "'n_estimators' .*1000"),
        (VariationalAutoencoder(n_importance_samples=10**9), "100000"),
        (Autoencoder(inputs=Sequences(n_layers=10**9)), "'n_layers' .*1000"),
        (Autoencoder(inputs=Sequences(units=10**9)), "'units' .*1000000"),
        (Autoencoder(inputs=Text(embedding_dim=10**9)), "'embedding_dim' .*1000000"),
    ):
        with unchanged(model), pytest.raises(ValueError, match=words):
            clone(model).fit([["a"], ["b"]])


def test_what_keras_met_is_told():
    """And not only that it was working out a shape then."""

    def not_of_eight(x):
        if x.shape[1] == 8:
            raise KeyError("out of glue")
        return x

    model = Autoencoder(**{**SMALL, "encoder": None}, activation=not_of_eight)
    words = r"since not_of_eight of activation, .* raised \w*Error: .*out of glue"
    with unchanged(model), pytest.raises(ValueError, match=words):
        model.fit(X)
