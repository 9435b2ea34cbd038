"""Deep embedded clustering: what it learns, its start, its targets, bad input."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, make_blobs
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.preprocessing import StandardScaler

from skunsup import (
    GAN,
    AAEClustering,
    Autoencoder,
    DeepEmbeddedClustering,
    Images,
    VariationalAutoencoder,
)
from skunsup._estimator import network_of
from skunsup._training import Rows, WeightedSampler
from skunsup.models._clusters import StartClusters
from skunsup.models._embedded_clusters import (
    TargetRenewal,
    log_assignment,
    target_distribution,
)

from .helpers import array, on_torch_or_asked, tensor, unchanged

SMALL = {"hidden_layer_sizes": (32,), "random_state": 0}
LENGTH = {"epochs": None, "max_steps": 60, "batch_size": 32}


@pytest.fixture(scope="module")
def groups():
    """Four far groups of ten columns, and which row is of which."""
    X, y = make_blobs(240, 10, centers=4, random_state=0)
    return StandardScaler().fit_transform(X).astype(np.float32), y


@pytest.fixture(scope="module")
def start(groups):
    return Autoencoder(3, **SMALL, **LENGTH).fit(groups[0])


def clustering(start, **changes):
    given = {"max_steps": 40, "batch_size": 32, "tol": 0.0, "learning_rate": 5e-3}
    return DeepEmbeddedClustering(4, start, random_state=0, **{**given, **changes})


@pytest.fixture(scope="module")
def clusterer(groups, start):
    return clustering(start).fit(groups[0])


@pytest.fixture(scope="module")
def light(groups, start):
    """The same with so little weight of reconstruction that it does not count."""
    return clustering(start, reconstruction_weight=1e-9).fit(groups[0])


# Equations ---------------------------------------------------------------------------


def test_assignment_is_that_of_the_paper():
    rng = np.random.default_rng(0)
    z, centers, alpha = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), 2.5
    square = np.square(z[:, None] - centers).sum(axis=-1)
    kernel = (1 + square / alpha) ** (-(alpha + 1) / 2)
    q = np.exp(array(log_assignment(tensor(z), tensor(centers), alpha)))
    moved = log_assignment(tensor(z + 4096), tensor(centers + 4096), alpha)
    np.testing.assert_allclose(np.exp(array(moved)), q, atol=1e-3)
    np.testing.assert_allclose(q, kernel / kernel.sum(axis=1, keepdims=True), rtol=1e-4)


def test_targets_are_those_of_the_paper():
    q = np.random.default_rng(0).dirichlet(np.ones(4), 6)
    weight = q**2 / q.sum(axis=0)
    expected = weight / weight.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(target_distribution(q, q.sum(axis=0)), expected, 1e-5)


# What is learned ---------------------------------------------------------------------


def test_clusters_are_the_groups(clusterer, groups):
    assert adjusted_rand_score(groups[1], clusterer.labels_) > 0.9


def test_digits_are_clustered_better_than_by_kmeans(compiles):
    if not compiles:
        pytest.skip("Takes too long without compiled programs.")
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    views = Images((8, 8), filters=(), shift=0.07, rotation=10.0, zoom=0.1)
    model = DeepEmbeddedClustering(10, inputs=views, max_steps=600, random_state=0)
    found = normalized_mutual_info_score(y, model.fit_predict(X))
    plain = KMeans(10, n_init=4, random_state=0).fit_predict(X)
    assert found > normalized_mutual_info_score(y, plain) + 0.02


def test_training_makes_shares_surer(groups, start, clusterer):
    X = groups[0]
    still = clustering(start, learning_rate=1e-12).fit(X)
    before, after = still.predict_proba(X), clusterer.predict_proba(X)
    assert after.max(axis=1).mean() > before.max(axis=1).mean() + 0.05
    history = clusterer.history_["clustering"]
    assert history[-1] < history[0]


def test_start_is_kmeans_on_the_codes_of_the_start(groups, start):
    X = groups[0]
    still = clustering(start, learning_rate=1e-12).fit(X)
    np.testing.assert_allclose(still.transform(X), start.transform(X), atol=1e-5)
    codes = start.transform(X)
    means = [codes[still.labels_ == i].mean(axis=0) for i in range(4)]
    np.testing.assert_allclose(still.cluster_centers_, means, atol=1e-4)


def test_reconstruction_weight_keeps_codes_decodable(groups, light, clusterer):
    assert clusterer.score(groups[0]) > light.score(groups[0])


def test_without_weight_the_decoder_follows_and_the_encoder_does_not_see_it(
    groups, start, light
):
    X = groups[0]
    none = clustering(start, reconstruction_weight=0.0).fit(X)
    np.testing.assert_allclose(none.transform(X), light.transform(X), atol=1e-3)
    frozen_decoder = np.square(start.inverse_transform(none.transform(X)) - X).mean()
    assert -none.score(X) < frozen_decoder


# Start -------------------------------------------------------------------------------


def test_start_that_is_not_fitted_is_trained_first(groups, start):
    X = groups[0]
    model = clustering(clone(start)).fit(X)
    assert adjusted_rand_score(groups[1], model.labels_) > 0.9
    assert not hasattr(model.estimator, "n_iter_")


def test_fitted_start_survives_a_clone_in_a_frozen_estimator(groups, start, clusterer):
    X = groups[0]
    again = clone(clustering(FrozenEstimator(start))).fit(X)
    np.testing.assert_array_equal(again.transform(X), clusterer.transform(X))


def test_seed_fixes_a_start_without_one(groups):
    X = groups[0]
    start = Autoencoder(3, hidden_layer_sizes=(32,), **LENGTH)
    first, second = (clustering(start).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.transform(X), second.transform(X))


@on_torch_or_asked
@pytest.mark.parametrize(
    "start",
    [
        Autoencoder(3, l1_penalty=0.01, **SMALL, **LENGTH),
        Autoencoder(3, noise="gaussian", noise_level=0.5, **SMALL, **LENGTH),
        VariationalAutoencoder(3, **SMALL, **LENGTH),
        AAEClustering(4, **SMALL, **LENGTH),
    ],
    ids=lambda model: type(model).__name__,
)
def test_every_autoencoder_is_a_start(groups, start):
    X, y = groups
    model = clustering(start).fit(X)
    assert adjusted_rand_score(y, model.labels_) > 0.8
    assert model.transform(X).shape[1] == clone(start).fit(X).n_components_
    assert model.inverse_transform(model.transform(X)).shape == X.shape


@on_torch_or_asked
def test_inputs_are_those_of_the_start():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"kind": rng.choice(["a", "b"], 60), "size": rng.normal(size=60)})
    start = Autoencoder(2, inputs="table", **SMALL, **LENGTH)
    for given in (start, clone(start).fit(X)):
        model = DeepEmbeddedClustering(2, given, max_steps=20, random_state=0).fit(X)
        assert list(model.reconstruct(X).columns) == ["kind", "size"]
    own = DeepEmbeddedClustering(2, inputs="table", max_steps=20, random_state=0)
    assert own.fit(X).labels_.shape == (60,)


# Contract ----------------------------------------------------------------------------


def test_weights_are_repeated_rows(groups, start):
    X = groups[0][:100]
    times = np.random.default_rng(0).integers(0, 3, len(X))
    weighted = clustering(start).fit(X, sample_weight=times)
    repeated = clustering(start).fit(np.repeat(X, times, axis=0))
    np.testing.assert_array_equal(weighted.transform(X), repeated.transform(X))


def test_targets_count_rows_by_their_weight(clusterer, groups):
    X = groups[0]
    weight = np.random.default_rng(0).uniform(0.5, 3.0, len(X)) * (groups[1] + 1)
    data = SimpleNamespace(
        rows=Rows(X), sample=WeightedSampler(np.arange(len(X)), weight)
    )
    fitted = network_of(clusterer)
    renewal = TargetRenewal(fitted.architecture, data, interval=1, tol=0.0)
    found = renewal(0, fitted.values).take(slice(None))[:, X.shape[1] :]
    shares = clusterer.predict_proba(X)
    expected = target_distribution(shares, weight @ shares)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)


def test_sparse_rows_and_order_change_nothing(groups, start, clusterer):
    X = groups[0]
    order = np.random.default_rng(0).permutation(len(X))
    sparse = clustering(start).fit(sp.csr_array(X[order]))
    np.testing.assert_array_equal(sparse.transform(X), clusterer.transform(X))


def test_training_ends_when_clusters_no_longer_change(groups, start):
    X = groups[0]
    model = clustering(start, tol=0.5, update_interval=1, max_steps=40).fit(X)
    assert model.n_iter_ == 1
    assert clustering(start, update_interval=1).fit(X).n_iter_ == 5


def test_partial_fit_goes_on(groups, start):
    X, y = groups
    model = clustering(start)
    for batch in np.split(X, 4):
        model.partial_fit(batch)
    assert adjusted_rand_score(y, model.predict(X)) > 0.9
    assert model.n_iter_ == 4


def test_probabilities_are_shares(clusterer, groups):
    X = groups[0]
    shares = clusterer.predict_proba(X)
    assert shares.dtype == np.float64
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(shares.argmax(axis=1), clusterer.labels_)


# Bad input ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (DeepEmbeddedClustering(300), "n_clusters=300, but X has 240 rows"),
        (DeepEmbeddedClustering(2, KMeans(2)), "estimator=KMeans, but expected a"),
        (DeepEmbeddedClustering(2, GAN()), "estimator=GAN has no encoder with a"),
        (DeepEmbeddedClustering(2, alpha=0.0), "'alpha' parameter"),
        (
            DeepEmbeddedClustering(2, reconstruction_weight=-1),
            "'reconstruction_weight'",
        ),
        (DeepEmbeddedClustering(2, update_interval=0), "'update_interval'"),
    ],
)
def test_bad_parameters_are_named(model, message, groups):
    with unchanged(model), pytest.raises(ValueError, match=message):
        model.fit(groups[0])


def test_columns_are_those_of_a_fitted_start(groups, start):
    with pytest.raises(ValueError, match="was fitted to 10 columns, but X has 9"):
        clustering(start).fit(groups[0][:, :9])


def test_fewer_distinct_rows_than_clusters_leave_clusters_empty():
    X = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    start = Autoencoder(2, **SMALL, **LENGTH)
    model = DeepEmbeddedClustering(5, start, max_steps=10, random_state=0).fit(X)
    assert len(np.unique(model.labels_)) <= 3
    assert np.isfinite(model.predict_proba(X)).all()


def test_an_empty_cluster_starts_from_the_centre_of_another():
    rows, far = np.zeros((4, 2), np.float32), np.ones((1, 2), np.float32)
    clusters = StartClusters(np.array([0, 0, 2, 0, 2]), np.zeros((4, 2)), 1.0)
    means = clusters.means(np.concatenate([rows, far]))
    np.testing.assert_array_equal(means, [[0, 0], [0.5, 0.5], [0, 0], [0.5, 0.5]])
