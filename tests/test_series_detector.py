"""Outliers among the time points of a series."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skunsup import AutoencoderDetector, SeriesDetector, SlidingWindows

from .helpers import unchanged

QUICK = {"n_components": 2, "hidden_layer_sizes": (8,), "epochs": 3, "random_state": 0}
TIMES = np.arange(600)
SERIES = np.sin(TIMES / 5)
SERIES[400:406] = 1.5
STRANGE = (TIMES >= 400) & (TIMES < 406)


def test_scores_are_those_of_windows_around_each_time_point():
    detector = SeriesDetector(PCA(3), window_length=16).fit(SERIES)
    windows = SlidingWindows(16, pad=False)
    rows = windows.fit_transform(SERIES)
    expected = windows.point_scores(PCA(3).fit(rows).score_samples(rows))
    np.testing.assert_array_equal(detector.score_samples(SERIES), expected)
    assert detector.n_features_in_ == 1


@pytest.mark.parametrize("method", ["mean", "min", "last"])
@pytest.mark.parametrize("stride", [1, 4])
def test_time_points_have_a_threshold(method, stride):
    detector = SeriesDetector(
        PCA(3), contamination=0.02, window_length=8, stride=stride, method=method
    )
    predicted = detector.fit_predict(SERIES)
    assert predicted.shape == SERIES.shape
    assert 1 <= np.sum(predicted == -1) <= 12
    assert roc_auc_score(STRANGE, -detector.score_samples(SERIES)) > 0.95
    np.testing.assert_array_equal(
        predicted == -1, detector.decision_function(SERIES) < 0
    )
    probability = detector.outlier_probability(SERIES)
    assert probability[predicted == -1].min() >= probability[predicted == 1].max()


def test_no_score_depends_on_what_comes_after_the_window_that_ends_in_it():
    detector = SeriesDetector(PCA(3), window_length=8, method="last").fit(SERIES)
    whole, start = (detector.score_samples(x) for x in (SERIES, SERIES[:300]))
    np.testing.assert_allclose(whole[:300], start)


def test_new_series_are_judged_by_the_threshold_of_the_first():
    detector = SeriesDetector(PCA(3), window_length=8).fit(SERIES)
    later = np.sin(np.arange(600, 900) / 5)
    later[100:106] = 1.5
    predicted = detector.predict(later)
    assert (predicted[98:108] == -1).any()
    assert np.mean(predicted == -1) < 0.1


def test_the_column_to_blame_is_found():
    X = np.column_stack([np.sin(TIMES / 5), np.cos(TIMES / 7)])
    X[300:304, 1] += 2.0
    pipe = make_pipeline(StandardScaler(), PCA(4))
    assert not hasattr(SeriesDetector(pipe), "feature_scores")
    detector = SeriesDetector(AutoencoderDetector(**QUICK), window_length=8).fit(X)
    blame = detector.feature_scores(X)
    assert blame.shape == X.shape
    assert blame.min() >= 0
    np.testing.assert_array_equal(np.unravel_index(blame.argmax(), X.shape)[1], 1)


def test_names_of_columns_are_kept():
    frame = pd.DataFrame({"cpu": SERIES, "disk": SERIES[::-1]})
    detector = SeriesDetector(PCA(3), window_length=8).fit(frame)
    assert [*detector.feature_names_in_] == ["cpu", "disk"]
    with pytest.raises(ValueError, match="feature names"):
        detector.predict(frame[["disk", "cpu"]])
    detector.fit(SERIES)
    assert not hasattr(detector, "feature_names_in_")


@pytest.mark.parametrize(
    ("params", "X", "message"),
    [
        ({}, SERIES[:20], "n_samples=20, fewer time points .* window_length=32"),
        ({"stride": 40}, SERIES, "stride=40 is more than window_length=32"),
        ({"method": "max"}, SERIES, "'method' parameter of SeriesDetector"),
        ({}, [SERIES, SERIES], "a list of 2 series, but expected one"),
        ({}, np.r_[SERIES, np.nan], "NaN at time point 600"),
    ],
)
def test_bad_input_is_refused(params, X, message):
    detector = SeriesDetector(PCA(3)).fit(SERIES).set_params(**params)
    with unchanged(detector), pytest.raises(ValueError, match=message):
        detector.fit(X)
