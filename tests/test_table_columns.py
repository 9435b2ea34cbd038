"""Columns of tables keep their dtype, range and name on the way there and back."""

import warnings
from numbers import Integral

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skunsup import Autoencoder, Table, VariationalAutoencoder

from .helpers import unchanged

SIZES = (8, 16, 32, 64)
INTEGERS = [f"{sign}int{size}" for sign in ("", "u") for size in SIZES]
FLOATS = ["float16", "float32", "float64", "longdouble"]


def read(X, **params):
    """The kind fitted to a table and its rows, without a model."""
    estimator = Autoencoder(inputs=Table(**params))
    rows = estimator.inputs.fit_rows(X, estimator)
    return estimator.inputs, rows.take(slice(None)), estimator


def restored(X, far=(-9.0, 9.0), **params):
    """Restored rows of `X`, and restored rows far beyond its range."""
    kind, rows, _ = read(X, **params)
    beyond = np.repeat(rows[:1], len(far), axis=0)
    beyond[:, : beyond.shape[1] // 2] = np.array(far)[:, None]
    return tuple(kind.restore_rows(r, np.dtype(float)) for r in (rows, beyond))


def ends(low, high):
    """Columns of integers near the ends of a range."""
    middle = (low + high) // 2
    return {
        "both": [low, low + 1, middle, high - 1, high],
        "high": [high, high - 1, high - 2, high - 1, high],
        "low": [low, low + 1, low + 2, low + 3, low],
        "one": [high] * 5,
    }


def check_numbers(values, back, beyond):
    """Assert that a column of Python numbers came back within its range."""
    assert all(min(values) <= value <= max(values) for value in [*back, *beyond])
    assert all(isinstance(value, Integral) for value in back)
    span = float(max(values)) - float(min(values))
    for given, found in zip(values, back, strict=True):
        assert abs(float(given) - float(found)) <= 1e-6 * span + 1


def nullable(dtype):
    """The name in pandas with missing values, and in polars: Int8 for int8."""
    return dtype.title().replace("Ui", "UI")


WAYS = {
    "array": lambda values, dtype: np.array(values, dtype)[:, None],
    "pandas": lambda values, dtype: pd.DataFrame({"a": np.array(values, dtype)}),
    "nullable": lambda values, dtype: pd.DataFrame(
        {"a": pd.array(values, dtype=nullable(dtype))}
    ),
    "arrow": lambda values, dtype: pd.DataFrame(
        {"a": pd.array(values, dtype=f"{dtype}[pyarrow]")}
    ),
    "polars": lambda values, dtype: pl.DataFrame(
        {"a": pl.Series(values, dtype=getattr(pl, nullable(dtype)))}
    ),
}


def column(table):
    return table[:, 0] if isinstance(table, np.ndarray) else table["a"]


@pytest.mark.parametrize("scaling", ["standard", "quantile"])
@pytest.mark.parametrize("made", WAYS)
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_keep_dtype_and_range(dtype, made, scaling):
    limits = np.iinfo(dtype)
    for values in ends(int(limits.min), int(limits.max)).values():
        X = WAYS[made](values, dtype)
        back, beyond = (column(table) for table in restored(X, scaling=scaling))
        assert back.dtype == beyond.dtype == column(X).dtype
        check_numbers(values, list(back), list(beyond))


@pytest.mark.parametrize("made", ["nullable", "arrow", "polars"])
@pytest.mark.parametrize("dtype", INTEGERS)
def test_missing_integers_keep_dtype_and_range(dtype, made):
    limits = np.iinfo(dtype)
    values = [int(limits.max), None, int(limits.max) - 1, int(limits.min), None]
    X = WAYS[made](values, dtype)
    back, beyond = (column(table) for table in restored(X))
    assert back.dtype == beyond.dtype == column(X).dtype
    known = [0, 2, 3]
    there = [values[at] for at in known]
    check_numbers(there, [back[at] for at in known], list(beyond))


@pytest.mark.parametrize("made", ["array", "pandas", "nullable", "polars"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_floats_keep_dtype_and_range(dtype, made):
    largest = min(float(np.finfo(dtype).max), 3e38)
    if made in ("nullable", "polars") and dtype not in ("float32", "float64"):
        pytest.skip("has no such type")
    for scale in (1.0, 0.1, largest, 1e-4, 1e-300 if dtype == "float64" else 1e-3):
        values = (np.array([0.1, -0.7, 1.0, 0.3, 0.9]) * scale).astype(dtype)
        X = WAYS[made](values, dtype)
        back, beyond = (column(table) for table in restored(X))
        assert back.dtype == beyond.dtype == column(X).dtype
        for found in (back, beyond):
            assert values.min() <= found.min()
            assert found.max() <= values.max()
        expected = values.astype(float)
        span = np.ptp(expected)
        found = np.asarray(back, float)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6 * span)


def test_objects_keep_integers_that_floats_do_not_hold():
    values = [2**63 + 1, -(2**63), 5, 2**64]
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object)})
    back, beyond = restored(frame)
    assert back["a"].dtype == object
    check_numbers(values, back["a"].tolist(), beyond["a"].tolist())
    X = np.array([values, [0.5, 1.5, 2.5, None]], object).T
    back, beyond = restored(X)
    check_numbers(values, back[:, 0].tolist(), beyond[:, 0].tolist())
    small = np.array([[1, 2.5], [2, None], [3, 4.0]], object)
    assert restored(small)[0].dtype == np.float64
    wide = pl.DataFrame({"a": pl.Series([2**100, 3, -(2**99)], dtype=pl.Int128)})
    assert restored(wide)[0].schema == wide.schema


def test_an_integer_beyond_all_floats_is_refused():
    model = Autoencoder(1, inputs=Table())
    for value, word in ((10**400, "inf"), (-(10**400), "-inf")):
        X = pd.DataFrame({"a": pd.Series([1, value, 3], dtype=object)})
        with unchanged(model), pytest.raises(ValueError, match=f" {word} in row 1"):
            model.fit(X)


def test_samples_are_within_the_range_of_integers():
    limits = np.iinfo(np.int64)
    X = pd.DataFrame({"a": [limits.max, limits.min, 0, limits.max - 1] * 5})
    X["b"] = np.array([2**64 - 1, 2**64 - 2, 2**64 - 1, 0] * 5, np.uint64)
    model = VariationalAutoencoder(1, inputs=Table(), hidden_layer_sizes=(), epochs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        drawn = model.fit(X).sample(200, random_state=0)
    assert (drawn.dtypes == X.dtypes).all()
    assert drawn["a"].min() >= X["a"].min()
    assert drawn["b"].max() <= X["b"].max()
    assert drawn["a"].nunique() > 2


# Names


NAMES = {
    "numbers": [3, 1],
    "one range": pd.RangeIndex(2),
    "floats": [0.5, np.nan],
    "pairs": pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["x", "y"]),
    "dates": pd.date_range("2020", periods=2, tz="UTC"),
    "None": pd.Index([None, 0], dtype=object),
    "NA": pd.Index([pd.NA, 0], dtype=object),
    "categories": pd.CategoricalIndex(["b", "a"]),
    "a named index": pd.Index(["b", "a"], name="columns"),
    "strings": pd.Index(["b", "a"], dtype="string"),
    "odd strings": ["", " \n"],
}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_pandas_survive(name):
    X = pd.DataFrame(np.arange(8.0).reshape(4, 2), columns=NAMES[name])
    kind, _, estimator = read(X)
    back = kind.restore_rows(kind.read_rows(X, estimator).take(slice(None)), float)
    pd.testing.assert_index_equal(back.columns, X.columns, exact=True)
    assert back.columns.names == X.columns.names
    kind.read_rows(back, estimator)
    back.columns.name = "changed"
    assert kind.names_.names == X.columns.names


@pytest.mark.parametrize("names", [["", "a"], ["a", ""], [" ", "column_0"]])
def test_names_of_polars_survive(names):
    X = pl.DataFrame({name: [1.0, 2.0, 4.0] for name in names})
    model = Autoencoder(1, inputs=Table(), hidden_layer_sizes=(), epochs=1).fit(X)
    back = model.reconstruct(X)
    assert back.columns == model.inverse_transform(model.transform(X)).columns == names
    assert model.transform(back).shape == (3, 1)


@pytest.mark.parametrize("names", [[0, 0], [np.nan, np.nan], [("a", 1), ("a", 1)]])
def test_equal_names_are_refused(names):
    X = pd.DataFrame(np.ones((4, 2)), columns=pd.Index(names, tupleize_cols=False))
    with pytest.raises(ValueError, match="several columns named"):
        Autoencoder(1, inputs=Table()).fit(X)
