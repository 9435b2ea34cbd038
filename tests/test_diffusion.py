"""The diffusion model: its scores, its sampler and what it learns."""

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp, norm, truncnorm
from sklearn.datasets import make_moons
from sklearn.mixture import GaussianMixture

from skunsup import DiffusionModel, Table, Text
from skunsup._networks import Numbers
from skunsup._training import as_rows, compilations, weighted_sample
from skunsup.models._diffusion_categories import HOT
from skunsup.models._diffusion_noise import drawn_within
from skunsup.models._diffusion_rows import Scores
from skunsup.models._margins import drawn_between, margin_of

from .helpers import on_torch_or_asked

SMALL = {"hidden_layer_sizes": (16,), "batch_size": 32, "random_state": 0}
LEARNING = {"hidden_layer_sizes": (64, 64), "batch_size": 128, "random_state": 0}
RNG = np.random.default_rng(0)
COLUMNS = {
    "normal": RNG.normal(size=500),
    "whole": RNG.integers(0, 9, 500).astype(float),
    "long-tailed": np.exp(2 * RNG.normal(size=500)),
    "mostly zero": np.where(RNG.random(500) < 0.9, 0.0, RNG.exponential(5e3, 500)),
    "cut off": np.clip(RNG.normal(size=500), -1, 1),
    "two values": RNG.integers(0, 2, 500).astype(float),
    "constant": np.full(500, 3.0),
    "end of the range": 2.0**53 - RNG.integers(0, 5, 500),
    "tiny": 1e-300 * RNG.normal(size=500),
}


def tensor(values):
    return keras.ops.convert_to_tensor(np.asarray(values, np.float32))


@pytest.mark.parametrize("name", COLUMNS)
def test_scores_of_a_column_lead_back_to_its_values(name):
    x = COLUMNS[name]
    margin = margin_of(x, np.ones(len(x)))
    low, high = margin.intervals(x)
    assert (low <= high).all()
    assert (np.diff(margin.low) >= 0).all()
    drawn = low + RNG.random(len(x)) * (high - low)
    np.testing.assert_allclose(margin.restored(drawn), x, rtol=1e-9, atol=0)
    assert set(margin.restored(np.array([-99.0, 99.0]))) == {x.min(), x.max()}


@pytest.mark.parametrize("name", ["mostly zero", "long-tailed", "whole", "cut off"])
def test_draws_within_intervals_are_about_normal(name):
    margin = margin_of(COLUMNS[name], np.ones(500))
    scores = drawn_between(*margin.intervals(COLUMNS[name]), np.random.default_rng(0))
    assert abs(scores.mean()) < 0.35
    assert 0.7 < scores.std() < 1.4


def test_a_weight_is_a_repetition_to_a_margin():
    x, weight = np.arange(6.0), np.array([1.0, 3.0, 1.0, 2.0, 9.0, 1.0])
    found = margin_of(x, weight)
    repeated = margin_of(np.repeat(x, weight.astype(int)), np.ones(17))
    np.testing.assert_allclose(found.low, repeated.low)
    np.testing.assert_allclose(found.high, repeated.high)


@pytest.mark.parametrize("ends", [(-1.0, 0.5), (0.2, 3.0), (-4.0, -3.0), (4.2, 4.4)])
def test_quantiles_within_an_interval_are_those_of_a_truncated_normal(ends):
    share = np.linspace(0.05, 0.95, 7)
    low, high = (tensor(np.full(7, end)) for end in ends)
    found = np.asarray(drawn_within(low, high, tensor(share)))
    upper = sum(ends) > 0  # then shares count from the other end
    expected = truncnorm(*ends).ppf(1 - share if upper else share)
    np.testing.assert_allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize(
    ("spread", "n_steps", "rtol"),
    [((1.0, 1.0, 1.0), 25, 1e-5), ((0.1, 0.5, 1.0), 200, 0.01)],
)
def test_the_sampler_solves_the_equation_of_normal_rows(spread, n_steps, rtol):
    # The best answer of a network is 0 at each level, and noise gets their spread.
    X = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    model = DiffusionModel(**SMALL, max_steps=1).fit(X)
    names = [v.name for v in model.model_.variables]
    kept = dict(zip(names, model._network.values, strict=True))
    known = {name: kept[name] for name in ("scale", "noise_state")}
    known["spread"] = np.array(spread, np.float32)
    model._network.values = [
        known.get(name, np.zeros_like(value))
        for name, value in zip(names, model._network.values, strict=True)
    ]
    noise = np.random.default_rng(1).standard_normal((50, 3), np.float32)
    rest = np.zeros((50, 6), np.float32)
    steps = np.full((50, 1), n_steps, np.float32)
    x = as_rows(np.concatenate([noise, rest, steps], axis=1))
    scale = model._scores.scale
    np.testing.assert_allclose(
        model._network.compute("generate", x) * scale, noise * spread, rtol=rtol
    )


def test_noisy_scores_of_a_category_say_how_likely_it_is():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.choice(list("uv"), 200)})
    table["b"] = rng.choice(list("xyz"), 200, p=[0.7, 0.2, 0.1])
    model = DiffusionModel(**SMALL, inputs=Table(), max_steps=1).fit(table)
    share = model._scores.share
    mean = HOT * (np.eye(5) - share)
    cells = slice(2), slice(2, 5)
    noisy, sigma = rng.normal(size=(50, 5)), rng.uniform(0.3, 3.0, (50, 1))
    c = 1 / np.sqrt(1 + sigma**2)
    categories = model.model_.categories
    logs = categories.log_probabilities(
        categories.own_logits(tensor(noisy), tensor(sigma))
    )
    found = [np.exp(keras.ops.convert_to_numpy(log))[:, 0] for log in logs]
    for cell, probabilities in zip(cells, found, strict=True):
        gaps = noisy[:, None, cell] - c[..., None] * mean[cell, cell]
        density = norm.pdf(gaps / (sigma * c)[..., None]).prod(axis=-1) * share[cell]
        expected = density / density.sum(axis=-1, keepdims=True)
        np.testing.assert_allclose(probabilities, expected, atol=1e-5)


@on_torch_or_asked
def test_rows_with_gaps_count_as_much_as_others():
    rng = np.random.default_rng(0)
    kind = rng.choice(list("xy"), 600, p=[0.3, 0.7])
    length = np.where(kind == "x", 1.0, -1.0) + 0.1 * rng.normal(size=600)
    missing = (kind == "y") & (rng.random(600) < 0.9)
    table = pd.DataFrame({"kind": kind, "length": np.where(missing, np.nan, length)})
    model = DiffusionModel(**LEARNING, inputs=Table(), max_steps=300).fit(table)
    drawn = model.sample(600, random_state=0)
    gaps = drawn["length"].isna()
    assert abs(gaps.mean() - missing.mean()) < 0.08
    assert (drawn["kind"][gaps] == "y").mean() > 0.9
    assert abs((drawn["kind"] == "y").mean() - 0.7) < 0.08
    whole = model.complete(drawn, random_state=0)
    assert ((whole["length"] < 0) == (whole["kind"] == "y")).mean() > 0.9
    # Of rows of which nothing is known, most have no length at first.
    empty = pd.DataFrame({"kind": [None] * 300, "length": np.full(300, np.nan)})
    whole = model.complete(empty.astype(table.dtypes), random_state=0)
    assert abs((whole["kind"] == "y").mean() - 0.7) < 0.08


@on_torch_or_asked
def test_rare_categories_do_not_hide_what_goes_together():
    draw = np.random.default_rng(0)
    group = draw.integers(3, size=1000)
    table = pd.DataFrame({f"rare {j}": draw.integers(30, size=1000) for j in range(4)})
    table = table.astype(str).assign(a=np.array(list("xyz"))[group])
    table["b"] = np.array(list("uvw"))[group]
    model = DiffusionModel(inputs=Table(), **LEARNING, max_steps=400).fit(table)
    drawn = model.sample(600, random_state=0)
    pairs = drawn["a"].map(dict(zip("xyz", "uvw", strict=True))) == drawn["b"]
    assert pairs.mean() > 0.9


@pytest.fixture(scope="module")
def moons():
    X = make_moons(2000, noise=0.08, random_state=0)[0].astype(np.float32)
    model = DiffusionModel(**LEARNING, max_steps=600).fit(X[:1000])
    return model, X[1000:]


def gap(a, b):
    """Mean distance of rows of `a` from the nearest of `b`."""
    return np.linalg.norm(a[:, None] - b[None], axis=-1).min(axis=1).mean()


def test_it_draws_rows_closer_to_the_data_than_a_normal_distribution(moons):
    model, held_out = moons
    drawn = model.sample(1000, random_state=0)
    assert drawn.dtype == np.float32
    mixed = GaussianMixture(random_state=0).fit(held_out).sample(1000)[0]
    assert gap(drawn, held_out) < 0.6 * gap(mixed, held_out)
    assert gap(held_out, drawn) < gap(held_out, mixed)


def test_scores_tell_rows_from_others(moons):
    model, held_out = moons
    others = np.random.default_rng(0).uniform(-2, 2, (500, 2)).astype(np.float32)
    assert model.score(held_out) > model.score(others) + 0.1


def test_given_columns_stay_and_the_others_follow_them(moons):
    model, held_out = moons
    observed = np.tile([True, False], (1000, 1))
    drawn = model._complete_rows(held_out, observed, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn[:, 0], held_out[:, 0])
    assert np.ptp(drawn[:, 1]) > 0.5
    assert gap(drawn, held_out) < 0.1


def test_cells_are_drawn_given_others(moons):
    model, held_out = moons
    X = held_out.copy()
    X[::2, 1] = np.nan
    filled = model.complete(X, random_state=0)
    known = ~np.isnan(X)
    np.testing.assert_array_equal(filled[known], X[known])
    assert gap(filled, held_out) < 0.1
    drawn = model.sample(200, random_state=0, given={0: 0.5})
    assert (drawn[:, 0] == 0.5).all()
    near = held_out[np.abs(held_out[:, 0] - 0.5) < 0.1, 1]
    assert ks_2samp(drawn[:, 1], near).statistic < 0.35


def test_another_number_of_steps_compiles_nothing(moons):
    model, _ = moons
    first = model.sample(40, random_state=0)
    before = compilations()
    model.set_params(n_steps=7)
    second = model.sample(40, random_state=0)
    model.set_params(n_steps=25)
    assert compilations() == before
    assert np.abs(first - second).max() > 1e-4
    np.testing.assert_array_equal(model.sample(40, random_state=0), first)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    colour = rng.choice(["blue", "green", "red"], 600, p=[0.2, 0.3, 0.5])
    spent = np.where(rng.random(600) < 0.7, 0.0, rng.exponential(321.0, 600))
    count = rng.poisson(2, 600) + 5 * (colour == "red")
    sizes = pd.CategoricalDtype(["small", "medium", "large"], ordered=True)
    return pd.DataFrame(
        {
            "count": count,
            "colour": colour,
            "spent": spent,
            "length": np.where(rng.random(600) < 0.2, np.nan, count + rng.normal(600)),
            "size": pd.Categorical.from_codes(np.minimum(count // 3, 2), dtype=sizes),
        }
    )


@on_torch_or_asked
def test_a_table_comes_back_as_one(table):
    model = DiffusionModel(
        hidden_layer_sizes=(64, 64),
        inputs=Table(),
        batch_size=128,
        max_steps=400,
        random_state=0,
    )
    drawn = model.fit(table).sample(600, random_state=0)
    assert (drawn.dtypes == table.dtypes).all()
    assert [*drawn.isna().any()] == [*table.isna().any()]
    assert not model.complete(drawn, random_state=0).isna().to_numpy().any()
    assert set(drawn["count"]) <= set(table["count"])
    assert 0.6 < (drawn["spent"] == 0).mean() < 0.8
    shares = drawn["colour"].value_counts(normalize=True)
    assert abs(shares - table["colour"].value_counts(normalize=True)).max() < 0.08
    assert ks_2samp(drawn["count"], table["count"]).statistic < 0.1
    red = drawn["count"][drawn["colour"] == "red"].mean()
    assert red > drawn["count"][drawn["colour"] == "blue"].mean() + 4


@on_torch_or_asked
def test_cells_of_a_table_that_are_given_stay(table):
    model = DiffusionModel(**SMALL, inputs=Table(), max_steps=1).fit(table)
    rows = model._read(table).take(slice(None))
    places = model._inputs.likelihood_.feature_index()
    observed = np.isin(places, [1, 4])[None].repeat(len(rows), axis=0)
    drawn = model._complete_rows(rows, observed, np.random.default_rng(0))
    found = model._inputs.restore_rows(drawn, np.dtype(np.float64))
    pd.testing.assert_frame_equal(found[["colour", "size"]], table[["colour", "size"]])
    assert (found["count"] != table["count"]).any()


def test_what_an_order_of_columns_means(table):
    likelihood = Table().fit(table).likelihood_
    rows = as_rows(Table().fit_transform(table))
    sample = weighted_sample(rows, None)
    scores = Scores(rows, sample, likelihood, None, np.random.default_rng(0))
    block = rows.take(slice(None))
    low, high = scores(block)[:, : scores.n_real], scores(block)[:, scores.n_real :]
    assert scores.n_real == 4  # three numbers, and the sizes, which have an order
    assert scores.n_cells == 5
    middle = 0.5 * (low + high[:, : scores.n_real])
    hot = high[:, scores.n_real : scores.n_scores]
    back = scores.restored(np.concatenate([middle, hot], axis=1))
    known = block[:, 3:6].all(axis=1)
    np.testing.assert_allclose(back[known], block[known], atol=1e-5)


@on_torch_or_asked
@pytest.mark.parametrize(
    "X",
    [
        np.full((20, 2), 7.0),
        np.tile([[2.0**31, 1.0], [2.0**31 - 1, 2.0], [-(2.0**31), 3.0]], (3, 1)),
    ],
    ids=["constant", "ends of the range"],
)
def test_values_come_back_as_they_are(X):
    drawn = DiffusionModel(**SMALL, max_steps=2).fit(X).sample(9, random_state=0)
    for column, known in zip(drawn.T, X.T.astype(np.float32), strict=True):
        assert set(column) <= set(known)


@on_torch_or_asked
def test_a_column_of_one_value_and_missing_ones():
    X = pd.DataFrame({"a": [1.0, np.nan, 1.0, np.nan], "b": [1.0, 2.0, 3.0, 4.0]})
    model = DiffusionModel(**SMALL, inputs=Table(), max_steps=2).fit(X)
    drawn = model.sample(20, random_state=0)["a"]
    assert 0 < drawn.isna().sum() < 20
    assert (drawn.dropna() == 1.0).all()


def test_tokens_are_refused():
    with pytest.raises(ValueError, match="for numbers, tables and images"):
        DiffusionModel(inputs=Text(), max_steps=1).fit(["a b", "b c", "c d"])


@pytest.mark.parametrize("n_steps", [0, 2.5, None])
def test_the_sampler_takes_a_step_at_least(blobs, moons, n_steps):
    with pytest.raises(ValueError, match="n_steps"):
        DiffusionModel(n_steps=n_steps).fit(blobs)
    model = moons[0].set_params(n_steps=n_steps)
    with pytest.raises(ValueError, match="n_steps"):
        model.sample(3)
    model.set_params(n_steps=25)


@on_torch_or_asked
def test_wide_rows_are_drawn_by_their_components():
    rng = np.random.default_rng(0)
    X = (rng.random((60, 2)) @ rng.random((2, 200))).astype(np.float32)
    model = DiffusionModel(**SMALL, max_steps=2).fit(X)
    assert model.n_components_ == 60
    drawn = model.sample(5, random_state=0)
    assert drawn.shape == (5, 200)
    assert (drawn >= 0).all()
    torn = np.where(rng.random(X.shape) < 0.5, np.nan, X)
    filled = model.complete(torn, random_state=0)
    hidden = np.isnan(torn)
    np.testing.assert_array_equal(filled[~hidden], torn[~hidden])
    # Two columns say what the others are.
    assert np.square(filled - X)[hidden].mean() < 0.05 * X[hidden].var()


def test_scores_of_numbers_keep_their_ratio():
    X = np.random.default_rng(0).normal(size=(300, 2)) * [1.0, 3.0]
    rows = as_rows(X)
    sample = weighted_sample(rows, None)
    for factor, expected in ((1.0, 3.0), (10.0, 1.0)):
        rows = as_rows(X * [1.0, factor])
        scores = Scores(rows, sample, Numbers(2), None, np.random.default_rng(0))
        ratio = scores.scale[1] / scores.scale[0]
        np.testing.assert_allclose(ratio, expected, rtol=0.2)
