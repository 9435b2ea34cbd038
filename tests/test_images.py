"""Images as inputs: forms of data, convolutions, augmentation, files."""

import io
import os
import pickle
import socket
import struct
import zlib

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skunsup import (
    GAN,
    AAEClustering,
    Autoencoder,
    AutoencoderDetector,
    BiGAN,
    Images,
    VariationalAutoencoder,
    image_paths,
)
from skunsup._networks import Augmentation
from skunsup._networks._augmentation import sampled
from skunsup.inputs.images._image_file import FileLimits, load_image
from skunsup.inputs.images._layers import StridedConv2D, TransposedConv2D
from skunsup.inputs.images._shapes import default_filters

from .helpers import on_torch_or_asked

QUICK = {"n_components": 4, "hidden_layer_sizes": 8, "epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def images(digits):
    """Two hundred digits of 8 x 8 pixels, as bytes."""
    return np.uint8(255 * digits[:200].reshape(-1, 8, 8))


@pytest.fixture(scope="module")
def model(images):
    """A convolutional autoencoder of bytes, hardly trained."""
    return Autoencoder(**QUICK, inputs=Images()).fit(images)


@pytest.fixture(scope="module")
def learned(digits):
    """One that has learned, of the first 1,200 digits."""
    model = Autoencoder(
        8,
        inputs=Images((8, 8)),
        batch_size=32,
        epochs=40,
        learning_rate=0.003,
        random_state=0,
    )
    return model.fit(digits[:1200])


@pytest.fixture
def files(images, tmp_path):
    """The first twelve images as files, in a folder and one below."""
    (tmp_path / "more").mkdir()
    for i, image in enumerate(images[:12]):
        folder = tmp_path / "more" if i > 9 else tmp_path
        keras.utils.save_img(folder / f"{i:02}.png", image[..., None], scale=False)
    return tmp_path


def test_the_form_of_images_changes_nothing(images, model):
    codes = model.transform(images)
    as_rows = images.reshape(200, 64)
    for same in (images[..., None], as_rows, list(images), images / np.float64(255)):
        np.testing.assert_array_equal(model.transform(same), codes)
    rows = Autoencoder(**QUICK, inputs=Images((8, 8))).fit(as_rows)
    np.testing.assert_array_equal(rows.transform(as_rows), codes)


def test_whole_numbers_are_bytes_after_a_fit_to_bytes(images, model):
    codes, frame = model.transform(images[:5]), pd.DataFrame(images[:5].reshape(5, 64))
    nullable = frame.astype("UInt8")
    for same in (images[:5].astype(int), images[:5].tolist(), frame, nullable):
        np.testing.assert_array_equal(model.transform(same), codes)
    np.testing.assert_array_equal(Images((8, 8)).fit(nullable).dtype_, np.uint8)
    with pytest.raises(ValueError, match="holds 256 of type int64, but fit saw bytes"):
        model.transform(images[:5].astype(int) + 1)


def test_pixels_that_are_probably_bytes_are_named(images, model):
    numbers = images[:5].astype(int)
    with pytest.warns(UserWarning, match="pixels up to 255 of type int64. Only bytes"):
        kind = Images().fit(numbers)
    np.testing.assert_array_equal(kind.transform(images[:5]), numbers.reshape(5, 64))
    with pytest.warns(UserWarning, match="float32, but fit saw uint8 up to 1"):
        model.transform(images[:5].astype(np.float32))


def test_columns_of_pixels_keep_their_names(images):
    frame = pd.DataFrame(images.reshape(200, 64)).add_prefix("pixel")
    kind = Images((8, 8)).fit(frame)
    assert kind.feature_names_in_.tolist() == frame.columns.tolist()
    with pytest.raises(ValueError, match="same order"):
        kind.transform(frame[frame.columns[::-1]])
    assert not hasattr(kind.fit(images), "feature_names_in_")


def test_what_comes_back_is_what_went_in(images, model):
    again = model.reconstruct(images[:5])
    assert again.shape == (5, 8, 8)
    assert again.dtype == np.uint8
    decoded = model.inverse_transform(model.transform(images[:5]))
    np.testing.assert_allclose(decoded.astype(int), again.astype(int), atol=1)
    rows = Autoencoder(**QUICK, inputs=Images((4, 4, 4)))
    rows.fit(images.reshape(-1, 64) / 255)
    assert rows.reconstruct(images[:5].reshape(5, 64) / 255).shape == (5, 64)
    assert rows.n_features_in_ == 64


def test_an_image_is_coded_alone(images, model):
    codes = model.transform(images)
    np.testing.assert_array_equal(model.transform(images[7:8]), codes[7:8])
    np.testing.assert_array_equal(model.transform(images[::-1]), codes[::-1])


def test_it_restores_images_better_than_pca(learned, digits):
    new = digits[1200:]
    error = np.mean((learned.reconstruct(new) - new) ** 2)
    pca = PCA(8).fit(digits[:1200])
    assert error < 0.95 * np.mean(
        (pca.inverse_transform(pca.transform(new)) - new) ** 2
    )


@on_torch_or_asked
def test_augmentation_makes_codes_depend_less_on_place(digits, learned):
    inputs = Images((8, 8), shift=0.15)
    moved = clone(learned).set_params(inputs=inputs).fit(digits[:1200])
    new = digits[1200:].reshape(-1, 8, 8)
    shifted = np.roll(new, 1, axis=2)

    def relative(model):
        """Squared distance that a shift makes, relative to that between digits."""
        here, there = model.transform(new), model.transform(shifted)
        return np.mean((here - there) ** 2) / np.mean((here - here[::-1]) ** 2)

    assert relative(moved) < 0.7 * relative(learned)


def test_dense_layers_take_augmentation_too(images):
    inputs = Images(filters=(), shift=0.1)
    model = Autoencoder(**QUICK, inputs=inputs, init="pca").fit(images)
    assert [layer.__class__.__name__ for layer in model.model_.encoder.layers] == [
        "Dense",
        "Dense",
    ]
    assert model.reconstruct(images[:3]).shape == (3, 8, 8)


@pytest.mark.parametrize(
    "estimator",
    [
        VariationalAutoencoder(
            **QUICK, inputs=Images(shift=0.1), likelihood="bernoulli"
        ),
        BiGAN(**QUICK, inputs=Images(flip="horizontal")),
        GAN(**QUICK, inputs=Images(), gradient_penalty=1.0),
        AAEClustering(3, **QUICK, inputs=Images()),
        AutoencoderDetector(**QUICK, inputs=Images(), n_estimators=2),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
@on_torch_or_asked
def test_every_family_takes_images(estimator, images):
    estimator = clone(estimator).fit(images)
    scores = estimator.score_samples(images)
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) > 150
    if hasattr(estimator, "sample"):
        drawn = estimator.sample(3, random_state=0)
        assert drawn.shape == (3, 8, 8)
        assert drawn.dtype == np.uint8
    if hasattr(estimator, "feature_scores"):
        assert estimator.feature_scores(images[:3]).shape == (3, 64)
    if hasattr(estimator, "predict"):
        assert estimator.predict(images).shape == (200,)


def test_it_is_picklable_and_goes_on(images, model):
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.transform(images), model.transform(images))
    again.partial_fit(images[:32])
    assert again.score(images) != model.score(images)
    warm = clone(model).set_params(warm_start=True).fit(images)
    before = warm.score(images)
    assert warm.fit(images).score(images) > before


@on_torch_or_asked
def test_it_is_searched_in_a_pipeline(digits):
    pipeline = make_pipeline(
        MinMaxScaler(), Autoencoder(**QUICK, inputs=Images((8, 8)))
    )
    grid = {"autoencoder__inputs__filters": [(4,)]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(digits[:100])
    assert search.best_estimator_.transform(digits[:5]).shape == (5, 4)


@on_torch_or_asked
def test_columns_of_pixels_are_picked_from_a_table(digits):
    table = np.hstack([digits[:100], np.arange(100)[:, None]])
    model = Autoencoder(**QUICK, inputs=Images((8, 8)))
    columns = make_column_transformer((model, slice(0, 64)), remainder="passthrough")
    assert columns.fit_transform(table).shape == (100, 5)


def test_a_memory_map_of_bytes_is_read_in_place(images, model, tmp_path):
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    fitted = clone(model).fit(mapped)
    np.testing.assert_array_equal(fitted.transform(mapped), model.transform(images))


def test_own_networks_take_and_return_images(images):
    layers = keras.layers
    encoder = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(4)]
    )

    def decoder(n_inputs, shape):
        return keras.Sequential(
            [keras.Input((n_inputs,)), layers.Dense(64), layers.Reshape(shape)]
        )

    model = Autoencoder(
        epochs=2, inputs=Images(), encoder=encoder, decoder=decoder, random_state=0
    ).fit(images)
    assert model.transform(images).shape == (200, 4)
    assert model.reconstruct(images[:2]).shape == (2, 8, 8)


def test_files_are_read_as_arrays_are(files, images, model):
    paths = image_paths(files)
    assert len(paths) == 12
    inputs = Images((8, 8))
    fitted = Autoencoder(**QUICK, inputs=inputs).fit(images[:12])
    from_files = Autoencoder(**QUICK, inputs=inputs).fit(paths)
    codes = fitted.transform(images[:12])
    np.testing.assert_array_equal(from_files.transform(list(paths)), codes)
    np.testing.assert_array_equal(from_files.transform(paths[:, None]), codes)
    colour = Autoencoder(**QUICK, inputs=Images()).fit(paths)
    assert colour.reconstruct(paths[:2]).shape == (2, 8, 8, 3)


def test_files_that_cannot_be_read_are_named(files):
    whole = (files / "03.png").read_bytes()
    (files / "03.png").write_bytes(whole[: len(whole) // 2])
    (files / "05.png").write_text("no image")
    with pytest.raises(ValueError, match=r"03\.png' cannot be read"):
        image_paths(files)
    kept = image_paths(files, unreadable="skip")
    assert len(kept) == 10
    model = Autoencoder(**QUICK, inputs=Images((8, 8)))
    with pytest.raises(ValueError, match=r"05\.png' cannot be read"):
        model.fit([*kept, str(files / "05.png")])
    with pytest.raises(ValueError, match=r"gone\.png' cannot be read: there is no"):
        model.fit([*kept, "gone.png"])
    with pytest.raises(ValueError, match="not a folder"):
        image_paths(files / "none")
    with pytest.raises(ValueError, match="unreadable='drop'"):
        image_paths(files, unreadable="drop")
    (files / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no image"):
        image_paths(files / "empty")


def png(width, height, frames=1):
    """Return a file of 300 bytes that says it has so many pixels, all black."""
    image = io.BytesIO()
    small = [Image.new("L", (1, 1), i) for i in range(frames)]
    small[0].save(image, "png", save_all=frames > 1, append_images=small[1:])
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    found = bytearray(image.getvalue())
    found[12:33] = head + struct.pack(">I", zlib.crc32(head))
    return bytes(found)


def hostile(folder):
    """Make files in a folder, each with what is said of it."""
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    (folder / "zero.png").symlink_to("/dev/zero")
    (folder / "lost.png").symlink_to(folder / "nowhere")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    (folder / "bomb.png").write_bytes(png(50_000, 50_000))
    (folder / "large.png").write_bytes(png(1000, 1000))
    (folder / "long.png").write_bytes(png(8, 8) + bytes(20_000))
    (folder / "none.png").write_bytes(b"")
    (folder / "drawing.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n"
    )
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket.png"))
    return {
        "folder": "it is a folder, but expected a regular file",
        "pipe": "it is a pipe",
        "zero": "it is a device",
        "socket": "it is a socket",
        "lost": "there is no such file",
        "loop": "symbolic links",
        "bomb": "2500000000 pixels.*above max_pixels=10000",
        "large": "1000 x 1000 pixels, which is above max_pixels=10000",
        "long": "20[0-9]{3} bytes, which is above max_file_size=20000",
        "none": "cannot identify",
        "drawing": r"a drawing \(EPS\)",
    }


LIMITS = {"max_pixels": 10_000, "max_file_size": 20_000}


def test_files_of_strangers_are_named_or_left_out(files):
    expected = hostile(files)
    kept = image_paths(files, unreadable="skip", **LIMITS)
    assert len(kept) == 12
    model = Autoencoder(**QUICK, inputs=Images((8, 8), **LIMITS)).fit(kept)
    for name, message in expected.items():
        path = files / f"{name}.png"
        message = rf"{name}\.png' cannot be read: .*{message}"
        for use in (model.transform, model.fit):
            with pytest.raises(ValueError, match=message):
                use([*kept[:3], path])
    for path in files.glob("*.png"):
        if path.stem.isdigit():
            path.unlink()
    for name in sorted(expected):  # as they are found
        with pytest.raises(ValueError, match=rf"{name}\.png' cannot be read: "):
            image_paths(files, **LIMITS)
        path = files / f"{name}.png"
        path.rmdir() if name == "folder" else path.unlink()


def test_limits_of_files_are_parameters(files, images):
    paths = image_paths(files, max_pixels=64, max_file_size=None)
    for limits in ({"max_pixels": 63}, {"max_file_size": 60}):
        with pytest.raises(ValueError, match=next(iter(limits))):
            image_paths(files, **limits)
        with pytest.raises(ValueError, match=next(iter(limits))):
            Autoencoder(**QUICK, inputs=Images(**limits)).fit(paths)
    with pytest.raises(ValueError, match="max_pixels=0, but expected"):
        image_paths(files, max_pixels=0)
    with pytest.raises(ValueError, match="'max_file_size' parameter"):
        Autoencoder(**QUICK, inputs=Images(max_file_size=-1)).fit(images)
    (files / "bomb.png").write_bytes(png(50_000, 50_000))
    with pytest.raises(ValueError, match=r"set PIL\.Image\.MAX_IMAGE_PIXELS too"):
        image_paths(files, max_pixels=None)


def test_of_files_with_several_images_the_first_is_read(tmp_path):
    frames = [Image.new("L", (8, 8), level) for level in (10, 200)]
    for ending in ("gif", "png", "tiff", "webp"):
        path = tmp_path / f"a.{ending}"
        frames[0].save(path, save_all=True, append_images=frames[1:])
        image = load_image(str(path), (8, 8, 1), FileLimits())
        assert abs(image - 10).max() < 5


def test_whatever_a_decoder_raises_is_named(files, monkeypatch):
    for error in (MemoryError(), EOFError(), struct.error("no"), RuntimeWarning("w")):
        with monkeypatch.context() as patch:
            patch.setattr("PIL.ImageFile.ImageFile.load", raising(error))
            with pytest.raises(ValueError, match=r"00\.png' cannot be read: \w+"):
                image_paths(files)


def raising(error):
    def load(self):
        raise error

    return load


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((5, 64)), "rows of pixels, which could be images of many"),
        ([np.zeros((8, 8)), np.zeros((8, 9))], r"\(8, 8\) at 0 and \(8, 9\) at 1"),
        (np.zeros((1, 8, 8)), "minimum of 2"),
        (np.zeros((2, 2, 8, 8, 3)), r"shape \(2, 2, 8, 8, 3\)"),
        (np.full((3, 8, 8), np.nan), "contains NaN in row 0"),
        (np.full((3, 8, 8), "a"), r"holds 'a'|expected images"),
        ("digits", "single path 'digits'"),
        ([1j, 2j], "complex"),
    ],
)
def test_bad_images_are_refused(X, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Autoencoder(**QUICK, inputs=Images()).fit(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (
            np.zeros((3, 8, 8, 3)),
            r"images of shape \(8, 8, 3\), but Autoencoder is for",
        ),
        (np.zeros((3, 9, 8)), r"\(9, 8, 1\)"),
        (np.zeros((3, 63)), "64 features"),
    ],
)
def test_other_images_than_in_fit_are_refused(model, X, message):
    with pytest.raises(ValueError, match=message):
        model.transform(X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"filters": (8, 0)}, r"filters=\(8, 0\)"),
        ({"image_shape": (8, 8, 1, 1)}, r"image_shape=\(8, 8, 1, 1\)"),
        ({"shift": 2.0}, "shift"),
        ({"flip": "sideways"}, "flip"),
    ],
)
def test_bad_parameters_are_refused(images, parameters, message):
    with pytest.raises(ValueError, match=message):
        Autoencoder(**QUICK, inputs=Images(**parameters)).fit(images)


@pytest.mark.parametrize("shape", [(7, 9, 1), (1, 5, 2), (16, 11, 3)])
@on_torch_or_asked
def test_any_size_and_number_of_channels(shape):
    images = np.random.default_rng(0).random((20, *shape)).astype(np.float32)
    model = Autoencoder(**QUICK, inputs=Images()).fit(images)
    assert model.reconstruct(images).shape == images.shape


def test_images_are_halved_until_four_pixels_are_left():
    assert default_filters((8, 8, 1)) == (32,)
    assert default_filters((28, 28, 1)) == (32, 64)
    assert default_filters((32, 32, 3)) == (32, 64, 128)
    assert default_filters((224, 224, 3)) == (32, 64, 128, 128, 128)
    assert default_filters((2, 2, 1)) == (32,)


@pytest.mark.parametrize("size", [(7, 8), (5, 3), (1, 2)])
@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    ("own", "other"),
    [
        (StridedConv2D, keras.layers.Conv2D),
        (TransposedConv2D, keras.layers.Conv2DTranspose),
    ],
)
def test_convolutions_are_those_of_keras(size, kernel_size, own, other):
    x = np.random.default_rng(0).normal(size=(2, *size, 3)).astype(np.float32)
    theirs = other(4, kernel_size, strides=2, padding="same", bias_initializer="ones")
    ours = own(4, kernel_size)
    expected, shape = theirs(x), ours(x).shape
    ours.set_weights(theirs.get_weights())
    assert tuple(ours.compute_output_shape(x.shape)) == tuple(shape)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(ours(x)),
        keras.ops.convert_to_numpy(expected),
        atol=1e-5,
    )


def changed(x, shape=(8, 8, 1), **changes):
    return keras.ops.convert_to_numpy(
        Augmentation(shape, **changes)(keras.ops.convert_to_tensor(x))
    )


def test_each_change_is_what_its_name_says(digits):
    x = digits[:50]
    images = x.reshape(-1, 8, 8)
    np.testing.assert_allclose(changed(x, rotation=1e-9), x, atol=1e-5)
    flipped = changed(x, flip="horizontal").reshape(-1, 8, 8)
    mirrored = np.isclose(flipped, images[:, :, ::-1], atol=1e-5).all((1, 2))
    kept = np.isclose(flipped, images, atol=1e-5).all((1, 2))
    assert (mirrored | kept).all()
    assert 10 < mirrored.sum() < 40
    turned = changed(x, flip="vertical").reshape(-1, 8, 8)
    assert np.isclose(turned, images[:, ::-1], atol=1e-5).all((1, 2)).sum() > 10
    contrast = changed(x, contrast=0.5)
    np.testing.assert_allclose(contrast.mean(1), x.mean(1), atol=1e-5)
    ratio = contrast.std(1) / x.std(1)
    assert 0.5 < ratio.min() < 0.7
    assert 1.3 < ratio.max() < 1.5
    for name, level in (("shift", 0.2), ("rotation", 20), ("zoom", 0.2), ("crop", 0.3)):
        moved = changed(x, **{name: level})
        assert np.abs(moved - x).mean() > 0.01
        assert moved.min() >= -1e-6
        assert moved.max() <= 1 + 1e-6


def test_a_shift_moves_the_centre_no_further_than_asked():
    dot = np.zeros((400, 15, 15), np.float32)
    dot[:, 7, 7] = 1.0
    moved = changed(dot.reshape(400, -1), (15, 15, 1), shift=0.2).reshape(-1, 15, 15)
    place = np.arange(15)
    centres = moved.sum((2,)) @ place / moved.sum((1, 2)) - 7
    assert 2.7 < np.abs(centres).max() <= 3.0 + 1e-4
    assert abs(centres.mean()) < 0.4


def test_values_between_pixels_are_bilinear():
    image = np.arange(12.0, dtype=np.float32).reshape(1, 3, 4, 1)
    y, x = np.full((1, 3, 4), 1.25, np.float32), np.full((1, 3, 4), 2.5, np.float32)
    value = keras.ops.convert_to_numpy(
        sampled(*map(keras.ops.convert_to_tensor, (image, y, x)))
    )
    np.testing.assert_allclose(value, 4 * 1.25 + 2.5, rtol=1e-6)
