"""A kind of data may be given as an instance, by its class and by its name."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

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


def layout(inputs, X):
    """What a model learns of its training data."""
    model = Autoencoder(inputs=inputs)
    model._learn(X, 2, keep=False)
    return model._layout


@pytest.mark.parametrize("name", KINDS)
def test_a_name_and_a_class_stand_for_the_defaults(name):
    kind, X = KINDS[name]
    expected = layout(kind(), X)
    for given in (name, kind):
        assert type(as_kind(given)) is kind
        assert as_kind(given).get_params() == kind().get_params()
        assert layout(given, X).likelihood == expected.likelihood


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


def test_none_stands_for_numbers():
    assert isinstance(as_kind(None), Dense)
    assert layout(None, RNG.random((4, 3))).n_columns == 3


@pytest.mark.parametrize("given", ["text", Text])
def test_blocks_take_names_and_classes(given):
    X = pd.DataFrame({"t": KINDS["text"][1], "a": RNG.random(6)})
    blocks = Blocks([("words", given, "t"), ("numbers", None, ["a"])])
    expected = Blocks([("words", Text(), "t"), ("numbers", None, ["a"])])
    assert layout(blocks, X).likelihood == layout(expected, X).likelihood
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
        layout(blocks, pd.DataFrame({"a": RNG.random(6)}))
