"""Several kinds of data in one row."""

import pickle

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skunsup import (
    Autoencoder,
    AutoencoderDetector,
    Blocks,
    Images,
    Sequences,
    Table,
    Text,
    VariationalAutoencoder,
)
from skunsup._networks import Numbers
from skunsup.inputs.blocks._likelihood import BlockLikelihood

from .helpers import on_torch_or_asked

LABELS = [f"is {digit}" for digit in range(10)]
BOTH = [("image", Images(filters=()), "image"), ("label", None, LABELS)]
QUICK = {"n_components": 4, "hidden_layer_sizes": 16, "epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def pages(digits, digit_labels):
    """Digits with their labels, one-hot, as a DataFrame of 1,000 rows."""
    frame = pd.DataFrame({"image": list(digits[:1000].reshape(-1, 8, 8))})
    frame[LABELS] = np.eye(10)[digit_labels[:1000]]
    return frame


@pytest.fixture(scope="module")
def model(pages):
    """A model that has learned to restore either block from the other."""
    inputs = Blocks(BOTH, missing="allow", input_dropout=0.4, weights="learned")
    model = Autoencoder(
        16, inputs=inputs, epochs=40, learning_rate=0.003, random_state=0
    )
    return model.fit(pages[:800])


def test_each_block_is_restored_from_the_other(model, pages):
    new = pages[800:].reset_index(drop=True)
    without = new.assign(**dict.fromkeys(LABELS, np.nan))
    guessed = model.reconstruct(without)[LABELS].to_numpy().argmax(1)
    assert np.mean(guessed == new[LABELS].to_numpy().argmax(1)) > 0.75
    drawn = np.stack(model.reconstruct(new.assign(image=None))["image"])
    images, mean = np.stack(new["image"]), np.stack(pages["image"][:800]).mean(0)
    assert np.mean((drawn - images) ** 2) < 0.75 * np.mean((mean - images) ** 2)


def test_a_missing_block_is_not_judged(model, pages):
    likelihood = model._network.architecture.likelihood
    losses = model.feature_scores(pages[:5].assign(image=None))
    assert losses.shape == (5, 74)
    assert not losses[:, :64].any()
    assert losses[:, 64:].any()
    assert likelihood.n_cells == 74


def test_what_comes_back_is_a_table_of_the_same_columns(model, pages):
    again = model.reconstruct(pages[:3])
    assert list(again.columns) == list(pages.columns)
    assert again["image"][0].shape == (8, 8)
    assert model.reconstruct(pages[5:7]).index.tolist() == [5, 6]
    decoded = model.inverse_transform(model.transform(pages[:3]))
    np.testing.assert_allclose(decoded[LABELS], again[LABELS], atol=1e-5)


ONE_COLUMN = {
    "images": (Images(filters=()), lambda n: list(np.eye(4)[None].repeat(n, axis=0))),
    "sequences": (
        Sequences(units=4, layer="conv"),
        lambda n: [np.arange(6.0).reshape(3, 2)] * n,
    ),
    "vectors": (Sequences(units=4, layer="conv"), lambda n: [np.arange(3.0)] * n),
    "text": (Text(units=4, layer="conv"), lambda n: ["a b", "b c a"] * (n // 2)),
    "table": (Table(), lambda n: ["x", "y"] * (n // 2)),
    "table of numbers": (Table(), lambda n: list(range(n))),
    "numbers": (None, lambda n: [float(i) for i in range(n)]),
    "pixel": (Images(image_shape=(1, 1), filters=()), lambda n: [0.5, 0.25] * (n // 2)),
    "steps": (
        Sequences(units=4, layer="conv", sequence_shape=(1, 1)),
        lambda n: [0.5, 0.25] * (n // 2),
    ),
}


@pytest.mark.parametrize("kind", ONE_COLUMN)
@on_torch_or_asked
def test_one_column_is_the_same_in_a_list(kind):
    inputs, made = ONE_COLUMN[kind]
    X = pd.DataFrame({"one": made(8), "ink": np.arange(8.0)})
    X.index += 3
    found = []
    for columns in ("one", ["one"]):
        blocks = Blocks([("one", inputs, columns), ("ink", None, "ink")])
        model = Autoencoder(**QUICK, inputs=blocks).fit(X)
        again = model.reconstruct(X)
        assert np.shape(again["one"].iloc[0]) == np.shape(X["one"].iloc[0])
        assert model.transform(again).shape == (8, 4)
        found.append((model.transform(X), again))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    pd.testing.assert_frame_equal(found[0][1], found[1][1])
    assert again.index.equals(X.index)
    assert again.columns.equals(X.columns)


@pytest.mark.parametrize(
    "names",
    [
        pd.Index([1, 2, 0]),
        pd.Index([0.5, np.nan, 1.0]),
        pd.Index(["", "b", "c"], name="named"),
        pd.Index([None, "b", 3], dtype=object),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["x", "y"]),
        pd.date_range("2020", periods=3),
    ],
)
def test_names_of_columns_survive(names):
    X = pd.DataFrame(np.arange(24.0).reshape(8, 3), columns=names)
    first, *others = names
    blocks = Blocks([("one", Table(), [first]), ("two", None, [others[0]])])
    if len(others) > 1 and not isinstance(others[1], tuple):
        blocks.blocks.append(("three", Table(), others[1]))
    model = Autoencoder(**QUICK, inputs=blocks).fit(X)
    again = model.reconstruct(X)
    expected = X.columns[: len(blocks.blocks)]
    pd.testing.assert_index_equal(again.columns, expected, exact=True)
    assert again.columns.names == X.columns.names
    assert model.transform(again).shape == (8, 4)
    assert hasattr(model, "feature_names_in_") == all(type(n) is str for n in expected)


def test_a_row_is_coded_alone(model, pages):
    mixed = pages[:6].copy()
    mixed.loc[[1, 4], "image"] = None
    codes = model.transform(mixed)
    np.testing.assert_array_equal(model.transform(mixed[1:2]), codes[1:2])
    np.testing.assert_array_equal(model.transform(mixed[::-1]), codes[::-1])


def test_learned_weights_follow_the_losses(model):
    balance = model._network.value("variance")
    assert (balance > 0).all()
    assert balance[0] != balance[1]
    likelihood = BlockLikelihood([Numbers(2), Numbers(1)], [1.0, 1.0], 0.0, True)
    layer = likelihood.balance()
    losses = np.array([[1.0, 3.0, 0.5]], np.float32)
    for _ in range(400):
        weighted = layer(keras.ops.convert_to_tensor(losses), training=True)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(weighted), [[0.25, 0.75, 1.0]], rtol=0.01
    )


def test_the_loss_is_the_mean_over_the_blocks_that_are_there():
    likelihood = BlockLikelihood([Numbers(2), Numbers(1)], [1.0, 3.0])
    x = keras.ops.convert_to_tensor([[1.0, 3.0, 2.0, 1, 1], [1.0, 3.0, 2.0, 1, 0]])
    output = keras.ops.zeros((2, 3))
    losses = likelihood.losses(x, output, lambda x, y, at: keras.ops.square(x - y))
    shares = keras.ops.convert_to_numpy(losses * likelihood.weights(x))
    # Means 5 and 4, of weights 1 and 3.
    np.testing.assert_allclose(shares.sum(1), [(5 + 3 * 4) / 2, 5.0])
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(likelihood.observed(x)), [[1, 1, 1], [1, 1, 0]]
    )


def test_noise_and_masks_leave_flags_alone():
    likelihood = BlockLikelihood([Numbers(2), Numbers(1)], [1.0, 1.0])
    x = keras.ops.convert_to_tensor([[1.0, 3.0, 2.0, 1.0, 0.0]])
    noisy = keras.ops.convert_to_numpy(likelihood.noisy(x, keras.ops.ones((1, 5))))
    np.testing.assert_array_equal(noisy, [[2, 4, 3, 1, 0]])
    hit = keras.ops.convert_to_tensor([[False, True, True]])
    masked = keras.ops.convert_to_numpy(likelihood.masked(x, hit))
    np.testing.assert_array_equal(masked, [[1, 0, 0, 1, 0]])


def test_hiding_leaves_a_block_that_is_there():
    likelihood = BlockLikelihood([Numbers(1), Numbers(1), Numbers(1)], [1.0] * 3, 0.6)
    x = np.tile(np.array([[5.0, 6.0, 7.0, 1, 1, 0]], np.float32), (500, 1))
    seen = keras.ops.convert_to_numpy(likelihood.corruption()(x))
    flags = seen[:, 3:]
    assert (flags.sum(1) >= 1).all()
    assert not flags[:, 2].any()
    # Its draw is below 0.6 and below that of the other: 0.6 - 0.6 ** 2 / 2.
    assert 0.37 < 1 - flags[:, 0].mean() < 0.47
    np.testing.assert_array_equal(seen[:, :3], flags * [5.0, 6.0, 7.0])


@pytest.mark.parametrize(
    "estimator",
    [
        VariationalAutoencoder(**QUICK),
        AutoencoderDetector(**QUICK, n_estimators=2),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
@on_torch_or_asked
def test_every_family_takes_blocks(estimator, pages):
    few = pages[:100]
    estimator = clone(estimator).set_params(inputs=Blocks(BOTH)).fit(few)
    assert len(np.unique(estimator.score_samples(few))) > 90
    assert estimator.feature_scores(few[:3]).shape == (3, 74)
    if hasattr(estimator, "sample"):
        assert list(estimator.sample(3).columns) == list(few.columns)


def test_it_is_searched_copied_and_pickled(pages):
    few = pages[:32]
    inputs = Blocks(BOTH, weights={"image": 1, "label": 2})
    # Of one shape, however many rows a fit has.
    base = Autoencoder(**QUICK, batch_size=8, max_steps=2, inputs=inputs)
    grid = {"inputs__block_size": [4], "inputs__image__filters": [()]}
    search = GridSearchCV(base, grid, cv=2).fit(few)
    best = search.best_estimator_
    assert best.inputs.get_params()["image__filters"] == ()
    again = pickle.loads(pickle.dumps(best))
    np.testing.assert_array_equal(again.transform(few), best.transform(few))
    assert clone(base).set_params(inputs__label=None).inputs.blocks[1][1] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X: X.to_numpy(), "expects a pandas DataFrame"),
        (lambda X: X.drop(columns="is 3"), r"lacks the columns \['is 3'\]"),
        (lambda X: X.assign(image=[None, *X["image"][1:]]), "'image' is missing in"),
        (lambda X: X.assign(**{"is 2": "a"}), "contains 'a' in row 0, column 'is 2'"),
        (lambda X: pd.concat([X, X[["is 0"]]], axis=1), "several columns named 'is 0'"),
    ],
)
def test_bad_tables_are_refused(pages, change, message):
    few = pages[:10]
    with pytest.raises((ValueError, TypeError), match=message):
        Autoencoder(**QUICK, inputs=Blocks(BOTH)).fit(change(few))


def test_other_tables_than_in_fit_are_refused(pages):
    strict = Autoencoder(**QUICK, inputs=Blocks(BOTH)).fit(pages[:20])
    with pytest.raises(ValueError, match="missing in row 0 of X, but every block"):
        strict.transform(pages[:2].assign(image=None))
    with pytest.raises(ValueError, match=r"images of shape \(4, 4, 1\)"):
        strict.transform(pages[:2].assign(image=[np.zeros((4, 4))] * 2))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"blocks": []}, "at least one block"),
        ({"blocks": [BOTH[0], BOTH[0]]}, "name of its own"),
        ({"blocks": [("image", 3, "image")]}, "but expected .name, kind, columns"),
        ({"blocks": [("image", "conv", "image")]}, "='conv' is no kind of data"),
        ({"blocks": BOTH, "weights": {"image": 1.0}}, "one number from 0 up"),
        ({"blocks": BOTH, "input_dropout": 1.0}, "input_dropout"),
        ({"blocks": [*BOTH, ("x", None, "is 1")]}, "names the column 'is 1' twice"),
    ],
)
def test_bad_parameters_are_refused(pages, parameters, message):
    with pytest.raises(ValueError, match=message):
        Autoencoder(**QUICK, inputs=Blocks(**parameters)).fit(pages[:20])


def test_a_block_that_is_nowhere_is_refused(pages):
    inputs = Blocks(BOTH, missing="allow")
    with pytest.raises(ValueError, match=r"'image' is there in 0 row\(s\)"):
        Autoencoder(**QUICK, inputs=inputs).fit(pages[:20].assign(image=None))
