"""Scores of detectors."""

import pickle

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.base import clone
from sklearn.covariance import LedoitWolf
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler

from skunsup import (
    Autoencoder,
    AutoencoderDetector,
    BiGAN,
    OutlierDetector,
    VAEDetector,
    VariationalAutoencoder,
)
from skunsup._training import FittedNetwork
from skunsup.inputs import Dense
from skunsup.outliers import _combined
from skunsup.outliers._columns import Columns
from skunsup.outliers._combined import Hybrid, Sum
from skunsup.outliers._ensemble import EnsembleOutput, EnsembleScorer
from skunsup.outliers._held_out import held_out_anomaly
from skunsup.outliers._nearest import Nearest
from skunsup.outliers._neighbors import Neighbors, normalised
from skunsup.outliers._scales import Deviations, Scales
from skunsup.outliers._scores import Covariance, Residual
from skunsup.outliers._tails import Tail, rounded
from skunsup.outliers._threshold import exceeded_quantile
from skunsup.outliers._trimming import usual_neighbors

QUICK = {"n_components": 2, "hidden_layer_sizes": (8,), "epochs": 3, "random_state": 0}
SCORES = (
    ("residual", "neighbors", "covariance", "columns"),
    "columns",
    "hybrid",
    "residual",
    "neighbors",
    "covariance",
    "reconstruction",
)


def viewed(x, residuals=None, members=1):
    """A view of rows with residuals that no network made."""
    x = np.float32(x)
    view = EnsembleScorer([], None, None).view(x)
    view.counted = np.full((len(x), members), 1.0 / members)
    if residuals is not None:
        view.residuals = residuals
    return view


def everyone(view):
    return np.ones(len(view.x), bool)


# Residuals ---------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 3, 40])
def test_residual_is_the_mahalanobis_distance(d):
    rng = np.random.default_rng(d)
    r = rng.normal(size=(200, 1, d)) @ rng.normal(size=(d, d)) + 1.0
    view, new = viewed(np.zeros((200, d)), r), viewed(np.ones((200, d)), r)
    score = Residual().fit(view, everyone(view))
    flat = r[:, 0]
    covariance = np.cov(flat.T, bias=True).reshape(d, d)
    covariance += 0.05 * np.trace(covariance) / d * np.eye(d)
    centred = flat - flat.mean(axis=0)
    squares = np.einsum("ni,ij,nj->n", centred, np.linalg.inv(covariance), centred)
    np.testing.assert_allclose(score.anomaly(new), np.sqrt(squares / d), rtol=1e-6)
    for each in (view, new):
        shares = score.shares(each)
        np.testing.assert_allclose(shares.sum(axis=1), score.anomaly(each))
        assert shares.min() >= 0


def test_a_row_does_not_count_in_the_covariance_of_its_own_residual():
    rng = np.random.default_rng(0)
    x, r = rng.normal(size=(30, 4)), rng.normal(size=(30, 2, 4)).mean(1, keepdims=True)
    whole, apart = viewed(x, r), np.zeros(30)
    for i in range(30):
        others = np.arange(30) != i
        score = Residual().fit(whole, others)
        apart[i] = score.anomaly(whole)[i]
    score = Residual().fit(whole, everyone(whole))
    as_new = score.anomaly(viewed(x + 1.0, r))
    np.testing.assert_allclose(score.anomaly(whole), apart, rtol=0.01)
    assert (apart / as_new).mean() > 1.05


def test_many_columns_keep_the_leading_directions():
    rng = np.random.default_rng(0)
    r = rng.normal(size=(100, 1, 8)) @ rng.normal(size=(8, 400))
    view, new = viewed(np.zeros((100, 400)), r), viewed(np.ones((100, 400)), r)
    score = Residual().fit(view, everyone(view))
    assert score.distance.axes.shape == (100, 400)
    flat = r[:, 0] - r[:, 0].mean(axis=0)
    covariance = flat.T @ flat / 100
    covariance += 0.05 * np.trace(covariance) / 400 * np.eye(400)
    squares = np.einsum("ni,ni->n", flat @ np.linalg.inv(covariance), flat)
    np.testing.assert_allclose(score.anomaly(new), np.sqrt(squares / 400), rtol=1e-3)


def test_residual_counts_a_column_that_is_usually_exact():
    rng = np.random.default_rng(0)
    r = rng.normal(size=(300, 1, 2)) * [1.0, 0.1]
    r[0], r[1] = [1.0, 0.0], [0.0, 1.0]  # equal squared errors
    view = viewed(np.zeros((300, 2)), r)
    score = Residual().fit(view, everyone(view))
    assert score.anomaly(view)[1] > 3 * score.anomaly(view)[0]
    assert score.shares(view)[1].argmax() == 1


# Neighbours --------------------------------------------------------------------------


def test_heavy_tails_become_quantiles_of_ranks():
    rng = np.random.default_rng(0)
    x = np.float32(np.exp(3 * rng.normal(size=(401, 2))))
    scales = Scales(x)
    z = scales(x)
    order = x[:, 0].argsort()
    np.testing.assert_allclose(
        z[order, 0], norm.ppf((np.arange(401) + 0.5) / 401), atol=1e-6
    )
    beyond = x.max(axis=0) + 2 * x.std(axis=0)
    outside = scales(beyond[None])[0] - z.max(axis=0)
    np.testing.assert_allclose(outside, 2.0, rtol=1e-4)


def test_light_tails_stay_as_they_are():
    rng = np.random.default_rng(0)
    x = np.float32(rng.uniform(size=(500, 2))) * np.float32([1e-30, 1e30])
    x = np.c_[x, np.zeros(500), np.ones(500)].astype(np.float32)
    z = Scales(x)(x)
    np.testing.assert_allclose(z[:, :2], x[:, :2] / x[:, :2].std(axis=0, dtype=float))
    np.testing.assert_array_equal(z[:, 2:], [[0.0, 1.0]] * 500)


def test_equal_values_have_equal_normal_scores():
    x = np.float32([[0], [0], [0], [0], [0], [1]])
    z = Scales(x)(np.float32([[0], [1], [2]]))
    scores = norm.ppf((np.arange(6) + 0.5) / 6)
    expected = [scores[:5].mean(), scores[5], scores[5] + 1 / x.std()]
    np.testing.assert_allclose(z[:, 0], expected, rtol=1e-6)


@pytest.mark.parametrize("k", [1, 4, 0.1])
def test_neighbours_are_those_of_others(k):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(40, 3)), np.zeros((2, 3))])
    view, new = viewed(x), viewed(rng.normal(size=(9, 3)))
    score = Neighbors(k).fit(view, everyone(view))
    k = max(1, round(k * 42)) if isinstance(k, float) else k
    z, z_new = (score.scales(v.x) for v in (view, new))

    def distances(rows):
        apart = np.sqrt(np.square(rows[:, None] - z[None]).mean(axis=2))
        return np.sort(apart, axis=1)

    np.testing.assert_allclose(score.anomaly(view), distances(z)[:, k], atol=1e-9)
    np.testing.assert_allclose(score.anomaly(new), distances(z_new)[:, k - 1])
    np.testing.assert_allclose(score.shares(new).sum(axis=1), score.anomaly(new))
    if k == 1:
        assert score.anomaly(view)[-1] == 0.0  # its repetition is another row


def cloud(rng):
    return rng.normal(size=(500, 6))


def tight_and_far(rng):
    return np.concatenate([cloud(rng), 100 + 1e-3 * rng.normal(size=(100, 6))])


def repeated(rng):
    return np.repeat(cloud(rng)[:200], 2, axis=0)


def too_large_for_float32(rng):
    return 1e30 * cloud(rng)


def minute(rng):
    return 1e-25 * cloud(rng)


@pytest.mark.parametrize("k", [1, 2, 3, 7])
@pytest.mark.parametrize(
    "made", [cloud, tight_and_far, repeated, too_large_for_float32, minute]
)
def test_the_nearest_are_those_of_a_search_in_float64(made, k):
    rng = np.random.default_rng(0)
    rows = made(rng)
    z = np.concatenate([made(rng), rows + 1e-3 * made(rng)])
    nearest = Nearest(rows, k)
    apart = np.linalg.norm(z[:, None] - rows[nearest(z)], axis=2)
    expected = np.sort(np.linalg.norm(z[:, None] - rows, axis=2), axis=1)[:, :k]
    np.testing.assert_allclose(apart, expected, rtol=1e-9)


def test_few_neighbours_are_seldom_looked_for_twice(monkeypatch):
    rng = np.random.default_rng(0)
    nearest, z = Nearest(cloud(rng), 2), cloud(rng)
    searched = []
    search = nearest._searched
    monkeypatch.setattr(nearest, "_searched", lambda z: searched.append(z) or search(z))
    assert nearest(z).shape == (500, 2)
    assert sum(map(len, searched)) < 10


def test_neighbours_blame_the_column_that_is_apart():
    rng = np.random.default_rng(0)
    view = viewed(rng.normal(size=(200, 4)))
    score = Neighbors(5).fit(view, everyone(view))
    moved = view.x[:20].copy()
    moved[:, 2] += 9
    assert (score.shares(viewed(moved)).argmax(axis=1) == 2).all()


# Products ----------------------------------------------------------------------------


def test_rows_held_out_score_as_new_rows_do():
    """Few rows lie within the scales that they made, and new rows do not."""
    rng = np.random.default_rng(0)
    view, new = (viewed(rng.standard_t(3, size=(n, 40))) for n in (60, 1000))
    score = Neighbors(1, Scales).fit(view, everyone(view))
    held = held_out_anomaly(lambda: Neighbors(1, Scales), view)
    assert np.mean(score.anomaly(new) > score.anomaly(view).max()) > 0.1
    assert np.mean(score.anomaly(new) > held.max()) < 0.03


def test_the_threshold_of_few_normal_rows_is_that_of_rows_held_out(blobs):
    detector = AutoencoderDetector(**QUICK, scoring="neighbors", novelty=True)
    held = held_out_anomaly(lambda: Neighbors(1, Scales), viewed(blobs))
    expected = exceeded_quantile(held, None, len(held), 0.01)
    assert -detector.fit(blobs).offset_ == pytest.approx(expected)


def test_equal_rows_are_held_out_together():
    rows = np.repeat(np.random.default_rng(0).normal(size=(30, 4)), 2, axis=0)
    found = held_out_anomaly(lambda: Neighbors(1, Deviations), viewed(rows))
    assert found.min() > 0
    np.testing.assert_array_equal(found[::2], found[1::2])
    same = viewed(np.ones((4, 2)))
    assert np.isfinite(held_out_anomaly(lambda: Neighbors(1, Scales), same)).all()


def test_hybrid_is_the_weighted_geometric_mean():
    rng = np.random.default_rng(0)
    view = viewed(rng.normal(size=(50, 3)), rng.normal(size=(50, 1, 3)))
    parts = Residual(), Neighbors(2)
    score = Hybrid((0.25, 0.75), *parts).fit(view, everyone(view))
    first, second = (
        part.anomaly(view) + 0.02 * np.median(part.anomaly(view)) for part in parts
    )
    np.testing.assert_allclose(score.anomaly(view), first**0.25 * second**0.75)
    np.testing.assert_allclose(score.shares(view).sum(axis=1), score.anomaly(view))
    split = [normalised(part.shares(view)) for part in parts]
    expected = 0.25 * split[0] + 0.75 * split[1]
    np.testing.assert_allclose(normalised(score.shares(view)), expected)


def test_covariance_is_the_mahalanobis_distance_of_standardised_rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 4)) @ rng.normal(size=(4, 4)) * [1.0, 10.0, 0.1, 3.0]
    view = viewed(x)
    score = Covariance().fit(view, everyone(view))
    z = view.x.astype(float) / view.x.std(axis=0, dtype=float)
    expected = LedoitWolf().fit(z)
    shrunk = expected.shrinkage_
    squares = (1 - shrunk) * expected.mahalanobis(z)  # up to the unit
    np.testing.assert_allclose(score.anomaly(view), np.sqrt(squares / 4), rtol=1e-5)
    np.testing.assert_allclose(score.shares(view).sum(axis=1), score.anomaly(view))


def test_covariance_tells_rows_of_more_columns_than_it_was_fitted_to():
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(5, 512))
    x = rng.normal(size=(300, 5)) @ mixing + 0.5 * rng.normal(size=(300, 512))
    x[270:] = rng.permuted(x[270:], axis=0)  # each column as it was
    view, rest = viewed(x), np.arange(300) >= 200
    score = Covariance().fit(view, ~rest)
    outlying = np.arange(300)[rest] >= 270
    assert roc_auc_score(outlying, score.anomaly(view)[rest]) > 0.99


@pytest.mark.parametrize("seed", range(6))
def test_covariance_of_two_distinct_rows_is_finite(seed):
    two = np.random.default_rng(seed).normal(size=(2, 6))
    view = viewed(np.repeat(two, 30, axis=0))
    anomaly = Covariance().fit(view, everyone(view)).anomaly(view)
    assert np.isfinite(anomaly).all()


def test_covariance_concentrates():
    rng = np.random.default_rng(0)
    x, outlying = rng.normal(size=(400, 3)), np.arange(400) < 60
    x[outlying] = [6.0, 0.0, 0.0] + 0.3 * rng.normal(size=(60, 3))
    kept = rng.permutation(400) < 300  # with outliers among them
    score = Covariance().fit(viewed(x), kept)
    assert roc_auc_score(outlying, score.anomaly(viewed(x))) > 0.99
    z = viewed(x).x / viewed(x).x.std(axis=0, dtype=float)
    np.testing.assert_allclose(score.distance.mean, z[~outlying].mean(axis=0), atol=0.2)


# Columns alone -----------------------------------------------------------------------


def test_columns_add_up_two_sided_tails():
    rng = np.random.default_rng(0)
    x = np.c_[rng.normal(size=50), rng.integers(0, 3, size=50)]
    view = viewed(x)
    score = Columns().fit(view, everyone(view))
    found = score.shares(view)
    for j, column in enumerate(view.x.T):
        upto = (column[None] <= column[:, None]).sum(axis=1)
        least = (column[None] >= column[:, None]).sum(axis=1)
        tail = np.minimum(1.0, 2.0 * (np.minimum(upto, least) + 1) / 51)
        np.testing.assert_allclose(found[:, j], -np.log(tail), atol=1e-12)
    np.testing.assert_allclose(score.anomaly(view), found.sum(axis=1))
    deviation = view.x[:, 0].std(dtype=float)
    out = viewed([[view.x[:, 0].max() + 5 * deviation, 1.0]])
    expected = -np.log(2 / 51) + np.log(6)
    np.testing.assert_allclose(score.shares(out)[0, 0], expected, rtol=1e-5)
    between = viewed([[0.0, 0.5], [0.0, 1.5]])
    assert (score.shares(between)[:, 1] >= 0).all()


# Sums of tails -----------------------------------------------------------------------


def test_a_tail_is_minus_the_log_of_the_share_above():
    values = np.arange(1.0, 100.0)
    tail = Tail(values)
    np.testing.assert_allclose(tail(values), -np.log1p(-(values - 0.5) / 100))
    between = tail(values[:-1] + 0.5)
    assert ((between > tail(values[:-1])) & (between < tail(values[1:]))).all()
    np.testing.assert_array_equal(tail(np.array([0.0, 1.0])), tail(np.ones(2)))


def test_beyond_the_highest_a_tail_goes_on_with_the_logarithm():
    rng = np.random.default_rng(0)
    values = rng.uniform(size=1000)  # lighter tails do not make it steeper
    tail = Tail(values)
    far = tail(values.max() * np.exp([0.0, 1.0, 50.0]))
    np.testing.assert_allclose(far - far[0], [0.0, 1.0, 50.0])
    assert far[0] == pytest.approx(np.log(1001 / 1.5))


def test_rounding_errors_do_not_decide_ranks():
    """Rows that are each other's nearest neighbours have one distance."""
    values = np.array([0.3, 0.7, 0.7 * (1 + 1e-14), 0.7 * (1 - 1e-7), 0.9, 1e300])
    level = Tail(values)(values)
    np.testing.assert_array_equal(level[1:4], level[1])
    assert level[0] < level[1] < level[4] < level[5]
    assert rounded(np.array([0.0, -3.0, np.inf])).tolist() == [0.0, -3.0, np.inf]


@pytest.mark.parametrize("values", [np.zeros(9), np.ones(9), np.r_[np.zeros(8), 3.0]])
def test_a_tail_of_equal_values_stays_finite_and_ordered(values):
    found = Tail(values)(np.array([0.0, 0.5, 1.0, 3.0, 1e30]))
    assert np.isfinite(found).all()
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0


def test_a_sum_adds_the_tails_and_splits_each_as_its_score_does():
    rng = np.random.default_rng(0)
    view = viewed(rng.normal(size=(50, 3)), rng.normal(size=(50, 1, 3)))
    parts = Residual(), Neighbors(2), Covariance()
    score = Sum(*parts).fit(view, everyone(view))
    tails = [Tail(part.anomaly(view))(part.anomaly(view)) for part in parts]
    np.testing.assert_allclose(score.anomaly(view), np.sum(tails, axis=0))
    np.testing.assert_allclose(score.shares(view).sum(axis=1), score.anomaly(view))
    split = [
        normalised(part.shares(view)) * tail[:, None]
        for part, tail in zip(parts, tails, strict=True)
    ]
    np.testing.assert_allclose(score.shares(view), np.sum(split, axis=0))


def test_no_part_of_a_sum_ruins_it():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 6))
    x[:20] += 5.0
    noise = rng.normal(size=(400, 1, 6)) * np.exp(3 * rng.normal(size=(400, 1, 1)))
    view, outlying = viewed(x, noise), np.arange(400) < 20
    parts = Residual(), Neighbors(20), Covariance()
    found = [
        roc_auc_score(outlying, score.fit(view, everyone(view)).anomaly(view))
        for score in (*parts, Sum(*parts))
    ]
    assert found[0] < 0.7
    assert found[-1] > 0.9


# What is left out --------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.2])
@pytest.mark.parametrize("far", [4.0, 40.0])
def test_groups_do_not_hide_from_neighbours_among_usual_rows(share, far):
    rng = np.random.default_rng(0)
    x, outlying = rng.normal(size=(300, 8)), np.arange(300) < 300 * share
    x[outlying] = far + 0.3 * rng.normal(size=(outlying.sum(), 8))
    view = viewed(x)
    found = [
        roc_auc_score(outlying, score.anomaly(view))
        for score in (
            Neighbors(20).fit(view, everyone(view)),
            usual_neighbors(view, 20, seed=0),
        )
    ]
    assert found[0] < 0.9
    assert found[1] > 0.99


def test_equal_rows_and_constant_columns_can_be_trimmed():
    x = np.zeros((40, 3))
    assert not usual_neighbors(viewed(x), 20, seed=0).anomaly(viewed(x)).any()
    x[:2, 2] = 1.0, 2.0
    score = usual_neighbors(viewed(x), 20, seed=0)
    assert score.anomaly(viewed(x)).argsort()[-2:].tolist() == [0, 1]


def test_novelty_sets_neighbours_and_trim(blobs):
    for novelty, k, n in ((True, 1, 60), (False, 20, 48)):
        detector = AutoencoderDetector(**QUICK, scoring="neighbors", novelty=novelty)
        score = detector.fit(blobs)._score
        assert (score.k, len(score.reference)) == (k, n)
    detector.set_params(n_neighbors=0.25, support_fraction=1.0).fit(blobs)
    assert (detector._score.k, len(detector._score.reference)) == (15, 60)
    detector.set_params(n_neighbors=7, support_fraction=0.5).fit(blobs)
    assert (detector._score.k, len(detector._score.reference)) == (7, 30)


def test_the_reference_is_bounded(monkeypatch, blobs):
    most = {False: 20}
    monkeypatch.setattr("skunsup.outliers._flat.MOST_REFERENCE_ROWS", most)
    detector = AutoencoderDetector(**QUICK, scoring="neighbors", support_fraction=1.0)
    first = detector.fit(blobs)._score.reference
    assert len(first) == 20
    np.testing.assert_array_equal(first, detector.fit(blobs)._score.reference)
    monkeypatch.setattr("skunsup.outliers._flat.MOST_REFERENCE_NUMBERS", 60)
    assert len(detector.fit(blobs)._score.reference) == 10


def test_only_parted_rows_add_to_a_pickle():
    x = np.random.default_rng(0).uniform(size=(4000, 4))
    sizes = {
        (share, n): len(pickle.dumps(
            AutoencoderDetector(**QUICK, max_samples=share, scoring="residual")
            .fit(x[:n])))
        for share in (0.5, 1.0) for n in (2000, 4000)
    }  # fmt: skip
    assert abs(sizes[1.0, 4000] - sizes[1.0, 2000]) < 2000
    learned = 0.8 * 2000
    assert abs(sizes[0.5, 4000] - sizes[0.5, 2000] - 8 * learned) < 2000


@pytest.mark.parametrize("novelty", [False, True])
@pytest.mark.parametrize("score", SCORES)
def test_scores_of_rows_are_told_to_the_bit_and_by_column(blobs, score, novelty):
    detector = AutoencoderDetector(**QUICK, scoring=score, novelty=novelty).fit(blobs)
    X = np.concatenate([blobs, blobs[:5] + 1])
    scores, shares = detector.score_samples(X), detector.feature_scores(X)
    for row in (0, 30, 64):
        assert detector.score_samples(X[row : row + 1])[0] == scores[row]
    np.testing.assert_array_equal(detector.score_samples(X[::-1]), scores[::-1])
    assert shares.min() >= 0
    np.testing.assert_allclose(shares.sum(axis=1), -scores, rtol=1e-4)
    assert len(np.unique(scores)) > 40  # two rows may be neighbours of each other


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_the_default_finds_a_group_of_outliers(share):
    rng = np.random.default_rng(0)
    X, outlying = rng.normal(size=(200, 6)), np.arange(200) < 200 * share
    X[outlying] = 4.0 + 0.5 * rng.normal(size=(outlying.sum(), 6))
    detector = AutoencoderDetector(**QUICK).fit(X)
    assert roc_auc_score(outlying, -detector.score_samples(X)) > 0.99
    # Networks that learn from all rows learn the group as well.
    residual = clone(detector).set_params(scoring="residual")
    trimmed, all_rows = (
        roc_auc_score(outlying, -residual.fit(X).score_samples(X))
        for residual in (residual, clone(residual).set_params(support_fraction=1.0))
    )
    assert trimmed > all_rows


def dependent(rng, n=200, d=6):
    """Rows of columns that two numbers explain; of the first 20, by another rule."""
    mixing = rng.normal(size=(2, d))
    X = rng.normal(size=(n, 2)) @ mixing + 0.1 * rng.normal(size=(n, d))
    X[:20] = rng.permuted(X[:20], axis=0)
    return X, np.arange(n) < 20


def wide(rng):
    return dependent(rng, n=100, d=150)


def constant_columns(rng):
    X, outlying = dependent(rng)
    X[:, 2:4] = 5.0
    X[outlying, 3] += 0.1 * rng.normal(size=outlying.sum())
    return X, outlying


def one_column(rng):
    X, outlying = rng.normal(size=(200, 1)), np.arange(200) < 20
    X[outlying] = rng.choice([-6.0, 6.0], size=(20, 1)) + 0.3 * X[outlying]
    return X, outlying


def repetitions(rng):
    X, outlying = dependent(rng)
    return np.r_[X, X[100:], X[100:]], np.r_[outlying, np.zeros(200, bool)]


def anywhere(rng):
    X, outlying = dependent(rng)
    X[:20] = rng.uniform(X.min(axis=0), X.max(axis=0), size=(20, 6))
    return X, outlying


def peers(X):
    """Scores of a row's fifth neighbour, its local density, and its isolation."""
    Z = StandardScaler().fit_transform(X)
    yield NearestNeighbors(n_neighbors=5).fit(Z).kneighbors()[0][:, -1]
    yield -LocalOutlierFactor().fit(Z).negative_outlier_factor_
    yield -IsolationForest(random_state=0).fit(Z).score_samples(Z)


@pytest.mark.filterwarnings("ignore:Duplicate values")
@pytest.mark.parametrize(
    "made", [dependent, anywhere, wide, constant_columns, one_column, repetitions]
)
def test_the_default_is_not_far_behind_the_best_peer(made):
    X, outlying = made(np.random.default_rng(0))
    detector = AutoencoderDetector(**QUICK).fit(X)
    scores = detector.score_samples(X)
    best = max(roc_auc_score(outlying, peer) for peer in peers(X))
    assert roc_auc_score(outlying, -scores) > 0.9 * best
    np.testing.assert_allclose(detector.feature_scores(X).sum(axis=1), -scores, 1e-4)


@pytest.mark.parametrize("value", [1e3, 1e30])
def test_a_gross_error_is_found_and_harms_no_other_row(blobs, value):
    X = blobs.copy()
    X[7, 1] = value
    detector = AutoencoderDetector(0.02, **QUICK).fit(X)
    scores = detector.score_samples(X)
    assert scores.argmin() == 7
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(np.flatnonzero(detector.predict(X) == -1), [7])
    without = np.delete(scores, 7)
    assert scores[7] < without.min() - 5.0  # nats: it stands clear of the others
    assert detector.feature_scores(X)[7].argmax() == 1


def test_rows_that_are_left_out_are_judged_by_all_networks(blobs):
    detector = AutoencoderDetector(**QUICK, support_fraction=0.5).fit(blobs)
    counted = detector._ensemble_scorer.view(np.float32(blobs)).counted
    assert np.sum((counted == 0.25).all(axis=1)) == 30
    assert len(detector._ensemble_scorer.known) == 30


@pytest.mark.parametrize("cls", [AutoencoderDetector, VAEDetector])
def test_clean_rows_are_flagged_as_promised(cls):
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(3, 8))
    train, new = (
        rng.normal(size=(n, 3)) @ mixing + 0.3 * rng.normal(size=(n, 8))
        for n in (1500, 4000)
    )
    detector = cls(novelty=True, max_steps=300, random_state=0).fit(train)
    flagged = np.mean(detector.predict(new) == -1)
    assert 0.003 < flagged < 0.03


def test_a_view_asks_the_network_once(blobs, monkeypatch):
    detector = AutoencoderDetector(**QUICK, scoring="residual").fit(blobs)
    calls, compute = [], FittedNetwork.compute

    def counting(self, method, rows):
        calls.append(method)
        return compute(self, method, rows)

    monkeypatch.setattr(FittedNetwork, "compute", counting)
    view = detector._ensemble_scorer.view(np.float32(blobs))
    assert isinstance(view, EnsembleOutput)
    detector._score.anomaly(view)
    detector._score.shares(view.part(np.arange(60) < 9))
    assert calls == ["residual"]


@pytest.mark.parametrize(
    "model",
    [
        Autoencoder(**QUICK),
        BiGAN(**QUICK),
        VariationalAutoencoder(**QUICK),
        AutoencoderDetector(**QUICK, scoring="reconstruction"),
        AutoencoderDetector(**QUICK),
        OutlierDetector(Autoencoder(**QUICK)),
    ],
)
def test_feature_scores_read_rows_and_run_the_network_once(model, blobs, monkeypatch):
    model, calls = clone(model).fit(blobs), []
    for owner, name in ((FittedNetwork, "compute"), (Dense, "read_rows")):
        original = getattr(owner, name)

        def counting(self, *args, _original=original, _name=name):
            calls.append(_name)
            return _original(self, *args)

        monkeypatch.setattr(owner, name, counting)
    shares = model.feature_scores(blobs)
    assert sorted(calls) == ["compute", "read_rows"]
    assert shares.shape == blobs.shape
    assert (shares >= 0).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"scoring": "distance"}, "'scoring' parameter of .*Got 'distance'"),
        ({"scoring": ("residual", "depth")}, r"scoring=\('residual', 'depth'\)"),
        ({"scoring": ()}, r"scoring=\(\)"),
        ({"support_fraction": 0.4}, "'support_fraction' parameter of .*Got 0.4"),
        ({"n_neighbors": 0}, "'n_neighbors' parameter of .*Got 0"),
        ({"n_neighbors": 1.5}, r"'n_neighbors' parameter of .*Got 1\.5"),
        ({"n_estimators": 0}, "'n_estimators' parameter of .*Got 0"),
        ({"max_samples": 0.0}, "'max_samples' parameter of .*Got 0.0"),
        ({"max_features": 1.5}, "'max_features' parameter of .*Got 1.5"),
    ],
)
def test_refuses_bad_parameters(blobs, params, message):
    with pytest.raises(ValueError, match=message):
        AutoencoderDetector(**params).fit(blobs)


def test_each_score_is_documented():
    for name in _combined.SCORES:
        assert f'"{name}"' in AutoencoderDetector.__doc__, name
