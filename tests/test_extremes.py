"""Numbers at the ends of single precision: finite results or an error, no warning."""

from inspect import signature

import numpy as np
import pytest

from skunsup import AAEClustering, Autoencoder
from skunsup._training._fitted import finite
from skunsup.models._clusters import squarable
from skunsup.models._latent import bounded

from .estimators import public_estimators
from .helpers import on_torch_or_asked

X = np.random.default_rng(0).normal(size=(30, 6))
QUICK = {"n_components": 2, "hidden_layer_sizes": (8,), "epochs": 1, "random_state": 0}
METHODS = (
    "score_samples",
    "transform",
    "reconstruct",
    "feature_scores",
    "predict",
    "decision_function",
    "outlier_probability",
)
DEEP = [
    type(each)
    for each in public_estimators()
    if "hidden_layer_sizes" in signature(type(each)).parameters
]


def fitted(cls, rows):
    params = {k: v for k, v in QUICK.items() if k in signature(cls).parameters}
    y = np.arange(30) % 2 if hasattr(cls, "predict_proba") else None
    return cls(**params).fit(rows, y)


def advice(cls, rows):
    """The message of a fit that fails; finite scores, or else codes, otherwise."""
    try:
        model = fitted(cls, rows)
        name = "score_samples" if hasattr(model, "score_samples") else "transform"
        scores = getattr(model, name)(rows)
    except ValueError as error:
        return str(error)
    return "" if np.isfinite(scores).all() else "scores are not finite"


@on_torch_or_asked
@pytest.mark.parametrize("scale", [1e-300, 1e-40, 1e-20, 1e10, 1e19, 1e25, 1e37])
@pytest.mark.parametrize("cls", DEEP)
def test_a_fit_works_or_says_what_to_do(cls, scale):
    said = advice(cls, X * scale)
    assert not said or ("StandardScaler" in said and scale > 1e10)


@on_torch_or_asked
@pytest.mark.parametrize("cls", DEEP)
def test_rows_far_away_have_finite_results(cls):
    model = fitted(cls, X)
    for name in METHODS:
        for rows in (X * 1e19, np.float32(X * 1e25), X * 1e37):
            if hasattr(model, name):
                assert np.isfinite(getattr(model, name)(rows)).all()


def test_a_row_whose_loss_is_out_of_range_is_the_worst():
    model = fitted(Autoencoder, X)
    scores = model.score_samples(np.vstack([X, X[:1] * 1e25]))
    np.testing.assert_array_equal(scores[:-1], model.score_samples(X))
    assert scores[-1] == -np.finfo(np.float32).max


def test_nan_counts_as_the_largest_loss():
    largest = np.finfo(np.float32).max
    losses = np.array([1.0, np.nan, np.inf, -np.inf], np.float32)
    assert bounded(losses).tolist() == [1.0, largest, largest, -largest]
    assert bounded(-losses, -1.0).tolist() == [-1.0, -largest, -largest, largest]


def test_codes_out_of_range_are_the_largest_number_and_nan_is_named():
    largest = np.finfo(np.float32).max
    codes = np.array([[1.0, np.inf], [-np.inf, 2.0]], np.float32)
    assert finite(codes).tolist() == [[1.0, largest], [-largest, 2.0]]
    assert finite(codes[:, :0]).shape == (2, 0)
    with pytest.raises(ValueError, match=r"NaN for row 1.*StandardScaler"):
        finite(np.array([[[1.0]], [[np.nan]]], np.float32))


def test_rows_are_scaled_before_they_are_clustered_only_where_squares_overflow():
    rows = X.astype(np.float32)
    assert squarable(rows) is rows
    large = squarable(rows * np.float32(2.0**80))
    assert 0.5 <= np.abs(large).max() <= 1.0
    np.testing.assert_array_equal(large / large.max(), rows / rows.max())


@on_torch_or_asked
def test_clusters_at_the_end_of_the_range():
    params = {"hidden_layer_sizes": (8,), "epochs": 1, "random_state": 0}
    with pytest.raises(ValueError, match="StandardScaler"):
        AAEClustering(3, **params).fit(X * 1e25)
