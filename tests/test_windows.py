"""Windows of series, and the way back to time points."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from skunsup import OutlierDetector, SlidingWindows

SERIES = np.random.default_rng(0).normal(size=(50, 2))
SHAPES = [
    (window_length, stride, pad)
    for window_length, stride in ((1, 1), (5, 1), (5, 2), (5, 3), (5, 5))
    for pad in (True, False)
]


def fitted(X=SERIES, **params):
    return SlidingWindows(**params).fit(X)


# Windows -----------------------------------------------------------------------------


def test_there_is_a_window_for_each_time_point():
    rows = SlidingWindows(3).fit_transform([[1, 10], [2, 20], [3, 30], [4, 40]])
    assert rows.tolist() == [
        [1, 10, 2, 20, 3, 30],
        [1, 10, 2, 20, 3, 30],
        [1, 10, 2, 20, 3, 30],
        [2, 20, 3, 30, 4, 40],
    ]


def test_without_padding_windows_are_those_that_fit():
    windows = SlidingWindows(20, pad=False, flatten=False).fit_transform(SERIES)
    assert windows.shape == (31, 20, 2)
    np.testing.assert_array_equal(windows[7], SERIES[7:27])
    rows = SlidingWindows(20, pad=False).fit_transform(SERIES)
    np.testing.assert_array_equal(rows, windows.reshape(31, 40))


@pytest.mark.parametrize(("window_length", "stride", "pad"), SHAPES)
def test_every_time_point_is_in_a_window(window_length, stride, pad):
    time = np.arange(1.0, 18.0)
    windows = SlidingWindows(window_length, stride=stride, pad=pad, flatten=False)
    seen = windows.fit_transform(time)[..., 0]
    assert {*seen.ravel()} == {*time}
    assert (np.diff(seen) == 1).all()
    ends = seen[:, -1]
    assert ends[-1] == time[-1]
    assert (np.diff(ends[ends > window_length])[:-1] == stride).all()
    assert len(seen) == -(-(len(time) - (1 if pad else window_length)) // stride) + 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_is_kept_and_the_series_is_not_touched(dtype):
    X = SERIES.astype(dtype)
    before = X.copy()
    rows = SlidingWindows(1).fit_transform(X)
    rows[:] = 0
    assert rows.dtype == dtype
    np.testing.assert_array_equal(X, before)
    assert SlidingWindows(2).fit_transform(np.arange(5)).dtype == np.float64


def test_series_come_in_many_forms():
    x = SERIES[:, 0]
    expected = SlidingWindows(4).fit_transform(x)
    for X in (x[:, None], list(x), pd.Series(x), pd.DataFrame({"a": x}), [x]):
        np.testing.assert_array_equal(SlidingWindows(4).fit_transform(X), expected)


def test_no_window_spans_two_series():
    parts = [SERIES[:20], SERIES[20:25], SERIES[25:]]
    windows = SlidingWindows(5, stride=2, pad=False)
    together = windows.fit_transform(parts)
    alone = [windows.fit_transform(part) for part in parts]
    np.testing.assert_array_equal(together, np.concatenate(alone))
    frames = [pd.DataFrame(part, columns=["a", "b"]) for part in parts]
    np.testing.assert_array_equal(windows.fit_transform(frames), together)
    ragged = np.empty(3, object)
    ragged[:] = parts
    np.testing.assert_array_equal(windows.fit_transform(ragged), together)


def test_columns_are_named_by_their_lag():
    windows = SlidingWindows(2).fit(SERIES)
    assert [*windows.get_feature_names_out()] == [
        "x0_lag1",
        "x1_lag1",
        "x0_lag0",
        "x1_lag0",
    ]
    windows.fit(pd.DataFrame(SERIES, columns=["cpu", "disk"]))
    assert windows.get_feature_names_out()[-1] == "disk_lag0"
    windows.set_params(flatten=False)
    with pytest.raises(ValueError, match="flatten=True"):
        windows.get_feature_names_out()


@pytest.mark.parametrize(
    ("stride", "pad"), [(1, True), (1, False), (3, True), (3, False)]
)
def test_tables_are_labelled_by_the_end_of_each_window(stride, pad):
    time = pd.date_range("2024-01-01", periods=50, freq="h")
    X = pd.DataFrame(SERIES, index=time, columns=["a", "b"])
    windows = SlidingWindows(4, stride=stride, pad=pad).set_output(transform="pandas")
    rows = windows.fit_transform(X)
    whole = rows[rows.index >= time[3]]
    np.testing.assert_array_equal(whole[["a_lag0", "b_lag0"]], X.loc[whole.index])
    assert rows.index[-1] == time[-1]
    one = windows.fit_transform(X["a"])
    assert one.index.equals(rows.index)
    polars = windows.set_output(transform="polars").fit_transform(X)
    assert polars.columns == list(rows.columns)
    assert isinstance(windows.set_output(transform="default").transform(X), np.ndarray)


# The way back ------------------------------------------------------------------------


@pytest.mark.parametrize(("window_length", "stride", "pad"), SHAPES)
def test_windows_average_back_to_the_series(window_length, stride, pad):
    windows = fitted(window_length=window_length, stride=stride, pad=pad)
    back = windows.inverse_transform(windows.transform(SERIES), n_times=len(SERIES))
    np.testing.assert_allclose(back, SERIES, rtol=1e-12)
    windows.set_params(flatten=False)
    again = windows.inverse_transform(windows.transform(SERIES), n_times=len(SERIES))
    np.testing.assert_array_equal(again, back)


@pytest.mark.parametrize(("window_length", "stride", "pad"), SHAPES)
@pytest.mark.parametrize("method", ["mean", "max", "min"])
def test_point_scores_are_those_of_the_windows_around(
    window_length, stride, pad, method
):
    windows = SlidingWindows(window_length, stride=stride, pad=pad, flatten=False)
    n = 17
    members = [{*row} for row in windows.fit_transform(np.arange(n))[..., 0]]
    scores = np.random.default_rng(1).normal(size=len(members))
    covering = [
        [s for s, row in zip(scores, members, strict=True) if t in row]
        for t in range(n)
    ]
    reduce = {"mean": np.mean, "max": max, "min": min}[method]
    found = windows.point_scores(scores, n_times=n, method=method)
    np.testing.assert_allclose(found, [reduce(s) for s in covering], rtol=1e-12)


def test_last_is_the_window_that_ends_in_the_point_or_next():
    scores = np.arange(50.0)
    last = SlidingWindows(8).point_scores(scores, method="last")
    np.testing.assert_array_equal(last, scores)
    last = SlidingWindows(3, pad=False).point_scores([1, 2, 3], method="last")
    assert last.tolist() == [1, 1, 1, 2, 3]
    last = SlidingWindows(3, stride=3).point_scores([1, 2, 3], 6, method="last")
    assert last.tolist() == [1, 2, 2, 2, 3, 3]


def test_length_is_known_where_windows_move_by_one():
    for pad in (True, False):
        windows = fitted(window_length=5, pad=pad)
        rows = windows.transform(SERIES)
        assert windows.point_scores(rows[:, 0]).shape == (50,)
        assert windows.inverse_transform(rows).shape == (50, 2)
    with pytest.raises(ValueError, match="n_times=len"):
        SlidingWindows(5, stride=2).point_scores(rows[:, 0])


def test_several_series_come_back_one_by_one():
    parts = [SERIES[:20], SERIES[20:25], SERIES[25:]]
    windows = fitted(parts, window_length=4, stride=3, pad=False)
    rows = windows.transform(parts)
    lengths = [len(part) for part in parts]
    back = windows.inverse_transform(rows, n_times=lengths)
    for found, part in zip(back, parts, strict=True):
        np.testing.assert_allclose(found, part, rtol=1e-12)
    scores = windows.point_scores(rows[:, -1], n_times=lengths)
    assert [len(s) for s in scores] == lengths
    alone = windows.point_scores(windows.transform(parts[1])[:, -1], n_times=5)
    np.testing.assert_array_equal(scores[1], alone)


def test_whole_numbers_average_to_fractions():
    windows = SlidingWindows(2, pad=False).fit(np.arange(3))
    back = windows.inverse_transform([[0, 1], [2, 4]])
    assert back.ravel().tolist() == [0, 1.5, 4]


def test_shares_of_columns_become_shares_of_time_points():
    windows = fitted(window_length=4)
    shares = np.abs(windows.transform(SERIES))
    by_time = windows.inverse_transform(shares)
    np.testing.assert_allclose(by_time, np.abs(SERIES), rtol=1e-12)


# In pipelines ------------------------------------------------------------------------


def test_a_pipeline_finds_the_anomaly_at_its_time():
    time = np.arange(600)
    series = np.sin(time / 5) + 0.05 * np.random.default_rng(0).normal(size=600)
    series[400:410] = series[400]
    windows = SlidingWindows(20)
    detector = OutlierDetector(PCA(4), contamination=0.03)
    pipe = make_pipeline(windows, StandardScaler(), detector).fit(series)
    verdict = pipe.predict(series)
    assert verdict.shape == (600,)
    flagged = np.flatnonzero(verdict == -1)
    assert 400 < flagged.min() < flagged.max() < 430
    anomaly = -windows.point_scores(pipe.score_samples(series))
    assert 398 <= anomaly.argmax() < 412
    assert set(windows.point_scores(verdict, method="min")) == {-1.0, 1.0}


def test_html_links_to_the_documentation():
    page = "readthedocs.io/en/stable/api/skunsup.SlidingWindows.html"
    assert page in SlidingWindows()._repr_html_()


def test_clone_and_pickle():
    windows = fitted(window_length=7, stride=2, pad=False, flatten=False)
    assert clone(windows).get_params() == windows.get_params()
    again = pickle.loads(pickle.dumps(windows))
    np.testing.assert_array_equal(again.transform(SERIES), windows.transform(SERIES))


class AsTable(SlidingWindows):
    """Says that rows are samples, so that scikit-learn checks it as it does others."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = False
        tags.input_tags.two_d_array = True
        return tags


# What the checks take for granted, and what time points are not.
NOT_OF_SERIES = {
    "check_fit1d",  # one number a time point is a series
    "check_methods_sample_order_invariance",  # the order is time
    "check_methods_subset_invariance",  # a window holds the points before
}


@pytest.mark.parametrize(
    ("window_length", "failing"), [(8, NOT_OF_SERIES), (1, {"check_fit1d"})]
)
def test_scikit_learn_checks(window_length, failing):
    results = check_estimator(AsTable(window_length), on_skip=None, on_fail=None)
    failed = {r["check_name"] for r in results if r["status"] == "failed"}
    assert failed == failing
    assert sum(r["status"] == "passed" for r in results) > 40


# Errors ------------------------------------------------------------------------------


def gap(row, column):
    X = SERIES.copy()
    X[row, column] = np.nan
    return X


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (SERIES[:0], "0 sample"),
        ([], "empty list.*at least one series"),
        ([SERIES, SERIES[:0]], "Series 1 of X.*0 sample"),
        (SERIES[None], "3 dimensions.*list"),
        ([SERIES, SERIES[None]], "Series 1 of X.*3 dimensions"),
        (3.0, "single number"),
        ([[1.0, 2.0], [3.0]], "list of arrays"),
        (gap(17, 1), "NaN at time point 17, column 1"),
        (pd.DataFrame(gap(17, 1), columns=["a", "b"]), "time point 17, column 'b'"),
        ([SERIES, gap(3, 0)], "Series 1 of X contains NaN at time point 3, column 0"),
        (np.where(SERIES > 2, np.inf, SERIES), "contains inf at time point"),
        ([SERIES, SERIES[:, :1]], "Series 1 of X.*1 features"),
        ([SERIES, SERIES[:, 0]], "Series 1 of X.*of 2 columns"),
        (["a", "b"], "could not convert string to float"),
    ],
)
def test_series_that_do_not_fit(X, message):
    windows = SlidingWindows(5)
    with pytest.raises(ValueError, match=message):
        windows.fit(X)
    assert not hasattr(windows, "n_features_in_")


@pytest.mark.parametrize("pad", [True, False])
def test_series_shorter_than_a_window(pad):
    with pytest.raises(ValueError, match=r"X has n_samples=50.*window_length=51"):
        SlidingWindows(51, pad=pad).fit(SERIES)
    with pytest.raises(ValueError, match=r"Series 1 of X has n_samples=4"):
        SlidingWindows(5, pad=pad).fit([SERIES, SERIES[:4]])
    assert len(SlidingWindows(50, pad=pad).fit_transform(SERIES)) == (50 if pad else 1)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"window_length": 0}, "'window_length' parameter"),
        ({"window_length": 2.5}, "'window_length' parameter"),
        ({"stride": 0}, "'stride' parameter"),
        ({"pad": "edge"}, "'pad' parameter"),
        ({"flatten": None}, "'flatten' parameter"),
        ({"window_length": 4, "stride": 5}, "stride=5.*window_length=4.*in no window"),
    ],
)
def test_parameters_out_of_range(params, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindows(**params).fit(SERIES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scores": np.zeros((50, 2))}, r"shape \(50, 2\).*inverse_transform"),
        ({"scores": np.zeros(50), "method": "sum"}, "method='sum'.*'max'"),
        ({"scores": np.zeros(50), "n_times": 60}, "50 windows.*n_times=60.*60 windows"),
        ({"scores": np.zeros(50), "n_times": [20, 20]}, "50 windows.*40 windows"),
        ({"scores": np.zeros(50), "n_times": 50.0}, "n_times=50.0.*whole number"),
        (
            {"scores": np.zeros(50), "n_times": [46, 4]},
            "whole number from window_length=5",
        ),
        ({"scores": np.zeros(4)}, "n_times=4.*window_length=5"),
        ({"scores": np.full(50, np.nan)}, "NaN"),
        ({"scores": np.zeros(0)}, "0 sample"),
    ],
)
def test_scores_that_do_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindows(5).point_scores(**arguments)


def test_windows_that_do_not_fit():
    windows = fitted(window_length=5)
    with pytest.raises(ValueError, match=r"shape \(50, 9\).*\(n_windows, 10\)"):
        windows.inverse_transform(np.zeros((50, 9)))
    with pytest.raises(ValueError, match=r"shape \(50, 2, 5\).*\(n_windows, 5, 2\)"):
        windows.inverse_transform(np.zeros((50, 2, 5)))
    with pytest.raises(ValueError, match=r"shape \(50,\)"):
        windows.inverse_transform(np.zeros(50))
