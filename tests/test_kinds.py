"""A kind of data may be given as an instance, by its class and by its name."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skunsup import Autoencoder, Blocks, Images, Sequences, Table, Text
from skunsup.inputs import Dense, as_kind

from .helpers import on_torch_or_asked, unchanged

RNG = np.random.default_rng(0)
KINDS = {
    "images": (Images, RNG.random((6, 4, 4))),
    "sequences": (Sequences, RNG.random((6, 4, 2))),
    "table": (Table, pd.DataFrame({"a": RNG.random(6), "b": ["x", "y", None] * 2})),
    "text": (Text, ["red apple", "green pear"] * 3),
}


def fitted(inputs, X):
    """The fitted kind of a model."""
    model = Autoencoder(inputs=inputs)
    model._learn(X, 2, keep=False)
    return model._inputs


@pytest.mark.parametrize("name", KINDS)
def test_a_name_and_a_class_stand_for_the_defaults(name):
    kind, X = KINDS[name]
    expected = fitted(kind(), X)
    for given in (name, kind):
        assert type(as_kind(given)) is kind
        assert as_kind(given).get_params() == kind().get_params()
        assert fitted(given, X).likelihood_ == expected.likelihood_


@on_torch_or_asked
@pytest.mark.parametrize("given", ["table", Table])
def test_what_was_given_stays(given):
    X = KINDS["table"][1]
    params = {"hidden_layer_sizes": (8,), "epochs": 1, "random_state": 0}
    model = clone(Autoencoder(2, inputs=given, **params)).fit(X)
    expected = Autoencoder(2, inputs=Table(), **params).fit(X)
    np.testing.assert_array_equal(model.transform(X), expected.transform(X))
    assert model.inputs is given
    assert model.get_params()["inputs"] is given


@pytest.mark.parametrize("name", ["images", "sequences", "text"])
def test_names_of_other_columns_are_forgotten(name):
    kind, X = KINDS[name]
    model = Autoencoder(inputs=None)
    model._learn(pd.DataFrame({"a": RNG.random(6), "b": RNG.random(6)}), 2, keep=False)
    assert hasattr(model, "feature_names_in_")
    model.set_params(inputs=kind())._learn(X, 2, keep=False)
    assert not hasattr(model, "feature_names_in_")


def test_none_stands_for_numbers():
    assert isinstance(as_kind(None), Dense)
    assert fitted(None, RNG.random((4, 3))).n_columns_ == 3


@pytest.mark.parametrize("given", ["text", Text])
def test_blocks_take_names_and_classes(given):
    X = pd.DataFrame({"t": KINDS["text"][1], "a": RNG.random(6)})
    blocks = Blocks([("words", given, "t"), ("numbers", None, ["a"])])
    expected = Blocks([("words", Text(), "t"), ("numbers", None, ["a"])])
    assert fitted(blocks, X).likelihood_ == fitted(expected, X).likelihood_
    clone(blocks).set_params(numbers=Table()).get_params(deep=True)
    assert blocks.blocks[0][1] is given


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("tabel", r"inputs='tabel' is no kind.*Did you mean 'table'\?.*Images\(\)"),
        ("Images", r"Did you mean 'images'\?"),
        ("numbers", "inputs='numbers' is no kind"),
        (dict, "inputs=<class 'dict'> is no kind"),
        (Blocks, r"class Blocks.*no defaults.*Give an instance: inputs=Blocks\("),
        (3, "'inputs' parameter .* Got 3"),
    ],
)
def test_what_is_no_kind(given, words):
    model = Autoencoder(inputs=given)
    with unchanged(model), pytest.raises(ValueError, match=words):
        model.fit(RNG.random((6, 3)))


def test_a_block_of_no_kind_is_named():
    blocks = Blocks([("numbers", "tabel", ["a"])])
    with pytest.raises(ValueError, match=r"blocks\['numbers'\]='tabel' is no"):
        fitted(blocks, pd.DataFrame({"a": RNG.random(6)}))


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_a_transformer(name):
    kind, X = KINDS[name]
    with pytest.raises(NotFittedError):
        kind().transform(X)
    fitted = kind().fit(X)
    rows = fitted.transform(X)
    assert rows.dtype == np.float32
    assert rows.shape == (6, fitted.n_columns_)
    np.testing.assert_array_equal(kind().fit_transform(X), rows)
    back = fitted.inverse_transform(rows)
    np.testing.assert_array_equal(fitted.transform(back), rows)
    with pytest.raises(ValueError, match="columns that transform returns"):
        fitted.inverse_transform(rows[:, 1:])
    assert clone(fitted).get_params() == kind().get_params()
    with pytest.raises(NotFittedError):
        clone(fitted).transform(X)


def test_a_failed_fit_leaves_a_kind_as_it_was():
    kind = Table().fit(pd.DataFrame({"a": [1.0, 2.0]}))
    before = kind.transform(pd.DataFrame({"a": [1.0, 2.0]}))
    with pytest.raises(ValueError, match="no value at all"):
        kind.fit(pd.DataFrame({"a": [None, None]}))
    np.testing.assert_array_equal(
        kind.transform(pd.DataFrame({"a": [1.0, 2.0]})), before
    )


@on_torch_or_asked
def test_a_model_fits_a_copy_of_its_kind():
    X = KINDS["images"][1]
    given = Images(filters=())
    model = Autoencoder(2, inputs=given, hidden_layer_sizes=(8,), max_steps=1).fit(X)
    with pytest.raises(NotFittedError):
        given.transform(X)
    rows = given.fit(X).transform(X)
    np.testing.assert_array_equal(rows, X.reshape(6, 16).astype(np.float32))
    # A kind that was fitted to other data is fitted anew.
    wider = RNG.random((6, 5, 5))
    assert model.fit(wider).reconstruct(wider).shape == wider.shape


def test_kinds_stand_in_pipelines():
    X = KINDS["table"][1]
    found = make_pipeline(Table(), PCA(1)).fit_transform(X)
    assert found.shape == (6, 1)
