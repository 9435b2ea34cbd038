"""The estimators inside scikit-learn's tools, and every form of input that it has."""

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn import config_context
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skunsup import Autoencoder, AutoencoderDetector, OutlierDetector
from skunsup._training import compilations

from .estimators import public_estimators

N, D = 90, 4
CENTRES = np.repeat([[-3.0] * D, [0.0] * D, [3.0, -3.0, 3.0, -3.0]], N // 3, axis=0)
X = CENTRES + np.random.default_rng(0).normal(size=(N, D))
FRAME = pd.DataFrame(X, columns=list("abcd"), index=np.arange(N) + 100)
WEIGHT = np.random.default_rng(1).integers(0, 3, N).astype(float)
SMALL = {
    "n_components": 2,
    "hidden_layer_sizes": (8,),
    "epochs": 2,
    "random_state": 0,
}
CODES = ["autoencoder0", "autoencoder1"]


def autoencoder(**params):
    return Autoencoder(**{**SMALL, **params})


def detector(**params):
    return AutoencoderDetector(**{**SMALL, **params})


# Composition -------------------------------------------------------------------------


def test_scaler_autoencoder_kmeans():
    pipe = make_pipeline(
        StandardScaler(),
        autoencoder(epochs=20, learning_rate=0.02),
        KMeans(3, n_init=5, random_state=0),
    )
    found = pipe.fit_predict(X)
    assert adjusted_rand_score(np.arange(N) // (N // 3), found) > 0.9
    np.testing.assert_array_equal(pipe.predict(X), found)
    again = clone(pipe).fit(X)
    np.testing.assert_array_equal(again[:-1].transform(X), pipe[:-1].transform(X))


@pytest.mark.parametrize("last", [detector(), OutlierDetector(autoencoder())])
def test_scaler_and_detector(last):
    pipe = make_pipeline(StandardScaler(), clone(last)).fit(X)
    alone = clone(last).fit(StandardScaler().fit_transform(X))
    far = np.full((1, D), 50.0)
    assert pipe.predict(far) == [-1]
    assert pipe.decision_function(far) < 0
    scaled = StandardScaler().fit(X).transform(X)
    np.testing.assert_array_equal(pipe.score_samples(X), alone.score_samples(scaled))
    np.testing.assert_array_equal(pipe.predict(X), pipe.fit_predict(X))


def test_inverse_transform_through_a_pipeline():
    pipe = make_pipeline(StandardScaler(), autoencoder()).fit(X)
    rows = pipe.inverse_transform(pipe.transform(X))
    scaler, model = pipe[0], pipe[1]
    expected = scaler.inverse_transform(model.reconstruct(scaler.transform(X)))
    np.testing.assert_allclose(rows, expected, rtol=1e-5, atol=1e-6)


def test_column_transformer():
    columns = ColumnTransformer(
        [("codes", autoencoder(), ["a", "b", "c"]), ("kept", "passthrough", ["d"])]
    )
    both = columns.fit_transform(FRAME)
    codes = autoencoder().fit_transform(FRAME[["a", "b", "c"]])
    np.testing.assert_array_equal(both, np.column_stack([codes, FRAME["d"]]))
    names = [*(f"codes__{name}" for name in CODES), "kept__d"]
    assert columns.get_feature_names_out().tolist() == names


def test_feature_union():
    union = FeatureUnion([("pca", PCA(1)), ("net", autoencoder())]).fit(X)
    assert union.transform(X).shape == (N, 3)
    names = ["pca__pca0", *(f"net__{name}" for name in CODES)]
    assert union.get_feature_names_out().tolist() == names


# Model selection ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def pipe():
    return Pipeline([("scale", StandardScaler()), ("net", autoencoder())])


def test_searches_in_two_processes_equal_those_in_one(pipe):
    grid = {"net__n_components": [1, 2]}
    one, two = (GridSearchCV(pipe, grid, cv=2, n_jobs=n).fit(X) for n in (None, 2))
    name = "mean_test_score"
    np.testing.assert_array_equal(one.cv_results_[name], two.cv_results_[name])
    np.testing.assert_array_equal(one.transform(X), two.transform(X))
    assert two.best_params_ == one.best_params_
    assert one.cv_results_[name][0] != one.cv_results_[name][1]
    drawn = {"net__learning_rate": np.logspace(-3, -1, 9), "net__n_components": [1, 2]}
    one, two = (
        RandomizedSearchCV(pipe, drawn, n_iter=2, cv=2, n_jobs=n, random_state=0).fit(X)
        for n in (None, 2)
    )
    np.testing.assert_array_equal(one.cv_results_[name], two.cv_results_[name])
    np.testing.assert_array_equal(one.transform(X), two.transform(X))


def test_search_finds_the_larger_code(pipe):
    longer = clone(pipe).set_params(net__epochs=20, net__learning_rate=0.01)
    search = GridSearchCV(longer, {"net__n_components": [1, 3]}, cv=2).fit(X)
    assert search.best_params_ == {"net__n_components": 3}
    assert search.best_score_ < 0


def test_search_over_rates_compiles_a_handful_of_programs():
    rates = {"learning_rate": np.logspace(-4, -1, 6).tolist()}
    search = GridSearchCV(autoencoder(hidden_layer_sizes=(11,)), rates, cv=3)
    before = compilations()
    search.fit(X)
    n_fits = 6 * 3 + 1
    assert 1 <= compilations() - before <= 4 < n_fits
    assert len(np.unique(search.cv_results_["mean_test_score"])) == 6
    before = compilations()
    clone(search).fit(X)
    assert compilations() == before


def test_cross_validation():
    model = autoencoder()
    scores = cross_val_score(model, X, cv=3)
    third = N // 3
    by_hand = [
        clone(model).fit(np.delete(X, held, axis=0)).score(X[held])
        for held in (slice(i * third, (i + 1) * third) for i in range(3))
    ]
    np.testing.assert_array_equal(scores, by_hand)
    folds = KFold(3, shuffle=True, random_state=0)  # unshuffled, one cluster each
    found = cross_val_predict(detector(contamination=0.2), X, cv=folds)
    assert set(found) == {-1, 1}


# Names and containers of the output --------------------------------------------------


@pytest.mark.parametrize("data", [X, FRAME])
def test_pandas_out(data):
    model = autoencoder().set_output(transform="pandas")
    first, codes = model.fit_transform(data), model.transform(data)
    pd.testing.assert_frame_equal(first, codes)
    assert codes.columns.tolist() == model.get_feature_names_out().tolist() == CODES
    assert codes.index.tolist() == (np.arange(N) + 100 * (data is FRAME)).tolist()
    np.testing.assert_array_equal(codes, autoencoder().fit(data).transform(data))


def test_polars_in_and_out():
    data = pl.DataFrame(X, schema=list("abcd"))
    model = autoencoder().set_output(transform="polars").fit(data)
    codes = model.transform(data)
    assert isinstance(codes, pl.DataFrame)
    assert codes.columns == CODES
    assert model.feature_names_in_.tolist() == list("abcd")
    np.testing.assert_array_equal(codes, autoencoder().fit_transform(X))


def test_pandas_out_by_global_configuration():
    pipe = make_pipeline(StandardScaler(), autoencoder(n_components=3))
    with config_context(transform_output="pandas"):
        codes = pipe.fit_transform(FRAME)
    assert codes.columns.tolist() == [*CODES, "autoencoder2"]
    assert codes.index.equals(FRAME.index)


@pytest.mark.parametrize("make", [autoencoder, detector])
def test_names_of_the_input(make):
    estimator = make().fit(FRAME)
    assert estimator.feature_names_in_.tolist() == list("abcd")
    assert estimator.n_features_in_ == D
    same = make().fit(X)
    assert not hasattr(same, "feature_names_in_")
    np.testing.assert_array_equal(estimator.score_samples(FRAME), same.score_samples(X))
    assert not hasattr(estimator.fit(X), "feature_names_in_")
    estimator.fit(FRAME)
    with pytest.warns(UserWarning, match="fitted with feature names"):
        estimator.score_samples(X)


def test_names_of_the_output_follow_the_input():
    model = autoencoder().fit(FRAME)
    assert model.get_feature_names_out(list("abcd")).tolist() == CODES
    with pytest.raises(ValueError, match="input_features"):
        model.get_feature_names_out(list("dcba"))


# Metadata ----------------------------------------------------------------------------

TRAIN, HELD = X[::2], X[1::2]
WEIGHTS = WEIGHT[::2]
JUDGED = {"early_stopping": True, "n_iter_no_change": 2, "epochs": 8}


def by_hand(model):
    """A scaled model that is given everything directly."""
    scaler = StandardScaler().fit(TRAIN)
    rows, held = scaler.transform(TRAIN), scaler.transform(HELD)
    return model.fit(rows, sample_weight=WEIGHTS, X_val=held)


@pytest.mark.parametrize("make", [autoencoder, detector])
def test_metadata_by_step_name(make):
    pipe = Pipeline([("scale", StandardScaler()), ("net", make(**JUDGED))])
    held = StandardScaler().fit(TRAIN).transform(HELD)
    pipe.fit(TRAIN, net__sample_weight=WEIGHTS, net__X_val=held)
    assert pipe["net"].history_ == by_hand(make(**JUDGED)).history_
    assert pipe["net"].history_ != make(**JUDGED).fit(TRAIN, X_val=HELD).history_


@pytest.mark.parametrize("make", [autoencoder, detector])
def test_metadata_routing_transforms_validation_rows(make):
    with config_context(enable_metadata_routing=True):
        net = make(**JUDGED).set_fit_request(sample_weight=True, X_val=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipe = Pipeline([("scale", scaler), ("net", net)], transform_input=["X_val"])
        pipe.fit(TRAIN, sample_weight=WEIGHTS, X_val=HELD)
    assert pipe["net"].history_ == by_hand(make(**JUDGED)).history_


@pytest.mark.parametrize("make", [autoencoder, detector])
def test_metadata_must_be_requested(make):
    with config_context(enable_metadata_routing=True):
        pipe = make_pipeline(FunctionTransformer(), make())
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            pipe.fit(TRAIN, sample_weight=WEIGHTS)


def test_metadata_routing_in_cross_validation():
    with config_context(enable_metadata_routing=True):
        model = autoencoder().set_fit_request(sample_weight=True)
        weighted = cross_val_score(model, X, cv=2, params={"sample_weight": WEIGHT})
    half = N // 2
    first = autoencoder().fit(X[half:], sample_weight=WEIGHT[half:]).score(X[:half])
    assert weighted[0] == first


@pytest.mark.parametrize("routing", [False, True])
def test_outlier_detector_passes_metadata_on(routing):
    with config_context(enable_metadata_routing=routing):
        model = autoencoder(**JUDGED)
        if routing:
            model.set_fit_request(sample_weight=True, X_val=True)
        outer = OutlierDetector(model, contamination=0.3)
        outer.fit(TRAIN, sample_weight=WEIGHTS, X_val=HELD)
    alone = autoencoder(**JUDGED).fit(TRAIN, sample_weight=WEIGHTS, X_val=HELD)
    single = {"n_estimators": 1, "scoring": "reconstruction", "batch_size": 32}
    given = {**alone.get_params(), **single}
    del given["fitted_prior"]  # which detectors do not have
    flat = AutoencoderDetector(0.3, **given)
    flat.fit(TRAIN, sample_weight=WEIGHTS, X_val=HELD)
    assert outer.estimator_.history_ == alone.history_
    np.testing.assert_array_equal(outer.score_samples(X), alone.score_samples(X))
    assert flat.offset_ == pytest.approx(outer.offset_, rel=1e-6)
    repeated = np.repeat(alone.score_samples(TRAIN), WEIGHTS.astype(int))
    assert (repeated < outer.offset_).mean() == pytest.approx(0.3, abs=0.02)


def test_outlier_detector_requires_requests():
    with config_context(enable_metadata_routing=True):
        outer = OutlierDetector(autoencoder())
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            outer.fit(TRAIN, sample_weight=WEIGHTS)
        outer = OutlierDetector(autoencoder().set_fit_request(sample_weight=False))
        with pytest.raises(TypeError, match="sample_weight"):
            outer.fit(TRAIN, sample_weight=WEIGHTS)


# Parameters --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator", public_estimators(), ids=lambda e: type(e).__name__
)
def test_html_links_to_the_documentation(estimator):
    page = f"readthedocs.io/en/stable/api/skunsup.{type(estimator).__name__}.html"
    fitted = clone(estimator)
    fitted.n_features_in_ = D  # by which scikit-learn sees that it is
    for shown in (estimator, fitted, make_pipeline(estimator)):
        assert page in shown._repr_html_()


@pytest.mark.parametrize("make", [autoencoder, detector])
def test_html_of_what_was_fitted_links_to_the_documentation(make):
    fitted = make().fit(X)
    page = f"api/skunsup.{type(fitted).__name__}.html"
    assert page in fitted._repr_html_()
    assert page in make_pipeline(fitted)._repr_html_()


def dense(n_in, n_out):
    return keras.Sequential([keras.Input((n_in,)), keras.layers.Dense(n_out)])


def ramp(x):
    return keras.ops.minimum(keras.ops.relu(x), 4.0)


EVERY = {
    "inputs": None,
    "n_components": 3,
    "hidden_layer_sizes": [8, 4],
    "activation": ramp,
    "loss": keras.losses.MeanAbsoluteError(),
    "optimizer": keras.optimizers.Nadam(0.02, beta_1=0.8),
    "learning_rate": 0.03,
    "weight_decay": 0.01,
    "ema": 0.5,
    "batch_size": 16,
    "epochs": 2,
    "early_stopping": True,
    "validation_fraction": 0.3,
    "n_iter_no_change": 4,
    "tol": 0.01,
    "noise": "swap",
    "noise_level": 0.2,
    "l1_penalty": 0.001,
    "init": "random",
    "encoder": dense(D, 3),
    "decoder": dense(3, D),
    "callbacks": [keras.callbacks.ReduceLROnPlateau("loss", factor=0.3)],
    "checkpoint": None,
    "checkpoint_interval": 7.0,
    "warm_start": True,
    "random_state": 7,
    "verbose": 0,
}


def plain(value):
    """Describe a parameter such that copies of it are equal."""
    if isinstance(value, keras.Model):
        weights = [keras.ops.convert_to_numpy(w).tolist() for w in value.weights]
        return value.to_json(), weights
    if isinstance(value, keras.optimizers.Optimizer):
        return type(value), value.get_config()
    if isinstance(value, keras.callbacks.Callback):
        settings = {k: v for k, v in vars(value).items() if np.isscalar(v)}
        return type(value), settings
    if isinstance(value, keras.losses.Loss):
        return type(value), {k: v for k, v in vars(value).items() if np.isscalar(v)}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kind", [Autoencoder, AutoencoderDetector])
def test_clone_keeps_every_parameter(kind):
    own = {"contamination": 0.2, "scoring": "residual", "novelty": True}
    own |= {
        "support_fraction": 0.9,
        "n_neighbors": 2,
        "n_estimators": 2,
        "max_samples": 0.5,
    }
    extra = {"fitted_prior": False}
    if kind is AutoencoderDetector:
        extra = {**own, "max_features": 1.0}
    extra |= {"max_steps": 9, "learning_rate_schedule": "constant"}
    estimator = kind(**EVERY, **extra)
    assert set(estimator.get_params()) == {*EVERY, *extra}
    copied = clone(estimator)
    for name, value in estimator.get_params().items():
        assert value is {**EVERY, **extra}[name]
        assert plain(copied.get_params()[name]) == plain(value), name
    scores = [e.fit(X).score_samples(X) for e in (estimator, copied, clone(estimator))]
    np.testing.assert_array_equal(scores[0], scores[1])
    np.testing.assert_array_equal(scores[0], scores[2])


def test_clone_of_a_fitted_estimator_is_not_fitted():
    for fitted in (autoencoder().fit(X), detector().fit(X)):
        assert vars(clone(fitted)).keys() == fitted.get_params(deep=False).keys()


def test_nested_parameters():
    pipe = make_pipeline(StandardScaler(), OutlierDetector(autoencoder()))
    pipe.set_params(
        outlierdetector__contamination=0.2,
        outlierdetector__estimator__n_components=3,
        outlierdetector__estimator__learning_rate=0.05,
    ).fit(X)
    inner = pipe[-1].estimator_
    assert inner.transform(X).shape == (N, 3)
    assert inner.learning_rate == 0.05
    assert (pipe.predict(X) == -1).mean() == pytest.approx(0.2, abs=0.02)
    with pytest.raises(ValueError, match="Invalid parameter 'n_component'"):
        pipe.set_params(outlierdetector__estimator__n_component=3)


# Forms of input ----------------------------------------------------------------------


def assert_same(estimator, data, X_test=None, reference=X):
    """Assert that a fit on `data` equals, to the bit, one on an array of the same."""
    ours, theirs = clone(estimator).fit(data), clone(estimator).fit(reference)
    for method in ("transform", "reconstruct", "score_samples", "feature_scores"):
        if hasattr(ours, method):
            a, b = getattr(ours, method)(data), getattr(theirs, method)(reference)
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(getattr(ours, method)(reference), b)


ESTIMATORS = [
    autoencoder(early_stopping=True, batch_size=16, init="pca"),
    detector(early_stopping=True, batch_size=16),
    OutlierDetector(autoencoder()),
]
everywhere = pytest.mark.parametrize(
    "estimator", ESTIMATORS, ids=lambda e: type(e).__name__
)


@everywhere
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "form", [sp.csr_matrix, sp.csr_array, sp.csc_matrix, sp.coo_array]
)
def test_sparse_equals_dense(estimator, form, dtype):
    thin = np.where(np.abs(X) > 2, X, 0).astype(dtype)
    assert_same(estimator, form(thin), reference=thin)


@everywhere
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_memory_map_equals_array(estimator, dtype, tmp_path):
    values = (10 * X).astype(dtype) if dtype is np.int16 else X.astype(dtype)
    path = tmp_path / "rows.dat"
    path.write_bytes(b"header  " + values.tobytes())
    mapped = np.memmap(path, dtype, "r", offset=8, shape=X.shape)
    assert not mapped.flags.writeable
    assert_same(estimator, mapped, reference=values)
    part = mapped[10:60]  # no longer at the place in the file that it says
    assert_same(estimator, part, reference=values[10:60])
    np.save(tmp_path / "rows.npy", values)
    loaded = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert_same(estimator, loaded, reference=values)


def read_only(values):
    values = values.copy()
    values.flags.writeable = False
    return values


FORMS = {
    "read-only": read_only,
    "Fortran order": np.asfortranarray,
    "every other column": lambda values: np.repeat(values, 2, axis=1)[:, ::2],
    "backwards": lambda values: values[::-1].copy()[::-1],
    "other byte order": lambda values: values.astype(values.dtype.newbyteorder()),
    "list": lambda values: values.tolist(),
    "tuples": lambda values: tuple(map(tuple, values.tolist())),
    "objects": lambda values: values.astype(object),
}


@everywhere
@pytest.mark.parametrize("form", FORMS)
def test_any_layout_equals_an_array(estimator, form):
    assert_same(estimator, FORMS[form](X))


@everywhere
def test_integers_and_booleans(estimator):
    whole = np.round(X).astype(int)
    assert_same(estimator, whole, reference=whole.astype(float))
    assert_same(estimator, X > 0, reference=(X > 0).astype(float))


@pytest.mark.parametrize(
    ("given", "returned"),
    [
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.float16, np.float64),
        (np.int64, np.float64),
    ],
)
@pytest.mark.parametrize("fitted_on", [np.float32, np.float64])
def test_precision_of_the_input_is_that_of_the_output(fitted_on, given, returned):
    model, data = autoencoder().fit(X.astype(fitted_on)), X.astype(given)
    for method in ("transform", "reconstruct"):
        assert getattr(model, method)(data).dtype == returned
    assert autoencoder().fit_transform(data).dtype == returned
    codes = model.transform(data)
    assert model.inverse_transform(codes).dtype == codes.dtype
    assert model.score_samples(data).dtype == np.float64
    assert model.feature_scores(data).dtype == np.float64
    found = detector().fit(data)
    assert found.decision_function(data).dtype == np.float64
    assert found.outlier_probability(data).dtype == np.float64
    assert found.predict(data).dtype.kind == "i"


def test_single_and_double_precision_agree():
    single = X.astype(np.float32)
    one, two = autoencoder().fit(single), autoencoder().fit(single.astype(np.float64))
    np.testing.assert_array_equal(one.transform(single), two.transform(single))
    np.testing.assert_array_equal(
        one.score_samples(single), two.score_samples(single.astype(np.float64))
    )
