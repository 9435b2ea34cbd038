"""Networks trained side by side in one program."""

import threading

import keras
import numpy as np
import pytest
from sklearn.decomposition import PCA

from skunsup import Autoencoder, AutoencoderDetector, _threads
from skunsup._networks import Architecture, DenseStack
from skunsup._networks._members import members_of, used_units, width_shares
from skunsup._training import (
    EnsembleConfig,
    _fitted,
    as_rows,
    bagged_sampler,
    weighted_sample,
)
from skunsup._training._backend import backend
from skunsup._training._optimizers import optimizer_config
from skunsup._training._programs import LRUCache
from skunsup._training._train import _trainer
from skunsup.models._autoencoder import AutoencoderNetwork

QUICK = {"n_components": 2, "hidden_layer_sizes": (8,), "epochs": 3, "random_state": 0}
DEALT = EnsembleConfig(4, max_samples=0.5, max_features=1.0, seed=3)


@pytest.fixture(scope="module")
def fitted(blobs):
    return AutoencoderDetector(**QUICK, support_fraction=1.0).fit(blobs)


def architecture():
    parts = {
        "encoder": DenseStack(3, (4, 2), "tanh"),
        "decoder": DenseStack(2, (4, 3), "tanh"),
    }
    settings = {"loss": "mean_squared_error", "noise": None, "noise_level": 0.0}
    return Architecture(AutoencoderNetwork, parts, settings, 2)


@pytest.mark.parametrize("n_members", [1, 2])
def test_no_initializer_is_compiled_only_to_be_overwritten(n_members):
    made = architecture() if n_members == 1 else architecture().repeated(2, 1.0)
    network = made.build()
    layers = [layer for part in (network.encoder, network.decoder)
              for layer in part.layers]  # fmt: skip
    assert len(layers) == 4
    for layer in layers:
        np.testing.assert_array_equal(layer.kernel, 0.0)
    copied = keras.models.clone_model(network.encoder)
    for layer in copied.layers:  # what a user builds anew starts at random
        assert np.ptp(keras.ops.convert_to_numpy(layer.kernel)) > 0


def trained(made, start, minibatch, learning_rate=0.1):
    """Weights after one step of gradient descent from `start`."""
    trainer = _trainer(made, [optimizer_config("sgd", learning_rate, None)])
    rates = [np.array(learning_rate, v.dtype) if v.ndim == 0 and v.dtype == np.float32
             else v for v in trainer.fresh(start)]  # fmt: skip
    trainer.load(start, rates)
    total = trainer.run(minibatch[None], 1)[0]
    return trainer.values(), total


def test_a_member_learns_as_it_would_alone():
    rng = np.random.default_rng(0)
    single, both = architecture(), architecture().repeated(2, 1.0)
    alone = single.initial_values(single.build(), rng)
    other = single.initial_values(single.build(), rng)
    start = both.initial_values(both.build(), rng)
    kernels = [np.stack(pair) for pair in zip(alone, other, strict=True)]
    for at, value in zip(range(0, len(start)), start, strict=True):
        layer, kind = divmod(at, 3)
        if kind < 2:
            start[at] = kernels[2 * layer + kind].reshape(value.shape)
        else:
            start[at] = np.ones_like(value)  # all units
    mine, theirs = rng.normal(size=(2, 10, 3)).astype(np.float32)
    turns = np.stack([mine, theirs], axis=1).reshape(20, 3)
    together, losses = trained(both, start, turns)
    expected, loss = trained(single, alone, mine)
    _, other_loss = trained(single, other, theirs)
    for layer in range(4):
        for kind in range(2):
            found = together[3 * layer + kind][0]
            want = expected[2 * layer + kind]
            np.testing.assert_allclose(found.reshape(want.shape), want, atol=1e-6)
    np.testing.assert_allclose(losses, loss + other_loss, rtol=1e-5)


def test_members_differ_in_width_start_and_columns():
    part = members_of(
        DenseStack(10, (8, 4), "relu"), 3, reads_code=False, max_features=0.5
    )
    values = part.initial_values(np.random.default_rng(0))
    kernel, columns, hidden = values[0], values[2], values[5]
    assert kernel.shape == (3, 10, 8)
    assert len({member.tobytes() for member in kernel}) == 3
    np.testing.assert_array_equal(columns.sum(axis=(1, 2)), 5)
    assert len({member.tobytes() for member in columns}) > 1
    np.testing.assert_array_equal(hidden.sum(axis=(1, 2)), [8, 6, 4])
    np.testing.assert_array_equal(width_shares(3), [1.0, 0.75, 0.5])
    assert used_units(0.1, 3) == 1
    decoder = members_of(
        DenseStack(4, (8, 10), "relu"), 3, reads_code=True, max_features=0.5
    )
    code = decoder.initial_values(np.random.default_rng(0))[2]
    np.testing.assert_array_equal(code.sum(axis=(1, 2)), [4, 3, 2])


def test_what_one_of_two_members_leaves_out_the_other_sees():
    hashes = np.random.default_rng(0).integers(0, 2**64, size=4000, dtype=np.uint64)
    sees = DEALT.sees(hashes)
    np.testing.assert_array_equal(sees[:, 0], ~sees[:, 1])
    np.testing.assert_array_equal(sees[:, 2], ~sees[:, 3])
    np.testing.assert_allclose(sees.mean(axis=0), 0.5, atol=0.03)
    assert abs(np.corrcoef(sees[:, 0], sees[:, 2])[0, 1]) < 0.06
    most = EnsembleConfig(2, max_samples=0.8, max_features=1.0, seed=3).sees(hashes)
    np.testing.assert_allclose(most.mean(axis=0), 0.8, atol=0.03)
    assert (~EnsembleConfig(2, 0.5, 1.0, 4).sees(hashes) == sees[:, :2]).any()


def test_each_member_draws_its_own_rows(blobs):
    rows = as_rows(np.concatenate([blobs, blobs[:7]]))
    sampler = bagged_sampler(rows, weighted_sample(rows, None), DEALT)
    drawn = sampler.draw(sampler.n_draws, np.random.default_rng(0)).reshape(-1, 4)
    sees = DEALT.sees(rows.hashes)
    for member, column in enumerate(drawn.T):
        assert sees[column, member].all()
        assert set(column) == set(sampler.members[member].index)


def test_a_training_row_is_judged_by_those_who_did_not_see_it(fitted, blobs):
    viewer = fitted._ensemble_scorer
    sees = viewer.members.sees(as_rows(blobs).hashes)
    counted = viewer.view(np.float32(blobs)).counted
    np.testing.assert_array_equal(counted > 0, ~sees)
    np.testing.assert_allclose(counted.sum(axis=1), 1.0)
    np.testing.assert_array_equal(viewer.view(np.float32(blobs + 1)).counted, 0.25)


def test_rows_seen_by_all_are_judged_by_all(blobs):
    detector = AutoencoderDetector(**QUICK, max_samples=1.0).fit(blobs)
    np.testing.assert_array_equal(
        detector._ensemble_scorer.view(np.float32(blobs)).counted, 0.25
    )
    detector.set_params(novelty=True, max_samples=0.5).fit(blobs)
    assert detector._ensemble_scorer.view(np.float32(blobs)).counted.max() >= 0.5


def test_the_model_of_several_networks_is_one_wide_autoencoder(fitted, blobs):
    model = fitted.estimator_
    codes = model.transform(blobs)
    assert fitted.n_components_ == 2
    assert codes.shape == (60, 8) == (60, model.n_components_)
    np.testing.assert_allclose(
        model.inverse_transform(codes), model.reconstruct(blobs), atol=1e-6
    )
    np.testing.assert_allclose(
        model.feature_scores(blobs).sum(axis=1), -model.score_samples(blobs), rtol=1e-5
    )


def test_the_keras_network_is_saved_with_its_members(fitted, blobs, tmp_path):
    fitted.model_.save(tmp_path / "model.keras")
    restored = keras.saving.load_model(tmp_path / "model.keras")
    ours, theirs = (
        keras.ops.convert_to_numpy(model(np.float32(blobs)))
        for model in (fitted.model_, restored)
    )
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_allclose(ours, fitted.estimator_.reconstruct(blobs), atol=1e-6)


def test_own_networks_stand_side_by_side(blobs):
    encoder = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(5, "tanh"), keras.layers.Dense(2)]
    )
    detector = AutoencoderDetector(encoder=encoder, epochs=3, random_state=0)
    detector.fit(blobs)
    residuals = detector._ensemble_scorer.view(np.float32(blobs)).residuals
    assert residuals.shape == (60, 4, 6)
    assert np.ptp(residuals, axis=1).min() > 0
    kernels = [m.layers[0].kernel for m in detector.model_.encoder.members]
    apart = keras.ops.convert_to_numpy(kernels[0] - kernels[1])
    assert np.abs(apart).min() > 0


def test_columns_are_hidden_from_the_default_encoder_alone(blobs):
    encoder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])
    detector = AutoencoderDetector(encoder=encoder, max_features=0.5)
    with pytest.raises(ValueError, match=r"max_features=0\.5 hides .* your own"):
        detector.fit(blobs)
    few = AutoencoderDetector(**QUICK, max_features=0.34).fit(blobs)
    view = few._ensemble_scorer.view(np.float32(blobs))
    hidden = np.float32(blobs)
    seen = keras.ops.convert_to_numpy(few.model_.encoder.layers[0].seen)[0, 0]
    hidden[:, seen == 0] = 7.0
    np.testing.assert_array_equal(
        few._ensemble_scorer.view(hidden).computed("reconstruct")[:, 0],
        view.computed("reconstruct")[:, 0],
    )


def test_one_network_is_the_model_itself(blobs):
    params = {"n_components": 2, "hidden_layer_sizes": (8,), "epochs": 3}
    detector = AutoencoderDetector(
        n_estimators=1, noise=None, scoring="reconstruction", random_state=0, **params
    ).fit(blobs)
    names = {*Autoencoder().get_params()} - {"fitted_prior"}
    given = {n: getattr(detector, n) for n in names}
    given |= {"learning_rate_schedule": "cosine", "batch_size": 128}
    alone = Autoencoder(**given).fit(blobs)
    np.testing.assert_allclose(
        detector.score_samples(blobs), alone.score_samples(blobs), rtol=1e-6
    )


def test_each_member_starts_at_the_pca_solution(blobs):
    params = {"hidden_layer_sizes": (16,), "learning_rate": 1e-9, "noise": None}
    params |= {"max_samples": 1.0, "support_fraction": 1.0}
    detector = AutoencoderDetector(
        n_components=4, init="pca", max_steps=1, random_state=0, **params
    ).fit(blobs)
    residuals = detector._ensemble_scorer.view(np.float32(blobs)).residuals
    for member, width in enumerate([4, 3, 3, 2]):
        pca = PCA(width).fit(blobs)
        left = blobs - pca.inverse_transform(pca.transform(blobs))
        np.testing.assert_allclose(residuals[:, member], left, atol=1e-4)
    kernel = keras.ops.convert_to_numpy(detector.model_.encoder.layers[0].kernel)
    assert np.abs(kernel[0, :, 4:] - kernel[1, :, 4:]).min() > 0


def test_training_rows_score_as_new_ones_do():
    rng = np.random.default_rng(0)
    train, new = rng.normal(size=(200, 10)), rng.normal(size=(2000, 10))
    params = {"scoring": "residual", "novelty": True, "max_steps": 300, "noise": None}
    beyond = []
    for max_samples in (0.5, 1.0):
        detector = AutoencoderDetector(
            max_samples=max_samples, random_state=0, **params
        ).fit(train)
        tenth = np.quantile(detector.score_samples(train), 0.1)
        beyond.append(np.mean(detector.score_samples(new) < tenth))
    assert 0.05 < beyond[0] < 0.15
    assert beyond[1] > 0.2


def test_rows_are_scored_in_several_threads_but_compiled_in_one(monkeypatch):
    X = np.random.default_rng(0).normal(size=(5_000, 3)).astype(np.float32)
    fitted = AutoencoderDetector(**QUICK, scoring="residual").fit(X[:200])
    network = fitted._ensemble_scorer.networks[0]
    monkeypatch.setattr(_fitted, "_scorers", LRUCache(16))
    traced, stateless = [], _fitted.stateless

    def noting(*args):
        function = stateless(*args)

        def noted(*given):
            traced.append(threading.current_thread())
            return function(*given)

        return noted

    monkeypatch.setattr(_fitted, "stateless", noting)
    found = []
    for n_threads in (2, 1):
        monkeypatch.setattr(_threads, "n_threads", lambda n=n_threads: n)
        found.append((network.compute("residual", as_rows(X)), fitted.score_samples(X)))
    for of_two, of_one in zip(*found, strict=True):
        np.testing.assert_array_equal(of_two, of_one)
    if backend().concurrent():
        assert traced
        assert set(traced) == {threading.main_thread()}
