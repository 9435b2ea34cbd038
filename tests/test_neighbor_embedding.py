"""The neighbour embedding: what it learns, from what data, and what it refuses."""

import pickle
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import KNeighborsClassifier, kneighbors_graph

from skunsup import Blocks, Images, NeighborEmbedding, Sequences, Table, Text
from skunsup._graph import nearest_neighbors
from skunsup._training import as_rows, weighted_sample
from skunsup.models import _coordinates, _map_layout
from skunsup.models._contrast import info_nce, place_info_nce
from skunsup.models._map_layout import leading_columns, map_layout
from skunsup.models._map_training import NEAREST, of_codes, of_places
from skunsup.models._projection import learned_projection
from skunsup.models._views import stored_views

from .helpers import array, on_torch_or_asked, tensor

IMAGES, DIGIT = load_digits(return_X_y=True)
MIXED = np.random.default_rng(0).permutation(len(IMAGES))  # writers stand together
IMAGES, DIGIT = (IMAGES[MIXED] / 16).astype(np.float32), DIGIT[MIXED]
SHAPE = (8, 8)
FEW = {
    "hidden_layer_sizes": (16,),
    "batch_size": 8,
    "max_steps": 16,
    "random_state": 0,
}
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 5)).astype(np.float32)


def few(**given):
    return NeighborEmbedding(**{**FEW, **given})


def test_info_nce_is_the_cross_entropy_of_telling_partners():
    a, b = (z / np.linalg.norm(z, axis=1)[:, None] for z in rng.normal(size=(2, 6, 3)))
    similar = a @ b.T / 0.5
    rows = np.log(np.exp(similar).sum(axis=1)) - np.diag(similar)
    columns = np.log(np.exp(similar).sum(axis=0)) - np.diag(similar)
    found = array(info_nce(tensor(a), tensor(b), 0.5))
    np.testing.assert_allclose(found, (rows + columns).mean() / 2, rtol=1e-5)


def test_places_are_contrasted_by_the_similarity_of_t_sne():
    a, b = rng.normal(size=(2, 6, 2))
    similar = 1.0 / (1.0 + np.square(a[:, None] - b[None]).sum(axis=-1))
    own = np.log(np.diag(similar))
    rows = np.log(similar.sum(axis=1)) - own
    columns = np.log(similar.sum(axis=0)) - own
    found = array(place_info_nce(tensor(a), tensor(b)))
    np.testing.assert_allclose(found, (rows + columns).mean() / 2, rtol=1e-5)


@pytest.fixture(scope="module")
def digits():
    """An embedding of three quarters of the digits."""
    model = NeighborEmbedding(4, inputs=Images(SHAPE), max_steps=500, random_state=0)
    return model.fit(IMAGES[:1300])


def accuracy(codes, new):
    return KNeighborsClassifier(5).fit(codes, DIGIT[:1300]).score(new, DIGIT[1300:])


def test_codes_of_new_rows_beat_pca_at_telling_digits(digits):
    train, new = IMAGES[:1300], IMAGES[1300:]
    pca = PCA(4).fit(train)
    theirs = accuracy(pca.transform(train), pca.transform(new))
    ours = accuracy(digits.transform(train), digits.transform(new))
    untrained = clone(digits).set_params(max_steps=1).fit(train)
    least = accuracy(untrained.transform(train), untrained.transform(new))
    assert ours > max(theirs, least) + 0.05
    assert ours > 0.95


def test_neighbours_stay_neighbours(digits):
    codes = digits.transform(IMAGES[:1300])
    pca = PCA(4).fit_transform(IMAGES[:1300])
    theirs = trustworthiness(IMAGES[:1300], pca, n_neighbors=15)
    ours = trustworthiness(IMAGES[:1300], codes, n_neighbors=15)
    assert ours > theirs + 0.02
    np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 1.0, rtol=1e-5)


@pytest.fixture(scope="module")
def digit_map():
    """A map of three quarters of the digits."""
    model = NeighborEmbedding(2, inputs=Images(SHAPE), max_steps=250, random_state=0)
    return model.fit(IMAGES[:1300])


def test_a_map_tells_new_digits(digit_map):
    train, new = digit_map.transform(IMAGES[:1300]), digit_map.transform(IMAGES[1300:])
    assert digit_map.n_components_ == 2
    assert accuracy(train, new) > 0.9
    pca = PCA(2).fit_transform(IMAGES[:1300])
    theirs = trustworthiness(IMAGES[:1300], pca, n_neighbors=15)
    kept = trustworthiness(IMAGES[:1300], train, n_neighbors=15)
    assert kept > theirs + 0.1
    assert set(digit_map.history_) == {"loss", "contrast", "coordinates"}


@on_torch_or_asked
def test_a_map_is_learned_from_rows_as_they_are_and_their_nearest(monkeypatch):
    stages = []

    def noted(function):
        def call(*arguments):
            stages.append(function(*arguments))
            return stages[-1]

        return call

    for function in (of_codes, of_places):
        name = f"skunsup.models._coordinates.{function.__name__}"
        monkeypatch.setattr(name, noted(function))
    rows = IMAGES[:40]
    few(n_components=2, inputs=Images(SHAPE), n_views=3).fit(rows)
    codes, places = stages
    assert codes.data.sample.n_views == 3
    assert codes.architecture.settings["noise_level"] == 0.0
    assert places.architecture.settings["noise_level"] == pytest.approx(0.1)
    drawn = places.sample.draw(400, np.random.default_rng(0))
    near = places.data.neighbors.table[:, :NEAREST]
    assert (near[drawn[:, 0]] == drawn[:, 1:]).any(axis=1).all()
    assert len(np.unique(drawn[drawn[:, 0] == 0, 1])) > 3
    seen = places.data.single.take(slice(None))
    np.testing.assert_array_equal(seen, codes.data.single.take(slice(None))[::3])


def test_a_layout_puts_groups_apart_and_neighbours_near():
    groups = np.vstack([X[:30], X[30:] + 20])
    found = nearest_neighbors(groups, 8)
    start = leading_columns(groups, 2)
    laid = map_layout(found, None, start, np.random.default_rng(0))
    first, second = laid[:30], laid[30:]
    between = np.linalg.norm(first.mean(axis=0) - second.mean(axis=0))
    assert between > 2 * np.linalg.norm(first - first.mean(axis=0), axis=1).mean()
    assert trustworthiness(groups, laid, n_neighbors=8) > 0.85
    np.testing.assert_allclose(np.square(laid).mean(), 1.0, rtol=1e-5)


def test_attraction_and_repulsion_are_the_gradient_of_t_sne(monkeypatch):
    monkeypatch.setattr(_map_layout, "SHIFTS", 4000)
    at = X[:20, :2]
    graph = _map_layout._affinities(nearest_neighbors(X[:20], 5), None)
    ends = np.repeat(np.arange(20), np.diff(graph.indptr)), graph.indices
    apart = at[:, None] - at[None]
    similar = 1.0 / (1.0 + np.square(apart).sum(axis=-1))
    np.fill_diagonal(similar, 0.0)
    pull = ((graph.toarray() * similar)[..., None] * apart).sum(axis=1)
    push = (np.square(similar)[..., None] * apart).sum(axis=1) / similar.sum()
    found = _map_layout._attraction(graph, ends, at)
    np.testing.assert_allclose(found, pull, atol=1e-6)
    pushed = _map_layout._repulsion(at, np.random.default_rng(0))
    np.testing.assert_allclose(pushed, push, atol=0.05 * np.abs(push).max())


def test_neighbours_among_codes_count_less_in_a_layout():
    near, of_codes = nearest_neighbors(X, 5), nearest_neighbors(X[:, :2], 5)
    found = _map_layout._affinities(near, of_codes).toarray()
    rows, codes = near.matrix().toarray(), of_codes.matrix().toarray()
    expected = rows + rows.T + _map_layout.CODE_SHARE * (codes + codes.T)
    np.testing.assert_allclose(found, expected / expected.sum(), rtol=1e-5)


@on_torch_or_asked
def test_spectral_coordinates_suit_k_means():
    groups = np.repeat(np.eye(5)[:3] * 6, 30, axis=0) + rng.normal(size=(90, 5))
    model = NeighborEmbedding(
        5,
        coordinates="spectral",
        n_neighbors=8,
        hidden_layer_sizes=(32,),
        max_steps=200,
        random_state=0,
    )
    found = KMeans(3, n_init=3, random_state=0).fit_predict(model.fit_transform(groups))
    assert adjusted_rand_score(np.repeat(range(3), 30), found) > 0.95


def test_spectral_coordinates_are_eigenvectors_of_the_graph_among_codes():
    codes = np.random.default_rng(1).normal(size=(60, 5))
    codes /= np.linalg.norm(codes, axis=1)[:, None]
    graph = kneighbors_graph(codes, 20).toarray()
    graph = np.minimum(graph, graph.T) + 0.1 * np.maximum(graph, graph.T)
    scale = graph.sum(axis=1) ** -0.5
    values, vectors = np.linalg.eigh(scale[:, None] * graph * scale)
    expected = vectors[:, -4:] * values[-4:] ** 3
    expected /= np.linalg.norm(expected, axis=1)[:, None]
    data = SimpleNamespace(sample=SimpleNamespace(sample=SimpleNamespace(weight=None)))
    found = _coordinates._spectral(codes, data, 4)
    # Eigenvectors are known but for their signs.
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-5)


@on_torch_or_asked
def test_few_rows_and_equal_rows_have_maps():
    for rows in (X[:3], np.ones((9, 3)), np.repeat(X[:2], 2, axis=0)):
        assert np.isfinite(few(n_components=2).fit_transform(rows)).all()


def test_weights_are_repeated_rows_in_maps():
    weight = rng.integers(0, 3, size=60)
    model = few(n_components=2)
    weighted = clone(model).fit(X, sample_weight=weight).transform(X)
    repeated = clone(model).fit(np.repeat(X, weight, axis=0)).transform(X)
    np.testing.assert_array_equal(weighted, repeated)


def test_a_warm_start_keeps_the_map():
    model = few(n_components=2, max_steps=300, warm_start=True).fit(X)
    before = model.transform(X)
    after = model.set_params(max_steps=16).fit(X).transform(X)
    assert np.abs(after - before).mean() < 0.3 * np.abs(before).mean()


def test_loss_falls(digits):
    losses = digits.history_["loss"]
    assert losses[-1] < losses[0] - 1.0


def test_weights_are_repeated_rows():
    weight = rng.integers(0, 3, size=60)
    weighted = few().fit(X, sample_weight=weight).transform(X)
    repeated = few().fit(np.repeat(X, weight, axis=0)).transform(X)
    np.testing.assert_array_equal(weighted, repeated)


def test_order_and_source_of_rows_change_nothing(tmp_path):
    wide = rng.normal(size=(60, 70)).astype(np.float32)
    order = rng.permutation(60)
    np.save(tmp_path / "X.npy", wide)
    expected = few().fit(wide).transform(wide)
    for source in (
        wide[order],
        sp.csr_array(wide),
        np.load(tmp_path / "X.npy", mmap_mode="r"),
    ):
        np.testing.assert_array_equal(few().fit(source).transform(wide), expected)


def test_a_precomputed_graph_gives_the_same_as_the_search():
    graph = kneighbors_graph(X, 7, mode="distance")
    expected = few(n_neighbors=7).fit(X).transform(X)
    given = few(metric="precomputed", graph=graph)
    # The search takes one more draw of the generator, for its seed.
    assert given.fit(X).transform(X).shape == expected.shape
    kept = few(n_neighbors=7, store_graph=True).fit(X).graph_
    np.testing.assert_array_equal(kept.toarray() > 0, graph.toarray() > 0)
    assert not hasattr(few().fit(X), "graph_")


def test_the_graph_names_equal_rows_by_the_first():
    twice = np.vstack([X, X])
    graph = few(n_neighbors=4, store_graph=True).fit(twice).graph_.toarray()
    np.testing.assert_array_equal(graph[:60], graph[60:])
    assert not graph[:, 60:].any()


@on_torch_or_asked
@pytest.mark.parametrize(
    "changed",
    [{"noise_level": 0.0}, {"temperature": 0.5}, {"n_neighbors": 3}, {"n_views": 2}],
    ids=lambda changed: next(iter(changed)),
)
def test_parameters_reach_the_training(changed):
    pixels = "n_views" in changed
    given = {"inputs": Images(SHAPE)} if pixels else {}
    rows = IMAGES[:40] if pixels else X
    codes = [few(**given, **more).fit_transform(rows) for more in ({}, changed)]
    assert np.abs(codes[0] - codes[1]).max() > 1e-3


def test_the_metric_counts():
    scaled = X * rng.uniform(0.1, 10, size=(60, 1)).astype(np.float32)
    kept = {}
    for metric in ("euclidean", "cosine", "manhattan"):
        model = few(metric=metric, n_neighbors=5, store_graph=True).fit(scaled)
        kept[metric] = model.graph_.toarray() > 0
        theirs = kneighbors_graph(scaled, 5, metric=metric).toarray() > 0
        assert (kept[metric] == theirs).mean() > 0.999
    assert (kept["euclidean"] != kept["cosine"]).any()


def test_views_are_stored_behind_the_row():
    rows = as_rows(IMAGES[:40])
    sample, generator = weighted_sample(rows, None), np.random.default_rng(0)
    projection = learned_projection(rows, sample, None, False, generator)
    likelihood = Images(SHAPE).fit(IMAGES[:40]).view_likelihood()
    index = np.arange(40)
    views = stored_views(rows, index, likelihood, projection, 3, generator)
    own = projection.all_of(rows, index)
    np.testing.assert_array_equal(views[:, 0], own)
    apart = np.linalg.norm(views[:, 1:] - own[:, None], axis=-1)
    among = np.linalg.norm(own[:, None] - own[None], axis=-1)
    assert apart.min() > 0
    assert apart.mean() < among.mean() / 2
    assert (views[:, 1] != views[:, 2]).any(axis=1).all()


@pytest.fixture
def prepared(monkeypatch):
    """The data from which minibatches of the last fit were drawn."""
    seen = {}
    original = NeighborEmbedding._architecture

    def noted(self, data):
        seen.update(vars(data))
        return original(self, data)

    monkeypatch.setattr(NeighborEmbedding, "_architecture", noted)
    return seen


def test_views_take_no_more_memory_than_they_may(monkeypatch, prepared):
    monkeypatch.setattr("skunsup.models._views.VIEW_BYTES", 4 * 60 * 64 * 3)
    few(inputs=Images(SHAPE)).fit(IMAGES[:60])
    assert prepared["sample"].n_views == 3


@on_torch_or_asked
def test_held_out_rows_stand_beside_the_nearest_training_row(prepared):
    few(max_steps=1).fit(X[:50], X_val=X[50:])
    pairs = prepared["validation"].rows.take(slice(None))
    held, beside = np.split(pairs, 2, axis=1)
    rows = prepared["single"].take(slice(None))
    apart = np.linalg.norm(held[:, None] - rows, axis=-1)
    np.testing.assert_array_equal(beside, rows[apart.argmin(axis=1)])
    assert len(np.unique(held, axis=0)) == 10


def test_early_stopping_judges_pairs_of_held_out_rows():
    model = few(early_stopping=True, max_steps=None, epochs=3).fit(X)
    losses = model.history_["val_loss"]
    assert len(losses) == 3
    assert 0 < min(losses) < np.log(257) + 5
    given = few(max_steps=None, epochs=2).fit(X[:50], X_val=X[50:])
    assert np.isfinite(given.history_["val_loss"]).all()


@on_torch_or_asked
def test_new_rows_are_encoded_as_those_of_pairs(prepared):
    wide = np.random.default_rng(1).normal(3.0, size=(60, 70)).astype(np.float32)
    model = few(n_components=5).fit(wide)
    seen = model._network.compute("embed", prepared["single"])
    codes = model.transform(wide)[prepared["origin"]]
    np.testing.assert_allclose(codes, seen, atol=1e-4)


TEXTS = [
    f"{a} {b} {c}"
    for a in ("red", "blue", "green")
    for b in ("cat", "dog", "bird")
    for c in ("runs", "sleeps", "sings")
]
SERIES = rng.normal(size=(27, 6, 2))
ROWS = pd.DataFrame(rng.normal(size=(27, 5)), columns=list("abcde"))


@on_torch_or_asked
@pytest.mark.parametrize(
    ("inputs", "data"),
    [
        (Table(), [[f"{i % 3}", i * 1.5] for i in range(27)]),
        (Text(), TEXTS),
        (Sequences(), SERIES),
        (Images(SHAPE, filters=(4,)), IMAGES[:27]),
        (Blocks([("a", None, ["a", "b"]), ("b", None, ["c", "d", "e"])]), ROWS),
    ],
    ids=["table", "text", "sequences", "convolutions", "blocks"],
)
def test_it_takes_every_kind_of_data(inputs, data):
    model = few(inputs=inputs, n_components=3).fit(data)
    codes = model.transform(data)
    assert codes.shape == (27, 3)
    assert codes.std(axis=0).min() > 1e-4


@on_torch_or_asked
def test_an_own_encoder_sees_rows_as_they_are():
    def encoder(n_features, n_components):
        assert n_features == 70
        layers = [keras.Input((n_features,)), keras.layers.Dense(n_components or 4)]
        return keras.Sequential(layers)

    wide = rng.normal(size=(30, 70)).astype(np.float32)
    assert few(encoder=encoder).fit(wide).transform(wide).shape == (30, 4)


def test_warm_start_and_partial_fit_keep_the_projection():
    wide = rng.normal(size=(60, 70)).astype(np.float32)
    model = few(warm_start=True).fit(wide)
    kernel = model._projection.kernel
    model.fit(wide[:50]).partial_fit(wide[:30] + 1)
    assert model._projection.kernel is kernel
    np.testing.assert_array_equal(model.model_.encoder.projection.kernel, kernel)


def test_a_pickle_gives_the_same_codes(digits):
    again = pickle.loads(pickle.dumps(digits))
    np.testing.assert_array_equal(again.transform(IMAGES), digits.transform(IMAGES))


def test_codes_have_names():
    names = few(n_components=2).fit(X).get_feature_names_out()
    assert list(names) == ["neighborembedding0", "neighborembedding1"]


@pytest.mark.parametrize(
    ("parameters", "data", "message"),
    [
        (
            {"coordinates": "spectral", "n_components": 60},
            X,
            "n_components=60, but X has 60 distinct rows",
        ),
        ({"n_neighbors": 60}, X, "n_neighbors=60, but X has 60 distinct rows"),
        ({"metric": "euclidaen"}, X, "Did you mean 'euclidean'"),
        ({"metric": "precomputed"}, X, "from graph, which is None"),
        ({"graph": sp.eye_array(60)}, X, "graph was given, but metric='euclidean'"),
        (
            {"metric": "precomputed", "graph": sp.eye_array(60)},
            X,
            "no neighbour for 60 of 60 rows",
        ),
        (
            {"metric": lambda a, b: np.nan},
            X[:9],
            "metric gives NaN",
        ),
    ],
)
def test_bad_input_is_explained(parameters, data, message):
    with pytest.raises(ValueError, match=message):
        few(**parameters).fit(data)


def test_rows_that_are_all_equal_have_one_code():
    codes = few().fit_transform(np.ones((9, 3)))
    assert np.isfinite(codes).all()
    assert (codes == codes[0]).all()


def test_images_without_room_for_shifts_are_their_own_views():
    pixels = rng.uniform(size=(20, 1, 1)).astype(np.float32)
    assert np.isfinite(few(inputs=Images()).fit_transform(pixels)).all()


def test_parts_of_the_graph_that_nothing_joins_are_kept_apart():
    apart = np.vstack([X[:30], X[:30] + 100])
    codes = NeighborEmbedding(
        4, hidden_layer_sizes=(32,), max_steps=200, n_neighbors=5, random_state=0
    ).fit_transform(apart)
    first, second = codes[:30], codes[30:]
    within = np.linalg.norm(first - first.mean(axis=0), axis=1).mean()
    assert np.linalg.norm(first.mean(axis=0) - second.mean(axis=0)) > within
