"""Members trained in shards at the same time."""

import threading

import keras
import numpy as np
import pytest

from skunsup import AutoencoderDetector
from skunsup._training import _loop, _loop_sizes, _parallel, _train, compilations
from skunsup._training._backend import backend
from skunsup._training._checkpoint import Checkpoint
from skunsup._training._parallel import ParallelTrainer
from skunsup._training._programs import LRUCache

QUICK = {
    "n_components": 2,
    "hidden_layer_sizes": (8,),
    "max_steps": 40,
    "batch_size": 16,
    "max_samples": 0.5,
    "random_state": 0,
}

compiled_only = pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="torch steps through one trainer"
)


@pytest.fixture
def in_shards(monkeypatch):
    """Returns a function that fits with so many shards and threads."""

    def fit(X, n_shards, n_threads=2, **params):
        monkeypatch.setattr(_train, "N_SHARES", n_shards)
        monkeypatch.setattr(_train, "_trainers", LRUCache(16))
        monkeypatch.setattr(_parallel, "n_threads", lambda: n_threads)
        return AutoencoderDetector(**{**QUICK, **params}).fit(X)

    return fit


class Halve(keras.callbacks.Callback):
    """Halves the weights and the learning rate after each epoch."""

    def on_epoch_end(self, epoch, logs=None):
        for variable in self.model.trainable_variables:
            variable.assign(0.5 * variable.value)
        rate = self.model.optimizer.learning_rate
        self.model.optimizer.learning_rate = 0.5 * float(
            keras.ops.convert_to_numpy(rate)
        )


def assert_equal_states(one, other):
    one, other = one.estimator_._state, other.estimator_._state
    for mine, theirs in (
        (one.values, other.values),
        (one.optimizer_values, other.optimizer_values),
    ):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


@compiled_only
@pytest.mark.parametrize(
    ("n_estimators", "n_shards", "params"),
    [
        (4, 2, {}),
        (6, 3, {"noise": "swap", "max_features": 0.5}),
        (8, 2, {"noise": "masking", "weight_decay": 0.01, "ema": 0.9}),
        (8, 4, {"early_stopping": True, "n_iter_no_change": 1}),
        (4, 2, {"callbacks": [Halve()], "learning_rate_schedule": "constant"}),
    ],
)
def test_shares_give_the_numbers_of_one_trainer(
    blobs, in_shards, n_estimators, n_shards, params
):
    params = {"n_estimators": n_estimators, **params}
    whole = in_shards(blobs, n_estimators, **params)
    shared = in_shards(blobs, n_shards, **params)
    assert_equal_states(whole, shared)
    for name, values in whole.history_.items():
        np.testing.assert_allclose(shared.history_[name], values, rtol=1e-6)
    np.testing.assert_array_equal(
        whole.score_samples(blobs), shared.score_samples(blobs)
    )


@compiled_only
def test_the_number_of_threads_changes_nothing(blobs, in_shards):
    one, two = (in_shards(blobs, 2, n_threads) for n_threads in (1, 2))
    assert_equal_states(one, two)
    assert one.history_ == two.history_


@compiled_only
def test_shares_use_one_program(blobs, in_shards):
    counts = []
    for n_shards in (4, 2):  # of one member each, which is no shard, and of two
        before = compilations()
        in_shards(blobs, n_shards)
        counts.append(compilations() - before)
    assert counts[0] == counts[1]


@compiled_only
def test_training_goes_on_from_shards(blobs, in_shards):
    whole, shared = (
        in_shards(blobs, n_shards, warm_start=True).fit(blobs) for n_shards in (4, 2)
    )
    assert_equal_states(whole, shared)


@compiled_only
def test_shares_rest_after_an_interruption(blobs, in_shards, monkeypatch):
    before = in_shards(blobs, 2)
    threads = [set(threading.enumerate())]

    def interrupt(self):
        raise KeyboardInterrupt

    def look(self):
        threads.append(set(threading.enumerate()))

    with monkeypatch.context() as patch:
        patch.setattr(_loop.TrainingLoop, "block_ended", interrupt)
        patch.setattr(_loop.TrainingLoop, "interrupted", look)
        AutoencoderDetector(**QUICK).fit(blobs)
    assert len(threads) == 2
    assert threads[1] <= threads[0]
    assert_equal_states(before, AutoencoderDetector(**QUICK).fit(blobs))


@compiled_only
def test_a_checkpoint_is_of_blocks_that_are_done(
    blobs, in_shards, monkeypatch, tmp_path
):
    """Blocks are dealt out ahead until one is to be written."""

    class Killed(BaseException):
        pass

    monkeypatch.setattr(_loop_sizes, "block_steps", lambda *given: 2)
    params = {"max_steps": None, "epochs": 2, "early_stopping": True, "batch_size": 2}
    wanted = in_shards(blobs, 2, **params)
    ahead, whole = [], Checkpoint.save

    def look(loop):
        ahead.append(loop.n_dealt - len(loop.taken))

    def save(checkpoint, place):
        whole(checkpoint, place)
        raise Killed

    kept = {**params, "checkpoint": tmp_path / "fit.npz"}
    with monkeypatch.context() as patch:
        patch.setattr(_loop.TrainingLoop, "block_ended", look)
        patch.setattr(Checkpoint, "due", lambda self: len(ahead) > 2)
        patch.setattr(Checkpoint, "save", save)
        with pytest.raises(Killed):
            in_shards(blobs, 2, **kept)
    assert max(ahead) > 0
    assert ahead[-1] == 0
    assert_equal_states(in_shards(blobs, 2, **kept), wanted)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, True),
        ({"n_estimators": 3}, False),
        ({"optimizer": "lamb"}, False),
        ({"encoder": lambda d, k: keras.Sequential([keras.layers.Dense(k)])}, False),
        ({"optimizer": keras.optimizers.Adam(clipnorm=1.0)}, False),
    ],
)
def test_what_members_have_in_common_keeps_them_together(
    blobs, monkeypatch, params, expected
):
    made = []
    build = _train._trainer
    monkeypatch.setattr(_train, "_trainers", LRUCache(16))
    monkeypatch.setattr(
        _train, "_trainer", lambda *a: made.append(build(*a)) or made[-1]
    )
    AutoencoderDetector(**{**QUICK, **params}).fit(blobs)
    assert [isinstance(trainer, ParallelTrainer) for trainer in made] == [
        expected and backend().concurrent()
    ]


@compiled_only
def test_weights_in_common_cannot_be_shared_out(blobs, in_shards, monkeypatch):
    crews = []
    build = _train._trainer
    monkeypatch.setattr(
        _train, "_trainer", lambda *a: crews.append(build(*a)) or crews[-1]
    )
    in_shards(blobs, 2)
    shard = crews[0].shards[0]
    with pytest.raises(ValueError, match="weights in common"):
        ParallelTrainer(shard, [shard])
