"""Draws of missing cells and rows given some of their cells."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skunsup import GAN, Images, Table, VariationalAutoencoder, WassersteinAutoencoder

from .helpers import on_torch_or_asked

SHORT = {"batch_size": 128, "learning_rate": 3e-3, "random_state": 0}


@pytest.fixture(scope="module")
def numbers():
    """Three columns; given the first, the second has deviation 0.6 around 0.8 of it."""
    rng = np.random.default_rng(0)
    z = rng.standard_normal(1000)
    noise = rng.standard_normal((2, 1000))
    return np.stack([z, 0.8 * z + 0.6 * noise[0], 0.3 * noise[1] - z], axis=1)


@pytest.fixture(scope="module")
def model(numbers):
    model = VariationalAutoencoder(2, noise_variance="isotropic", epochs=80, **SHORT)
    return model.fit(numbers)


@pytest.fixture(scope="module")
def frame(numbers):
    a, b, c = numbers.T
    return pd.DataFrame(
        {
            "a": a,
            "whole": np.rint(40 + 10 * b).astype(int),
            "level": np.select([c > 0.5, c < -0.5], ["high", "low"], "mid"),
            "sign": a > 0,
            "size": pd.Categorical(
                np.where(b > 0, "big", "small"), ["small", "big"], ordered=True
            ),
        }
    )


@pytest.fixture(scope="module")
def table_model(frame):
    model = VariationalAutoencoder(4, inputs=Table(), epochs=80, **SHORT)
    return model.fit(frame)


@pytest.fixture(scope="module")
def torn(frame):
    hidden = np.random.default_rng(1).random(frame.shape) < 0.3
    return frame.mask(hidden), hidden


def test_draws_have_the_spread_of_the_cells(model, numbers):
    X = numbers[:100].copy()
    X[:, 1] = np.nan
    repeated = np.repeat(X, 20, axis=0)
    drawn = model.complete(repeated, random_state=0)[:, 1].reshape(100, 20).T
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    truth = numbers[:100, 1]
    assert 0.75 < ((low <= truth) & (truth <= high)).mean() < 0.95
    assert 0.4 < drawn.std(axis=0).mean() < 0.8
    assert np.corrcoef(drawn.mean(axis=0), 0.8 * X[:, 0])[0, 1] > 0.9


def test_observed_cells_are_as_they_came(model, numbers):
    X = numbers[:50].copy()
    X[::2, 0] = np.nan
    X[1] = np.nan
    drawn = model.complete(X, random_state=0)
    known = ~np.isnan(X)
    np.testing.assert_array_equal(drawn[known], X[known])
    assert np.isfinite(drawn).all()
    assert (model.complete(X, random_state=0) == drawn).all()
    assert (model.complete(X, random_state=1)[~known] != drawn[~known]).all()
    assert model.complete(X.astype(np.float32)).dtype == drawn.dtype


def test_rows_given_a_number(model):
    drawn = model.sample(500, random_state=0, given={0: 1.5})
    assert (drawn[:, 0] == 1.5).all()
    assert drawn[:, 1].mean() == pytest.approx(1.2, abs=0.25)
    assert drawn[:, 1].std() == pytest.approx(0.6, abs=0.2)
    assert drawn[:, 2].mean() == pytest.approx(-1.5, abs=0.3)


def test_tables_are_completed(table_model, frame, torn):
    table, hidden = torn
    drawn = table_model.complete(table, random_state=0)
    assert [*drawn.columns] == [*frame.columns]
    assert (drawn.index == frame.index).all()
    for j, name in enumerate(frame):
        known = ~hidden[:, j]
        assert (drawn[name][known].to_list()) == (frame[name][known].to_list())
    assert not drawn.isna().any().any()
    # What was drawn goes with what was observed, as it does in the data.
    alike = {
        "sign": drawn["sign"].astype(bool) == frame["sign"],
        "level": drawn["level"] == frame["level"],
    }
    shares = {"sign": 0.7, "level": 0.5}
    for name, same in alike.items():
        rows = hidden[:, frame.columns.get_loc(name)]
        assert same[rows].mean() > shares[name], name


def test_a_table_without_missing_cells_stays(table_model, frame):
    pd.testing.assert_frame_equal(table_model.complete(frame), frame)


def test_tables_given_values(table_model, frame):
    given = {"level": "high", "whole": 45, "size": "big"}
    drawn = table_model.sample(300, random_state=0, given=given)
    assert (drawn.dtypes == frame.dtypes).all()
    for name, value in given.items():
        assert (drawn[name] == value).all()
    low = table_model.sample(300, random_state=0, given={**given, "level": "low"})
    assert drawn["a"].mean() < low["a"].mean() - 0.6
    assert table_model.sample(300, given={"a": 2.0})["sign"].mean() > 0.8


@on_torch_or_asked
def test_tables_of_other_libraries(frame, torn):
    table = torn[0].astype({"level": object, "size": object, "sign": object})
    as_polars = pl.from_pandas(frame.astype({"size": str}))
    torn_polars = pl.from_pandas(table.astype({"whole": "Int64"}))
    short = VariationalAutoencoder(4, inputs=Table(), max_steps=2, **SHORT)
    short.fit(as_polars)
    drawn = short.complete(torn_polars, random_state=0)
    assert drawn.schema == as_polars.schema
    assert drawn.null_count().sum_horizontal().item() == 0
    assert drawn["whole"][5:9].to_list() != [None] * 4
    given = short.sample(2, given={"sign": True, "whole": 33})
    assert given["sign"].all()
    assert given["whole"].to_list() == [33, 33]
    cells = frame.to_numpy(object)
    short.fit(cells)
    cells[0, 1] = cells[2, 3] = None
    drawn = short.complete(cells)
    assert isinstance(drawn[0, 1], int)
    assert isinstance(drawn[2, 3], bool)
    assert (drawn[1] == cells[1]).all()
    assert short.sample(1, given={2: "low"})[0, 2] == "low"


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ({}, ValueError, "names no column"),
        ([1], TypeError, "expected a dict"),
        ({3: 1.0}, ValueError, "from 0 to 2"),
        ({"a": 1.0}, ValueError, "had no names"),
        ({True: 1.0}, ValueError, "column True"),
        ({0: "x"}, TypeError, "'x' for column 0"),
        ({0: True}, TypeError, "True for column 0"),
        ({0: np.nan}, ValueError, "missing value"),
        ({0: np.inf}, ValueError, "finite"),
        ({0: 1e300}, ValueError, "single precision"),
    ],
)
def test_values_of_numbers_that_are_refused(model, given, error, match):
    with pytest.raises(error, match=match):
        model.sample(2, given=given)


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ({"b": 1}, ValueError, "column 'b', which X of fit did not have"),
        ({"level": "top"}, ValueError, "'top' for column 'level'.*'high', 'low'"),
        ({"level": None}, ValueError, "missing value"),
        ({"level": ["high"]}, ValueError, "fit saw only"),
        ({"whole": 40.5}, ValueError, "whole numbers"),
        ({"whole": "40"}, TypeError, "Give a number"),
        ({"whole": 2**70}, ValueError, "fit saw numbers from"),
        ({"sign": 1}, TypeError, "True or False"),
    ],
)
def test_values_of_tables_that_are_refused(table_model, given, error, match):
    with pytest.raises(error, match=match):
        table_model.sample(2, given=given)


@on_torch_or_asked
def test_models_that_cannot_say_which_can(numbers):
    for model in (WassersteinAutoencoder(max_steps=1), GAN(max_steps=1)):
        assert not hasattr(model, "complete")
        model.fit(numbers)
        with pytest.raises(ValueError, match="Use DiffusionModel or Variational"):
            model.sample(2, given={0: 1.0})
        with pytest.raises(AttributeError, match="complete"):
            model.complete(numbers)


@on_torch_or_asked
def test_kinds_and_likelihoods_that_cannot(numbers):
    images = np.random.default_rng(0).random((4, 8, 8))
    model = VariationalAutoencoder(inputs=Images(), max_steps=1).fit(images)
    with pytest.raises(TypeError, match="no cells that can be missing"):
        model.complete(images)
    with pytest.raises(TypeError, match="no cells that can be missing"):
        model.sample(2, given={0: 1.0})
    counts = np.rint(np.abs(numbers))
    model = VariationalAutoencoder(likelihood="multinomial", max_steps=1).fit(counts)
    with pytest.raises(ValueError, match="rows of counts as a whole"):
        model.sample(2, given={0: 1.0})


def test_other_columns_are_refused(model, table_model, frame, numbers):
    with pytest.raises(ValueError, match="3 features"):
        model.complete(numbers[:, :2])
    with pytest.raises(ValueError, match="infinity"):
        model.complete(np.full_like(numbers, np.inf))
    with pytest.raises(ValueError, match="feature names"):
        table_model.complete(frame.rename(columns={"a": "z"}))
