"""Sequences as inputs: forms of data, padding, lengths, recurrent and dilated layers."""

import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skunsup.inputs import Sequences
from skunsup._networks import SequenceCells, n_layers_for
from skunsup._networks._steps import DilatedConv1D, StepCell
from skunsup.models import (
    GAN,
    AAEClustering,
    Autoencoder,
    BiGAN,
    VariationalAutoencoder,
)
from skunsup.outliers import AutoencoderDetector
from skunsup.preprocessing import SlidingWindows

STEPS, WIDTH = 6, 2
SMALL = {"units": 6}
QUICK = {"n_components": 3, "hidden_layer_sizes": 4, "epochs": 2, "random_state": 0}


def waves(n, steps, seed, shortest=None):
    """Sines of different frequency and phase beside cosines, perhaps cut short."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0.3, 0.8, n)[:, None] * np.arange(steps)
    phase = phase + rng.uniform(0, 6, n)[:, None]
    X = np.stack([np.sin(phase), np.cos(phase)], axis=-1).astype(np.float32)
    if shortest is None:
        return X
    return [x[: rng.integers(shortest, steps + 1)] for x in X]


@pytest.fixture(scope="module")
def full():
    """Sixty sequences of six steps of two numbers."""
    return waves(60, STEPS, 0)


@pytest.fixture(scope="module")
def ragged():
    """Sixty of three to six steps, the first of six."""
    return [waves(1, STEPS, 0)[0], *waves(59, STEPS, 1, shortest=3)]


@pytest.fixture(scope="module")
def on_full(full):
    """A model of sequences of one length, hardly trained."""
    return Autoencoder(**QUICK, inputs=Sequences(**SMALL)).fit(full)


@pytest.fixture(scope="module")
def on_ragged(ragged):
    """A model of sequences of different length, hardly trained."""
    return Autoencoder(**QUICK, inputs=Sequences(**SMALL)).fit(ragged)


@pytest.mark.parametrize("layer", ["gru", "conv"])
def test_it_restores_waves_of_any_length(layer):
    X, new = waves(300, 12, 0, shortest=6), waves(100, 12, 1, shortest=6)
    inputs = Sequences(layer, units=24)
    steps = 300 if keras.backend.backend() == "torch" else 700
    model = Autoencoder(
        5, inputs=inputs, max_steps=steps, learning_rate=5e-3, random_state=0
    ).fit(X)
    again, decoded = model.reconstruct(new), model.inverse_transform(model.transform(new))
    assert [len(x) for x in again] == [len(x) for x in new]
    error = np.mean([np.mean((a - x) ** 2) for a, x in zip(again, new, strict=True)])
    variance = np.concatenate(new).var()
    assert error < 0.3 * variance
    missed = np.mean([abs(len(a) - len(x)) for a, x in zip(decoded, new, strict=True)])
    assert missed < 0.7 * np.mean([abs(len(x) - 9) for x in new])


def test_the_form_of_sequences_changes_nothing(full, on_full):
    codes = on_full.transform(full)
    flat = full.reshape(60, -1)
    boxed = np.empty(60, object)
    boxed[:] = list(full)
    for same in (list(full), flat, flat.tolist(), boxed, full.astype(np.float64)):
        np.testing.assert_array_equal(on_full.transform(same), codes)
    inputs = Sequences(sequence_shape=(STEPS, WIDTH), **SMALL)
    on_flat = Autoencoder(**QUICK, inputs=inputs).fit(flat)
    np.testing.assert_array_equal(on_flat.transform(flat), codes)
    assert on_flat.reconstruct(flat).shape == flat.shape
    assert on_full.reconstruct(flat[:5]).shape == (5, STEPS, WIDTH)
    assert on_full.reconstruct(full[:5]).dtype == np.float32


def test_padding_changes_nothing(ragged, on_ragged):
    codes = on_ragged.transform(ragged)
    padded = np.full((60, STEPS, WIDTH), np.nan)
    for row, sequence in zip(padded, ragged, strict=True):
        row[: len(sequence)] = sequence
    np.testing.assert_array_equal(on_ragged.transform(padded), codes)
    np.testing.assert_array_equal(on_ragged.transform(padded[:, : STEPS + 1]), codes)
    on_padded = clone(on_ragged).fit(padded)
    np.testing.assert_array_equal(on_padded.transform(ragged), codes)
    again = on_padded.reconstruct(padded)
    np.testing.assert_array_equal(np.isnan(again), np.isnan(padded))
    # What stands in the padding of a row of the network does not reach the code.
    rows = on_ragged._layout.read(on_ragged, ragged).rows.take(slice(None))
    other = rows.copy()
    other[:, : STEPS * WIDTH] += 9.0 * (np.repeat(rows[:, STEPS * WIDTH :], WIDTH, 1) == 0)
    encode = on_ragged.model_.encoder
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(encode(other)), keras.ops.convert_to_numpy(encode(rows))
    )


def test_a_sequence_is_coded_alone(ragged, on_ragged):
    codes = on_ragged.transform(ragged)
    np.testing.assert_array_equal(on_ragged.transform(ragged[7:8]), codes[7:8])
    np.testing.assert_array_equal(on_ragged.transform(ragged[::-1]), codes[::-1])


def test_lengths_come_back(ragged, on_ragged):
    again = on_ragged.reconstruct(ragged)
    assert [x.shape for x in again] == [x.shape for x in ragged]
    decoded = on_ragged.inverse_transform(on_ragged.transform(ragged))
    for long, short in zip(again, decoded, strict=True):
        n = min(len(long), len(short))
        np.testing.assert_allclose(long[:n], short[:n], atol=1e-5)
    shares = on_ragged.feature_scores(ragged)
    assert shares.shape == (60, STEPS * WIDTH + 1)
    np.testing.assert_allclose(shares.sum(1), -on_ragged.score_samples(ragged), rtol=1e-4)
    short = np.array([len(x) < STEPS for x in ragged])
    assert (shares[short, STEPS * WIDTH - 1] == 0).all()
    assert (shares[~short, STEPS * WIDTH - 1] > 0).all()
    assert (shares[:, -1] > 0).all()


def test_a_list_of_vectors_is_one_number_a_step():
    X = [np.arange(n) / 5 for n in (5, 3, 4, 5)]
    model = Autoencoder(**QUICK, inputs=Sequences(**SMALL)).fit(X)
    assert [x.shape for x in model.reconstruct(X)] == [(5,), (3,), (4,), (5,)]
    columns = [x[:, None] for x in X]
    np.testing.assert_array_equal(model.transform(columns), model.transform(X))


FAMILIES = [
    VariationalAutoencoder(**QUICK),
    GAN(**QUICK),
    BiGAN(**QUICK, reconstruction_weight=1.0),
    AAEClustering(3, **QUICK),
    AutoencoderDetector(**QUICK, n_estimators=2, noise="masking"),
]


@pytest.mark.parametrize("layer", ["gru", "conv"])
@pytest.mark.parametrize("estimator", FAMILIES, ids=lambda e: type(e).__name__)
def test_every_family_takes_sequences(estimator, layer, ragged):
    if layer == "conv" and keras.backend.backend() == "tensorflow":
        pytest.skip("compiles for long, and differs in nothing from JAX")
    inputs = Sequences(layer, **SMALL)
    estimator = clone(estimator).set_params(inputs=inputs).fit(ragged)
    scores = estimator.score_samples(ragged)
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) > 50
    if hasattr(estimator, "sample"):
        drawn = estimator.sample(40, random_state=0)
        assert len({len(x) for x in drawn}) > 1
        assert all(x.shape[1] == WIDTH for x in drawn)
    if hasattr(estimator, "feature_scores"):
        assert estimator.feature_scores(ragged[:3]).shape == (3, STEPS * WIDTH + 1)
    if hasattr(estimator, "predict"):
        assert estimator.predict(ragged).shape == (60,)
