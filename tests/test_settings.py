"""Settings of Keras, torch and scikit-learn do not change what is learned."""

import warnings

import keras
import numpy as np
import pytest
from sklearn import config_context
from sklearn.decomposition import PCA

from skunsup import Autoencoder, Images, SeriesDetector, Text
from skunsup._networks import DecoderLayers, EncoderLayers
from skunsup.inspection._places import placed

QUICK = {"hidden_layer_sizes": (8,), "epochs": 1, "random_state": 0}
IMAGES = np.random.default_rng(0).random((12, 5, 6, 2), np.float32)
TEXTS = ["red apple", "green pear", "red pear"] * 4
KINDS = {
    "images": (Images(filters=(2,)), IMAGES),
    "text": (Text(units=2, embedding_dim=2), TEXTS),
}


@pytest.fixture(params=["mixed_float16", "float64"])
def policy(request):
    """Another type of layers than float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


@pytest.fixture
def channels_first():
    """The other order of the axes of images."""
    keras.config.set_image_data_format("channels_first")
    yield
    keras.config.set_image_data_format("channels_last")


def networks(name):
    """Encoder and decoder of a kind of data, with start values."""
    inputs, X = KINDS[name]
    inputs.fit(X)
    parts = (
        inputs.encoder(EncoderLayers((4, 2), "relu")),
        inputs.decoder(DecoderLayers(2, (4,), "relu", "linear")),
    )
    built = [part.build() for part in parts]
    for part, network in zip(parts, built, strict=True):
        values = part.initial_values(np.random.default_rng(0))
        for variable, value in zip(network.variables, values, strict=True):
            variable.assign(value)
    return built


@pytest.mark.parametrize("name", KINDS)
def test_layers_compute_in_single_precision(name, policy):
    for network in networks(name):
        assert {layer.compute_dtype for layer in network.layers} == {"float32"}
        assert {variable.dtype for variable in network.variables} == {"float32"}
    assert keras.config.dtype_policy().name == policy


def test_the_order_of_axes_changes_nothing(request):
    found = []
    for _ in range(2):
        encoder, decoder = networks("images")
        codes = encoder(IMAGES.reshape(12, -1))
        found.append([keras.ops.convert_to_numpy(x) for x in (codes, decoder(codes))])
        request.getfixturevalue("channels_first")
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_containers_of_output_are_for_the_user_alone(container, blobs):
    detector = SeriesDetector(PCA(2), window_length=3)
    with config_context(transform_output=container):
        Autoencoder(2, init="pca", **QUICK).fit(blobs)
        assert Text().fit_transform(TEXTS).shape == (12, 2)
        assert placed(blobs, None)[0][:, 0].shape == (60,)
        detector.fit(blobs)
    assert detector.score_samples(blobs).shape == (60,)


def test_a_fit_is_possible_where_warnings_are_errors(blobs):
    model = Autoencoder(2, optimizer=keras.optimizers.Adam(), **QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.fit(blobs).transform(blobs).shape == (60, 2)


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="Modes of torch.")
@pytest.mark.parametrize("mode", ["inference_mode", "no_grad"])
def test_training_takes_gradients_in_any_mode(mode, blobs):
    torch = pytest.importorskip("torch")
    params = {
        **QUICK,
        "hidden_layer_sizes": (9,),
    }  # a network that no test built before
    with getattr(torch, mode)():
        inside = Autoencoder(2, **params).fit(blobs)
        codes = inside.transform(blobs)
    outside = Autoencoder(2, **params).fit(blobs)
    np.testing.assert_array_equal(codes, outside.transform(blobs))
