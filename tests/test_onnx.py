"""ONNX models of estimators and pipelines: labels are equal, scores within 1e-6."""

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skunsup import (
    GAN,
    AAEClassifier,
    AAEClustering,
    Autoencoder,
    AutoencoderDetector,
    BiGAN,
    Blocks,
    DeepEmbeddedClustering,
    DiffusionModel,
    Images,
    NeighborClustering,
    NeighborEmbedding,
    OutlierDetector,
    PretrainedFeatures,
    Sequences,
    SeriesDetector,
    SlidingWindows,
    Table,
    Text,
    TokenVectorizer,
    VAEDetector,
    VariationalAutoencoder,
    WassersteinAutoencoder,
    fine_tune,
)

from .helpers import on_torch_or_asked

onnx = pytest.importorskip("skunsup.onnx", reason="needs skl2onnx")
from onnx import ModelProto, TensorProto, numpy_helper  # noqa: E402

runtime = pytest.importorskip("onnxruntime")

QUICK = {"hidden_layer_sizes": (16,), "epochs": 3, "random_state": 0}
SHORT = {"hidden_layer_sizes": (16,), "max_steps": 8, "random_state": 0}
RNG = np.random.default_rng(1)
NEW = RNG.normal(size=(100, 6)) * np.linspace(0.5, 4, 100)[:, None]
# Sizes that scores are compared by: their own, or the largest where they may be zero.
ZERO = {"decision_function", "transform", "reconstruct", "inverse_transform"}
SIGNED = (GAN,)  # whose scores are logits


def run(model, given):
    """Outputs of a model for data, by their names."""
    session = runtime.InferenceSession(model.SerializeToString())
    given = given if isinstance(given, dict) else {"X": given}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, given), strict=True))


def in_double(model):
    """Return a model that computes in float64, from float32 weights and rows."""
    double = ModelProto()
    double.CopyFrom(model)
    for constant in double.graph.initializer:
        if constant.data_type == TensorProto.FLOAT:
            array = np.float64(numpy_helper.to_array(constant))
            constant.CopyFrom(numpy_helper.from_array(array, constant.name))
    for node in double.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.DOUBLE
    return double


def assert_same(estimator, found, X, exact=None):
    """Labels are equal, and numbers within 1e-6 of their size.

    Where TensorFlow and JAX, which sum products in float32, are further than that from
    the same network in float64, the file is nearer to it. `exact` computes the latter.
    """
    assert found
    for method, values in found.items():
        expected = np.asarray(getattr(estimator, method)(X))
        values = values.reshape(expected.shape)
        if method == "predict":
            np.testing.assert_array_equal(values, expected)
            continue
        assert values.dtype == expected.dtype
        scale = np.abs(expected)
        signed = method in ZERO or isinstance(estimator, SIGNED)
        scale = scale.max() if signed or expected.ndim > 1 else scale
        if (np.abs(values - expected) <= 1e-6 * scale).all():
            continue
        assert exact is not None
        assert keras.backend.backend() != "torch"
        true = exact()[method].reshape(expected.shape)
        ours, theirs = ((np.abs(e - true) / scale).max() for e in (values, expected))
        assert ours <= min(1e-6, theirs)


def check(estimator, X, new=NEW, given=None, *more, **options):
    estimator = clone(estimator).fit(X, *more)
    model, given = onnx.to_onnx(estimator, **options), new if given is None else given
    found = run(model, given)
    assert_same(estimator, found, new, lambda: run(in_double(model), given))
    return estimator


def test_a_pipeline_with_an_autoencoder_and_kmeans(blobs):
    pipeline = make_pipeline(
        StandardScaler(), Autoencoder(2, **QUICK), KMeans(3, random_state=0)
    ).fit(blobs)
    found = run(onnx.to_onnx(pipeline), NEW)
    np.testing.assert_array_equal(found["label"], pipeline.predict(NEW))


def test_a_detector_of_several_networks_and_scores(blobs):
    detector = AutoencoderDetector(**QUICK)
    pipeline = make_pipeline(StandardScaler(), detector).fit(blobs)
    found = run(onnx.to_onnx(pipeline), NEW)
    assert list(found) == ["predict", "decision_function", "score_samples"]
    assert_same(pipeline, found, NEW)


@on_torch_or_asked
def test_columns_side_by_side(blobs):
    columns = make_column_transformer(
        (StandardScaler(), [0, 1]), (Autoencoder(2, **SHORT), [2, 3, 4, 5])
    ).fit(blobs)
    (found,) = run(onnx.to_onnx(columns, blobs), NEW).values()
    np.testing.assert_allclose(found, columns.transform(NEW), atol=1e-6)


MODELS = {
    "Autoencoder": (Autoencoder(2, **SHORT), "transform score_samples reconstruct"),
    "activation": (Autoencoder(2, activation="gelu", **SHORT), "transform"),
    "loss": (Autoencoder(loss="binary_crossentropy", **SHORT), "transform"),
    "VAE": (VariationalAutoencoder(**SHORT), "transform score_samples"),
    "mixture": (
        VariationalAutoencoder(n_clusters=3, **SHORT),
        "predict predict_proba score_samples",
    ),
    "draws": (VariationalAutoencoder(n_importance_samples=3, **SHORT), "score_samples"),
    "WAE": (WassersteinAutoencoder(**SHORT), "transform score_samples"),
    "BiGAN": (BiGAN(**SHORT), "transform score_samples"),
    "GAN": (GAN(spectral_normalization=True, **SHORT), "transform score_samples"),
    "embedding": (NeighborEmbedding(4, **SHORT), "transform"),
    "map": (NeighborEmbedding(2, **SHORT), "transform"),
    "AAEClustering": (AAEClustering(3, **SHORT), "predict transform"),
    "neighbours": (NeighborClustering(3, **SHORT), "predict transform"),
    "DEC": (
        DeepEmbeddedClustering(3, max_steps=8, random_state=0),
        "predict predict_proba score_samples",
    ),
}


@on_torch_or_asked
@pytest.mark.parametrize("name", MODELS)
def test_models(name, blobs):
    model, methods = MODELS[name]
    X, new = (blobs, NEW)
    if name == "loss":
        X, new = (1 / (1 + np.exp(-each)) for each in (blobs, NEW))
    check(model, X, new, methods=methods.split())


@on_torch_or_asked
def test_classifiers_give_labels_of_any_type(blobs):
    names = np.array(["no", "yes"])[np.arange(60) % 2]
    numbers = np.arange(60) % 2 + 5
    unknown = np.where(np.arange(60) < 30, numbers, np.nan)  # makes classes floats
    for y in (names, numbers, unknown):
        model = AAEClassifier(**SHORT).fit(blobs, y)
        found = run(onnx.to_onnx(model, methods=["predict"]), NEW)
        np.testing.assert_array_equal(found["predict"], model.predict(NEW))


@on_torch_or_asked
@pytest.mark.parametrize("name", ["Autoencoder", "VAE", "AAEClustering"])
def test_decoders(name, blobs):
    model = clone(MODELS[name][0]).fit(blobs)
    codes = RNG.normal(size=(20, model.n_components_))
    found = run(onnx.to_onnx(model, methods=["inverse_transform"]), codes)
    assert_same(model, found, codes)


DETECTORS = {
    "novelty": AutoencoderDetector(novelty=True, **SHORT),
    "neighbour 5": AutoencoderDetector(scoring="neighbors", n_neighbors=5, **SHORT),
    "columns": AutoencoderDetector(scoring=("columns", "covariance"), **SHORT),
    "reconstruction": VAEDetector(scoring="reconstruction", novelty=True, **SHORT),
    "around": OutlierDetector(make_pipeline(StandardScaler(), Autoencoder(**SHORT))),
    "mixture": OutlierDetector(GaussianMixture(2, random_state=0)),
}


@on_torch_or_asked
@pytest.mark.parametrize("name", DETECTORS)
def test_detectors(name, blobs):
    # Heavy tails, and equal values.
    X, new = (np.column_stack([e[:, :4] ** 3, e[:, 4:].round(1)]) for e in (blobs, NEW))
    check(DETECTORS[name], X, new)


@on_torch_or_asked
@pytest.mark.parametrize("method", ["mean", "min", "last"])
@pytest.mark.parametrize("stride", [1, 3])
def test_series_of_other_lengths(method, stride):
    series, new = np.sin(np.arange(80) / 5)[:, None], np.sin(np.arange(61) / 4)[:, None]
    around = make_pipeline(StandardScaler(), Autoencoder(**SHORT))
    detector = SeriesDetector(around, window_length=8, method=method, stride=stride)
    check(detector, series, new)


@on_torch_or_asked
@pytest.mark.parametrize("pad", [True, False])
def test_windows_are_a_step(pad):
    """Of any number of time points and strides, in front of anything."""
    series = NEW[:61, :2]
    for stride, flatten in ((1, True), (3, False), (4, True)):
        windows = SlidingWindows(8, stride=stride, pad=pad, flatten=flatten).fit(series)
        session = onnx.to_onnx(windows)
        for n in (8, 9, 23, 61):
            (found,) = run(session, series[:n]).values()
            np.testing.assert_array_equal(found, windows.transform(series[:n]))
    before = np.sin(np.arange(120) / 5).reshape(60, 2)
    pipeline = make_pipeline(windows, AutoencoderDetector(**SHORT)).fit(before)
    assert_same(pipeline, run(onnx.to_onnx(pipeline), series), series)


@on_torch_or_asked
def test_estimators_of_fine_tune(blobs):
    encoder = Autoencoder(2, **SHORT).fit(blobs)
    y = np.arange(60) % 3
    for target in (y, np.array(["no", "so", "yes"])[y]):
        model = fine_tune(encoder, epochs=1, random_state=0).fit(blobs, target)
        assert_same(model, run(onnx.to_onnx(model), NEW), NEW)
    for target in (blobs[:, 0], blobs[:, :2]):
        model = fine_tune(encoder, task="regression", epochs=1, random_state=0)
        model.fit(blobs, target)
        found = run(onnx.to_onnx(model), NEW)["predict"]
        expected = model.predict(NEW)
        assert found.shape == expected.shape
        assert (np.abs(found - expected) <= 1e-6 * np.abs(expected).max()).all()


IMAGE_NETWORK = [
    keras.layers.Conv2D(4, 3, padding="same", activation="relu"),
    keras.layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2),
    keras.layers.BatchNormalization(),
    keras.layers.ReLU(max_value=6.0),
    keras.layers.ZeroPadding2D(1),
    keras.layers.AveragePooling2D(2, padding="same"),
    keras.layers.MaxPooling2D(2),
]


@on_torch_or_asked
@pytest.mark.parametrize("pooling", ["avg", "max", None])
def test_features_of_pretrained_networks(pooling, blobs):
    network = keras.Sequential([keras.Input((8, 8, 3)), *IMAGE_NETWORK])
    grey = RNG.random((6, 8, 8))
    colours = (RNG.random((6, 8, 8, 3)) * 255).astype(np.uint8)
    rows = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, "elu")])
    cases = (
        (PretrainedFeatures(network, pooling=pooling), grey),
        (PretrainedFeatures(network, preprocessing=halved, pooling=pooling), colours),
        (PretrainedFeatures(rows), blobs),
    )
    for features, X in cases:
        features.fit(X)
        (found,) = run(onnx.to_onnx(features, X), X).values()
        expected = features.transform(X)
        assert found.dtype == expected.dtype
        assert (np.abs(found - expected) <= 1e-6 * np.abs(expected).max()).all()
    with pytest.raises(NotImplementedError, match="9 x 9 pixels to 8 x 8"):
        onnx.to_onnx(cases[0][0], np.zeros((2, 9, 9)))


def halved(images):
    """Colours in another order, on another scale."""
    return images[..., ::-1] / 512.0


@on_torch_or_asked
def test_images_sequences_and_texts():
    rng = np.random.default_rng(2)
    images = rng.random((12, 8, 8))
    model = Autoencoder(inputs=Images(filters=(4,)), **SHORT)
    check(model, images, images, methods=["transform", "score_samples"])
    pixels = (images * 255).astype(np.uint8)
    check(model, pixels, pixels, methods=["transform"])
    series = rng.random((12, 5, 2))
    for layer in ("gru", "lstm", "conv"):
        model = Autoencoder(inputs=Sequences(layer=layer), **SHORT)
        check(model, series, series, methods=["transform", "score_samples"])
    words = ["one two three", "two four", "six one"] * 5
    rows = Text().fit_transform(words).astype(np.float64)
    model = Autoencoder(inputs=Text(), **SHORT)
    check(model, words, words, rows, methods=["transform", "score_samples"])


TABLE = pd.DataFrame(
    {
        "a": np.where(np.arange(40) % 9, NEW[:40, 0], np.nan),
        "b": ["x", "y", None, "z"] * 10,
        "c": pd.Categorical(["low", "mid", "high", "mid"] * 10, ordered=True),
        "d": np.arange(40) % 3 == 0,
    }
)


def fed(table):
    """Columns of a table as onnxruntime takes them: nothing is an empty string."""
    return {
        "a": table[["a"]].to_numpy(float),
        "b": table[["b"]].fillna("").to_numpy(object),
        "c": table[["c"]].to_numpy(object),
        "d": table[["d"]].to_numpy(bool),
    }


@on_torch_or_asked
def test_tables_are_read_by_column():
    new = TABLE.assign(a=NEW[40:80, 1])
    methods = ["transform", "score_samples"]
    for model in (Autoencoder, VariationalAutoencoder):
        model = model(inputs=Table(), **SHORT)
        check(model, TABLE, new, fed(new), methods=methods)
    check(AutoencoderDetector(inputs=Table(), **SHORT), TABLE, new, fed(new))
    # Ties, values beyond those of the fit and missing ones, on normal scores.
    model = Autoencoder(inputs=Table(scaling="quantile"), **SHORT)
    ties = TABLE.assign(a=TABLE["a"].round())
    new = ties.assign(a=np.append(3 * NEW[40:78, 1].round(1), [99.0, np.nan]))
    check(model, ties, new, fed(new), methods=methods)


@on_torch_or_asked
def test_distances_between_blocks():
    table = TABLE[["a", "d"]].assign(a=NEW[:40, 1], n=NEW[:40, 2])
    kind = Blocks([("own", Table(), ["a", "d"]), ("other", Table(), ["n"])])
    new = table.assign(n=NEW[40:80, 2])
    rows = kind.fit(table).transform(new).astype(float)
    check(AutoencoderDetector(inputs=kind, **SHORT), table, new, rows)


@keras.saving.register_keras_serializable("tests")
def gated(x):
    """An activation of the user's."""
    return keras.ops.tanh(x) * keras.ops.sigmoid(x)


@on_torch_or_asked
def test_own_networks(blobs):
    layers = [
        keras.layers.Dense(5, "relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.1),
        keras.layers.Reshape((5, 1)),
        keras.layers.Conv1D(2, 3, padding="same", activation="tanh"),
        keras.layers.Flatten(),
        keras.layers.Dense(3, gated),
    ]
    network = keras.Sequential([keras.Input((6,)), *layers])
    check(Autoencoder(encoder=network, **SHORT), blobs)


@keras.saving.register_keras_serializable("tests")
def relu(x):
    """An activation of the user's, with the name of one of Keras's."""
    return keras.ops.gelu(x, approximate=True)


@on_torch_or_asked
@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.ReLU(max_value=0.5, negative_slope=0.1, threshold=0.2),
        keras.layers.ELU(0.5),
        keras.layers.LeakyReLU(0.3),
        relu,
        "relu6",
        "hard_sigmoid",
        "hard_silu",
    ],
)
def test_activations_keep_their_parameters(layer, blobs):
    layers = [keras.layers.Dense(9, layer), keras.layers.Dense(2)]
    network = keras.Sequential([keras.Input((6,)), *layers])
    check(Autoencoder(encoder=network, **SHORT), blobs, 3 * NEW)


class Counted(keras.layers.Layer):
    """Tells how many of the entries are one, by a comparison of Python."""

    def call(self, x):
        return x * keras.ops.cast(x == 1.0, "float32")


class Sorted(keras.layers.Layer):
    """Has no nodes."""

    def call(self, x):
        return keras.ops.sort(x)


@on_torch_or_asked
@pytest.mark.parametrize(
    ("layer", "words"), [(Sorted, "operation Sort"), (Counted, "keras.ops.equal")]
)
def test_what_cannot_be_exported_is_named(layer, words, blobs):
    network = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3), layer()])
    model = Autoencoder(encoder=network, **SHORT).fit(blobs)
    with pytest.raises(NotImplementedError, match=f"encode of .*{words}"):
        onnx.to_onnx(model)
    with pytest.raises(ValueError, match=r"'predict', but Autoencoder can .*transform"):
        onnx.to_onnx(model, methods=["predict"])


@on_torch_or_asked
def test_noise_and_words_are_refused(blobs):
    model = DiffusionModel(hidden_layer_sizes=(4,), max_steps=1, random_state=0).fit(
        blobs
    )
    with pytest.raises(NotImplementedError, match="DiffusionModel cannot be exported"):
        onnx.to_onnx(model, methods=["score_samples"])
    tokens = TokenVectorizer().fit(["one two"])
    for step in (tokens, make_pipeline(tokens), Table().fit(blobs)):
        with pytest.raises(NotImplementedError, match="cannot be exported"):
            onnx.to_onnx(step)
    with pytest.raises(NotImplementedError, match=r"Table cannot be .* inputs=Table"):
        onnx.to_onnx(make_column_transformer((Table(), [0, 1])).fit(blobs))


def test_variables_may_stand_in_front_of_symbolic_tensors(blobs):
    """As in the score of the families with a prior; JAX asks a tensor for values."""
    model = WassersteinAutoencoder(**SHORT).fit(blobs)
    assert_same(model, run(onnx.to_onnx(model, methods=["score_samples"]), NEW), NEW)
    with pytest.raises(ValueError, match="KerasTensor"):
        keras.KerasTensor((2,)).__jax_array__()


def test_every_score_of_detectors_has_nodes():
    from skunsup.onnx._scores import SCORES
    from skunsup.outliers import _combined

    made = [make(None, 1) for make in _combined.SCORES.values()]
    assert {type(score) for score in made} | {_combined.Sum} <= {*SCORES}


def test_columns_of_polars_are_numbers():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(rng.normal(size=(40, 3)), schema=list("abc"))
    model = Autoencoder(max_steps=3, random_state=0).fit(frame)
    session = runtime.InferenceSession(
        onnx.to_onnx(model, frame[:2]).SerializeToString()
    )
    cells = {name: frame[name].to_numpy()[:, None] for name in frame.columns}
    found = session.run(["transform"], cells)[0]
    np.testing.assert_allclose(found, model.transform(frame), rtol=1e-5, atol=1e-6)
    for X in (frame[["a"]], frame.to_numpy()[:, :2]):
        with pytest.raises(ValueError, match="Autoencoder was fitted to 3"):
            onnx.to_onnx(model, X)
