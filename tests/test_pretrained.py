"""Features from networks that were trained elsewhere."""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import joblib
import keras
import numpy as np
import pytest
import scipy.sparse as sp
from keras import layers
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skunsup import PretrainedFeatures

from .helpers import on_torch_or_asked

SIZE = (32, 32)


@pytest.fixture(scope="module")
def convolutional():
    """A network of small grey images, with odd numbers of everything."""
    keras.utils.clear_session()
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Rescaling(1 / 16),
            layers.Conv2D(7, 3, activation="tanh", name="maps"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(5, activation="tanh", name="numbers"),
        ]
    )


@pytest.fixture(scope="module")
def images():
    """Seventy digits, 8 x 8, float32."""
    return load_digits().images[:70].astype(np.float32)


@pytest.fixture(scope="module")
def vgg(tmp_path_factory):
    """A file with weights of a network by name: few layers, so quick to build."""
    path = tmp_path_factory.mktemp("weights") / "vgg16.weights.h5"
    shape = (*SIZE, 3)
    network = keras.applications.VGG16(
        weights=None, include_top=False, input_shape=shape
    )
    network.save_weights(path)
    return network, path


@pytest.fixture(scope="module")
def by_name(vgg, images):
    """Features of a network by name."""
    return PretrainedFeatures("VGG16", weights=vgg[1], image_size=SIZE).fit(images)


def as_arrays(model):
    return [np.array(keras.ops.convert_to_numpy(v.value)) for v in model.variables]


def test_features_are_what_the_network_gives(convolutional, images):
    before = as_arrays(convolutional)
    features = PretrainedFeatures(convolutional).fit(images)
    expected = convolutional(images[..., None], training=False)
    np.testing.assert_allclose(
        features.transform(images), keras.ops.convert_to_numpy(expected), atol=1e-5
    )
    assert features.n_components_ == 5
    assert features.image_size_ == (8, 8)
    assert features.model_ is not convolutional
    features.model_.set_weights([0 * w for w in features.model_.get_weights()])
    for old, new in zip(before, as_arrays(convolutional), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("batch_size", [1, 32])
def test_an_image_does_not_depend_on_its_company(convolutional, images, batch_size):
    features = PretrainedFeatures(convolutional, batch_size=batch_size).fit(images)
    whole = features.transform(images)
    for index in ([7], [3, 7], slice(33), slice(None, None, -1)):
        np.testing.assert_array_equal(features.transform(images[index]), whole[index])


def test_forms_of_images(convolutional, images, tmp_path):
    features = PretrainedFeatures(convolutional).fit(images)
    expected = features.transform(images)
    assert expected.dtype == np.float32
    rows = images.reshape(70, -1)
    flat = clone(features).set_params(image_shape=(8, 8)).fit(rows)
    assert flat.n_features_in_ == 64
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    np.save(tmp_path / "rows.npy", rows)
    mapped_rows = np.load(tmp_path / "rows.npy", mmap_mode="r")
    for ours in (
        features.transform(images[..., None]),
        features.transform(list(images)),
        features.transform(images.astype(np.uint8)),
        features.transform(mapped),
        flat.transform(rows.astype(float)),
        flat.transform(sp.csr_array(rows)),
        flat.transform(mapped_rows),
        flat.transform(images),
    ):
        np.testing.assert_array_equal(ours, expected)
    assert features.transform(images.astype(np.uint8)).dtype == np.float64
    with pytest.raises(ValueError, match=r"63 features.*expecting 64"):
        flat.transform(rows[:, 1:])
    assert features.get_feature_names_out()[0] == "pretrainedfeatures0"


def test_data_frames(convolutional, images):
    pytest.importorskip("pandas")
    frame = load_digits(as_frame=True).data[:70]
    features = PretrainedFeatures(convolutional, image_shape=(8, 8, 1))
    out = features.set_output(transform="pandas").fit_transform(frame)
    assert out.columns[0] == "pretrainedfeatures0"
    assert features.feature_names_in_[0] == "pixel_0_0"
    expected = PretrainedFeatures(convolutional).fit_transform(images)
    np.testing.assert_allclose(out, expected)


@pytest.fixture(scope="module")
def files(images, tmp_path_factory):
    """Images in files, grey, of two sizes."""
    pytest.importorskip("PIL")
    folder = tmp_path_factory.mktemp("images")
    for i, image in enumerate(images[:5]):
        larger = np.kron(image, np.ones((2, 2))) if i == 4 else image
        path = folder / f"{i}.png"
        keras.utils.save_img(path, larger[..., None], scale=False)
    return sorted(folder.iterdir())


@on_torch_or_asked
def test_files(convolutional, images, files):
    features = PretrainedFeatures(convolutional, batch_size=2).fit(files)
    expected = features.transform(images[:5])
    for X in (files, [str(path) for path in files], np.array(files)[:, None]):
        np.testing.assert_allclose(features.transform(X)[:4], expected[:4], atol=1e-6)
    np.testing.assert_allclose(features.transform(files)[4], expected[4], atol=0.3)


def test_files_that_cannot_be_read_are_named(convolutional, files, tmp_path):
    features = PretrainedFeatures(convolutional).fit(files)
    broken = tmp_path / "broken.png"
    broken.write_bytes(files[0].read_bytes()[:60])
    with pytest.raises(ValueError, match=r"broken\.png' cannot be read"):
        features.transform([*files, broken])
    with pytest.raises(ValueError, match=r"gone\.png' cannot be read: there is no"):
        features.transform([tmp_path / "gone.png"])
    with pytest.raises(ValueError, match=r"gone\.png' cannot be read"):
        clone(features).fit([tmp_path / "gone.png"])
    with pytest.raises(TypeError, match="single path"):
        features.transform("gone.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    for limits, path in (
        ({}, tmp_path / "zero.png"),
        ({"max_pixels": 255}, files[4]),
        ({"max_file_size": 60}, files[4]),
    ):
        limited = PretrainedFeatures(convolutional, image_size=(8, 8), **limits)
        message = next(iter(limits), "it is a device")
        with pytest.raises(ValueError, match=message):
            limited.fit([path])
        if "max_pixels" in limits:
            with pytest.raises(ValueError, match=message):
                limited.fit(files[:4]).transform([path])


def test_without_pillow(convolutional, files, monkeypatch):
    features = PretrainedFeatures(convolutional).fit(files)
    monkeypatch.setattr("keras.src.utils.image_utils.pil_image", None)
    with pytest.raises(ImportError, match="needs Pillow"):
        features.transform(files)


def test_a_network_by_name(vgg, by_name, images):
    network, _ = vgg
    bytes_ = np.repeat(images[:, :, :, None] * 15, 3, axis=-1)
    assert by_name.n_components_ == 512
    large = keras.ops.image.resize(bytes_, SIZE, antialias=True)
    seen = keras.applications.vgg16.preprocess_input(
        np.array(keras.ops.convert_to_numpy(large))
    )
    maps = keras.ops.convert_to_numpy(network(seen, training=False))
    given = bytes_.copy()
    np.testing.assert_allclose(
        by_name.transform(given), maps.mean(axis=(1, 2)), atol=1e-4
    )
    np.testing.assert_array_equal(given, bytes_)
    grey = by_name.transform(bytes_[..., 0])
    np.testing.assert_array_equal(grey, by_name.transform(bytes_))


@pytest.mark.parametrize(
    ("params", "n_components", "pool"),
    [
        ({"pooling": "max"}, 64, lambda maps: maps.max(axis=(1, 2))),
        ({"pooling": "avg"}, 64, lambda maps: maps.mean(axis=(1, 2))),
        ({"pooling": None}, 16 * 16 * 64, lambda maps: maps.reshape(len(maps), -1)),
    ],
)
def test_layers_and_pooling(vgg, images, params, n_components, pool):
    network, path = vgg
    features = PretrainedFeatures(
        "VGG16",
        weights=path,
        image_size=SIZE,
        layer="block1_pool",
        preprocessing=None,
        **params,
    ).fit(images[:4])
    inner = keras.Model(network.inputs, network.get_layer("block1_pool").output)
    large = keras.ops.image.resize(
        np.repeat(images[:4, :, :, None], 3, axis=-1), SIZE, antialias=True
    )
    maps = keras.ops.convert_to_numpy(inner(large))
    assert features.n_components_ == n_components
    np.testing.assert_allclose(features.transform(images[:4]), pool(maps), atol=1e-4)


@on_torch_or_asked
def test_random_weights_are_fixed_by_the_seed(images):
    features = PretrainedFeatures(
        "VGG16", weights=None, image_size=SIZE, layer="block1_pool", random_state=0
    )
    first = features.fit_transform(images[:4])
    np.testing.assert_array_equal(clone(features).fit_transform(images[:4]), first)
    other = features.set_params(random_state=1).fit_transform(images[:4])
    assert not np.allclose(other, first)
    assert not np.allclose(first[0], first[1])


@on_torch_or_asked
def test_imagenet_weights_come_from_keras(vgg, images, monkeypatch):
    """Compare features where weights are available, and read the error where not."""
    network, path = vgg
    build = keras.applications.VGG16

    def with_weights(weights, **arguments):
        assert weights == "imagenet"
        model = build(weights=None, **arguments)
        model.load_weights(path)
        return model

    with_weights.__module__ = build.__module__
    monkeypatch.setattr(keras.applications, "VGG16", with_weights)
    features = PretrainedFeatures("VGG16", image_size=SIZE).fit(images)
    expected = features.transform(images)
    text = pickle.dumps(features)
    assert len(text) < 200_000  # a name and a checksum
    np.testing.assert_array_equal(pickle.loads(text).transform(images), expected)

    network.get_layer("block1_conv1").bias.assign_add(np.ones(64, np.float32))
    network.save_weights(path.with_name("other.weights.h5"))
    network.get_layer("block1_conv1").bias.assign_sub(np.ones(64, np.float32))
    path = path.with_name("other.weights.h5")
    with pytest.raises(ValueError, match="are others now"):
        pickle.loads(text).transform(images)

    def without_connection(**arguments):
        raise OSError("URL fetch failure")

    without_connection.__module__ = build.__module__
    monkeypatch.setattr(keras.applications, "VGG16", without_connection)
    with pytest.raises(ValueError, match=r"URL fetch failure.*weights=PATH"):
        PretrainedFeatures("VGG16").fit(images)


@on_torch_or_asked
def test_models_in_files(convolutional, images, tmp_path):
    path = tmp_path / "model.keras"
    convolutional.save(path)
    expected = PretrainedFeatures(convolutional).fit_transform(images)
    features = PretrainedFeatures(path).fit(images)
    path.unlink()
    np.testing.assert_allclose(features.transform(images), expected, atol=1e-6)
    with pytest.raises(ValueError, match=r"model\.keras' is no file"):
        clone(features).fit(images)
    path.write_text("nonsense")
    with pytest.raises(ValueError, match=r"model\.keras' cannot be read"):
        clone(features).fit(images)


def test_weights_in_files(convolutional, images, tmp_path):
    path = tmp_path / "zeros.weights.h5"
    blank = keras.models.clone_model(convolutional)
    blank.set_weights([0 * w for w in convolutional.get_weights()])
    blank.save_weights(path)
    features = PretrainedFeatures(convolutional, weights=path)
    assert not features.fit_transform(images).any()
    with pytest.raises(ValueError, match=r"gone\.h5' is no file"):
        features.set_params(weights=tmp_path / "gone.h5").fit(images)
    with pytest.raises(ValueError, match="do not fit"):
        PretrainedFeatures("VGG16", weights=path, image_size=SIZE).fit(images)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"model": "MobileNetV9"}, r"Did you mean 'MobileNetV\d"),
        ({"layer": "map"}, "Did you mean 'maps'"),
        ({"weights": "imagenet"}, "networks by name"),
        ({"image_size": (16, 16)}, "image_size"),
        ({"image_size": (16,)}, "image_size"),
        ({"image_shape": (0, 8)}, "image_shape"),
        ({"pooling": "min"}, "pooling"),
        ({"preprocessing": lambda images: images[0]}, "preprocessing"),
        ({"preprocessing": lambda images: images.nothing}, "AttributeError"),
        ({"batch_size": 0}, "batch_size"),
    ],
)
def test_bad_parameters(convolutional, images, params, message):
    features = PretrainedFeatures(**{"model": convolutional} | params)
    with pytest.raises(ValueError, match=message):
        features.fit(images)
    assert not hasattr(features, "n_components_")


def test_bad_images(convolutional, by_name, images):
    features = PretrainedFeatures(convolutional).fit(images)
    spoilt = images.copy()
    spoilt[40, 3, 3] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity in image 40"):
        features.transform(spoilt)
    with pytest.raises(ValueError, match="image_shape"):
        features.transform(images.reshape(70, -1))
    with pytest.raises(ValueError, match="0 images"):
        features.transform(images[:0])
    with pytest.raises(ValueError, match="2 channels"):
        features.transform(np.zeros((3, 8, 8, 2)))
    with pytest.raises(ValueError, match=r"\[0, 255\]"):
        by_name.transform(images * 100)
    unbuilt = keras.Sequential([layers.Conv2D(3, 3)])
    with pytest.raises(ValueError, match="not built"):
        PretrainedFeatures(unbuilt, image_shape=(8, 8)).fit(images.reshape(70, -1))


COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "deepcopy": copy.deepcopy,
}


@on_torch_or_asked
@pytest.mark.parametrize("how", COPIES)
def test_copies_compute_the_same(convolutional, images, how):
    features = PretrainedFeatures(convolutional).fit(images)
    expected = features.transform(images)
    np.testing.assert_array_equal(COPIES[how](features).transform(images), expected)


LOAD = """
import pickle, sys, numpy as np
with open(sys.argv[1], "rb") as file:
    features, X = pickle.load(file)
np.save(sys.argv[2], [each.transform(X) for each in features])
"""


@on_torch_or_asked
def test_a_pickle_loads_under_another_backend(convolutional, images, tmp_path):
    other = "jax" if keras.backend.backend() == "torch" else "torch"
    pytest.importorskip(other)
    rows = images.reshape(70, -1)
    dense = keras.Sequential([layers.Dense(5)])
    features = [
        PretrainedFeatures(convolutional, image_shape=(8, 8)).fit(rows),
        PretrainedFeatures(dense, random_state=0).fit(rows),
    ]
    expected = [each.transform(rows) for each in features]
    for each in features:
        each.set_params(model="is in the pickle")
    path, out = tmp_path / "features.pickle", tmp_path / "out.npy"
    path.write_bytes(pickle.dumps((features, rows)))
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD, path, out],
        check=True,
        env={**os.environ, "KERAS_BACKEND": other},
    )
    np.testing.assert_allclose(np.load(out), expected, atol=1e-4)


def refuse(self, images):
    raise RuntimeError("The features were computed.")


def test_memory_in_a_place_that_cannot_be_written(convolutional, images, tmp_path):
    file = tmp_path / "file"
    file.touch()
    features = PretrainedFeatures(convolutional, memory=file / "cache").fit(images)
    with pytest.raises(ValueError, match=r"(?s)memory=.*cannot keep.*Give a folder"):
        features.transform(images)


def test_memory_spares_the_network(convolutional, images, files, tmp_path, monkeypatch):
    memory = joblib.Memory(tmp_path / "cache", verbose=0)
    features = PretrainedFeatures(convolutional, memory=memory).fit(images)
    first = features.transform(images), features.transform(files)
    idle = pickle.loads(pickle.dumps(features))
    monkeypatch.setattr(type(idle._features), "compute", refuse)
    for expected, X in zip(first, (images, files), strict=True):
        np.testing.assert_array_equal(idle.transform(X), expected)
    os.utime(files[0], (1, 1))
    for X in (files, images[:3]):
        with pytest.raises(RuntimeError, match="computed"):
            idle.transform(X)


def test_rows_go_through_networks_of_rows(digits):
    network = keras.Sequential(
        [keras.Input((64,)), layers.Dense(6, "tanh"), layers.Dense(3, name="last")]
    )
    features = PretrainedFeatures(network).fit(digits)
    expected = keras.ops.convert_to_numpy(network(digits))
    np.testing.assert_allclose(features.transform(digits), expected, atol=1e-5)
    assert features.image_size_ is None
    inner = PretrainedFeatures(network, layer=network.layers[0].name).fit(digits)
    assert inner.n_components_ == 6
    fresh = clone(features).set_params(weights=None, random_state=0)
    assert not np.allclose(fresh.fit_transform(digits), expected, atol=0.1)
    with pytest.raises(ValueError, match="does not accept the 63 columns"):
        features.fit(digits[:, 1:])


def test_in_a_pipeline(convolutional):
    images, digit = load_digits().images, load_digits().target
    features = PretrainedFeatures(convolutional, layer="maps", pooling=None)
    model = make_pipeline(features, LogisticRegression(max_iter=300))
    model.fit(images[:300].astype(np.float32), digit[:300])
    assert model.score(images[300:900].astype(np.float32), digit[300:900]) > 0.8


def test_nothing_is_loaded_before_fit():
    features = PretrainedFeatures("VGG16", weights=Path("gone.h5"))
    assert clone(features).get_params()["weights"] == Path("gone.h5")
    assert "VGG16" in repr(features)


def test_the_documentation_says_what_a_cache_is_trusted_with():
    text = " ".join(PretrainedFeatures.__doc__.split())
    assert "A folder is trusted like a pickle" in text


def of_rows(value):
    network = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    network.set_weights([np.full_like(w, value) for w in network.get_weights()])
    return network


@pytest.mark.parametrize("built", [True, False])
def test_weights_in_files_of_networks_of_rows(tmp_path, built):
    path = tmp_path / "twos.weights.h5"
    of_rows(2.0).save_weights(path)
    network = of_rows(0.0) if built else keras.Sequential([layers.Dense(2)])
    X = np.arange(12.0).reshape(4, 3)
    features = PretrainedFeatures(network, weights=path)
    expected = np.repeat(2 * X.sum(1, keepdims=True) + 2, 2, axis=1)
    np.testing.assert_allclose(features.fit_transform(X), expected)
    with pytest.raises(ValueError, match=r"gone.h5' is no file"):
        features.set_params(weights=tmp_path / "gone.h5").fit(X)
    other = keras.Sequential([keras.Input((3,)), layers.Dense(5)])
    with pytest.raises(ValueError, match="do not fit"):
        PretrainedFeatures(other, weights=path).fit(X)


def test_weights_that_are_not_finite_are_refused(convolutional, images, tmp_path):
    def spoilt(network):
        weights = network.get_weights()
        weights[0].flat[1] = np.nan
        network.set_weights(weights)
        return network

    rows, path = spoilt(of_rows(0.0)), tmp_path / "nan.weights.h5"
    rows.save_weights(path)
    X = np.ones((4, 3))
    for model, weights in ((rows, "auto"), (of_rows(0.0), path)):
        with pytest.raises(ValueError, match=r"not finite: 1 of 6 in .*kernel"):
            PretrainedFeatures(model, weights=weights).fit(X)
    whole = keras.models.clone_model(convolutional)
    spoilt(whole).save_weights(path)
    whole.save(tmp_path / "nan.keras")
    given = ((whole, "auto"), (convolutional, path), (tmp_path / "nan.keras", "auto"))
    for model, weights in given:
        with pytest.raises(ValueError, match="not finite: 1 of"):
            PretrainedFeatures(model, weights=weights).fit(images)
