"""Graphs of neighbours, and pairs drawn from them."""

import builtins
import math
import os

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.neighbors import kneighbors_graph

from skunsup import _graph
from skunsup._graph import (
    Neighbors,
    check_metric,
    given_neighbors,
    mutual_neighbors,
    nearest_neighbors,
    without_self,
)
from skunsup._training import NeighborSampler, RowPairs, Rows, WeightedSampler

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3)).astype(np.float32)
DISTANCES = np.linalg.norm(X[:, None] - X[None], axis=-1)
NEAREST = np.argsort(DISTANCES + np.diag(np.full(40, np.inf)), axis=1)


def test_nearest_neighbors_are_the_nearest_other_rows():
    found = nearest_neighbors(X, 5)
    np.testing.assert_array_equal(found.table, NEAREST[:, :5])
    assert found.table.dtype == np.int32
    assert (found.count == 5).all()


@pytest.mark.skipif(
    not os.environ.get("SKUNSUP_ALL_TESTS"),
    reason="Numba takes a minute to compile; runs with SKUNSUP_ALL_TESTS=1.",
)
def test_descent_finds_nearly_all_of_them(monkeypatch):
    pytest.importorskip("pynndescent")
    monkeypatch.setattr(_graph, "APPROXIMATE_ROWS", 500)
    rows = rng.normal(size=(1000, 8)).astype(np.float32)
    found = nearest_neighbors(rows, 10).table
    again = nearest_neighbors(rows, 10).table
    monkeypatch.setattr(_graph, "APPROXIMATE_ROWS", 1000)
    exact = nearest_neighbors(rows, 10).table
    shared = [np.isin(a, b).mean() for a, b in zip(found, exact, strict=True)]
    assert np.mean(shared) > 0.95
    assert not (found == np.arange(1000)[:, None]).any()
    np.testing.assert_array_equal(found, again)


def test_descent_is_not_looked_for_among_few_rows(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        assert name != "pynndescent"
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    nearest_neighbors(X, 5)


@pytest.mark.parametrize("metric", ["cityblock", "nan_euclidean", math.dist])
def test_metrics_that_the_descent_does_not_have_are_compared(metric, monkeypatch):
    expected = nearest_neighbors(X, 5, metric).table
    monkeypatch.setattr(_graph, "APPROXIMATE_ROWS", 20)
    monkeypatch.setattr(_graph, "find_spec", lambda name: True)
    monkeypatch.setattr(_graph, "_descended", lambda X, k, *_: np.full((40, k), 7))
    np.testing.assert_array_equal(nearest_neighbors(X, 5, metric).table, expected)
    assert (nearest_neighbors(X, 5, "manhattan").table == 7).all()


def test_rows_are_not_their_own_neighbours():
    found = np.array([[0, 2], [0, 2], [1, 2]])
    np.testing.assert_array_equal(without_self(found), [[2], [0], [1]])


def test_mutual_neighbours_come_first_or_else_the_nearest():
    table = np.array([[1, 2], [2, 0], [1, 0], [0, 1]], np.int32)
    found = mutual_neighbors(Neighbors(table, np.full(4, 2)))
    np.testing.assert_array_equal(found.count, [2, 2, 2, 1])
    np.testing.assert_array_equal(found.table[3, 0], 0)
    dense = mutual_neighbors(nearest_neighbors(X, 5)).matrix().toarray()
    both = np.zeros((40, 40))
    np.put_along_axis(both, NEAREST[:, :5], 1, axis=1)
    both *= both.T
    alone = both.sum(axis=1) == 0
    both[alone, NEAREST[alone, 0]] = 1
    np.testing.assert_array_equal(dense, both)


def test_odds_fall_with_the_larger_of_two_ranks():
    table = np.array([[1, 2], [2, 0], [1, 0], [0, 1]], np.int32)
    found = mutual_neighbors(Neighbors(table, np.full(4, 2)))
    np.testing.assert_array_equal(found.table[:3], [[1, 2], [2, 0], [1, 0]])
    np.testing.assert_array_equal(found.odds[:3], [[0.5, 0.5], [1, 0.5], [1, 0.5]])
    assert found.odds[3, 0] == 1


def test_a_given_graph_is_read_as_distances():
    graph = kneighbors_graph(X, 8, mode="distance")
    found = given_neighbors(graph, np.arange(40), 40, 5)
    np.testing.assert_array_equal(found.table, NEAREST[:, :5])
    few = sp.csr_array((np.ones(3), ([0, 1, 2], [1, 0, 0])), (3, 3))
    few = given_neighbors(few, np.arange(3), 3, 5)
    np.testing.assert_array_equal(few.table, [[1], [0], [0]])


def test_a_given_graph_of_equal_rows_is_that_of_distinct_ones():
    # Rows 0 and 1 are the same, row 3 is left out.
    edges = ([0, 1, 1, 2, 2, 3], [1, 2, 3, 1, 0, 0])
    graph = sp.coo_array((np.arange(6.0), edges), (4, 4))
    found = given_neighbors(graph, np.array([0, 0, 1, -1]), 2, 3)
    np.testing.assert_array_equal(found.table, [[1], [0]])
    np.testing.assert_array_equal(found.count, [1, 1])


@pytest.mark.parametrize(
    ("graph", "error", "message"),
    [
        (np.eye(3), TypeError, "type ndarray, but expected a sparse matrix"),
        (sp.eye_array(4), ValueError, r"shape \(4, 4\), but X has 3 rows"),
        (sp.eye_array(3), ValueError, "no neighbour for 3 of 3 rows, .* row 0"),
        (
            sp.coo_array(([1, np.nan], ([0, 1], [1, 0])), (3, 3)),
            ValueError,
            "nan in row 1, column 0",
        ),
        (
            sp.coo_array(([-1.0, 1.0], ([0, 1], [1, 0])), (3, 3)),
            ValueError,
            "-1 in row 0, column 1",
        ),
    ],
)
def test_a_graph_that_does_not_fit_is_refused(graph, error, message):
    with pytest.raises(error, match=message):
        given_neighbors(graph, np.arange(3), 3, 2)


def test_an_unknown_metric_is_refused_with_a_hint():
    with pytest.raises(ValueError, match="Did you mean 'euclidean'"):
        check_metric("euclidaen")


def sampler_of(table, count, weight=None, n_views=1):
    sample = WeightedSampler(np.arange(len(table)), weight)
    return NeighborSampler(sample, Neighbors(np.array(table), np.array(count)), n_views)


def frequencies(sampler, n=20_000):
    pairs = sampler.draw(n, np.random.default_rng(0))
    found = np.zeros((3 * sampler.n_views,) * 2)
    np.add.at(found, tuple(pairs.T), 1 / n)
    return found


TABLE, COUNT = [[1, 2], [0, 2], [1, 0]], [2, 2, 1]


def test_partners_are_neighbours_alike():
    third, sixth = 1 / 3, 1 / 6
    expected = [[0, sixth, sixth], [sixth, 0, sixth], [0, third, 0]]
    np.testing.assert_allclose(
        frequencies(sampler_of(TABLE, COUNT)), expected, atol=0.01
    )


def test_rows_and_partners_are_drawn_by_weight():
    weight = np.array([1.0, 2.0, 5.0])
    expected = np.array([[0, 2 / 7, 5 / 7], [1 / 6, 0, 5 / 6], [0, 1, 0]])
    expected *= weight[:, None] / 8
    sampler = sampler_of(TABLE, COUNT, weight)
    np.testing.assert_allclose(frequencies(sampler), expected, atol=0.01)
    assert sampler.n_draws == 8


def test_partners_are_drawn_by_their_odds():
    sample = WeightedSampler(np.arange(3), None)
    odds = np.array([[1.0, 0.5], [1.0, 0.25], [1.0, 9.0]])
    neighbors = Neighbors(np.array(TABLE), np.array(COUNT), odds)
    expected = np.array([[0, 2 / 3, 1 / 3], [0.8, 0, 0.2], [0, 1, 0]]) / 3
    found = frequencies(NeighborSampler(sample, neighbors))
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_views_are_drawn_alike_and_apart():
    found = frequencies(sampler_of(TABLE, COUNT, n_views=2)).reshape(3, 2, 3, 2)
    one = frequencies(sampler_of(TABLE, COUNT))
    for a in range(2):
        for b in range(2):
            np.testing.assert_allclose(found[:, a, :, b], one / 4, atol=0.01)


def test_pairs_stand_side_by_side():
    pairs = RowPairs(Rows(X))
    numbers = np.array([[3, 5], [0, 3]])
    expected = np.hstack([X[numbers[:, 0]], X[numbers[:, 1]]])
    np.testing.assert_array_equal(pairs.take(numbers), expected)
    assert pairs.d == 6
