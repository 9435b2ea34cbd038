"""Minibatches and epochs by the kind of data, where they are "auto"."""

import inspect

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import skunsup
from skunsup import (
    Autoencoder,
    AutoencoderDetector,
    Blocks,
    Images,
    Sequences,
    Table,
    Text,
    VAEDetector,
    VariationalAutoencoder,
)
from skunsup.inputs import TrainingDefaults

from .helpers import on_torch_or_asked

QUICK = {"hidden_layer_sizes": (16,), "random_state": 0}
RNG = np.random.default_rng(0)
IMAGES = RNG.random((2000, 4, 4), np.float32)
ROWS = np.zeros((2000, 784), np.float32)
TEXTS = [f"apple {i}" for i in range(1000)]
# 104 tokens each, of a vocabulary of 5,000.
LONG_TEXTS = [" ".join(map(str, range(i, i + 200))) for i in range(0, 6000, 5)]
FRAME = pd.DataFrame({"a": RNG.random(40), "b": ["x", "y"] * 20})


def plan(model, X, weight=None):
    """The plan by which a model would train on `X`."""
    data = model._training_data(model._learn(X, 2, keep=False), None, weight)
    return model._plan(data, stopping=False)


def chosen(inputs, X, **parameters):
    """Rows a step and epochs of a model."""
    found = plan(Autoencoder(inputs=inputs, **parameters), X)
    return found.batch_size, found.epochs


@pytest.mark.parametrize(
    ("inputs", "X", "expected"),
    [
        (None, RNG.random((100, 3)), (32, 100)),
        (Table(), FRAME, (32, 100)),
        (Sequences(), RNG.random((100, 5, 2)), (32, 100)),
        (Images(filters=()), IMAGES, (32, 100)),
        (Images(), IMAGES[:1000], (64, 200)),
        (Images(image_shape=(28, 28)), ROWS, (64, 47)),  # of 32 steps each
        (Images(image_shape=(28, 28)), ROWS[:100], (64, 200)),
        (Images(image_shape=(28, 28)), ROWS.repeat(5, axis=0), (64, 10)),
        (Images(image_shape=(14, 56)), ROWS, (64, 47)),
        (Images(image_shape=(56, 56)), np.tile(ROWS[:1000], 4), (64, 24)),
        (Text(split="character"), TEXTS, (32, 100)),
        (Text(), LONG_TEXTS, (32, 14)),
    ],
)
def test_the_kind_of_data_chooses(inputs, X, expected):
    assert chosen(inputs, X) == expected


def test_of_several_kinds_the_slowest_chooses():
    frame = pd.DataFrame({"image": list(ROWS[:1000].reshape(-1, 28, 28))})
    frame["a"], frame["text"] = RNG.random(1000), LONG_TEXTS[:1000]
    numbers, text = ("a", None, ["a"]), ("text", Text(), "text")
    images = ("image", Images(), "image")
    assert chosen(Blocks([numbers]), frame) == (32, 100)
    assert chosen(Blocks([numbers, images]), frame) == (64, 94)
    assert chosen(Blocks([images, text]), frame) == (32, 17)


def test_what_the_user_says_stands():
    kind = Images(image_shape=(28, 28))
    assert chosen(kind, ROWS, batch_size=32) == (32, 24)
    assert chosen(kind, ROWS, batch_size=None) == (None, 200)
    assert chosen(kind, ROWS, epochs=500) == (64, 500)
    assert chosen(kind, ROWS, epochs=None, max_steps=9) == (64, None)
    # So that a longer training can be asked for.
    assert chosen(kind, ROWS, max_steps=9000) == (64, 200)


def test_a_weight_is_repetition():
    model = Autoencoder(inputs=Images(image_shape=(28, 28)))
    assert plan(model, ROWS[:1000], np.full(1000, 2.0)).epochs == 47
    assert plan(model, ROWS).epochs == 47


def test_epochs_of_few_and_of_many_steps():
    found = TrainingDefaults(max_steps=100, least_epochs=2, most_epochs=20)
    assert [found.epochs(steps) for steps in (1, 10, 33, 1000)] == [20, 10, 4, 2]


@pytest.mark.parametrize("model", [Autoencoder, VariationalAutoencoder])
def test_fits_of_numbers_are_as_they_were(model, blobs):
    auto = model(**QUICK).fit(blobs)
    said = model(**QUICK, batch_size=32, epochs=100).fit(blobs)
    assert auto.n_iter_ == 100
    np.testing.assert_array_equal(auto.transform(blobs), said.transform(blobs))


@on_torch_or_asked
def test_partial_fit_takes_a_step_of_as_many_images():
    stream = Autoencoder(2, hidden_layer_sizes=(), inputs=Images(), random_state=0)
    stream.partial_fit(IMAGES[:64])
    whole = clone(stream).set_params(batch_size=None)
    np.testing.assert_array_equal(
        stream.transform(IMAGES), whole.partial_fit(IMAGES[:64]).transform(IMAGES)
    )


@on_torch_or_asked
def test_detectors_keep_their_own_defaults_and_take_auto(blobs):
    auto = AutoencoderDetector(**QUICK, epochs="auto").fit(blobs)
    said = AutoencoderDetector(**QUICK, batch_size=128, epochs=100).fit(blobs)
    np.testing.assert_array_equal(auto.score_samples(blobs), said.score_samples(blobs))


LARGE = {"inputs": Images(image_shape=(56, 56))}  # whose models take 375 steps


@pytest.mark.parametrize(
    ("detector", "X", "expected"),
    [
        (AutoencoderDetector(), RNG.random((100, 3)), (128, 500)),
        (AutoencoderDetector(novelty=True), RNG.random((100, 3)), (128, 1000)),
        (VAEDetector(inputs=Table()), FRAME, (128, 4000)),
        (AutoencoderDetector(**LARGE), np.zeros((9, 3136)), ("auto", 140)),
        (
            AutoencoderDetector(**LARGE, n_estimators=2),
            np.zeros((9, 3136)),
            ("auto", 281),
        ),
        (
            AutoencoderDetector(**LARGE, n_estimators=1),
            np.zeros((9, 3136)),
            ("auto", 375),
        ),
        (VAEDetector(**LARGE, novelty=True), np.zeros((9, 3136)), ("auto", 281)),
        (VAEDetector(**LARGE, batch_size=9), np.zeros((9, 3136)), (9, 375)),
        (VAEDetector(**LARGE, max_steps=9), np.zeros((9, 3136)), ("auto", 9)),
        (VAEDetector(**LARGE, epochs=9), np.zeros((9, 3136)), ("auto", None)),
        (
            AutoencoderDetector(inputs=Text(), scoring="reconstruction"),
            LONG_TEXTS,
            ("auto", 193),
        ),
    ],
)
def test_the_kind_of_data_limits_the_steps_of_detectors(
    monkeypatch, detector, X, expected
):
    """To those of a model, whose "auto" they take; to 1.5 times these of several."""
    seen = []

    def noted(model, *rest):
        seen.append((model.batch_size, model.max_steps))
        raise InterruptedError

    monkeypatch.setattr(type(detector), "_fitted", lambda self, _, *rest: noted(*rest))
    with pytest.raises(InterruptedError):
        detector.fit(X)
    assert seen == [expected]


def test_every_model_leaves_both_to_the_kind_of_data():
    for name in (name for name in skunsup.__all__ if callable(getattr(skunsup, name))):
        given = inspect.signature(getattr(skunsup, name)).parameters
        if "inputs" in given:
            defaults = given["batch_size"].default, given["epochs"].default
            detects = "contamination" in given
            # What trains for a number of steps says how many rows a step has.
            steps = given["max_steps"].default is not None and not detects
            expected = ("auto", "auto")
            if detects or steps:
                expected = ("auto" if detects else 256, None)
            assert defaults == expected


@pytest.mark.parametrize("name", ["batch_size", "epochs"])
def test_another_word_is_refused(name, blobs):
    with pytest.raises(ValueError, match=f"'{name}' parameter.*'auto'.*Got 'many'"):
        Autoencoder(**{name: "many"}).fit(blobs)
