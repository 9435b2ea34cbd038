"""Clustering by a neighbour embedding: what it finds, chooses and refuses."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linear_sum_assignment
from sklearn import config_context
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris, make_blobs, make_moons
from sklearn.metrics import adjusted_rand_score, mutual_info_score
from sklearn.neighbors import kneighbors_graph
from threadpoolctl import threadpool_limits

from skunsup import Images, NeighborClustering
from skunsup._graph import Neighbors, nearest_neighbors
from skunsup._sklearn import n_threads
from skunsup.models import _partition
from skunsup.models._cluster_network import smoothed_cross_entropy
from skunsup.models._cluster_training import (
    centres,
    cluster_numbers,
    representatives,
)
from skunsup.models._edge_information import edge_information, moved
from skunsup.models._mixture_partition import mixture_clusters, suited
from skunsup.models._partition import (
    _graphs,
    best_partition,
    number_of_clusters,
    partition,
)
from skunsup.models._spectral import affinity, spectral_coordinates

from .helpers import array, on_torch_or_asked, tensor, unchanged

IMAGES, DIGIT = load_digits(return_X_y=True)
MIXED = np.random.default_rng(0).permutation(len(IMAGES))  # writers stand together
IMAGES, DIGIT = (IMAGES[MIXED] / 16).astype(np.float32), DIGIT[MIXED]
FEW = {
    "hidden_layer_sizes": (16,),
    "batch_size": 8,
    "max_steps": 16,
    "random_state": 0,
}
rng = np.random.default_rng(0)
X, GROUP = make_blobs(
    60, 5, centers=rng.normal(size=(3, 5)) * 4, cluster_std=0.5, random_state=0
)
X = X.astype(np.float32)


def few(**given):
    return NeighborClustering(**{"n_clusters": 3, **FEW, **given})


def accuracy(labels, clusters):
    """Share of rows in the cluster that is their class, by the best assignment."""
    table = np.zeros((labels.max() + 1, clusters.max() + 1))
    np.add.at(table, (labels, clusters), 1)
    return table[linear_sum_assignment(-table)].sum() / len(labels)


def on_sphere(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def digits():
    """Clusters of three quarters of the digits."""
    model = NeighborClustering(
        10, inputs=Images((8, 8)), n_components=4, max_steps=250, random_state=0
    )
    return model.fit(IMAGES[:1300])


def test_digits_fall_into_clusters_of_their_own(digits):
    plain = KMeans(10, n_init=3, random_state=0).fit(IMAGES[:1300])
    assert accuracy(DIGIT[:1300], plain.labels_) < 0.82
    assert accuracy(DIGIT[:1300], digits.labels_) > 0.86
    assert accuracy(DIGIT[1300:], digits.predict(IMAGES[1300:])) > 0.86


def test_probabilities_are_those_of_the_clusters(digits):
    given = digits.predict_proba(IMAGES[1300:])
    assert given.shape == (497, 10)
    assert given.dtype == np.float64
    np.testing.assert_allclose(given.sum(axis=1), 1)
    np.testing.assert_array_equal(given.argmax(axis=1), digits.predict(IMAGES[1300:]))
    assert 0.7 < given.max(axis=1).mean() < 0.99


def test_representatives_are_typical_rows_of_their_clusters(digits):
    found = digits.cluster_representatives_
    np.testing.assert_array_equal(digits.labels_[found], np.arange(10))
    codes = digits.transform(IMAGES[:1300])
    for cluster, row in enumerate(found):
        own = codes[digits.labels_ == cluster]
        similar = codes @ own.mean(axis=0)
        assert similar[row] > np.quantile(similar[digits.labels_ == cluster], 0.99)


def test_codes_keep_their_length_and_the_history_both_trainings(digits):
    codes = digits.transform(IMAGES[:50])
    np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 1, rtol=1e-5)
    terms = digits.history_
    assert set(terms) == {"loss", "contrast", "cross_entropy"}
    taught = np.array(terms["cross_entropy"])
    first = int(np.argmax(taught > 0))
    assert not taught[:first].any()
    assert (taught[first:] > 0).all()
    assert len(taught) - first == pytest.approx(first / 2, abs=2)
    assert digits.n_iter_ == len(taught)


def test_score_is_the_mutual_information_of_rows_and_clusters(digits):
    given = digits.predict_proba(IMAGES[1300:])
    mean = given.mean(axis=0)
    expected = (given * np.log(given / mean)).sum(axis=1).mean()
    assert digits.score(IMAGES[1300:]) == pytest.approx(expected)
    assert 0.5 * np.log(10) < expected < np.log(10)


def test_cross_entropy_is_of_smoothed_labels_of_the_rows_that_have_one():
    logits = rng.normal(size=(5, 3))
    labels = np.array([2, -1, 0, 1, -1])
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    target = 0.9 * np.eye(3)[labels] + 0.1 / 3
    losses = -(target * np.log(chances)).sum(axis=1)[labels >= 0]
    found = array(smoothed_cross_entropy(tensor(logits), tensor(labels)))
    np.testing.assert_allclose(found, losses.mean(), rtol=1e-5)
    none = array(smoothed_cross_entropy(tensor(logits), tensor(np.full(5, -1))))
    assert none == 0


def test_information_is_that_of_the_labels_at_the_ends_of_edges():
    graph = sp.csr_array(np.triu(rng.integers(0, 2, size=(30, 30)), 1))
    graph = graph + graph.T
    labels = rng.integers(3, size=30)
    rows, columns = graph.nonzero()
    information, entropy = edge_information(labels, graph, 4)
    expected = mutual_info_score(labels[rows], labels[columns])
    assert information == pytest.approx(expected)
    share = np.bincount(labels[rows]) / len(rows)
    assert entropy == pytest.approx(-(share * np.log(share)).sum())


def test_weights_of_edges_and_of_rows_count():
    neighbors = Neighbors(np.array([[1], [0], [1]]), np.array([1, 1, 1]))
    expected = np.array([[0, 1.1, 0], [1.1, 0, 0.1], [0, 0.1, 0]])
    np.testing.assert_allclose(affinity(neighbors, None).toarray(), expected)
    weighted = affinity(neighbors, np.array([1.0, 2.0, 3.0])).toarray()
    np.testing.assert_allclose(weighted[1], [2.2, 0, 0.6])


@pytest.mark.parametrize("n", [60, 400])
def test_spectral_coordinates_part_components(n):
    group = np.arange(n) % 2
    table = (np.arange(n)[:, None] + 2 * rng.integers(1, n // 2, size=(n, 8))) % n
    graph = affinity(Neighbors(table, np.full(n, 8)), None)
    coordinates = spectral_coordinates(graph, 4)
    labels = KMeans(2, n_init=5, random_state=0).fit_predict(coordinates[:, :2])
    assert adjusted_rand_score(group, labels) == 1
    np.testing.assert_allclose(np.linalg.norm(coordinates, axis=1), 1)


def strips(n):
    """Codes in two long strips, which k-means cuts across, and in which they are."""
    group = np.arange(n) % 2
    along, across = rng.normal(size=(2, n))
    flat = np.column_stack([along, 0.3 * (2 * group - 1) + 0.1 * across, np.ones(n)])
    return on_sphere(flat), group


def test_partition_takes_the_candidate_with_most_information():
    codes, group = strips(600)
    plain = KMeans(2, n_init=5, random_state=0).fit_predict(codes)
    assert adjusted_rand_score(group, plain) < 0.1
    found = partition(codes, nearest_neighbors(codes, 50), None, 2, 0)
    assert adjusted_rand_score(group, found.labels) > 0.9
    assert found.information > 0.5


def test_stretched_groups_that_touch_are_told_by_a_mixture():
    rows, species = load_iris(return_X_y=True)
    rows = np.float32((rows - rows.mean(axis=0)) / rows.std(axis=0))
    codes, neighbors = on_sphere(rows), nearest_neighbors(rows, 50)
    found = partition(codes, neighbors, None, 3, 0)
    assert accuracy(species, found.labels) < 0.9
    mixed = mixture_clusters(rows, 3, np.random.default_rng(0))
    assert accuracy(species, mixed) > 0.95
    with config_context(array_api_dispatch=True):
        again = mixture_clusters(rows, 3, np.random.default_rng(0))
    np.testing.assert_array_equal(again, mixed)
    given = partition(codes, neighbors, None, 3, 0, rows, mixed)
    np.testing.assert_array_equal(given.labels, mixed)
    assert 0 < given.information < found.information


def test_groups_that_no_normal_distribution_describes_are_left_to_the_graph():
    rows = np.float32(make_moons(200, noise=0.08, random_state=0)[0])
    assert mixture_clusters(rows, 2, np.random.default_rng(0)) is None
    assert mixture_clusters(rows[:30], 8, np.random.default_rng(0)) is None


def test_mixtures_have_an_eighth_as_many_parameters_as_rows_have_numbers():
    assert suited("full", 3, 112, 4)  # 42 parameters
    assert not suited("full", 3, 83, 4)
    assert suited("spherical", 3, 83, 4)


def test_a_small_group_is_told_from_halves_of_a_large_one():
    small = np.arange(500) >= 450
    rows = np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32)
    rows[small] += [0, 20]
    halves = np.where(small, 0, rows[:, 0] > 0)
    graph = affinity(nearest_neighbors(rows, 20), None)
    given = [halves, small.astype(int)]
    found = best_partition(given, graph, 2)
    np.testing.assert_array_equal(found.labels, small)
    told = [edge_information(labels, graph, 2)[0] for labels in given]
    assert told[0] > told[1] == found.information


def test_a_partition_counts_by_the_share_that_neighbours_tell():
    graph = sp.csr_array([[40.0, 2, 2], [2, 475, 25], [2, 25, 475]])
    small, half = np.array([1, 0, 0]), np.array([0, 0, 1])
    gains = [
        information - 0.65 * entropy
        for information, entropy in (
            edge_information(labels, graph, 2) for labels in (small, half)
        )
    ]
    assert gains[0] < gains[1]
    found = best_partition([half, small], graph, 2)
    np.testing.assert_array_equal(found.labels, small)


def test_of_partitions_that_are_level_the_more_even_one_is_taken():
    graph = sp.csr_array([[27.0, 5.8, 4], [5.8, 14, 7], [4, 7, 41]])
    even, uneven = np.array([0, 0, 1]), np.array([0, 1, 1])
    told = [edge_information(labels, graph, 2) for labels in (even, uneven)]
    shares = [information / entropy for information, entropy in told]
    assert 0.97 * shares[1] < shares[0] < shares[1]
    found = best_partition([uneven, even], graph, 2)
    np.testing.assert_array_equal(found.labels, even)


def test_clusters_of_rows_as_they_are_compete_with_those_of_the_graph(monkeypatch):
    codes, _ = strips(300)
    rows, seen = codes[:, :2], []
    neighbors, choose = nearest_neighbors(rows, 50), _partition.best_partition

    def watched(found, graph, n_clusters):
        seen.append((found, graph))
        return choose(found, graph, n_clusters)

    monkeypatch.setattr(_partition, "best_partition", watched)
    partition(codes, neighbors, None, 2, 0, rows)
    found, graph = seen[0]
    last = KMeans(2, n_init=1, random_state=9).fit_predict(rows)
    assert len(found) == 70
    np.testing.assert_array_equal(found[-1], moved(last, graph, 2))


def test_a_mixture_that_neighbours_contradict_is_not_taken():
    codes, _ = strips(300)
    neighbors, mixed = nearest_neighbors(codes, 50), rng.integers(2, size=300)
    plain = partition(codes, neighbors, None, 2, 0)
    found = partition(codes, neighbors, None, 2, 0, mixed=mixed)
    np.testing.assert_array_equal(found.labels, plain.labels)


def test_clusters_do_not_depend_on_the_number_of_threads(monkeypatch):
    codes, _ = strips(300)
    seen = []

    class Watched(KMeans):
        def fit(self, *args, **kwargs):
            seen.append(n_threads())
            return super().fit(*args, **kwargs)

    monkeypatch.setattr(_partition, "KMeans", Watched)
    with threadpool_limits(limits=2, user_api="openmp"):
        partition(codes, nearest_neighbors(codes, 50), None, 2, 0)
    assert set(seen) == {1}


def test_rows_move_where_their_edges_say():
    codes, group = strips(300)
    graph = affinity(nearest_neighbors(codes, 10), None)
    wrong = np.where(rng.random(300) < 0.2, 1 - group, group)
    better = moved(wrong, graph, 2)
    assert (better == group).mean() > (wrong == group).mean() + 0.1
    before, after = (edge_information(each, graph, 2)[0] for each in (wrong, better))
    assert after > before
    np.testing.assert_array_equal(moved(group, graph, 3), group)


def test_graphs_join_no_more_rows_than_a_cluster_has():
    group = np.arange(160) % 40
    codes = on_sphere(
        rng.normal(size=(40, 8))[group] + 0.01 * rng.normal(size=(160, 8))
    )
    graph, both = _graphs(codes, nearest_neighbors(codes, 50), None, 40)
    within = group[:, None] == group
    assert graph.toarray()[within].sum() > 0.5 * graph.sum()
    assert both.toarray()[within].sum() > 0.5 * both.sum()


def test_neighbours_of_rows_count_beside_those_of_codes():
    codes = on_sphere(rng.normal(size=(200, 8)))
    group = np.arange(200) % 2
    rows = np.column_stack([20.0 * group, rng.normal(size=(200, 2))])
    neighbors = nearest_neighbors(rows.astype(np.float32), 50)
    found = partition(codes, neighbors, None, 2, 0)
    assert adjusted_rand_score(group, found.labels) > 0.6


def test_number_of_clusters_is_that_of_groups_set_apart():
    draw = np.random.default_rng(0)
    centers = on_sphere(draw.normal(size=(6, 8)))
    codes = np.repeat(centers, 60, axis=0) + 0.1 * draw.normal(size=(360, 8))
    codes = on_sphere(codes)
    found = number_of_clusters(
        codes, nearest_neighbors(codes, 50), None, range(2, 13), 0
    )
    assert found == 6
    assert number_of_clusters(codes, nearest_neighbors(codes, 50), None, [2, 3], 0) == 3


def test_a_poor_start_does_not_decide_the_number(monkeypatch):
    draw = np.random.default_rng(0)
    codes = np.repeat(np.eye(4), 60, axis=0) + 0.1 * draw.normal(size=(240, 4))
    neighbors, whole = nearest_neighbors(codes, 50), _partition._clustered

    def poor_at_first(space, weight, k, seed):
        if seed == 0:
            return np.arange(len(space)) % k
        return whole(space, weight, k, seed)

    monkeypatch.setattr(_partition, "_clustered", poor_at_first)
    assert number_of_clusters(codes, neighbors, None, range(2, 7), 0) == 4


def test_numbers_may_be_left_open():
    many = np.tile(X, (3, 1)) + 0.3 * rng.normal(size=(180, 5)).astype(np.float32)
    model = few(n_clusters=None, max_steps=100).fit(many)
    assert model.n_clusters_ == 3
    assert adjusted_rand_score(np.tile(GROUP, 3), model.labels_) == 1
    assert model.predict_proba(X).shape == (60, 3)
    assert few(n_clusters=range(4, 6)).fit(X).n_clusters_ in (4, 5)
    assert few(n_clusters=np.int64(2)).fit(X).n_clusters_ == 2


def test_centres_and_representatives_are_weighted():
    codes = np.array([[1.0, 0], [0, 1], [0.6, 0.8], [-1, 0]])
    labels = np.array([0, 0, 0, 1])
    mean = centres(codes, labels, np.array([8.0, 1, 1, 1]), 3)
    np.testing.assert_allclose(mean[0], on_sphere(np.array([[8.6, 1.8]]))[0])
    np.testing.assert_allclose(mean[1:], [[-1, 0], [0, 0]])
    found = representatives(codes, labels, np.array([8.0, 1, 1, 1]), 3)
    np.testing.assert_array_equal(found, [0, 3, -1])
    assert representatives(codes, labels, None, 2)[0] == 2


def test_one_cluster_holds_all_rows():
    model = few(n_clusters=1).fit(X)
    assert not model.labels_.any()
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((60, 1)))
    assert model.score(X) == 0


def test_as_many_clusters_as_rows_are_allowed():
    model = few(n_clusters=6).fit(X[:6])
    assert model.n_clusters_ == 6
    with pytest.raises(ValueError, match="n_clusters=7, but X has 6 distinct rows"):
        few(n_clusters=7).fit(np.tile(X[:6], (3, 1)))


@pytest.mark.parametrize("n_clusters", [1, None])
def test_rows_that_are_all_equal_are_one_cluster(n_clusters):
    model = few(n_clusters=n_clusters).fit(np.ones((30, 5)))
    assert model.n_clusters_ == 1
    assert not model.labels_.any()
    with pytest.raises(ValueError, match="n_clusters=2, but X has 1 distinct row to"):
        few(n_clusters=2).fit(np.ones((30, 5)))


@pytest.mark.parametrize("given", [[], [0, 2], [2.5, 3], [[2, 3]], ["a"]])
def test_numbers_of_clusters_that_are_none_are_refused(given):
    with pytest.raises(ValueError, match="names no number of clusters"):
        few(n_clusters=given).fit(X)


def test_numbers_of_clusters_are_sorted_and_limited():
    assert cluster_numbers(None, 5) == [2, 3, 4, 5]
    assert cluster_numbers(None, 1) == [1]
    assert cluster_numbers(None, 500) == list(range(2, 21))
    assert cluster_numbers((4, 2, 4), 9) == [2, 4]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_neighbors": 60}, "n_neighbors=60, but X has 60 distinct"),
        ({"metric": "cosinus"}, "Did you mean 'cosine'"),
        ({"metric": lambda a, b: np.nan}, "metric gives NaN as distance of row 0"),
        ({"metric": "precomputed"}, "from graph, which is None"),
        (
            {"metric": "precomputed", "graph": sp.eye_array(59)},
            r"shape \(59, 59\), but X has 60 rows",
        ),
        (
            {"metric": "precomputed", "graph": sp.eye_array(60)},
            "no neighbour for 60 of 60 rows",
        ),
    ],
)
def test_neighbours_that_cannot_be_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        few(**given).fit(X)


@on_torch_or_asked
def test_graphs_of_several_components_are_allowed():
    far = np.concatenate([X, X + 100, X - 100])
    graph = kneighbors_graph(far, 5, mode="distance")
    given = {"metric": "precomputed", "graph": graph, "max_steps": 100}
    parts = np.repeat([0, 1, 2], 60)
    assert adjusted_rand_score(parts, few(**given).fit(far).labels_) == 1
    assert few(**given, n_clusters=[2, 3, 9]).fit(far).n_clusters_ in (3, 9)


@on_torch_or_asked
def test_images_without_room_for_shifts_are_clustered():
    thin = rng.uniform(size=(40, 1, 3)).astype(np.float32)
    model = few(inputs="images").fit(thin)
    assert model.predict(thin).shape == (40,)


def test_repeated_rows_and_weights_are_the_same():
    weight = rng.integers(0, 3, size=60)
    once = few().fit(X, sample_weight=weight)
    repeated = few().fit(np.repeat(X, weight, axis=0))
    np.testing.assert_array_equal(once.predict_proba(X), repeated.predict_proba(X))
    assert (weight[once.cluster_representatives_] > 0).all()


def test_many_rows_are_divided_by_some_of_them(monkeypatch):
    monkeypatch.setattr("skunsup.models._cluster_training.PARTITION_ROWS", 40)
    model = few(max_steps=100).fit(X)
    assert adjusted_rand_score(GROUP, model.labels_) > 0.9
    assert few(n_clusters=None).fit(X).n_clusters_ >= 2


def test_training_goes_on_with_the_clusters_there_are():
    model = few(warm_start=True, max_steps=100).fit(X)
    labels, information = model.labels_, model.edge_information_
    model.fit(X)
    np.testing.assert_array_equal(model.labels_, labels)
    model.partial_fit(X[:9])
    np.testing.assert_array_equal(model.predict(X), labels)
    assert model.edge_information_ == information
    model.set_params(n_clusters=2)
    with unchanged(model), pytest.raises(ValueError, match="describe another network"):
        model.fit(X)


@on_torch_or_asked
def test_a_stopped_training_is_judged_on_rows_held_out():
    model = few(early_stopping=True, n_iter_no_change=2).fit(X)
    assert len(model.history_["val_loss"]) == model.n_iter_


def test_ctrl_c_leaves_clusters(monkeypatch):
    from skunsup._training import _loop as loop
    from skunsup._training import _loop_sizes

    whole, calls = loop.TrainingLoop.minibatches, []

    def stopped(self, *given):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(self, *given)

    monkeypatch.setattr(loop.TrainingLoop, "minibatches", stopped)
    monkeypatch.setattr(_loop_sizes, "UNWATCHED", 1)
    monkeypatch.setattr(_loop_sizes, "TOGETHER", 1)
    with pytest.warns(UserWarning, match="interrupted"):
        model = few().fit(X)
    assert len(calls) == 2
    assert model.predict(X).shape == (60,)


def test_no_warning_is_given_of_what_is_in_order():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        few().fit(X)
