"""Sequences as inputs: forms of data, padding, recurrent and dilated layers."""

import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skunsup.inputs import Sequences
from skunsup.inputs.sequences import n_layers_for
from skunsup.inputs.sequences._layers import DilatedConv1D, StepCell
from skunsup.inputs.sequences._likelihood import SequenceLikelihood
from skunsup.models import (
    GAN,
    Autoencoder,
    BiGAN,
    VariationalAutoencoder,
)
from skunsup.outliers import AutoencoderDetector
from skunsup.preprocessing import SlidingWindows

from .helpers import on_torch_or_asked

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


@on_torch_or_asked
@pytest.mark.parametrize("layer", ["lstm", "conv"])
def test_it_restores_waves_of_any_length(layer):
    X, new = waves(300, 12, 0, shortest=6), waves(100, 12, 1, shortest=6)
    inputs = Sequences(layer, units=24)
    steps = 300 if keras.backend.backend() == "torch" else 700
    model = Autoencoder(
        5, inputs=inputs, max_steps=steps, learning_rate=5e-3, random_state=0
    ).fit(X)
    again, decoded = (
        model.reconstruct(new),
        model.inverse_transform(model.transform(new)),
    )
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
    rows = on_ragged._inputs.read_rows(ragged, on_ragged).take(slice(None))
    other = rows.copy()
    other[:, : STEPS * WIDTH] += 9.0 * (
        np.repeat(rows[:, STEPS * WIDTH :], WIDTH, 1) == 0
    )
    encode = on_ragged.model_.encoder
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(encode(other)),
        keras.ops.convert_to_numpy(encode(rows)),
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
    np.testing.assert_allclose(
        shares.sum(1), -on_ragged.score_samples(ragged), rtol=1e-4
    )
    short = np.array([len(x) < STEPS for x in ragged])
    assert (shares[short, STEPS * WIDTH - 1] == 0).all()
    assert (shares[~short, STEPS * WIDTH - 1] > 0).all()
    assert (shares[:, -1] > 0).all()


@on_torch_or_asked
def test_a_list_of_vectors_is_one_number_a_step():
    X = [np.arange(n) / 5 for n in (5, 3, 4, 5)]
    inputs = Sequences("conv", sequence_shape=(9, 1), **SMALL)
    model = Autoencoder(**QUICK, inputs=inputs).fit(X)
    assert [x.shape for x in model.reconstruct(X)] == [(5,), (3,), (4,), (5,)]
    columns = [x[:, None] for x in X]
    np.testing.assert_array_equal(model.transform(columns), model.transform(X))
    # There is room for longer ones than in fit.
    assert model.transform([np.ones(9)]).shape == (1, 3)
    assert model.n_features_in_ == 9


FAMILIES = [
    VariationalAutoencoder(**QUICK, inputs=Sequences(**SMALL)),
    BiGAN(**QUICK, inputs=Sequences("conv", **SMALL), reconstruction_weight=1.0),
    AutoencoderDetector(
        **QUICK, inputs=Sequences("conv", **SMALL), n_estimators=2, noise="masking"
    ),
]


@pytest.mark.parametrize("estimator", FAMILIES, ids=lambda e: type(e).__name__)
@on_torch_or_asked
def test_every_family_takes_sequences(estimator, ragged):
    estimator = clone(estimator).fit(ragged)
    scores = estimator.score_samples(ragged)
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) > 50
    if hasattr(estimator, "sample"):
        drawn = estimator.sample(40, random_state=0)
        assert len({len(x) for x in drawn}) > 1
        assert all(x.shape[1] == WIDTH for x in drawn)
    if hasattr(estimator, "predict"):
        assert estimator.feature_scores(ragged[:3]).shape == (3, STEPS * WIDTH + 1)
        assert estimator.predict(ragged).shape == (60,)


def test_it_is_picklable_and_goes_on(ragged, on_ragged):
    again = pickle.loads(pickle.dumps(on_ragged))
    np.testing.assert_array_equal(again.transform(ragged), on_ragged.transform(ragged))
    again.partial_fit(ragged)
    assert again.score(ragged) != on_ragged.score(ragged)


@on_torch_or_asked
def test_windows_of_a_series_are_searched():
    series = np.sin(np.arange(80) / 3)
    inputs = Sequences(sequence_shape=(STEPS, 1), n_layers=1)
    pipeline = make_pipeline(
        SlidingWindows(STEPS), StandardScaler(), Autoencoder(**QUICK, inputs=inputs)
    )
    grid = {"autoencoder__inputs__layer": ["conv"], "autoencoder__inputs__units": [3]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(series)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_[-1]._inputs.units == 3
    assert (inputs.layer, inputs.units) == ("gru", 64)


def test_a_memory_map_is_read_in_place(full, on_full, tmp_path):
    np.save(tmp_path / "waves.npy", full)
    mapped = np.load(tmp_path / "waves.npy", mmap_mode="r")
    fitted = clone(on_full).fit(mapped)
    np.testing.assert_array_equal(fitted.transform(mapped), on_full.transform(full))
    mapped = np.load(tmp_path / "waves.npy", mmap_mode="r")
    assert type(fitted._inputs.read_rows(mapped, fitted)).__name__ == "MappedRows"


def test_own_networks_take_and_return_steps(full):
    layers = keras.layers
    encoder = keras.Sequential(
        [keras.Input((STEPS, WIDTH)), layers.Flatten(), layers.Dense(2)]
    )

    def decoder(n_inputs, shape):
        return keras.Sequential(
            [
                keras.Input((n_inputs,)),
                layers.Dense(shape[0] * shape[1]),
                layers.Reshape(shape),
            ]
        )

    model = Autoencoder(
        epochs=2, inputs=Sequences(), encoder=encoder, decoder=decoder, random_state=0
    ).fit(full)
    assert model.transform(full).shape == (60, 2)
    assert model.reconstruct(full[:2]).shape == (2, STEPS, WIDTH)


NAN = np.full((4, 3, 2), 1.0)
NAN[2, 1, 0] = np.nan
EMPTY = NAN.copy()
EMPTY[2] = np.nan


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((5, 12)), r"flat rows, which could be 12 steps"),
        (NAN, "Sequence 2 of X contains NaN in step 1, column 0"),
        (EMPTY, "Sequence 2 of X has no steps"),
        ([np.ones((3, 2)), np.ones((0, 2))], "Sequence 1 of X has no steps"),
        ([np.ones((3, 2)), np.ones((3, 4))], r"Sequence 1 of X has shape \(3, 4\)"),
        ([np.ones((3, 2)), np.ones(3)], r"Sequence 1 of X has shape \(3,\)"),
        ([np.ones((3, 2)), [[1.0, np.inf]]], "contains inf in step 0, column 1"),
        ([np.ones((3, 2)), [[1.0, 1e60]]], "contains 1e[+]60 in step 0, column 1"),
        ([np.ones((3, 2)), "text"], "Sequence 1 of X is str 'text'"),
        ([np.ones((3, 2)), [[1, 2], [3]]], "Sequence 1 of X is list"),
        ([], "no sequences"),
        ([np.ones((3, 2))], "minimum of 2"),
        (np.ones((2, 3, 4, 5)), r"shape \(2, 3, 4, 5\)"),
        (np.full((3, 4, 2), "a"), "expected sequences"),
    ],
)
def test_bad_sequences_are_refused(X, message):
    with pytest.raises(ValueError, match=message):
        Autoencoder(**QUICK, inputs=Sequences()).fit(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((3, STEPS, 3)), "3 number.s. a step, but Autoencoder is for 2"),
        (np.ones((3, STEPS + 1, 2)), "7 steps, but .* at most 6. Cut it"),
        (np.ones((3, STEPS - 1, 2)), "5 steps, but all in fit had 6"),
        (np.ones((3, 11)), "12 features"),
    ],
)
def test_other_sequences_than_in_fit_are_refused(on_full, X, message):
    with pytest.raises(ValueError, match=message):
        on_full.transform(X)
    with pytest.raises(ValueError, match="X_val"):
        clone(on_full).fit(
            np.ones((3, STEPS, 2)), X_val=X[:, :, None] if X.ndim < 3 else X
        )


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (Autoencoder(inputs=Sequences("rnn")), "layer"),
        (Autoencoder(inputs=Sequences(sequence_shape=(3,))), r"sequence_shape=\(3,\)"),
        (Autoencoder(inputs=Sequences(sequence_shape=(9, 0))), "sequence_shape"),
        (GAN(inputs=Sequences(), spectral_normalization=True), "has recurrent ones"),
        (VariationalAutoencoder(inputs=Sequences(), likelihood="multinomial"), "0 up"),
        (VariationalAutoencoder(inputs=Sequences(), likelihood="bernoulli"), "0, 1"),
        (Autoencoder(inputs=Sequences(), init="pca"), "init='pca'"),
    ],
)
def test_bad_parameters_are_refused(full, estimator, message):
    with pytest.raises(ValueError, match=message):
        estimator.fit(full)


@pytest.mark.parametrize(
    "estimator",
    [
        VariationalAutoencoder(likelihood="multinomial"),
        Autoencoder(loss="categorical_crossentropy"),
    ],
)
def test_steps_are_no_counts(full, estimator):
    with pytest.raises(ValueError, match=r"are for rows of counts, .*Sequences\(\)"):
        estimator.set_params(inputs=Sequences()).fit(np.abs(full))


@pytest.mark.parametrize(("kind", "layer"), [("gru", "GRU"), ("lstm", "LSTM")])
def test_recurrent_layers_are_those_of_keras(kind, layer):
    x = np.random.default_rng(0).normal(size=(3, 5, 2)).astype(np.float32)
    theirs = getattr(keras.layers, layer)(4, return_sequences=True)
    expected = keras.ops.convert_to_numpy(theirs(x))
    kernel, recurrent, bias = theirs.get_weights()
    cell = StepCell(kind, 4)
    bias = bias.reshape(-1, bias.shape[-1])[0]
    if kind == "lstm":
        bias[4:8] -= 1.0  # ours adds it
    seen = np.ones((3, 5, 1), np.float32)
    seen[1, 3:] = 0.0
    projected = np.concatenate([x @ kernel + bias, seen], axis=-1)
    ours = keras.layers.RNN(cell, return_sequences=True)
    ours(projected)
    ours.set_weights([recurrent])
    found = keras.ops.convert_to_numpy(ours(projected))
    np.testing.assert_allclose(found[[0, 2]], expected[[0, 2]], atol=1e-5)
    np.testing.assert_allclose(found[1, :3], expected[1, :3], atol=1e-5)
    np.testing.assert_array_equal(found[1, 3:], found[1, [2, 2]])


@pytest.mark.parametrize("kernel_size", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize(("causal", "padding"), [(True, "causal"), (False, "same")])
def test_convolutions_are_those_of_keras(kernel_size, dilation, causal, padding):
    x = np.random.default_rng(0).normal(size=(2, 7, 3)).astype(np.float32)
    theirs = keras.layers.Conv1D(
        4, kernel_size, padding=padding, dilation_rate=dilation, bias_initializer="ones"
    )
    ours = DilatedConv1D(4, kernel_size, dilation, causal)
    expected, shape = theirs(x), ours(x).shape
    ours.set_weights(theirs.get_weights())
    assert tuple(ours.compute_output_shape(x.shape)) == tuple(shape)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(ours(x)),
        keras.ops.convert_to_numpy(expected),
        atol=1e-5,
    )


def test_as_many_convolutions_as_see_all_steps():
    assert n_layers_for(3, 3) == 1
    assert n_layers_for(7, 3) == 2
    assert n_layers_for(8, 3) == 3
    assert n_layers_for(100, 1) == 1


def test_lengths_are_drawn_by_their_probability():
    likelihood = SequenceLikelihood(3, 1)
    logits = np.log([0.2, 0.5, 0.3])
    output = np.tile(np.r_[1.0, 2.0, 3.0, logits].astype(np.float32), (4000, 1))
    rows = keras.ops.convert_to_numpy(
        likelihood.rows(keras.ops.convert_to_tensor(output))
    )
    np.testing.assert_allclose(rows[0], [1, 1.6, 0.9, 1, 0.8, 0.3], rtol=1e-5)
    values, _ = likelihood.split(rows)
    np.testing.assert_allclose(values[0], [1, 2, 3], rtol=1e-5)
    assert likelihood.likeliest(rows)[0] == 2
    drawn = likelihood.sample(
        rows, np.array([0.0, 0.01, 0.0, 0.0]), np.random.default_rng(0)
    )
    shares = np.bincount(drawn[:, 3:].sum(1).astype(int), minlength=4) / 4000
    np.testing.assert_allclose(shares, [0, 0.2, 0.5, 0.3], atol=0.03)
    there = drawn[:, 4] == 1
    assert (drawn[~there, 1] == 0).all()
    assert 0.09 < drawn[there, 1].std() < 0.11
    assert drawn[there, 0].std() < 1e-6
