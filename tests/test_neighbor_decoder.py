"""The decoder of a neighbour embedding: what it restores, and where there is none."""

import pickle

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skunsup import (
    Blocks,
    Images,
    NeighborEmbedding,
    OutlierDetector,
    Sequences,
    Table,
    Text,
)
from skunsup._training import RowPairs, as_rows

from .helpers import on_torch_or_asked

PIXELS = (load_digits().data / 16).astype(np.float32)
PIXELS = np.random.default_rng(0).permutation(PIXELS)  # writers stand together
TRAIN, NEW = PIXELS[:900], PIXELS[900:1400]
METHODS = (
    "inverse_transform",
    "reconstruct",
    "score_samples",
    "score",
    "feature_scores",
)
FEW = {
    "reconstruction_weight": 1.0,
    "hidden_layer_sizes": (16,),
    "batch_size": 8,
    "max_steps": 16,
    "random_state": 0,
}
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 5)).astype(np.float32)


def few(**given):
    return NeighborEmbedding(**{**FEW, **given})


def share_lost(model):
    """Squared error of restored new digits, relative to that of the mean digit."""
    lost = np.square(model.reconstruct(NEW) - NEW).mean()
    return lost / np.square(TRAIN.mean(axis=0) - NEW).mean()


@pytest.fixture(scope="module")
def decoded():
    """Codes of digits, with a decoder."""
    model = few(
        n_components=8,
        inputs=Images((8, 8)),
        hidden_layer_sizes=(64,),
        batch_size=64,
        max_steps=400,
    )
    return model.fit(TRAIN)


def test_a_decoder_restores_new_digits(decoded):
    assert share_lost(decoded) < 0.5
    restored = decoded.inverse_transform(decoded.transform(NEW))
    np.testing.assert_allclose(restored, decoded.reconstruct(NEW), atol=1e-5)
    assert set(decoded.history_) == {"loss", "contrast", "reconstruction"}


def test_scores_are_minus_the_error_of_rows_as_they_are(decoded):
    error = np.square(decoded.reconstruct(NEW) - NEW).mean(axis=1)
    scores = decoded.score_samples(NEW)
    np.testing.assert_allclose(-scores, error, rtol=1e-4)
    np.testing.assert_allclose(
        decoded.feature_scores(NEW).sum(axis=1), -scores, rtol=1e-4
    )
    mixed = np.random.default_rng(0).permuted(NEW, axis=1)
    told = np.append(scores, decoded.score_samples(mixed))
    assert roc_auc_score(np.repeat([1, 0], len(NEW)), told) > 0.95


@on_torch_or_asked
@pytest.mark.parametrize(("coordinates", "width"), [("map", 2), ("spectral", 8)])
def test_coordinates_are_decoded(decoded, coordinates, width):
    model = few(
        n_components=width,
        coordinates=coordinates,
        inputs=Images((8, 8)),
        hidden_layer_sizes=(64,),
        batch_size=64,
        max_steps=300,
    )
    places = model.fit_transform(TRAIN)
    assert share_lost(model) < 0.75
    restored = model.inverse_transform(places)
    np.testing.assert_allclose(restored, model.reconstruct(TRAIN), atol=1e-5)
    lost = model.history_["reconstruction"]
    assert not any(lost[: len(lost) // 2])
    assert all(lost[len(lost) // 2 :])


@on_torch_or_asked
@pytest.mark.parametrize("coordinates", ["code", "spectral"])
def test_a_decoder_of_weight_0_has_no_say(coordinates):
    def places(weight, loss):
        model = few(reconstruction_weight=weight, loss=loss, coordinates=coordinates)
        return model.fit_transform(X)

    losses = ("mean_squared_error", "mean_absolute_error")
    np.testing.assert_array_equal(*(places(0, loss) for loss in losses))
    assert (places(1, losses[0]) != places(1, losses[1])).any()


def test_the_row_as_it_is_stands_behind_views():
    views = rng.normal(size=(12, 3)).astype(np.float32)
    whole = rng.normal(size=(9, 4)).astype(np.float32)
    origin = np.repeat([8, 2, 5, 0], 3)
    pairs = RowPairs(as_rows(views), as_rows(whole), origin)
    drawn = np.array([[0, 11], [5, 1], [9, 9]])
    found = pairs.take(drawn)
    assert found.shape == (3, pairs.d)
    expected = np.hstack([views[[0, 5, 9]], views[[11, 1, 9]], whole[[8, 2, 0]]])
    np.testing.assert_array_equal(found, expected)


def test_there_is_no_decoder_unless_asked_for():
    model = few(reconstruction_weight=None)
    for state in (model, model.fit(X), model.set_params(reconstruction_weight=1.0)):
        assert not any(hasattr(state, name) for name in METHODS)
    assert all(hasattr(few(), name) for name in METHODS)
    with pytest.raises(AttributeError) as caught:
        _ = model.reconstruct
    assert "Give reconstruction_weight=0.1" in str(caught.value.__cause__)


def test_bad_parameters_are_explained():
    with pytest.raises(ValueError, match="decoder was given, but reconstruction_"):
        few(reconstruction_weight=None, decoder=keras.Sequential()).fit(X)
    with pytest.raises(ValueError, match=r"needs values in \[0, 1\]"):
        few(loss="binary_crossentropy").fit(X)


@on_torch_or_asked
def test_an_own_decoder_and_loss_are_used():
    def decoder(n_components, n_features):
        layers = [keras.Input((n_components,)), keras.layers.Dense(n_features)]
        return keras.Sequential(layers)

    model = few(n_components=4, decoder=decoder).fit(X)
    assert model.model_.decoder.count_params() == 4 * 5 + 5
    pixels = few(loss="binary_crossentropy").fit(TRAIN[:60]).reconstruct(NEW)
    assert 0 <= pixels.min() < pixels.max() <= 1


@on_torch_or_asked
def test_training_goes_on_with_the_decoder():
    for coordinates in ("code", "spectral"):
        model = few(coordinates=coordinates, warm_start=True, max_steps=100).fit(X)
        first = model.score(X)
        for _ in range(3):
            model.fit(X)
        assert model.partial_fit(X).score(X) > first
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again.reconstruct(X), model.reconstruct(X))


@on_torch_or_asked
def test_weights_are_repeated_rows():
    weight = rng.integers(0, 3, size=60)
    weighted = few().fit(X, sample_weight=weight).reconstruct(X)
    repeated = few().fit(np.repeat(X, weight, axis=0)).reconstruct(X)
    np.testing.assert_array_equal(weighted, repeated)


@on_torch_or_asked
def test_held_out_rows_are_judged_by_pairs():
    model = few(early_stopping=True, max_steps=None, epochs=3).fit(X)
    assert np.isfinite(model.history_["val_loss"]).all()


@on_torch_or_asked
def test_it_works_in_pipelines_and_detectors():
    far = 100 * X + 1000
    pipeline = make_pipeline(StandardScaler(), few(n_components=4, max_steps=400))
    restored = pipeline.fit(far).inverse_transform(pipeline.transform(far))
    assert np.square(restored - far).mean() < 0.7 * far.var(axis=0).mean()
    detector = OutlierDetector(few(max_steps=100)).fit(X)
    assert detector.predict(np.vstack([X, X[:1] + 50]))[-1] == -1


TEXTS = [
    f"{a} {b} {c}"
    for a in ("red", "blue", "green")
    for b in ("cat", "dog", "bird")
    for c in ("runs", "sleeps", "sings")
]
ROWS = pd.DataFrame(rng.normal(size=(27, 5)), columns=list("abcde"))
KINDS = {
    "table": (Table(), pd.DataFrame({"a": list("xyz") * 9, "b": np.arange(27.0)}), 2),
    "text": (Text(), TEXTS, 3),
    "sequences": (Sequences(), rng.normal(size=(27, 6, 2)), 12),
    "convolutions": (Images((8, 8), filters=(4,)), PIXELS[:27], 64),
    "blocks": (Blocks([("a", None, ["a", "b"]), ("b", None, list("cde"))]), ROWS, 5),
}


@on_torch_or_asked
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("coordinates", ["code", "spectral"])
def test_every_kind_of_data_is_restored(kind, coordinates):
    inputs, data, n_cells = KINDS[kind]
    given = {"inputs": inputs, "coordinates": coordinates, "n_components": 3}
    start = few(**given, max_steps=1).fit(data)
    model = few(**given, max_steps=150).fit(data)
    assert model.score(data) > start.score(data)
    restored = model.inverse_transform(model.transform(data))
    assert type(restored) is type(model.reconstruct(data))
    assert np.shape(restored) == np.shape(data)
    shares = model.feature_scores(data)
    assert shares.shape == (27, n_cells)
    np.testing.assert_allclose(
        shares.sum(axis=1), -model.score_samples(data), rtol=1e-3
    )
