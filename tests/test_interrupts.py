"""Ctrl-C, by real signals."""

import inspect
import os
import signal
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from skunsup import (
    AdversarialAutoencoder,
    Autoencoder,
    VAEDetector,
    fine_tune,
)
from skunsup._interrupts import interrupts_put_off
from skunsup._networks import Architecture
from skunsup._training import _fitted, _loop, _train, compilations
from skunsup._training._array_trainer import ArrayTrainer
from skunsup._training._backend import backend
from skunsup._training._programs import LRUCache

from .helpers import unchanged

QUICK = {"hidden_layer_sizes": (8,), "batch_size": 16, "epochs": 3, "random_state": 0}

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(),
    reason="Python handles signals in the main thread",
)


@pytest.fixture(autouse=True)
def ctrl_c():
    """Python's own handling of Ctrl-C, which a shell turns off for jobs behind it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt():
    signal.raise_signal(signal.SIGINT)


# What puts Ctrl-C off -----------------------------------------------------------------


def test_it_acts_at_the_end_of_the_outermost_block():
    seen, handler = [], signal.getsignal(signal.SIGINT)

    def block():
        with interrupts_put_off():
            with interrupts_put_off():
                interrupt()
                seen.append("inner")
            seen.append("outer")

    with pytest.raises(KeyboardInterrupt):
        block()
    assert seen == ["inner", "outer"]
    assert signal.getsignal(signal.SIGINT) is handler


def test_it_acts_also_where_the_block_raises():
    handler = signal.getsignal(signal.SIGINT)

    def block():
        with interrupts_put_off():
            interrupt()
            raise ValueError

    with pytest.raises(KeyboardInterrupt):
        block()
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_handler_of_the_program_gets_what_was_put_off():
    seen, before = [], signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        with interrupts_put_off():
            interrupt()
            assert seen == []
        assert seen == [signal.SIGINT]
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with interrupts_put_off():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_are_left_alone():
    def block():
        with interrupts_put_off():
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(block).result() is signal.getsignal(signal.SIGINT)


# While something is made --------------------------------------------------------------


def pressed_in(monkeypatch, owner, name):
    """Let a function press Ctrl-C when it is called for the first time."""
    function, done = getattr(owner, name), []

    def pressing(*args):
        if not done:
            interrupt()
        done.append(function(*args))
        return done[-1]

    monkeypatch.setattr(owner, name, pressing)
    return done


def test_before_the_first_steps_the_estimator_stays_as_it_was(
    blobs, monkeypatch, compiles
):
    if not compiles:
        pytest.skip("torch traces after the first steps")
    monkeypatch.setattr(_train, "_trainers", LRUCache(16))
    done = pressed_in(monkeypatch, backend().Trainer, "_step")  # called by a trace
    model = Autoencoder(**QUICK)
    with unchanged(model), pytest.raises(KeyboardInterrupt):
        model.fit(blobs)
    assert len(done) == 1
    before = compilations()
    model.fit(blobs)
    assert compilations() == before  # the trace was not cut short


@pytest.mark.parametrize("method", ["fit", "score_samples"])
def test_what_is_being_built_is_built(blobs, monkeypatch, method):
    stores = {"_networks": _fitted, "_scorers": _fitted, "_trainers": _train}
    for name, home in stores.items():
        monkeypatch.setattr(home, name, LRUCache(16))
    model = Autoencoder(**QUICK).fit(blobs)
    _train._trainers.clear()
    done = pressed_in(monkeypatch, Architecture, "build")
    with unchanged(model), pytest.raises(KeyboardInterrupt):
        getattr(model, method)(blobs)
    assert len(done) == 1
    assert np.isfinite(model.fit(blobs).score_samples(blobs)).all()


def test_what_callbacks_see_is_brought_up_to_date_whole(blobs, monkeypatch, compiles):
    if not compiles:
        pytest.skip("torch keeps the state in the variables")
    tensors, seen = ArrayTrainer.tensors, []

    def pressing(trainer, variables):
        if not seen and inspect.stack()[1].function == "push":
            seen.append(trainer)
            interrupt()
        return tensors(trainer, variables)

    model = Autoencoder(**QUICK, callbacks=keras.callbacks.Callback())
    model.fit(blobs)
    monkeypatch.setattr(ArrayTrainer, "tensors", pressing)
    with pytest.raises(KeyboardInterrupt):
        model.fit(blobs)
    trainer = seen[0]
    for variable, value in zip(trainer.variables, trainer.values(), strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), value)


# While steps are taken ----------------------------------------------------------------


class Press(keras.callbacks.Callback):
    """Presses Ctrl-C when the first minibatches have been trained on."""

    def on_train_batch_end(self, batch, logs=None):
        interrupt()


@pytest.mark.parametrize("family", [Autoencoder, AdversarialAutoencoder])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_in_the_first_epoch_the_trained_weights_are_kept(blobs, family, early_stopping):
    params = {**QUICK, "early_stopping": early_stopping}
    model = family(**params, callbacks=Press())
    with pytest.warns(UserWarning, match="interrupted after 0 of 3 epochs"):
        model.fit(blobs)
    assert model.n_iter_ == 0
    assert model.history_ == {}
    start = family(**{**params, "learning_rate": 1e-12}, callbacks=Press())
    with pytest.warns(UserWarning, match="interrupted"):
        start.fit(blobs)
    assert not np.allclose(model.transform(blobs), start.transform(blobs))


def test_the_history_of_earlier_calls_is_kept(blobs):
    model = Autoencoder(**QUICK).fit(blobs)
    history = {name: list(values) for name, values in model.history_.items()}
    model.set_params(callbacks=Press())
    with pytest.warns(UserWarning, match="interrupted"):
        model.partial_fit(blobs)
    assert model.history_ == history
    assert model.n_iter_ == 3


def test_what_is_trained_first_is_not_taken_for_the_whole(blobs, monkeypatch):
    """Layers before the network, the first of two networks before the second."""
    layers = Autoencoder(**{**QUICK, "hidden_layer_sizes": (8, 4)}, init="layerwise")
    detector = VAEDetector(**QUICK, novelty=True, callbacks=Press())
    with unchanged(detector), pytest.raises(KeyboardInterrupt):
        detector.fit(blobs)
    monkeypatch.setattr(_loop.TrainingLoop, "block_ended", lambda run: interrupt())
    with unchanged(layers), pytest.raises(KeyboardInterrupt):
        layers.fit(blobs)


class PressFirst(keras.losses.MeanSquaredError):
    """Presses Ctrl-C when it is called for the first time."""

    pressed = False

    def call(self, y_true, y_pred):
        if not PressFirst.pressed:
            PressFirst.pressed = True
            interrupt()
        return super().call(y_true, y_pred)


@pytest.mark.parametrize("given", [{"loss": PressFirst()}, {"callbacks": [Press()]}])
def test_fine_tuning_leaves_the_estimator_as_it_was(blobs, given):
    model = Autoencoder(**QUICK).fit(blobs)
    tuned = fine_tune(model, task="regression", epochs=2, random_state=0, **given)
    with unchanged(tuned), pytest.raises(KeyboardInterrupt):
        tuned.fit(blobs, blobs[:, 0])


def test_at_any_time_there_is_a_fitted_estimator_or_that_of_before(blobs):
    rng, seen = np.random.default_rng(0), set()
    params = {**QUICK, "epochs": 200, "callbacks": keras.callbacks.Callback()}
    model = Autoencoder(**params).fit(blobs)
    for delay in rng.uniform(0, 0.3, size=12):
        before, late = model._state, False
        timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                timer.start()
                model.fit(blobs)
                late = model.n_iter_ == 200
                timer.join()
        except KeyboardInterrupt:
            assert late or model._state is before
        assert np.isfinite(model.score_samples(blobs)).all()
        seen.add("late" if late else "raised" if model._state is before else "fitted")
    assert "fitted" in seen
