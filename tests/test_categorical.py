"""Adversarial autoencoders with a category: clusters, and classes from few labels."""

import warnings

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from keras import ops
from sklearn.datasets import make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

from skunsup import AAEClassifier, AAEClustering, Table
from skunsup.models._categorical_encoder import LeadingSoftmax
from skunsup.models._categories import CategoricalPrior, usage
from skunsup.models._labels import check_labels, find_classes, label_numbers

from .helpers import unchanged

SIZES = [96, 72, 42, 30]
SMALL = {"hidden_layer_sizes": (32,), "random_state": 0}
JUDGES = ("discriminator", "head", "category_discriminator", "category_head")
HALVES = ("encoder", "decoder")
STILL = 1e-30  # moves a bias of 0 so far, and a kernel not at all


@pytest.fixture(scope="module")
def groups():
    """Four far groups of ten columns and unlike sizes, and which row is of which."""
    X, y = make_blobs(SIZES, 10, random_state=0)
    return StandardScaler().fit_transform(X).astype(np.float32), y


@pytest.fixture(scope="module")
def few(groups):
    """The same, with three labels of each group known."""
    X, y = groups
    known = np.full(len(y), -1)
    for group in range(4):
        rows = np.flatnonzero(y == group)[:3]
        known[rows] = group
    return X, known


@pytest.fixture(scope="module")
def clusterer(groups):
    return AAEClustering(4, epochs=40, **SMALL).fit(groups[0])


@pytest.fixture(scope="module")
def classifier(few, compiles):
    epochs = 40 if compiles else 15
    return AAEClassifier(epochs=epochs, **SMALL).fit(*few)


def weights(model, parts):
    return [
        np.array(ops.convert_to_numpy(variable.value))
        for part in parts
        for variable in getattr(model.model_, part).trainable_variables
    ]


def moved(before, after):
    return max(np.abs(a - b).max() for a, b in zip(before, after, strict=True)) > 1e-25


# What is learned ---------------------------------------------------------------------


def test_clusters_are_the_groups(clusterer, groups):
    """Training keeps k-means clusters of a table, however unlike their sizes are."""
    assert adjusted_rand_score(groups[1], clusterer.labels_) > 0.95
    found = np.sort(clusterer.weights_)[::-1]
    np.testing.assert_allclose(found, np.divide(SIZES, 240), atol=0.01)
    drawn = np.bincount(clusterer.predict(clusterer.sample(400, random_state=0)))
    np.testing.assert_allclose(drawn / 400, clusterer.weights_, atol=0.08)


def test_a_table_by_name_is_as_one_with_its_defaults():
    kinds = {"table": 10.0, Table: 10.0, Table(): 10.0, None: 10.0, "images": None}
    for kind, weight in kinds.items():
        assert AAEClustering(inputs=kind)._weights().get("init_weight") == weight


def test_labels_are_those_of_the_rows(clusterer, groups):
    X = groups[0]
    np.testing.assert_array_equal(clusterer.labels_, clusterer.predict(X))
    best = clusterer._probabilities(X).argmax(axis=1)
    np.testing.assert_array_equal(clusterer.labels_, best)


def test_a_code_is_probabilities_and_style(clusterer, groups):
    code = clusterer.transform(groups[0])
    assert code.shape == (240, 6)
    assert clusterer.n_components_ == 6
    np.testing.assert_allclose(
        code[:, :4], clusterer._probabilities(groups[0]), atol=1e-6
    )
    back = clusterer.inverse_transform(code)
    np.testing.assert_allclose(back, clusterer.reconstruct(groups[0]), atol=1e-5)


def test_few_labels_name_the_groups(classifier, groups, few):
    X, y = groups
    assert classifier.score(X, y) > 0.95
    assert few[1].max() == 3
    np.testing.assert_allclose(classifier.class_prior_, 0.25)


def test_unlabelled_rows_help(compiles):
    """Two long bands, whose labels alone point along the wrong direction."""
    if not compiles:
        pytest.skip("needs more steps than torch takes in reasonable time")
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 300)
    X = rng.normal(size=(600, 10)) * 0.25
    X[:, 0] += 2.0 * (2 * y - 1)
    X[:, 1:] += rng.normal(size=(600, 1)) * 1.5
    known = np.full(600, -1)
    known[[0, 1, 300, 301]] = [0, 0, 1, 1]
    model = AAEClassifier(epochs=60, **SMALL).fit(X, known)
    linear = LogisticRegression().fit(X[known >= 0], y[known >= 0])
    assert model.score(X, y) > linear.score(X, y) + 0.05


def test_a_label_outweighs_none(groups, few, classifier):
    """The classification term, and nothing else, says which class is which."""
    swapped = np.where(few[1] >= 0, (few[1] + 1) % 4, -1)
    model = AAEClassifier(epochs=classifier.n_iter_, **SMALL).fit(few[0], swapped)
    assert model.score(groups[0], (groups[1] + 1) % 4) > 0.95


def test_labels_of_any_kind(few):
    X, known = few
    names = np.array(["ant", "bee", "cat", "doe"], dtype=object)
    y = np.where(known >= 0, names[known], -1)
    text = AAEClassifier(epochs=1, **SMALL).fit(X, y)
    numbers = AAEClassifier(epochs=1, **SMALL).fit(X, known)
    assert text.classes_.tolist() == names.tolist()
    np.testing.assert_array_equal(text.predict(X), names[numbers.predict(X)])


MISSING = {
    "list": lambda y: [None if v < 0 else int(v) for v in y],
    "strings": lambda y: [np.nan if v < 0 else str(v) for v in y],
    "floats": lambda y: np.where(y < 0, np.nan, y),
    "objects": lambda y: np.where(y < 0, pd.NA, y),
    "pandas": lambda y: pd.Series(y).mask(y < 0),
    "nullable": lambda y: pd.Series(y, dtype="Int64").mask(y < 0),
    "string": lambda y: pd.Series(y).astype(str).astype("string").mask(y < 0),
    "category": lambda y: pd.Series(y).mask(y < 0).astype("category"),
    "names": lambda y: pd.Categorical(np.where(y < 0, None, y.astype(str))),
    "polars": lambda y: pl.Series([None if v < 0 else int(v) for v in y]),
    "polars category": lambda y: pl.Series(
        [None if v < 0 else str(v) for v in y], dtype=pl.Categorical
    ),
}


@pytest.mark.parametrize("kind", MISSING)
def test_missing_labels_are_unknown(kind):
    plain = np.array([0, 2, -1, 1, -1, 2])
    y = check_labels(MISSING[kind](plain), "")
    classes = find_classes(y)
    assert [int(label) for label in classes] == [0, 1, 2]
    assert label_numbers(y, classes, 6).tolist() == plain.tolist()


def test_a_date_that_is_missing_is_unknown():
    y = check_labels(pd.Series(pd.to_datetime(["2020-01-01", None, "2020-01-02"])), "")
    classes = find_classes(y)
    assert label_numbers(y, classes, 3).tolist() == [0, -1, 1]


def test_missing_labels_train_as_those_of_minus_one(few, groups):
    X, known = few
    names = pd.Series(np.array([*"abcd", ""])[known], dtype="string").mask(known < 0)
    model = AAEClassifier(epochs=1, **SMALL).fit(X, names)
    numbers = AAEClassifier(epochs=1, **SMALL).fit(X, known)
    np.testing.assert_array_equal(model.predict_proba(X), numbers.predict_proba(X))
    labelled = known >= 0
    assert model.score(X, names) == numbers.score(X[labelled], known[labelled])
    model.partial_fit(X, names.mask(labelled))
    with unchanged(model), pytest.raises(ValueError, match="labels no row"):
        model.fit(X, names.mask(labelled))


# How it is learned -------------------------------------------------------------------


@pytest.mark.parametrize("judges_move", [True, False])
def test_each_optimizer_moves_its_own(few, judges_move):
    rates = {"learning_rate": STILL, "discriminator_learning_rate": 0.1}
    if not judges_move:
        rates = {"learning_rate": 0.1, "discriminator_learning_rate": STILL}
    step = {"optimizer": "sgd", "batch_size": None, **SMALL, **rates}
    model = AAEClassifier(**step).partial_fit(*few)
    before = [weights(model, parts) for parts in (JUDGES, HALVES)]
    model.partial_fit(*few)
    after = [weights(model, parts) for parts in (JUDGES, HALVES)]
    assert moved(before[0], after[0]) == judges_move
    assert moved(before[1], after[1]) != judges_move


def test_the_label_weight_moves_the_encoder_alone(few):
    step = {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": None, **SMALL}
    weak, strong = (
        AAEClassifier(label_weight=w, **step).partial_fit(*few) for w in (1.0, 9.0)
    )
    for parts in (JUDGES, ("decoder",)):
        for a, b in zip(weights(weak, parts), weights(strong, parts), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert not np.allclose(
        weights(weak, ("encoder",))[0], weights(strong, ("encoder",))[0], rtol=0.01
    )


def test_weights_are_repetitions(few):
    X, known = few[0][:40], few[1][:40].copy()
    known[:2] = [0, 1]
    twice = np.arange(40) % 3 == 0
    repeated = np.flatnonzero(twice), np.arange(40)
    order = np.random.default_rng(0).permutation(40 + twice.sum())
    rows = np.concatenate(repeated)[order]
    weighted = AAEClassifier(epochs=2, **SMALL).fit(X, known, sample_weight=1.0 + twice)
    plain = AAEClassifier(epochs=2, **SMALL).fit(X[rows], known[rows])
    np.testing.assert_array_equal(weighted.transform(X), plain.transform(X))
    np.testing.assert_array_equal(weighted.class_prior_, plain.class_prior_)


def test_early_stopping_leaves_labels(few):
    model = AAEClassifier(epochs=3, early_stopping=True, **SMALL).fit(*few)
    assert len(model.history_["val_loss"]) == 3


def test_early_stopping_says_when_it_takes_all_labels(few):
    X = few[0]
    y = np.full(len(X), -1)
    y[:2] = [0, 1]
    model = AAEClassifier(
        epochs=1, early_stopping=True, validation_fraction=0.99, **SMALL
    )
    with unchanged(model), pytest.raises(ValueError, match="holds out all of the 2"):
        model.fit(X, y)


def test_the_stream_goes_on_without_labels(few):
    X, known = few
    model = AAEClassifier(**SMALL).partial_fit(X, known, classes=[0, 1, 2, 3])
    model.partial_fit(X, np.full(len(X), -1))
    assert model.n_iter_ == 2
    assert np.isfinite(model.history_["loss"]).all()


def test_own_networks(groups):
    def dense(n_inputs, n_outputs):
        layers = [keras.layers.Dense(8, "relu")]
        layers += [keras.layers.Dense(n_outputs)] if n_outputs else []
        return keras.Sequential([keras.Input((n_inputs,)), *layers])

    own = dict.fromkeys(
        ("encoder", "decoder", "discriminator", "category_discriminator"), dense
    )
    model = AAEClustering(3, n_components=2, init="random", epochs=1, **own)
    assert model.fit_transform(groups[0]).shape == (240, 5)


# Mathematics -------------------------------------------------------------------------


def test_leading_softmax():
    x = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    out = ops.convert_to_numpy(LeadingSoftmax(3)(x))
    expected = np.exp(x[:, :3]) / np.exp(x[:, :3]).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(out[:, :3], expected, rtol=1e-5)
    np.testing.assert_array_equal(out[:, 3:], x[:, 3:])


def test_prior_draws_shares():
    drawn = CategoricalPrior(5, (0.5, 0.3, 0.2)).sample(
        20_000, np.random.default_rng(0)
    )
    np.testing.assert_array_equal(np.unique(drawn[:, :3]), [0, 1])
    np.testing.assert_array_equal(drawn[:, :3].sum(axis=1), 1)
    np.testing.assert_allclose(drawn[:, :3].mean(axis=0), [0.5, 0.3, 0.2], atol=0.02)
    np.testing.assert_allclose(drawn[:, 3:].std(axis=0), 1, atol=0.03)


def test_usage():
    even = np.eye(4, dtype=np.float32)
    one = np.tile(even[:1], (4, 1))
    assert float(usage(ops.convert_to_tensor(even))) == pytest.approx(1.0, abs=1e-3)
    assert float(usage(ops.convert_to_tensor(one))) == pytest.approx(0.25, abs=1e-3)


def test_two_numbers_are_two_classes():
    assert find_classes(np.array([-1, 1, 1])).tolist() == [-1, 1]
    assert find_classes(np.array([-1, 1, 2])).tolist() == [1, 2]
    classes = find_classes(np.array([-1, 1]))
    assert label_numbers(np.array([1, -1]), classes, 2).tolist() == [1, 0]


@pytest.mark.parametrize(
    "made",
    [
        list,
        lambda y: np.array(y, float),
        lambda y: np.array(y, object),
        pd.Categorical,
        lambda y: pd.array(y, dtype="Int64"),
        pl.Series,
        lambda y: [*y, None],
    ],
)
def test_two_numbers_are_two_classes_whatever_holds_them(made):
    y = check_labels(made([1, -1, -1, 1]), "")
    classes = find_classes(y)
    assert classes.tolist() == [-1, 1]
    assert classes.dtype.kind in "if"
    assert label_numbers(y, classes, len(y))[:4].tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("y", "what"),
    [([-2, -1, 1, 2], "the label -2"), ([-1, 0, 1, None], "None or NaN")],
)
def test_warns_where_minus_one_is_probably_a_class(y, what):
    with pytest.warns(UserWarning, match=f"{what}, so -1 is probably a class"):
        assert -1 not in find_classes(check_labels(y, ""))


# Bad input ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed"),
        ([0.0, np.inf, 1.0], "infinity in row 1"),
        ([1, "b", "a"], "type str and of type int"),
        (["a", "-1", "b"], "dtype object"),
        ([0.3, 1.2, 2.7], "Unknown label type"),
    ],
)
def test_labels_that_are_none(y, message):
    with pytest.raises(ValueError, match=message):
        check_labels(y, "AAEClassifier")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([-1] * 240, "labels no row: all 240 are -1"),
        ([0] + [-1] * 239, "1 class with positive weight"),
        ([0, 1, 2], "y has 3 labels, but X has 240 rows"),
    ],
)
def test_labels_that_do_not_do(groups, y, message):
    model = AAEClassifier(epochs=1, **SMALL)
    with unchanged(model), pytest.raises(ValueError, match=message):
        model.fit(groups[0], y)


def test_labels_outside_the_classes(few):
    X, known = few
    model = AAEClassifier(**SMALL).partial_fit(X, known)
    with unchanged(model):
        with pytest.raises(ValueError, match="y holds 7 in row 0"):
            model.partial_fit(X, np.full(len(X), 7))
        with pytest.raises(ValueError, match="but the first call had"):
            model.partial_fit(X, known, classes=[0, 1])


def test_more_clusters_than_rows(groups):
    X = groups[0][:5]
    model = AAEClustering(6, **SMALL)
    with (
        unchanged(model),
        pytest.raises(ValueError, match="n_clusters=6, but X has 5 rows"),
    ):
        model.fit(X)


def test_an_encoder_without_style(groups):
    narrow = keras.Sequential([keras.Input((10,)), keras.layers.Dense(3)])
    with pytest.raises(ValueError, match="returns 3 columns, but expected at least 4"):
        AAEClustering(3, encoder=narrow, init="random").fit(groups[0])
    wide = keras.Sequential([keras.Input((10,)), keras.layers.Dense(5)])
    with pytest.raises(ValueError, match="Use init='random'"):
        AAEClustering(3, encoder=wide).fit(groups[0])


@pytest.mark.parametrize(("of", "what"), [("", "styles"), ("category_", "categories")])
def test_a_discriminator_that_recognises_all_is_told(of, what):
    names = [f"{p}accuracy_{k}" for p in ("", "category_") for k in ("real", "fake")]
    healthy = {"spread": [1.0] * 20, **dict.fromkeys(names, [0.7] * 20)}
    late, low = [0.7] * 15 + [1.0] * 5, [0.4] * 20
    told = {**healthy, f"{of}accuracy_real": late, f"{of}accuracy_fake": late}
    model = AAEClustering()
    with pytest.warns(
        ConvergenceWarning, match=f"of {what} is too strong: .* 5 epochs"
    ):
        model._check_health(told)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model._check_health(healthy)
        model._check_health({**told, f"{of}accuracy_fake": low})
        model._check_health({name: each[-5:] for name, each in told.items()})
