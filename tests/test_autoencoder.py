"""The autoencoder learns, and its parameters change what it learns."""

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning

from skunsup import Autoencoder

QUICK = {"hidden_layer_sizes": (16,), "epochs": 3, "random_state": 0}
ACTIVATIONS = ["relu", "tanh", "sigmoid", "swish", "gelu", "elu", "selu", "softplus"]


def pca_error(X, k, X_test=None):
    X_test = X if X_test is None else X_test
    pca = PCA(k).fit(X)
    return np.mean((X_test - pca.inverse_transform(pca.transform(X_test))) ** 2)


def untrained(X, **params):
    """The same network before its first step, but for a step of no size."""
    still = {"epochs": 1, "batch_size": None, "learning_rate": 1e-12}
    return Autoencoder(**{"random_state": 0, **params, **still}).fit(X)


def test_learns_more_than_a_constant_and_than_nothing(blobs):
    model = Autoencoder(2, hidden_layer_sizes=(16,), epochs=150, random_state=0)
    error = -model.fit(blobs).score(blobs)
    assert error < 0.2 * blobs.var(axis=0).mean()
    assert error < 0.2 * -untrained(blobs, n_components=2).score(blobs)
    assert model.history_["loss"][-1] < 0.2 * model.history_["loss"][0]


def test_beats_pca_on_held_out_digits(digits, compiles):
    train, test = digits[:1200], digits[1200:]
    epochs = 100 if compiles else 30
    model = Autoencoder(8, epochs=epochs, random_state=0).fit(train)
    assert -model.score(test) < 0.9 * pca_error(train, 8, test)


def test_linear_network_finds_the_principal_subspace(blobs):
    model = Autoencoder(
        2,
        hidden_layer_sizes=(),
        learning_rate=0.01,
        batch_size=8,
        epochs=500,
        random_state=0,
    ).fit(blobs)
    assert -model.score(blobs) < 1.2 * pca_error(blobs, 2)


def test_scores_differ_and_point_the_right_way(blobs):
    model = Autoencoder(2, hidden_layer_sizes=(16,), epochs=100, random_state=0)
    scores = model.fit(blobs).score_samples(blobs)
    strange = model.score_samples(np.random.default_rng(1).normal(size=(60, 6)) * 3)
    assert len(np.unique(scores)) == len(scores)
    assert np.median(strange) < scores.min()


def test_methods_agree(blobs):
    model = Autoencoder(**QUICK).fit(blobs)
    there = model.transform(blobs)
    back = model.inverse_transform(there)
    np.testing.assert_allclose(back, model.reconstruct(blobs), rtol=1e-5, atol=1e-6)
    errors = np.mean((back - blobs) ** 2, axis=1)
    np.testing.assert_allclose(model.score_samples(blobs), -errors, rtol=1e-4)
    assert model.score(blobs) == model.score_samples(blobs).mean()
    shares = model.feature_scores(blobs)
    assert shares.shape == blobs.shape
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), errors, rtol=1e-4)


def test_feature_scores_find_the_spoilt_column(blobs):
    model = Autoencoder(2, hidden_layer_sizes=(16,), epochs=100, random_state=0)
    spoilt = blobs.copy()
    spoilt[:, 3] += 8.0
    blame = model.fit(blobs).feature_scores(spoilt).argmax(axis=1)
    assert np.mean(blame == 3) > 0.8


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", [(), (5,), (24, 12)])
def test_pca_start_reconstructs_as_pca(blobs, activation, hidden):
    model = untrained(
        blobs,
        n_components=3,
        init="pca",
        hidden_layer_sizes=hidden,
        activation=activation,
    )
    assert -model.score(blobs) == pytest.approx(pca_error(blobs, 3), rel=0.01)


def test_pca_start_only_improves(digits):
    model = Autoencoder(8, init="pca", epochs=5, random_state=0).fit(digits)
    assert -model.score(digits) < pca_error(digits, 8)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_training_gains_on_pca_where_activations_saturate(digits, activation):
    params = {"activation": activation, "init": "pca", "n_components": 8}
    of_pca = pca_error(digits, 8)
    assert -untrained(digits, **params).score(digits) == pytest.approx(of_pca, rel=5e-3)
    model = Autoencoder(**params, epochs=10, random_state=0).fit(digits)
    assert -model.score(digits) < (0.9 if activation == "tanh" else 1.01) * of_pca


def test_pca_start_may_have_fewer_directions_than_the_code(blobs):
    model = untrained(blobs[:, :2], n_components=5, init="pca")
    assert -model.score(blobs[:, :2]) < 1e-6


@pytest.mark.parametrize("name", ["adam", "nadam", "sgd", "rmsprop", "adamw", "lamb"])
def test_optimizers(blobs, name):
    rate = 0.05 if name == "sgd" else 0.01
    model = Autoencoder(**{**QUICK, "epochs": 20}, optimizer=name, learning_rate=rate)
    history = model.fit(blobs).history_["loss"]
    assert history[-1] < 0.9 * history[0]


def test_optimizer_as_instance_name_and_config_are_one(blobs):
    instance = keras.optimizers.Nadam(0.01)
    config = keras.optimizers.serialize(instance)
    codes = [
        Autoencoder(**QUICK, optimizer=given, learning_rate=rate).fit_transform(blobs)
        for given, rate in [(instance, None), (config, None), ("nadam", 0.01)]
    ]
    np.testing.assert_array_equal(codes[0], codes[1])
    np.testing.assert_array_equal(codes[0], codes[2])
    assert not instance.built


def test_learning_rate_schedule(blobs):
    frozen = keras.optimizers.schedules.PiecewiseConstantDecay([2], [0.01, 0.0])
    params = {**QUICK, "batch_size": None}
    two = Autoencoder(**{**params, "epochs": 2}, learning_rate=0.01).fit(blobs)
    many = Autoencoder(**{**params, "epochs": 9}, learning_rate=frozen).fit(blobs)
    assert many.history_["loss"][3] == pytest.approx(many.history_["loss"][8])
    assert two.score(blobs) > untrained(blobs, hidden_layer_sizes=(16,)).score(blobs)


def test_weight_decay_shrinks_kernels_and_spares_biases(blobs):
    still = {**QUICK, "learning_rate": 1e-3, "optimizer": "sgd", "epochs": 50}
    free = Autoencoder(**still).fit(blobs).model_.encoder.layers[0]
    tied = Autoencoder(**still, weight_decay=1.0).fit(blobs).model_.encoder.layers[0]
    norms = [np.linalg.norm(keras.ops.convert_to_numpy(x.kernel)) for x in (free, tied)]
    assert norms[1] < 0.95 * norms[0]


def test_sparsity_shrinks_the_code(blobs):
    params = {**QUICK, "epochs": 60}
    free = Autoencoder(**params).fit(blobs)
    sparse = Autoencoder(**params, l1_penalty=0.3).fit(blobs)
    size = [np.abs(model.transform(blobs)).mean() for model in (free, sparse)]
    assert size[1] < 0.7 * size[0]
    assert set(sparse.history_) == {"loss", "reconstruction", "sparsity"}
    terms = sparse.history_["reconstruction"][-1] + sparse.history_["sparsity"][-1]
    assert sparse.history_["loss"][-1] == pytest.approx(terms)


@pytest.mark.parametrize("noise", ["gaussian", "masking", "swap"])
def test_denoising_restores_clean_rows(digits, noise):
    rng = np.random.default_rng(0)
    train, test = digits[:800], digits[1200:]
    params = {"n_components": 16, "hidden_layer_sizes": (64,), "random_state": 0}
    params["epochs"] = 60
    plain = Autoencoder(**params).fit(train)
    denoising = Autoencoder(**params, noise=noise, noise_level=0.3).fit(train)
    hit = rng.random(test.shape) < 0.3
    corrupt = {
        "gaussian": test + 0.3 * rng.normal(size=test.shape),
        "masking": np.where(hit, 0.0, test),
        "swap": np.where(hit, rng.permuted(test, axis=0), test),
    }[noise]
    errors = [np.mean((m.reconstruct(corrupt) - test) ** 2) for m in (plain, denoising)]
    assert errors[1] < errors[0]


def test_noise_is_for_training_alone(blobs):
    model = Autoencoder(**QUICK, noise="gaussian", noise_level=1.0).fit(blobs)
    np.testing.assert_array_equal(model.transform(blobs), model.transform(blobs))


@pytest.mark.parametrize(
    "loss",
    ["mae", "huber", "log_cosh", "binary_crossentropy", keras.losses.Huber(delta=0.5)],
)
def test_losses(digits, loss):
    X = digits[:300]
    model = Autoencoder(4, **{**QUICK, "epochs": 10}, loss=loss).fit(X)
    assert model.history_["loss"][-1] < model.history_["loss"][0]
    function = keras.losses.get(loss)
    function = function.call if isinstance(loss, keras.losses.Loss) else function
    expected = keras.ops.convert_to_numpy(function(X, model.reconstruct(X)))
    np.testing.assert_allclose(-model.score_samples(X), expected, rtol=1e-3, atol=1e-6)
    shares = model.feature_scores(X)
    np.testing.assert_allclose(shares.sum(axis=1), expected, rtol=1e-3, atol=1e-6)


def fourth_power(x, output):
    return keras.ops.mean((x - output) ** 4, axis=-1)


def test_loss_as_a_callable(blobs):
    model = Autoencoder(**QUICK, loss=fourth_power).fit(blobs)
    expected = np.mean((blobs - model.reconstruct(blobs)) ** 4, axis=1)
    np.testing.assert_allclose(-model.score_samples(blobs), expected, rtol=1e-3)


def test_crossentropy_gives_probabilities(digits):
    model = Autoencoder(**QUICK, loss="binary_crossentropy").fit(digits[:100])
    output = model.reconstruct(digits[:100] * 0 + 1)
    assert output.min() >= 0
    assert output.max() <= 1


def build_encoder(n_features, n_components):
    return keras.Sequential(
        [
            keras.Input((n_features,)),
            layers.Dense(10, activation="relu", kernel_regularizer="l2"),
            layers.Dropout(0.1),
            layers.BatchNormalization(),
            layers.Dense(n_components or 3, activity_regularizer="l1"),
        ]
    )


@pytest.mark.parametrize("as_model", [True, False])
def test_own_networks(blobs, as_model):
    given = build_encoder(6, 3) if as_model else build_encoder
    before = given.get_weights() if as_model else []
    model = Autoencoder(encoder=given, epochs=30, random_state=0)
    codes = model.fit_transform(blobs)
    assert codes.shape == (60, 3)
    assert model.n_components_ == 3
    assert "regularization" in model.history_
    assert model.history_["loss"][-1] < 0.7 * model.history_["loss"][0]
    if as_model:
        for old, new in zip(before, given.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(clone(model).fit_transform(blobs), codes)


def test_own_unbuilt_decoder(blobs):
    decoder = keras.Sequential([layers.Dense(8, activation="tanh"), layers.Dense(6)])
    model = Autoencoder(2, decoder=decoder, epochs=2, random_state=0).fit(blobs)
    assert model.inverse_transform(model.transform(blobs)).shape == blobs.shape
    assert not decoder.built


def test_frozen_layers_keep_their_weights(blobs):
    fixed = layers.Dense(5, trainable=False)
    encoder = keras.Sequential([keras.Input((6,)), fixed, layers.Dense(2)])
    fitted = Autoencoder(encoder=encoder, epochs=3, random_state=0).fit(blobs).model_
    kept, trained = fitted.encoder.layers
    as_array = keras.ops.convert_to_numpy
    np.testing.assert_array_equal(as_array(kept.kernel), as_array(fixed.kernel))
    assert not np.array_equal(
        as_array(trained.kernel), as_array(encoder.layers[1].kernel)
    )


def test_early_stopping_keeps_the_best(blobs):
    model = Autoencoder(
        hidden_layer_sizes=(32,),
        epochs=500,
        learning_rate=0.05,
        early_stopping=True,
        n_iter_no_change=5,
        random_state=0,
    )
    held = np.random.default_rng(5).normal(size=(20, 6)) * 0.3 + blobs[:20]
    model.fit(blobs[20:], X_val=held)
    history = model.history_["val_loss"]
    assert model.n_iter_ == len(history) < 500
    assert -model.score(held) == pytest.approx(min(history), rel=1e-4)
    assert np.argmin(history) < len(history) - 1


def test_early_stopping_holds_rows_out(blobs):
    model = Autoencoder(**QUICK, early_stopping=True, validation_fraction=0.25)
    assert len(model.fit(blobs).history_["val_loss"]) == model.n_iter_ == 3


def test_validation_rows_without_early_stopping_are_only_watched(blobs):
    watched = Autoencoder(**QUICK).fit(blobs, X_val=blobs[:10])
    alone = Autoencoder(**QUICK).fit(blobs)
    assert len(watched.history_["val_loss"]) == 3
    np.testing.assert_array_equal(watched.transform(blobs), alone.transform(blobs))


def test_batch_sizes(blobs):
    for batch_size in (1, 7, 60, 1000, None):
        model = Autoencoder(**QUICK, batch_size=batch_size).fit(blobs)
        assert model.score(blobs) > untrained(
            blobs, hidden_layer_sizes=(16,), batch_size=None
        ).score(blobs)
    whole = [
        Autoencoder(**QUICK, batch_size=size).fit_transform(blobs)
        for size in (60, 1000, None)
    ]
    np.testing.assert_array_equal(whole[0], whole[1])
    np.testing.assert_array_equal(whole[0], whole[2])


def test_partial_fit_is_full_batch_fit_one_step_at_a_time(blobs):
    whole = Autoencoder(**{**QUICK, "epochs": 4}, batch_size=None).fit(blobs)
    stream = Autoencoder(**QUICK, batch_size=None)
    for _ in range(4):
        stream.partial_fit(blobs)
    assert stream.n_iter_ == 4
    np.testing.assert_array_equal(stream.transform(blobs), whole.transform(blobs))
    np.testing.assert_allclose(stream.history_["loss"], whole.history_["loss"])


def test_partial_fit_learns_from_single_rows(blobs):
    stream = Autoencoder(**QUICK, learning_rate=0.01)
    first = stream.partial_fit(blobs[:1]).score(blobs)
    for row in blobs[1:]:
        stream.partial_fit(row[None])
    assert stream.score(blobs) > first
    assert stream.n_iter_ == 60


def test_warm_start_goes_on(blobs):
    model = Autoencoder(**QUICK, batch_size=None, warm_start=True)
    model.fit(blobs).fit(blobs)
    longer = Autoencoder(**{**QUICK, "epochs": 6}, batch_size=None).fit(blobs)
    assert model.n_iter_ == 6
    np.testing.assert_array_equal(model.transform(blobs), longer.transform(blobs))


def test_sample_weight_is_repetition(blobs):
    weight = np.random.default_rng(3).integers(0, 4, size=60)
    repeated = Autoencoder(**QUICK, early_stopping=True)
    weighted = clone(repeated).fit(blobs, sample_weight=weight)
    repeated.fit(blobs.repeat(weight, axis=0))
    np.testing.assert_array_equal(repeated.transform(blobs), weighted.transform(blobs))
    assert repeated.history_ == weighted.history_


def test_weights_of_any_scale(blobs):
    weight = np.random.default_rng(3).uniform(size=60)
    model = Autoencoder(**{**QUICK, "epochs": 20})
    for scale in (1.0, 1e-3):
        loss = model.fit(blobs, sample_weight=weight * scale).history_["loss"]
        assert loss[-1] < loss[0]


class Watch(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        size = sum(np.abs(weight).sum() for weight in self.model.get_weights())
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.seen.append((epoch, logs["loss"], size, rate))


def test_callbacks_see_the_network_and_steer_it(blobs, tmp_path):
    callbacks = [
        Watch(),
        keras.callbacks.ReduceLROnPlateau("loss", min_delta=1e9, patience=1),
        keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", "loss"),
        keras.callbacks.LambdaCallback(on_train_begin=lambda logs: None),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
    ]
    model = Autoencoder(**QUICK, callbacks=callbacks).fit(blobs)
    assert callbacks[0].seen == []
    seen = model.callbacks_[0].seen
    assert [loss for _, loss, _, _ in seen] == model.history_["loss"]
    assert len({size for _, _, size, _ in seen}) == 3
    assert seen[0][3] > seen[2][3]
    saved = keras.models.load_model(tmp_path / "best.keras")
    output = keras.ops.convert_to_numpy(saved(np.float32(blobs)))
    np.testing.assert_allclose(output, model.reconstruct(blobs), rtol=1e-4, atol=1e-5)
    assert (tmp_path / "log.csv").read_text().count("\n") == 4


class Initializer(keras.callbacks.Callback):
    """Notes the weights that the network comes with."""

    def set_model(self, model):
        super().set_model(model)
        self.weights = model.get_weights()


def test_callbacks_come_to_the_weights_that_training_starts_from(blobs):
    before = Autoencoder(**QUICK, warm_start=True).fit(blobs)
    Autoencoder(**QUICK).fit(-blobs)  # with the same programs
    weights = before._state.values
    before.set_params(callbacks=Initializer()).fit(blobs)
    seen = before.callbacks_[0].weights
    trained = [any(np.array_equal(mine, value) for value in weights) for mine in seen]
    assert len(seen) == len(weights)
    assert all(trained)


def test_keras_early_stopping_restores_its_weights(blobs):
    stop = keras.callbacks.EarlyStopping(
        "loss", min_delta=1e9, patience=2, restore_best_weights=True
    )
    model = Autoencoder(**{**QUICK, "epochs": 50}, callbacks=stop).fit(blobs)
    one = Autoencoder(**{**QUICK, "epochs": 1}).fit(blobs)
    assert model.n_iter_ == 3
    np.testing.assert_array_equal(model.transform(blobs), one.transform(blobs))


def test_tensorboard(blobs, tmp_path):
    pytest.importorskip("tensorboard")
    callback = keras.callbacks.TensorBoard(tmp_path)
    Autoencoder(**QUICK, callbacks=[callback]).fit(blobs)
    assert list(tmp_path.rglob("events*"))


class Explode(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            self.model.optimizer.learning_rate = 1e30


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_diverging_loss_restores_finite_weights(blobs):
    model = Autoencoder(**{**QUICK, "epochs": 9}, optimizer="sgd", callbacks=Explode())
    with pytest.warns(ConvergenceWarning, match=r"in epoch .* smaller learning_rate"):
        model.fit(blobs)
    assert 2 <= model.n_iter_ < 9
    assert np.isfinite(model.transform(blobs)).all()
    assert np.isfinite(model.history_["loss"]).all()


def test_verbose_shows_one_bar(blobs, capsys):
    Autoencoder(**QUICK, verbose=1, early_stopping=True).fit(blobs)
    shown = capsys.readouterr().out
    assert "epoch 3/3" in shown
    assert "val_loss" in shown
    Autoencoder(**QUICK).fit(blobs)
    assert capsys.readouterr().out == ""
