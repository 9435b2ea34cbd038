"""Length of training, and its rates."""

import keras
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skunsup import GAN, Autoencoder
from skunsup._training import _loop_sizes, _train, compilations
from skunsup._training._loop import TrainingLoop

TINY = {"hidden_layer_sizes": (8,), "batch_size": 16, "random_state": 0}


class Rates(keras.callbacks.Callback):
    """Notes the step and the rate after each epoch."""

    def on_train_begin(self, logs=None):
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        optimizer = self.model.optimizer
        values = (optimizer.iterations, optimizer.learning_rate)
        self.seen.append([float(keras.ops.convert_to_numpy(v)) for v in values])


@pytest.mark.parametrize(
    ("epochs", "max_steps", "steps"),
    [(None, 10, 10), (3, None, 12), (3, 10, 10), (3, 99, 12), (None, 3, 3)],
)
def test_the_number_of_steps(blobs, epochs, max_steps, steps):
    model = Autoencoder(**TINY, epochs=epochs, max_steps=max_steps, callbacks=Rates())
    model.fit(blobs)  # four steps an epoch
    assert model.callbacks_[0].seen[-1][0] == steps
    assert model.n_iter_ == len(model.history_["loss"]) == -(-steps // 4)


def test_a_part_of_an_epoch_draws_a_part_of_the_rows(blobs):
    model = Autoencoder(**TINY, epochs=None, max_steps=2).fit(np.repeat(blobs, 50, 0))
    assert model.n_iter_ == 1
    assert np.isfinite(model.history_["loss"]).all()


def test_cosine_is_the_product_of_rise_and_fall(blobs, monkeypatch):
    shares = []
    model = Autoencoder(
        **TINY, max_steps=400, epochs=None, learning_rate_schedule="cosine"
    )
    original = TrainingLoop.rate_factor

    def noting(self, step):
        shares.append((step / self.total, original(self, step)))
        return original(self, step)

    monkeypatch.setattr(TrainingLoop, "rate_factor", noting)
    model.set_params(callbacks=Rates()).fit(blobs)
    at, share = np.array(shares).T
    expected = np.minimum(1, at / 0.02) * 0.5 * (1 + np.cos(np.pi * at))
    np.testing.assert_allclose(share, expected)
    assert share.max() > 0.98
    assert share[-1] < 1e-3
    rates = np.array(model.callbacks_[0].seen)[:, 1]
    np.testing.assert_allclose(rates, 0.001, rtol=1e-6)  # callbacks see the whole


def test_a_share_of_the_rate_is_a_smaller_step(blobs, monkeypatch):
    params = {**TINY, "optimizer": "sgd", "max_steps": 1, "epochs": None}
    monkeypatch.setattr(
        "skunsup._training._loop.TrainingLoop.rate_factor", lambda *_: 0.25
    )
    small = Autoencoder(**params, learning_rate=0.4, learning_rate_schedule="cosine")
    plain = Autoencoder(**params, learning_rate=0.1)
    moved = small.fit_transform(blobs)
    monkeypatch.undo()
    np.testing.assert_allclose(moved, plain.fit_transform(blobs), rtol=1e-5, atol=1e-6)


def test_cosine_changes_all_groups_and_compiles_once(blobs, compiles):
    params = {**TINY, "max_steps": 40, "epochs": None}
    cosine = GAN(**params, learning_rate_schedule="cosine").fit(blobs)
    before = compilations()
    other = GAN(**params, learning_rate_schedule="cosine", learning_rate=0.01)
    other.fit(blobs)
    assert compilations() == before
    plain = GAN(**params).fit(blobs)
    for part in ("generator", "discriminator"):
        ends = [
            keras.ops.convert_to_numpy(getattr(m.model_, part).variables[0].value)
            for m in (cosine, plain)
        ]
        assert np.abs(ends[0] - ends[1]).max() > 1e-4


def test_rates_are_put_back_where_a_step_fails(blobs):
    model = Autoencoder(**TINY, epochs=1).fit(blobs)
    trainer = _train._trainer_alone(
        model._network.architecture, model._optimizer_configs()
    )
    values = trainer.values()
    trainer.load(values, trainer.fresh(values))
    before = trainer.optimizer_values()
    scaled = []

    def step():
        scaled.extend(trainer.optimizer_values())
        raise KeyError

    with pytest.raises(KeyError), trainer.rates_scaled(0.5):
        step()
    changed = [not np.array_equal(*pair) for pair in zip(scaled, before, strict=True)]
    assert sum(changed) == 1
    for value, old in zip(trainer.optimizer_values(), before, strict=True):
        np.testing.assert_array_equal(value, old)


def test_partial_fit_takes_one_pass_at_the_whole_rate(blobs):
    params = {**TINY, "callbacks": Rates()}
    given = {"max_steps": 1, "learning_rate_schedule": "cosine"}
    ours, plain = Autoencoder(**params, **given), Autoencoder(**params)
    ours.partial_fit(blobs)
    assert ours.callbacks_[0].seen[-1][0] == 4
    np.testing.assert_array_equal(
        ours.transform(blobs), plain.partial_fit(blobs).transform(blobs)
    )


def test_refuses_no_length_and_two_schedules(blobs):
    with pytest.raises(ValueError, match="epochs=None and max_steps=None"):
        Autoencoder(epochs=None).fit(blobs)
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    for given in (
        {"learning_rate": decay},
        {"optimizer": keras.optimizers.Adam(decay)},
    ):
        model = Autoencoder(**given, learning_rate_schedule="cosine")
        with pytest.raises(ValueError, match="brings a schedule of its own"):
            model.fit(blobs)
    with pytest.raises(ValueError, match="'learning_rate_schedule' parameter"):
        Autoencoder(learning_rate_schedule="linear").fit(blobs)


def test_short_epochs_are_those_of_a_watched_fit(blobs):
    params = {**TINY, "epochs": 40, "learning_rate": 0.01}
    model = Autoencoder(**params).fit(blobs)
    watched = Autoencoder(**params, callbacks=keras.callbacks.Callback()).fit(blobs)
    assert len(model.history_["loss"]) == model.n_iter_ == 40
    close = {"rtol": 1e-4, "atol": 1e-6}
    np.testing.assert_allclose(
        model.history_["loss"], watched.history_["loss"], **close
    )
    np.testing.assert_allclose(model.transform(blobs), watched.transform(blobs), 1e-3)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_how_often_weights_are_looked_at_changes_nothing(blobs, monkeypatch, schedule):
    params = {**TINY, "epochs": None, "max_steps": 150}
    params |= {"learning_rate_schedule": schedule}
    models = [Autoencoder(**params).fit(blobs)]
    for name, steps in (("UNWATCHED", 1), ("TOGETHER", 30)):
        monkeypatch.setattr(_loop_sizes, name, steps)
        models.append(Autoencoder(**params).fit(blobs))
    assert models[0].history_ == models[1].history_
    codes = [model.transform(blobs) for model in models]
    np.testing.assert_array_equal(codes[0], codes[1])
    if schedule == "constant":  # otherwise the rate changes between other steps
        np.testing.assert_array_equal(codes[0], codes[2])


def test_an_interruption_tells_of_the_epochs_before_it(blobs, monkeypatch):
    params = {**TINY, "max_steps": None, "learning_rate_schedule": "constant"}
    monkeypatch.setattr(_loop_sizes, "TOGETHER", 8)
    whole = Autoencoder(**params, epochs=40).fit(blobs)
    draw = TrainingLoop.draw

    def interrupted(self, first, end):
        if first >= 20:
            raise KeyboardInterrupt
        return draw(self, first, end)

    monkeypatch.setattr(TrainingLoop, "draw", interrupted)
    with pytest.warns(UserWarning, match="interrupted after 20 of 40 epochs"):
        model = Autoencoder(**params, epochs=40).fit(blobs)
    assert model.n_iter_ == 20
    assert model.history_["loss"] == whole.history_["loss"][:20]
    half = Autoencoder(**params, epochs=20).fit(blobs)
    np.testing.assert_array_equal(model.transform(blobs), half.transform(blobs))


def test_a_loss_that_ends_is_found_in_the_epoch_where_it_ends(blobs):
    params = {**TINY, "hidden_layer_sizes": (), "optimizer": "sgd"}
    params |= {"epochs": 60, "learning_rate": 1.2}
    found = []
    for callbacks in (None, keras.callbacks.Callback()):
        with pytest.warns(ConvergenceWarning, match="became") as caught:
            model = Autoencoder(**params, callbacks=callbacks).fit(blobs)
        assert np.isfinite(model.transform(blobs)).all()
        ours = [w for w in caught if w.category is ConvergenceWarning]
        found.append((str(ours[0].message), model.n_iter_))
    assert found[0] == found[1]


def test_steps_behind_a_loss_that_ends_are_not_taken(blobs, monkeypatch):
    monkeypatch.setattr(_loop_sizes, "TOGETHER", 8)
    params = {**TINY, "hidden_layer_sizes": (), "optimizer": "sgd"}
    params |= {"epochs": 200, "learning_rate": 1.2}
    drawn, draw = [], TrainingLoop.draw

    def noting(self, first, end):
        drawn.append(end)
        return draw(self, first, end)

    monkeypatch.setattr(TrainingLoop, "draw", noting)
    with pytest.warns(ConvergenceWarning, match="became"):
        model = Autoencoder(**params).fit(blobs)
    assert max(drawn) < model.n_iter_ + 5 < 100
