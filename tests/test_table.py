"""Tables of mixed columns with missing values."""

import copy
import pickle

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from keras import ops
from scipy.special import log_softmax, softmax
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV

from skunsup import (
    GAN,
    AAEClustering,
    AdversarialAutoencoder,
    Autoencoder,
    AutoencoderDetector,
    BiGAN,
    GANDetector,
    OutlierDetector,
    Table,
    VAEDetector,
    VariationalAutoencoder,
    WassersteinAutoencoder,
)
from skunsup._networks import Corruption, EncoderLayers
from skunsup.inputs.table import _columns
from skunsup.inputs.table._likelihood import TableLikelihood
from skunsup.inputs.table._networks import embedding_width
from skunsup.inputs.table._table import NumberScale

from .helpers import on_torch_or_asked, unchanged

QUICK = {"hidden_layer_sizes": (32,), "random_state": 0}


def make_table(n=240, seed=0):
    """One hidden number, seen in columns of every type; a tenth of cells missing."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    level = np.select([z < -0.5, z < 0.5], ["low", "mid"], "high")
    ordered = pd.CategoricalDtype(["low", "mid", "high", "never"], ordered=True)
    table = pd.DataFrame(
        {
            "flag": z > 0,
            "float": z + 0.1 * rng.normal(size=n),
            "single": (5 * z + 3).astype(np.float32),
            "int": np.rint(20 * z).astype(np.int16),
            "Int": pd.array(np.rint(10 * z).astype(int), dtype="Int64"),
            "category": pd.Categorical(
                level, categories=["never", "low", "high", "mid"]
            ),
            "codes": pd.Categorical(np.where(z > 0, 7, 2)),
            "ordered": pd.Series(level).astype(ordered),
            "object": pd.Series(level, dtype=object),
            "string": pd.Series(np.where(z > 0.5, "b", "a")).astype("string"),
            "boolean": pd.array(z > 0.5, dtype="boolean"),
            "bools": pd.Series((z > -0.5).tolist(), dtype=object),
            "constant": 2.5,
        }
    )
    may_miss = [c for c in table if c not in ("flag", "int")]
    hit = rng.random((n, len(may_miss))) < 0.1
    table[may_miss] = table[may_miss].mask(hit)
    table.index = np.arange(n)[::-1] + 1000
    return table


def same_types(one, other):
    pd.testing.assert_series_equal(one.dtypes, other.dtypes)
    assert not one.isna().any().any()


@pytest.fixture(scope="module")
def table():
    return make_table()


@pytest.fixture(scope="module")
def fitted(table):
    return Autoencoder(4, inputs=Table(), epochs=60, **QUICK).fit(table)


@pytest.fixture(scope="module")
def variational(table):
    model = VariationalAutoencoder(2, inputs=Table(), epochs=60, **QUICK)
    return model.fit(table)


def test_what_comes_back_has_the_types_of_what_came(table, fitted, variational):
    back = fitted.reconstruct(table)
    same_types(back, table)
    assert back.index.equals(table.index)
    codes = fitted.transform(table)
    assert codes.shape == (len(table), 4)
    assert codes.dtype == np.float64
    decoded = fitted.inverse_transform(codes)
    pd.testing.assert_frame_equal(decoded.set_axis(table.index), back)
    drawn = variational.sample(30, random_state=0)
    same_types(drawn, table)
    assert drawn.equals(variational.sample(30, random_state=0))
    assert {*drawn["object"]} <= {"low", "mid", "high"}
    assert drawn["float"].between(table["float"].min(), table["float"].max()).all()
    assert (drawn["constant"] == 2.5).all()
    assert list(fitted.feature_names_in_) == [*table]
    assert fitted.n_features_in_ == table.shape[1]


def test_filling_in_keeps_what_was_there(table, fitted):
    full = fitted.reconstruct(table)
    filled = table.fillna(full)
    same_types(filled, table)
    known = table.notna()
    assert (filled.astype(object).where(known) == table.astype(object).where(known))[
        known
    ].all(axis=None) or filled.where(known).equals(table)
    assert filled.mask(known).equals(full.mask(known))
    assert table.combine_first(full)[[*table]].loc[table.index].equals(filled)


def imputed(model, table, seed=0):
    """Errors of a model and of mean and mode on cells that are hidden in addition."""
    rng = np.random.default_rng(seed)
    hit = (rng.random(table.shape) < 0.2) & table.notna().to_numpy()
    gaps = table.mask(hit)
    ours = model.reconstruct(gaps)
    rows = []
    for place, (name, column) in enumerate(table.items()):
        at = hit[:, place]
        true, ours_at = column.to_numpy()[at], ours[name].to_numpy()[at]
        if pd.api.types.is_numeric_dtype(column) and column.dtype != bool:
            true, ours_at = true.astype(float), ours_at.astype(float)
            simple = gaps[name].astype(float).mean()
            error = [np.square(guess - true).mean() for guess in (ours_at, simple)]
            error = np.array(error) / max(column.astype(float).var(), 1e-9)
        else:
            simple = gaps[name].mode()[0]
            error = [np.mean(guess != true) for guess in (ours_at, simple)]
        rows.append(error)
    return np.array(rows, float)


def test_models_fill_in_better_than_means_and_modes(table, fitted, variational):
    new = make_table(seed=1).drop(columns="boolean")
    new["boolean"] = make_table(seed=1)["boolean"]
    new = new[[*table]].astype({"boolean": object})
    for model, most in ((fitted, 0.35), (variational, 0.5)):
        ours, simple = imputed(model, new).T[:, :-1]  # but for the constant
        assert (ours < simple).all()
        assert ours.mean() < most * simple.mean()


def wine():
    """Wines by a few measurements, some of them as categories, and their kind."""
    bunch = load_wine(as_frame=True)
    X = bunch.data.iloc[:, [0, 5, 6, 9, 11, 12]].copy()
    for name in ("flavanoids", "hue" if "hue" in X else "color_intensity"):
        X[name] = pd.qcut(X[name], 4, labels=["low", "mid", "high", "top"])
    return X.assign(kind=bunch.target_names[bunch.target])


@on_torch_or_asked
def test_fills_in_wines():
    X = wine()
    train, test = X.iloc[::2], X.iloc[1::2]
    model = Autoencoder(4, inputs=Table(), epochs=100, **QUICK).fit(train)
    ours, simple = imputed(model, test).T
    assert ours.mean() < 0.75 * simple.mean()
    assert ours[-1] < 0.6 * simple[-1]  # the kind of wine


def test_hiding_cells_in_training_is_what_fills_them_in(table, fitted):
    model = Autoencoder(4, inputs=Table(input_dropout=0.0), epochs=60, **QUICK).fit(
        table
    )
    assert (
        imputed(fitted, table)[:, 0].mean() < 0.7 * imputed(model, table)[:, 0].mean()
    )
    noisy = model.set_params(noise="masking", noise_level=0.3).fit(table)
    assert (
        imputed(noisy, table)[:, 0].mean() < 1.3 * imputed(fitted, table)[:, 0].mean()
    )


def learned(X, **params):
    """The kind fitted to a table and its rows, without a model."""
    estimator = Autoencoder(inputs=Table(**params))
    rows = estimator.inputs.fit_rows(X, estimator)
    return estimator, estimator.inputs, rows.take(slice(None))


def test_polars_comes_back_as_polars(table):
    texts = table["object"].where(table["object"].notna(), None).tolist()
    frame = pl.DataFrame(
        {
            "float": table["float"].tolist(),
            "int": pl.Series(table["int"].tolist(), dtype=pl.Int16),
            "text": texts,
            "enum": pl.Series(texts, dtype=pl.Enum(["low", "mid", "high"])),
            "flag": table["flag"].tolist(),
        }
    ).with_columns(pl.col("text").cast(pl.Categorical).alias("category"))
    estimator, kind, rows = learned(frame)
    assert [*estimator.feature_names_in_] == frame.columns
    kinds = [column.kind for column in kind.columns_]
    assert kinds == ["number", "number", "category", "ordered", "boolean", "category"]
    back = kind.restore_rows(rows, np.dtype(float), frame)
    assert back.schema == frame.schema
    gaps = frame.with_columns(frame["float"].fill_nan(None)).null_count()
    assert back.null_count().equals(gaps)
    assert back.drop("float").equals(frame.drop("float"))
    as_pandas = frame.with_columns(pl.col("enum").cast(str)).to_pandas()
    read = kind.read_rows(as_pandas, estimator).take(slice(None))
    np.testing.assert_array_equal(read, rows)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_of_numbers(dtype, monkeypatch):
    monkeypatch.setattr(_columns, "importlib", None)  # neither pandas nor polars
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(60, 1)) * [1.0, -2.0, 300.0]).astype(dtype)
    X[::5, 0] = np.nan
    model = Autoencoder(1, inputs=Table(), epochs=2, **QUICK).fit(X)
    back = model.reconstruct(X)
    assert isinstance(back, np.ndarray)
    assert back.dtype == model.transform(X).dtype == dtype
    assert back.shape == X.shape
    assert np.isfinite(back).all()
    assert model.transform(X.tolist()).dtype == np.float64
    assert model.n_features_in_ == 3


def test_arrays_of_objects():
    X = np.array([["a", 1, True], ["b", None, False], [None, 2.5, None]] * 9, object)
    _, kind, rows = learned(X)
    kinds = [column.kind for column in kind.columns_]
    assert kinds == ["category", "number", "boolean"]
    back = kind.restore_rows(rows, np.dtype(float))
    known = np.not_equal(X, None)
    assert back[known].tolist() == X[known].tolist()
    assert {type(value) for value in back[known[:, 2], 2]} == {bool}
    assert pd.isna(back[~known]).all()
    flags = X[:, :1] == "a"
    _, kind, rows = learned(flags)
    np.testing.assert_array_equal(kind.restore_rows(rows, np.dtype(float)), flags)


# Cells

GROUPS = ((2, 1, False), (3, 2, True))
PLACES = (3, 0, 4, 2, 1)  # two numbers, one category, two ordered ones


@pytest.fixture(scope="module")
def likelihood():
    return TableLikelihood(2, GROUPS, PLACES)


@pytest.fixture(scope="module")
def rows(likelihood):
    """Numbers and codes of three rows, the second with gaps, and the rows."""
    numbers = np.array([[1.0, -2.0], [np.nan, 0.5], [0.25, 3.0]])
    codes = np.array([[0, 2, 1], [-1, 0, -1], [1, 1, 2]])
    return numbers, codes, likelihood.expanded(numbers, codes)


def test_rows_of_a_table(likelihood, rows):
    _, codes, x = rows
    assert x.dtype == np.float32
    assert x.tolist() == [
        [1.0, -2.0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0],
        [0.0, 0.5, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0],
        [0.25, 3.0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1],
    ]
    assert likelihood.feature_index().tolist() == [3, 0, 3, 0, 4, 4, 2, 2, 2, 1, 1, 1]
    observed = ops.convert_to_numpy(likelihood.observed(ops.convert_to_tensor(x)))
    assert observed.tolist() == [[1] * 5, [1, 0, 1, 0, 0], [1] * 5]
    known = codes >= 0
    assert (likelihood.likeliest(x)[known] == codes[known]).all()


def expected_losses(numbers, codes, output):
    """Squared errors and cross-entropies in the order of the table, one by one."""
    losses = np.zeros((len(numbers), 5))
    for row, (number, code) in enumerate(zip(numbers, codes, strict=True)):
        squares = np.square(np.nan_to_num(number) - output[row, :2])
        losses[row, [3, 0]] = np.where(np.isnan(number), 0.0, squares)
        for place, start, k, value in zip(
            (4, 2, 1), (2, 4, 7), (2, 3, 3), code, strict=True
        ):
            if value >= 0:
                share = log_softmax(output[row, start : start + k])
                losses[row, place] = -share[value]
    return losses


def squared(x, output, at):
    return ops.square(x - output)


def losses_of(likelihood, x, output, real=squared):
    tensors = (ops.convert_to_tensor(value) for value in (x, output))
    return ops.convert_to_numpy(likelihood.losses(*tensors, real))


def test_losses_are_what_they_should_be(likelihood, rows):
    numbers, codes, x = rows
    output = np.random.default_rng(0).normal(size=(3, 10)).astype(np.float32)
    expected = expected_losses(numbers, codes, output)
    losses = losses_of(likelihood, x, output)
    np.testing.assert_allclose(losses, expected, rtol=1e-5, atol=1e-6)
    assert (losses[1, [1, 3, 4]] == 0).all()
    many = np.stack([output, output[::-1]], axis=1)  # two outputs a row
    losses = losses_of(likelihood, x[:, None], many)
    np.testing.assert_allclose(losses[:, 0], expected, rtol=1e-5, atol=1e-6)
    members = losses_of(likelihood, np.stack([x, x]), np.stack([output, output]))
    np.testing.assert_allclose(members[1], expected, rtol=1e-5, atol=1e-6)


def test_the_real_loss_knows_which_cells_it_is_for(likelihood, rows):
    seen = []

    def real(x, output, at):
        seen.append(at)
        return squared(x, output, at)

    losses_of(likelihood, rows[2], np.zeros((3, 10), np.float32), real)
    assert np.array_equal(seen[0], [3, 0])


def test_missing_cells_change_nothing(likelihood, rows):
    x = rows[2].copy()
    rng = np.random.default_rng(0)
    output = rng.normal(size=(3, 10)).astype(np.float32)
    before = losses_of(likelihood, x, output)
    spoilt, other = x.copy(), output.copy()
    spoilt[1, 0] = 99.0  # behind a mask of 0
    other[1, [0, 2, 3, 7, 8, 9]] = 77.0  # numbers and logits of cells that are missing
    after = losses_of(likelihood, spoilt, other)
    np.testing.assert_array_equal(before, after)
    weights = ops.convert_to_numpy(likelihood.weights(x))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-6)
    assert weights[1].tolist() == [0.5, 0, 0.5, 0, 0]


def test_rows_of_outputs(likelihood):
    output = np.random.default_rng(0).normal(size=(4, 10)).astype(np.float32)
    x = ops.convert_to_numpy(likelihood.rows(output))
    assert x.shape == (4, 12)
    np.testing.assert_array_equal(x[:, :2], output[:, :2])
    assert (x[:, 2:4] == 1).all()
    np.testing.assert_allclose(x[:, 4:6], softmax(output[:, 2:4], axis=1), rtol=1e-5)
    share = softmax(output[:, 4:7], axis=1)
    above = np.cumsum(share[:, ::-1], axis=1)[:, ::-1]
    np.testing.assert_allclose(x[:, 6:9], above, rtol=1e-5)
    assert (ops.convert_to_numpy(likelihood.observed(x)) > 0.999).all()


def test_residuals_of_missing_cells_are_zero(likelihood, rows):
    x = ops.convert_to_tensor(rows[2])
    guess = likelihood.rows(ops.convert_to_tensor(np.ones((3, 10), np.float32)))
    residual = ops.convert_to_numpy(likelihood.residual(x, guess))
    missing = np.isin(likelihood.feature_index(), [1, 3, 4])
    assert (residual[1, missing] == 0).all()
    known = ops.convert_to_numpy(x - guess)
    np.testing.assert_array_equal(residual[1, ~missing], known[1, ~missing])
    np.testing.assert_array_equal(residual[[0, 2]], known[[0, 2]])


def test_draws_follow_the_probabilities(likelihood):
    output = np.zeros((1, 10), np.float32)
    output[0, :2] = 1.0, -1.0
    output[0, 2:] = np.log([0.9, 0.1, 0.2, 0.3, 0.5, 0.6, 0.3, 0.1])
    means = np.repeat(ops.convert_to_numpy(likelihood.rows(output)), 20_000, axis=0)
    variance = np.array([4.0, np.nan, np.nan, 0.0, np.nan])  # in the table's order
    drawn = likelihood.sample(means, variance, np.random.default_rng(0))
    assert (drawn[:, 0] == 1.0).all()
    assert drawn[:, 1].mean() == pytest.approx(-1.0, abs=0.05)
    assert drawn[:, 1].std() == pytest.approx(2.0, abs=0.05)
    codes = likelihood.likeliest(drawn)
    for column, shares in enumerate(([0.9, 0.1], [0.2, 0.3, 0.5], [0.6, 0.3, 0.1])):
        found = np.bincount(codes[:, column]) / len(codes)
        np.testing.assert_allclose(found, shares, atol=0.015)
    np.testing.assert_array_equal(likelihood.expanded(drawn[:, :2], codes), drawn)


def batch(likelihood, n=400):
    rng = np.random.default_rng(0)
    codes = np.stack(
        [rng.integers(-1, k, n) for k, m, _ in GROUPS for _ in range(m)], 1
    )
    numbers = np.where(rng.random((n, 2)) < 0.2, np.nan, rng.normal(size=(n, 2)))
    return likelihood.expanded(numbers, codes)


@pytest.mark.parametrize("kind", ["masking", "swap", "gaussian"])
def test_whole_cells_are_corrupted(likelihood, kind):
    x = batch(likelihood)
    layer = Corruption(kind, 0.5, likelihood)
    changed = ops.convert_to_numpy(layer(x))
    layer = Corruption.from_config(layer.get_config())
    assert layer.likelihood == likelihood
    feature_index = likelihood.feature_index()
    for cell in range(5):
        old, new = x[:, feature_index == cell], changed[:, feature_index == cell]
        hit = (old != new).any(axis=1)
        known = old.any(axis=1)
        assert hit.any() == (kind != "gaussian" or cell in likelihood.real)
        if kind == "masking":
            assert (new[hit] == 0).all()
            assert hit[known].mean() == pytest.approx(0.5, abs=0.1)
        elif kind == "swap":
            assert {*map(tuple, new)} <= {*map(tuple, old)}
        elif hit.any():
            assert (hit == known).all()
            assert (new[:, 1] == old[:, 1]).all()
            assert (new - old)[hit, 0].std() == pytest.approx(0.5, abs=0.1)


def test_swapped_cells_of_a_row_come_from_different_rows(likelihood):
    x = np.repeat(np.arange(1.0, 101.0)[:, None], 12, axis=1).astype(np.float32)
    changed = ops.convert_to_numpy(Corruption("swap", 1.0, likelihood)(x))
    feature_index = likelihood.feature_index()
    by_cell = np.stack([changed[:, feature_index == cell] for cell in (3, 0)], axis=1)
    assert (by_cell[..., 0] == by_cell[..., 1]).all()  # a number and its mask
    assert (by_cell[:, 0, 0] != by_cell[:, 1, 0]).mean() > 0.9


def test_cells_survive_keras(likelihood):
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(likelihood)
    )
    assert again == likelihood
    assert hash(again) == hash(likelihood)
    assert TableLikelihood(2, GROUPS, PLACES, input_dropout=0.1) != likelihood


# Families and detectors

FAMILIES = [
    AdversarialAutoencoder,
    WassersteinAutoencoder,
    AAEClustering,
    BiGAN,
    GAN,
]


def test_rows_with_gaps_come_back_with_them(table):
    kind = Table().fit(table)
    back = kind.inverse_transform(kind.transform(table)).set_axis(table.index)
    pd.testing.assert_series_equal(back.dtypes, table.dtypes)
    pd.testing.assert_frame_equal(back.isna(), table.isna())


@pytest.fixture(scope="module")
def small():
    """A few columns, so that every family fits it quickly."""
    table = make_table(120)
    return table[["float", "int", "category", "ordered", "flag"]]


@pytest.fixture(scope="module")
def of_small(small):
    return Autoencoder(2, inputs=Table(), epochs=1, **QUICK).fit(small)


@pytest.mark.parametrize("family", FAMILIES)
@on_torch_or_asked
def test_every_family_takes_a_table(family, small):
    model = family(inputs=Table(), epochs=3, **QUICK).fit(small)
    same_types(model.sample(20, random_state=0), small)
    assert np.isfinite(model.score_samples(small)).all()
    if family is BiGAN:
        same_types(model.reconstruct(small), small)
        shares = model.feature_scores(small)
        assert shares.shape == small.shape
        assert (shares[small.isna().to_numpy()] == 0).all()


def test_scores_of_columns(table, fitted, variational):
    for model in (fitted, variational):
        shares = model.feature_scores(table)
        assert shares.shape == table.shape
        assert (shares >= 0).all()
        assert (shares[table.isna().to_numpy()] == 0).all()
    total = fitted.feature_scores(table).sum(axis=1)
    np.testing.assert_allclose(total, -fitted.score_samples(table), rtol=1e-4)
    odd = table.iloc[:1].fillna(fitted.reconstruct(table)).copy()
    odd["category"] = {"low": "high", "mid": "low", "high": "low"}[
        odd["object"].iloc[0]
    ]
    blame = fitted.feature_scores(odd)[0]
    assert table.columns[blame.argmax()] == "category"


def test_generated_rows_miss_what_the_rows_of_the_minibatch_miss(small):
    model = GAN(inputs=Table(), epochs=1, **QUICK).fit(small)
    network, likelihood = model.model_, model._inputs.likelihood_
    x = model._read(small).take(slice(0, 9))
    fake = network.rows(network.generator(np.zeros((9, 16), np.float32)))
    hidden = ops.convert_to_numpy(network.hidden(fake, x))
    seen = ops.convert_to_numpy(likelihood.observed(x))
    np.testing.assert_allclose(
        ops.convert_to_numpy(likelihood.observed(hidden)), seen, 1e-5
    )
    missing = (seen == 0)[:, likelihood.feature_index()]
    assert missing.any()
    assert (hidden[missing] == 0).all()


@pytest.mark.parametrize("kind", ["diagonal", "isotropic"])
def test_variances_of_numbers_count_observed_cells(kind, small):
    model = VariationalAutoencoder(2, inputs=Table(), noise_variance=kind, **QUICK)
    data = model._training_data(model._learn(small, 2, keep=False), None, None)
    network, x = model._architecture(data).build(), data.rows.take(slice(None))
    output = np.zeros((len(x), data.inputs.n_outputs_), np.float32)
    network._follow_variance(ops.convert_to_tensor(x), ops.convert_to_tensor(output))
    squares = np.square(x[:, :2]).sum(axis=0)
    counts = small[["float", "int"]].notna().to_numpy().sum(axis=0)
    if kind == "isotropic":
        squares, counts = squares.sum(), counts.sum()
    variance = ops.convert_to_numpy(network.variance)[:2]
    np.testing.assert_allclose(variance, 0.95 + 0.05 * squares / counts, rtol=1e-5)


def test_variances_are_those_of_numbers(table, variational):
    known = np.isfinite(variational.noise_variance_)
    numbers = ["float", "single", "int", "Int", "constant"]
    assert [*table.columns[known]] == numbers
    assert (variational.noise_variance_[known] < 0.2).all()


@pytest.fixture(scope="module")
def implausible():
    """Three columns that say the same; then rows in which one of them disagrees."""
    rng = np.random.default_rng(0)
    place = rng.integers(0, 4, 300)
    names = np.array(["north", "east", "south", "west"])
    X = pd.DataFrame(
        {
            "noise": rng.normal(size=300),
            "word": names[place],
            "letter": pd.Categorical(np.array(["n", "e", "s", "w"])[place]),
            "number": place + 0.1 * rng.normal(size=300),
        }
    )
    X.loc[rng.random(300) < 0.05, "noise"] = np.nan
    odd = X.iloc[:40].copy()
    odd["word"] = names[(place[:40] + 2) % 4]
    return X, pd.concat([X, odd]), np.repeat([0, 1], [300, 40])


DETECTORS = {
    "sum": lambda: AutoencoderDetector(inputs=Table(), n_estimators=2, random_state=0),
    "VAE": lambda: VAEDetector(
        inputs=Table(), scoring="reconstruction", max_steps=400, random_state=0
    ),
    "GAN": lambda: GANDetector(inputs=Table(), max_steps=300, random_state=0),
    "wrapped": lambda: OutlierDetector(
        Autoencoder(2, inputs=Table(), epochs=60, random_state=0)
    ),
}


@pytest.mark.parametrize("name", DETECTORS)
@on_torch_or_asked
def test_detectors_find_implausible_combinations(name, implausible):
    train, X, outlier = implausible
    detector = DETECTORS[name]().fit(train)
    assert roc_auc_score(outlier, -detector.score_samples(X)) > 0.95
    shares = detector.feature_scores(X)
    assert shares.shape == X.shape
    assert (shares >= 0).all()
    blame = shares[outlier == 1].mean(axis=0) - shares[outlier == 0].mean(axis=0)
    assert X.columns[blame.argmax()] == "word" or name == "GAN"
    missing = train["noise"].isna()
    scores = detector.score_samples(train)
    assert np.median(scores[missing]) > np.quantile(scores, 0.05)


# The contract of scikit-learn


def test_params_pickle_and_clones(table, fitted):
    model = Autoencoder(inputs=Table(encoding="embedding"))
    assert model.get_params()["inputs__encoding"] == "embedding"
    copied = clone(model).set_params(inputs__handle_unknown="ignore")
    assert copied.inputs.handle_unknown == "ignore"
    assert model.inputs.handle_unknown == "error"
    for again in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert again.reconstruct(table).equals(fitted.reconstruct(table))
    assert "Table(input_dropout=0.1)" in repr(
        Autoencoder(inputs=Table(input_dropout=0.1))
    )


@on_torch_or_asked
def test_search_over_encodings(small):
    base = Autoencoder(2, inputs=Table(handle_unknown="ignore"), epochs=1, **QUICK)
    grid = {"inputs__encoding": ["one-hot", "embedding"]}
    search = GridSearchCV(base, grid, cv=2, error_score="raise").fit(small)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_the_order_of_rows_changes_nothing(table, fitted):
    rng = np.random.default_rng(0)
    order = rng.permutation(len(table))
    numbers = rng.lognormal(sigma=3, size=(1000, 20))
    scales = [NumberScale(values, "standard") for values in (numbers, numbers[::-1])]
    np.testing.assert_array_equal(scales[0].mean, scales[1].mean)
    np.testing.assert_array_equal(scales[0].scale, scales[1].scale)
    again = clone(fitted).set_params(epochs=2).fit(table)
    other = clone(fitted).set_params(epochs=2).fit(table.iloc[order])
    np.testing.assert_array_equal(again.transform(table), other.transform(table))


@on_torch_or_asked
def test_learning_goes_on(small):
    model = Autoencoder(2, inputs=Table(), epochs=1, warm_start=True, **QUICK)
    model.fit(small).fit(small.iloc[:60])
    assert model.n_iter_ == 2
    model = Autoencoder(2, inputs=Table(), **QUICK).partial_fit(small)
    with pytest.raises(ValueError, match="which fit did not see"):
        model.partial_fit(small.assign(flag=False, category="never"))
    model.partial_fit(small.iloc[:1])


@on_torch_or_asked
def test_embeddings_are_for_many_categories():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "many": rng.integers(0, 40, 400).astype(str),
            "few": rng.integers(0, 10, 400).astype(str),
            "number": rng.normal(size=400),
        }
    )
    estimator, kind, rows = learned(X, encoding="embedding")
    assert embedding_width(40) == round(1.6 * 40**0.56) == 13
    part = kind.encoder(EncoderLayers((32, 2), "relu", n_beside=3))
    values = part.initial_values(np.random.default_rng(0))
    assert [value.shape for value in values[:2]] == [(40, 13), (2 + 10 + 13 + 3, 32)]
    model = part.build()
    for variable, value in zip(model.variables, values, strict=True):
        variable.assign(value)
    given = np.concatenate([rows, np.ones((400, 3), np.float32)], axis=1)
    code = kind.columns_[0].levels.index(X["many"][7])
    inner = np.concatenate([given[7, :12], values[0][code], given[7, 52:]])
    hidden = np.maximum(inner @ values[1] + values[2], 0)
    expected = hidden @ values[3] + values[4]
    np.testing.assert_allclose(
        ops.convert_to_numpy(model(given))[7], expected, rtol=1e-4, atol=1e-5
    )
    plain = learned(X)[1].encoder(EncoderLayers((32, 2), "relu"))
    assert plain.initial_values(rng)[0].shape == (2 + 10 + 40, 32)
    AdversarialAutoencoder(2, inputs=estimator.inputs, epochs=1, **QUICK).fit(X)


@on_torch_or_asked
def test_quantiles_tame_long_tails():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"tail": np.exp(3 * rng.normal(size=300)), "a": rng.normal(size=300)}
    )
    X.loc[::10, "tail"] = np.nan
    rows = {}
    for scaling in ("standard", "quantile"):
        _, kind, read = learned(X, scaling=scaling)
        rows[scaling] = read[read[:, 2] == 1, 0]
        back = kind.restore_rows(read, np.float64)["tail"].to_numpy()
        known = X["tail"].notna().to_numpy()
        np.testing.assert_allclose(back[known], X["tail"][known], rtol=1e-3, atol=1e-4)
        assert abs(rows[scaling].mean()) < 1e-6
        assert rows[scaling].std() == pytest.approx(1.0, abs=1e-5)
    assert np.abs(rows["standard"]).max() > 5
    assert np.abs(rows["quantile"]).max() < 5


# Values that fit did not see, and tables that are none


def test_unknown_categories(small, of_small):
    new = small.iloc[:3].astype({"category": object})
    new.loc[new.index[1], "category"] = "purple"
    strict = of_small
    with pytest.raises(ValueError, match=r"'purple' in row 1, column 'category'"):
        strict.transform(new)
    lenient = clone(strict).set_params(inputs__handle_unknown="ignore").fit(small)
    missing = new.replace({"category": {"purple": None}})
    np.testing.assert_array_equal(lenient.transform(new), lenient.transform(missing))
    assert (lenient.reconstruct(new)["category"].isin(["low", "mid", "high"])).all()
    with pytest.raises(ValueError, match="X_val holds 'purple'"):
        clone(strict).fit(small, X_val=new)


def test_values_of_another_type_are_understood(small, of_small, fitted, table):
    model = of_small
    other = small.astype(
        {"int": float, "category": object, "ordered": object, "flag": int}
    )
    np.testing.assert_array_equal(model.transform(other), model.transform(small))
    empty = small.assign(float=None, category=None, flag=np.nan)
    assert np.isfinite(model.transform(empty)).all()
    codes = table.assign(codes=table["codes"].astype(float))
    np.testing.assert_array_equal(fitted.transform(codes), fitted.transform(table))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X: X.assign(int=np.nan), "no value at all in column 'int'"),
        (
            lambda X: X.assign(day=pd.Timestamp("2020-01-01")),
            r"dates or times in column 'day'.*Convert the column to numbers",
        ),
        (lambda X: X.assign(mixed=[1, "a"] * 60), r"number \(1\) and str \('a'\) in"),
        (lambda X: X.assign(lists=[[1]] * 120), r"list \(\[1\]\) in column 'lists'"),
        (lambda X: X.assign(int=np.inf), r"inf in row 0, column 'int'"),
        (lambda X: X.assign(name=[f"n{i}" for i in range(120)]), "120 different"),
        (
            lambda X: X.set_axis(["a", "b", "a", "c", "d"], axis=1),
            "several columns named 'a'",
        ),
        (lambda X: X.iloc[:1], r"minimum of 2 is required"),
        (lambda X: X.iloc[:, :0], r"1 column"),
        (lambda X: X["int"], "expected a table"),
        (
            lambda X: pl.DataFrame({"a": [1.0]}).lazy(),
            r"Give X\.collect\(\)",
        ),
    ],
)
def test_what_is_no_table_is_refused(small, change, message):
    model = Autoencoder(2, inputs=Table(max_categories=100), epochs=1, **QUICK)
    with unchanged(model), pytest.raises((ValueError, TypeError), match=message):
        model.fit(change(small))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X: X[[*X][::-1]], "feature names should match"),
        (lambda X: X.drop(columns="int"), "feature names should match"),
        (lambda X: X.assign(int="seven"), "'seven' in row 0, column 'int'"),
        (lambda X: X.assign(int=-np.inf), "-inf in row 0, column 'int'"),
        (lambda X: X.assign(flag="yes"), "among its booleans"),
        (lambda X: X.iloc[:0], "minimum of 1"),
    ],
)
def test_other_columns_are_refused(of_small, small, change, message):
    with (
        unchanged(of_small),
        pytest.raises((ValueError, TypeError), match=message),
    ):
        of_small.transform(change(small))


def test_other_arrays_are_refused(of_small, small):
    with (
        pytest.warns(UserWarning, match="does not have valid feature names"),
        pytest.raises(ValueError, match="expecting 5 features"),
    ):
        of_small.transform(small.to_numpy()[:, :3])


def test_parameters_that_do_not_go_with_tables(small):
    with pytest.raises(ValueError, match="encoding"):
        Autoencoder(inputs=Table(encoding="hash")).fit(small)
    with pytest.raises(ValueError, match="'input_dropout' parameter"):
        Autoencoder(inputs=Table(input_dropout=1.0)).fit(small)
    with pytest.raises(ValueError, match="Use init='random'"):
        Autoencoder(inputs=Table(), init="pca").fit(small)
    for model in (
        Autoencoder(inputs=Table(), loss="binary_crossentropy"),
        VariationalAutoencoder(inputs=Table(), likelihood="bernoulli"),
    ):
        with pytest.raises(ValueError, match="standardises numbers"):
            model.fit(small)
    only = small[["category", "flag"]]
    Autoencoder(inputs=Table(), loss="binary_crossentropy", epochs=1, **QUICK).fit(only)


@pytest.mark.parametrize("as_frame", [pd.DataFrame, pl.DataFrame])
def test_many_categories_are_refused_before_they_take_memory(as_frame):
    codes = np.arange(1_000_000).astype(str)
    one = as_frame({"name": codes, "number": np.arange(1_000_000.0)})
    wide = as_frame({f"c{j}": codes[:400] for j in range(251)})
    model = Autoencoder(2, inputs=Table(), epochs=1, **QUICK)
    with pytest.raises(ValueError, match="1000000 different categories in column 'na"):
        model.fit(one)
    with pytest.raises(ValueError, match=r"100400 categories in 251 columns.*100000"):
        model.fit(wide)
    few = Table(max_total_categories=3)
    X = as_frame({"a": ["x", "y", "x"], "b": [True, False, True], "c": ["z", "u", "v"]})
    with pytest.raises(ValueError, match=r"5 categories in 2 columns.*\(3\).*'c'"):
        model.set_params(inputs=few).fit(X)
    few.max_total_categories = 5
    model.fit(X)
