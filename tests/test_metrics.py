"""Measures of generated rows."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from skunsup.metrics import (
    copying_report,
    coverage_scorer,
    density_scorer,
    draw_rows,
    frechet_distance,
    make_sample_scorer,
    prdc,
    sample_coverage,
    sample_density,
    sample_precision,
    sample_recall,
    two_sample_auroc,
    two_sample_scorer,
)


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(0).standard_normal((900, 3))


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    n = 400
    table = pd.DataFrame(
        {
            "size": rng.normal(170, 10, n),
            "age": rng.integers(18, 90, n),
            "colour": rng.choice(["red", "green", "blue"], n),
            "member": rng.random(n) < 0.5,
        }
    )
    table.loc[rng.random(n) < 0.1, "size"] = np.nan
    return table


def by_definition(real, generated, k):
    """Precision, recall, density and coverage, one ball after the other."""

    def distances(a, b):
        return [[np.linalg.norm(x - y) for y in b] for x in a]

    def radius(rows):
        return [sorted(line)[k] for line in distances(rows, rows)]

    r, g, between = radius(real), radius(generated), distances(real, generated)
    n, m = len(real), len(generated)
    inside = [[between[i][j] <= r[i] for j in range(m)] for i in range(n)]
    return {
        "precision": sum(any(inside[i][j] for i in range(n)) for j in range(m)) / m,
        "recall": sum(any(between[i][j] <= g[j] for j in range(m)) for i in range(n))
        / n,
        "density": sum(map(sum, inside)) / (k * m),
        "coverage": sum(map(any, inside)) / n,
    }


@pytest.mark.parametrize("k", [1, 4])
def test_prdc_agrees_with_the_definition(rows, k):
    real, generated = rows[:40], 0.7 * rows[40:75] + 0.3
    expected = by_definition(real, generated, k)
    found = prdc(real, generated, n_neighbors=k, standardize=False)
    assert found == pytest.approx(expected)
    assert len({*expected.values()}) == 4


def test_prdc_does_not_depend_on_chunks(rows, monkeypatch):
    whole = prdc(rows[:300], rows[300:700])
    monkeypatch.setattr("skunsup.metrics._vectors.CHUNK_ROWS", 37)
    assert prdc(rows[:300], rows[300:700]) == whole


def test_each_measure_is_one_of_the_four(rows):
    real, generated = rows[:200], 0.5 * rows[200:400]
    four = prdc(real, generated, n_neighbors=3)
    assert sample_precision(real, generated, n_neighbors=3) == four["precision"]
    assert sample_recall(real, generated, n_neighbors=3) == four["recall"]
    assert sample_density(real, generated, n_neighbors=3) == four["density"]
    assert sample_coverage(real, generated, n_neighbors=3) == four["coverage"]


def test_units_do_not_count_unless_asked_for(rows):
    units = np.array([1.0, 1000.0, 1e-3])
    real, generated = rows[:200], 0.5 * rows[200:400] + 0.2
    assert prdc(real * units, generated * units) == pytest.approx(prdc(real, generated))
    raw = prdc(real * units, generated * units, standardize=False)
    assert raw != prdc(real, generated)


def test_a_constant_column_changes_nothing(rows):
    real, generated = rows[:200], rows[200:400]
    constant = np.full((200, 1), 0.1)  # whose standard deviation is rounded to 1e-17
    wider = np.hstack([real, constant]), np.hstack([generated, constant + 1e-7])
    assert prdc(*wider) == pytest.approx(prdc(real, generated), abs=0.01)


def test_copies_of_repeated_rows_are_covered():
    real = np.repeat([[0.0, 1.0], [2.0, 3.0], [4.0, 0.0]], 20, axis=0)
    assert prdc(real, real)["coverage"] == 1
    assert prdc(real, real)["precision"] == 1


def test_features_take_the_place_of_rows(rows):
    images = rows[:600].reshape(-1, 3, 1, 1)
    flat = prdc(images[:300], images[300:])
    assert flat == prdc(rows[:300], rows[300:600])

    def first(X):
        return X.reshape(len(X), -1)[:, :1]

    assert prdc(images[:300], images[300:], features=first) == prdc(
        rows[:300, :1], rows[300:600, :1]
    )


def test_tables_count_every_column(frame):
    real, other = frame[:200], frame[200:].copy()
    good = prdc(real, other)["precision"]
    judge = LogisticRegression(max_iter=1000)
    assert two_sample_auroc(real, other) < 0.62
    for name, values in {
        "size": other["size"] + 80,
        "age": other["age"] + 200,
        "colour": "red",
        "member": True,
    }.items():
        wrong = other.assign(**{name: values})
        assert two_sample_auroc(real, wrong, classifier=judge) > 0.65, name
    assert prdc(real, other.assign(age=400))["precision"] < 0.1 < 0.8 < good


def test_tables_of_polars_are_those_of_pandas(frame):
    given = [pl.from_pandas(part) for part in (frame[:200], frame[200:])]
    assert prdc(*given) == prdc(frame[:200], frame[200:])


def test_two_categories_are_one_apart():
    for values in (["x", "y", "x", "y"], ["x", None, "x", "x"], ["x", "z", "x", "x"]):
        table = pd.DataFrame({"a": values, "b": 0.0})
        report = copying_report(table[1:2], table.iloc[[0, 2]], table[2:])
        np.testing.assert_allclose(report.closest_training, 1.0)


def test_auroc_with_own_classifier(rows):
    shifted = rows[300:600] + 1.0
    linear = two_sample_auroc(rows[:300], shifted, classifier=LogisticRegression())
    assert 0.8 < linear < 0.95
    wide = 3.0 * rows[300:600]  # which no plane separates
    assert two_sample_auroc(rows[:300], wide, classifier=LogisticRegression()) < 0.6
    assert two_sample_auroc(rows[:300], wide) > 0.8


def test_frechet_distance_of_known_distributions():
    rng = np.random.default_rng(0)
    a = rng.standard_normal((100_000, 2))
    b = rng.standard_normal((100_000, 2)) @ np.diag([2.0, 0.5]) + [1.0, 0.0]
    expected = 1 + (2 - 1) ** 2 + (1 - 0.5) ** 2
    assert frechet_distance(a, b, standardize=False) == pytest.approx(
        expected, rel=0.02
    )
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda X: prdc(X[:5], X), "X_real has 5 rows, but n_neighbors=5"),
        (lambda X: prdc(X, X[:3]), "X_generated has 3 rows"),
        (lambda X: prdc(X, X, n_neighbors=0), "n_neighbors=0"),
        (lambda X: prdc(X, X[:, :2]), "2 columns, but X_real has 3"),
        (lambda X: prdc(X, np.full_like(X, np.nan)), "X_generated contains NaN"),
        (lambda X: two_sample_auroc(X, X[:2]), "fewer than n_splits=3"),
        (lambda X: frechet_distance(X[:1], X), "X_real has 1 rows"),
        (lambda X: copying_report(X, X, X[:, :1]), "X_held_out has 1 columns"),
    ],
)
def test_values_that_are_refused(rows, call, match):
    with pytest.raises(ValueError, match=match):
        call(rows)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda X: prdc([["a"], ["b"]], X), "DataFrame"),
        (lambda X: draw_rows(PCA(), 3), "PCA has no method sample"),
        (lambda X: copying_report(PCA(), X, X), "PCA has no method sample"),
        (lambda X: make_sample_scorer("coverage"), "metric='coverage'"),
    ],
)
def test_types_that_are_refused(rows, call, match):
    with pytest.raises(TypeError, match=match):
        call(rows)


def test_columns_of_tables_are_matched_by_name(frame):
    real, drawn = frame[:200], frame[200:]
    turned = drawn[list(drawn.columns[::-1])]
    assert prdc(real, turned) == prdc(real, drawn)
    assert two_sample_auroc(real, turned) == two_sample_auroc(real, drawn)
    assert prdc(pl.DataFrame(real), pl.DataFrame(turned)) == prdc(real, drawn)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_arrays_are_compared_with_tables_by_place(rows, kind):
    real = kind(dict(zip("abc", rows[:400].T, strict=True)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = prdc(real, rows[400:])
    assert found == prdc(real, kind(dict(zip("abc", rows[400:].T, strict=True))))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            lambda X: X.drop(columns="age"),
            r"X_real .* \['age'\], which X_gen",
        ),
        (
            lambda X: X.assign(height=1),
            r"X_generated .* \['height'\], which",
        ),
        (lambda X: np.ones((9, 2)), r"shape \(9, 2\), but X_real has 4 columns"),
    ],
)
def test_columns_that_tables_lack_are_named(frame, change, match):
    with pytest.raises(ValueError, match=match):
        prdc(frame, change(frame))


def test_a_step_without_a_way_back_is_named(rows):
    model = make_pipeline(Normalizer(), KernelDensity()).fit(rows)
    with pytest.raises(TypeError, match=r"'normalizer'.*no inverse_transform"):
        coverage_scorer(model, rows)


def test_scorers_find_the_better_generator(rows):
    fits = [KernelDensity(bandwidth=width).fit(rows[:400]) for width in (0.2, 3.0)]
    for scorer in (coverage_scorer, density_scorer, two_sample_scorer):
        good, bad = (scorer(model, rows[800:]) for model in fits)
        assert good > bad + 0.05, scorer
    assert coverage_scorer(fits[0], rows) == coverage_scorer(fits[0], rows)
    again = pickle.loads(pickle.dumps(coverage_scorer))
    assert again(fits[0], rows) == coverage_scorer(fits[0], rows)


@pytest.mark.parametrize("units", [1.0, 1000.0])
def test_search_over_a_pipeline(rows, units):
    X = np.concatenate([rows[:100] - 4, rows[100:200] + 4]) * units
    model = make_pipeline(StandardScaler(), GaussianMixture(random_state=0))
    grid = {"gaussianmixture__n_components": [1, 2]}
    search = GridSearchCV(model, grid, scoring=coverage_scorer, error_score="raise")
    search.fit(np.random.default_rng(0).permutation(X))
    assert search.best_params_ == {"gaussianmixture__n_components": 2}
    assert draw_rows(search.best_estimator_, 50).std() > 3 * units


def test_copies_are_found(rows):
    train, held_out = rows[:300], rows[300:600]
    drawn = rows[600:]
    fair = copying_report(drawn, train, held_out)
    assert 0.4 < fair.share_nearer_to_training < 0.6
    assert fair.share_identical == 0
    assert fair.closest_training.shape == (300,)
    copies = copying_report(train[:100], train, held_out)
    assert copies.share_nearer_to_training == 1
    assert copies.share_identical == 1
    assert copying_report(held_out, train, held_out).share_nearer_to_training == 0


def test_a_larger_training_set_is_not_nearer_for_its_size(rows):
    drawn = np.random.default_rng(1).standard_normal((2000, 3))
    report = copying_report(drawn, rows[:800], rows[800:])
    assert report.n_compared == 100
    assert 0.4 < report.share_nearer_to_training < 0.6


def test_rows_at_equal_distances_count_half(rows):
    report = copying_report(rows[:50], rows[50:80], rows[50:80])
    assert report.share_nearer_to_training == 0.5
