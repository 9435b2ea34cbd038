"""Dates, times and time differences are refused wherever numbers are expected."""

from datetime import date, datetime, time, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skunsup import Autoencoder, Blocks, SlidingWindows, Table, fine_tune
from skunsup._dates import refuse_dates

from .helpers import unchanged

DAYS = pd.date_range("2020-01-01", periods=6)
LONG = pd.Series(DAYS - DAYS[0])
WORDS = r"dates or times.*but expected numbers.*Convert the column to numbers"


def frame(values):
    return pd.DataFrame({"day": values})


TIMES = {
    "dates": frame(DAYS),
    "NaT among them": frame([*DAYS[:5], pd.NaT]),
    "differences": frame(LONG),
    "a zone": frame(DAYS.tz_localize("Europe/Berlin")),
    "periods": frame(DAYS.to_period("D")),
    "categories": frame(DAYS.astype("category")),
    "arrow": frame(DAYS.astype("timestamp[ns][pyarrow]")),
    "arrow dates": frame(pd.Series([date(2020, 1, 1)] * 6).astype("date32[pyarrow]")),
    "objects": frame([date(2020, 1, day + 1) for day in range(6)]),
    "objects and None": frame(pd.Series([None, *DAYS[:5]], dtype=object)),
    "beside numbers": frame(DAYS).assign(number=1.0),
    "an array": np.array(DAYS)[:, None],
    "an array of differences": np.array(LONG)[:, None],
    "an array of objects": np.array([[datetime(2020, 1, 1)], [1.0]] * 3, object),
    "objects of NumPy": np.array([[np.timedelta64(1, "s")]] * 6, object),
    "a list": [[np.timedelta64(day, "D")] for day in range(6)],
    "polars": pl.DataFrame({"day": list(DAYS.to_pydatetime())}),
    "polars, differences": pl.DataFrame({"day": [timedelta(1)] * 6}),
    "polars, times": pl.DataFrame({"day": [time(1)] * 6}),
}


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("inputs", [None, Table()])
def test_dates_are_no_rows(name, inputs):
    if name == "categories" and inputs is not None:
        pytest.skip("A table takes categories of anything.")
    model = Autoencoder(1, inputs=inputs, hidden_layer_sizes=())
    with unchanged(model), pytest.raises(TypeError, match=WORDS):
        model.fit(TIMES[name])


@pytest.mark.parametrize("name", TIMES)
def test_dates_are_no_series(name):
    with pytest.raises(TypeError, match=WORDS):
        SlidingWindows(2).fit(TIMES[name])


def test_dates_are_no_block():
    model = Autoencoder(1, inputs=Blocks([("day", None, ["day"])]))
    with pytest.raises(TypeError, match=WORDS):
        model.fit(TIMES["dates"])


def test_dates_are_nothing_else(blobs):
    model = Autoencoder(1, hidden_layer_sizes=(), epochs=1).fit(blobs)
    days = np.resize(np.array(DAYS), blobs.shape)
    with pytest.raises(TypeError, match="sample_weight holds dates"):
        model.fit(blobs, sample_weight=np.array(LONG.repeat(10)))
    for method in ("transform", "score_samples", "reconstruct"):
        with pytest.raises(TypeError, match="X holds dates"):
            getattr(model, method)(days)
    with pytest.raises(TypeError, match="X_val holds dates"):
        model.fit(blobs, X_val=days)
    with pytest.raises(TypeError, match="X holds dates"):
        model.inverse_transform(np.array(DAYS)[:, None])
    with pytest.raises(TypeError, match="y holds dates"):
        fine_tune(model, task="regression").fit(blobs, np.resize(np.array(DAYS), 60))
    windows = SlidingWindows(2).fit(blobs)
    with pytest.raises(TypeError, match="scores holds dates"):
        windows.point_scores(np.array(DAYS), 6)


@pytest.mark.parametrize(
    "X",
    [
        [[1, 2], [3]],
        np.array([["a", 1]], object),
        pd.DataFrame(
            {"a": ["x"], "b": pd.Categorical([1]), "c": pd.interval_range(0, 1)}
        ),
        pd.DataFrame({"a": pd.array([1], "int64[pyarrow]")}),
        pl.DataFrame({"a": pl.Series(["x"], dtype=pl.Enum(["x"])), "b": [1]}),
        None,
    ],
)
def test_other_columns_are_let_through(X):
    refuse_dates(X, "X")
