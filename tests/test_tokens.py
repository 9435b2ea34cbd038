"""Texts to ids of tokens, and back."""

import os
import pickle
import random
import subprocess
import sys
import time
import tracemalloc

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils import get_tags

from skunsup import TokenVectorizer

TEXTS = ["The cat sat.", "the CAT ran away", "a dog ran", ""]
# Real English that comes with scikit-learn.
PAGES = [
    line
    for load in (load_wine, load_breast_cancer)
    for line in load().DESCR.splitlines()
    if line.strip()
]


@pytest.fixture(scope="module")
def fitted():
    return TokenVectorizer(sequence_length=4).fit(TEXTS)


@pytest.fixture(scope="module")
def of_pages():
    return TokenVectorizer(max_tokens=200).fit(PAGES)


def test_ids_are_places_in_the_vocabulary(fitted):
    assert fitted.vocabulary_[:2] == ["", "[UNK]"]
    assert {*fitted.vocabulary_[2:5]} == {"the", "cat", "ran"}  # twice each
    assert {*fitted.vocabulary_[5:]} == {"sat", "away", "a", "dog"}
    ids = fitted.transform(["Cat, the; SAT", "the bird ran", "", "a a a a the"])
    place = fitted.vocabulary_.index
    assert ids.tolist() == [
        [place("cat"), place("the"), place("sat"), 0],
        [place("the"), 1, place("ran"), 0],
        [0, 0, 0, 0],
        [place("a")] * 4,
    ]
    assert ids.dtype == np.int32
    assert all(type(token) is str for token in fitted.vocabulary_)


def test_the_most_frequent_tokens_are_kept(of_pages):
    counter = CountVectorizer(token_pattern=r"\S+", preprocessor=stripped)
    counts = counter.fit_transform(PAGES).sum(axis=0).A1
    frequency = dict(zip(counter.get_feature_names_out(), counts, strict=True))
    assert len(of_pages.vocabulary_) == 200
    kept = [frequency[token] for token in of_pages.vocabulary_[2:]]
    assert kept == sorted(counts, reverse=True)[:198]


def stripped(text):
    marks = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"
    return text.lower().translate(dict.fromkeys(map(ord, marks)))


def test_order_and_company_change_nothing(of_pages):
    shuffled = random.Random(0).sample(PAGES, len(PAGES))
    again = TokenVectorizer(max_tokens=200).fit(shuffled)
    assert again.vocabulary_ == of_pages.vocabulary_
    assert again.sequence_length_ == of_pages.sequence_length_
    rows = [of_pages.transform([text])[0] for text in PAGES[:20]]
    np.testing.assert_array_equal(rows, again.transform(PAGES[:20]))


def test_length_covers_19_texts_of_20(of_pages):
    lengths = np.array([len(stripped(text).split()) for text in PAGES])
    assert (lengths <= of_pages.sequence_length_).mean() >= 0.95
    assert (lengths < of_pages.sequence_length_).mean() < 0.95
    assert TokenVectorizer().fit(["", "", "word"]).sequence_length_ == 1


@pytest.mark.parametrize(
    ("params", "tokens"),
    [
        ({"standardize": None}, ["Don't", "STOP"]),
        ({"standardize": "lower"}, ["don't", "stop"]),
        ({"standardize": "strip_punctuation"}, ["Dont", "STOP"]),
        ({"standardize": str.swapcase}, ["dON'T", "stop"]),
        ({"ngrams": 2}, ["dont", "stop", "dont stop"]),
        ({"ngrams": (2,)}, ["dont stop"]),
        ({"split": "character"}, [*"dont  stop"]),
    ],
)
def test_standardize_split_and_ngrams(params, tokens):
    vectorizer = TokenVectorizer(**params).fit(["Don't  STOP"])
    assert {*vectorizer.vocabulary_[2:]} == {*tokens}
    assert vectorizer.sequence_length_ == len(tokens)
    ids = vectorizer.transform(["Don't  STOP"])[0]
    assert [vectorizer.vocabulary_[i] for i in ids] == tokens


def broken(text):
    raise ZeroDivisionError("out of luck")


def test_a_standardize_that_raises_is_named():
    words = "standardize=.*broken.* raised ZeroDivisionError for 'a b': out of luck"
    with pytest.raises(ValueError, match=words):
        TokenVectorizer(standardize=broken).fit(["a b"])


@pytest.mark.parametrize("ngrams", [None, 2, (1, 3)])
@pytest.mark.parametrize(
    "standardize", [None, "lower", "strip_punctuation", "lower_and_strip_punctuation"]
)
def test_on_ascii_all_is_as_keras_does_it(standardize, ngrams):
    pages = [text for text in PAGES if text.isascii()]
    params = {"standardize": standardize, "ngrams": ngrams}
    layer = keras.layers.TextVectorization(500, output_sequence_length=20, **params)
    layer.adapt(np.array(pages, object))
    ours = TokenVectorizer(500, sequence_length=20, **params).fit(pages)
    assert ours.vocabulary_ == layer.get_vocabulary()
    expected = keras.ops.convert_to_numpy(layer(np.array(pages, object)))
    np.testing.assert_array_equal(ours.transform(pages), expected)


@pytest.mark.parametrize("split", ["whitespace", "character"])
def test_time_and_memory_grow_with_the_characters(split):
    words = [f"w{i}" for i in range(4_000)]
    texts = [" ".join(words), "x" * 80_000, " ".join(words[::-1])]
    vectorizer = TokenVectorizer(split=split, max_tokens=None)

    def cost(texts):
        tracemalloc.start()
        begin = time.process_time()
        clone(vectorizer).fit(texts).transform(texts)
        taken = time.process_time() - begin, tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return np.array(taken)

    once = cost(texts)
    assert once[1] < 100 * sum(map(len, texts))  # where words are padded: gigabytes
    assert (cost(texts * 4) < 12 * once + 0.1).all()


def test_the_length_of_a_text_is_limited(fitted):
    for texts in (["a", "bcd"], [["a"], ["bcd"]]):
        with pytest.raises(
            ValueError, match=r"3 characters in row 1.*max_characters=2"
        ):
            TokenVectorizer(max_characters=2).fit(np.array(texts))
    limited = TokenVectorizer(max_characters=4).fit(["abcd", "ab"])
    limited.set_params(max_characters=None)  # waits for the next fit
    with pytest.raises(ValueError, match="5 characters in row 0"):
        limited.transform(["ab cd"])
    assert limited.fit(["ab cd"]).transform(["ab cd" * 9]).shape == (1, 2)
    with pytest.raises(ValueError, match="10000001 characters"):
        fitted.transform(["x" * 10_000_001])


def test_tokens_that_keras_means_otherwise():
    texts = ["[UNK] a [UNK] b", "a \0 b"]
    vectorizer = TokenVectorizer(standardize=None).fit(texts)
    assert {*vectorizer.vocabulary_[2:]} == {"a", "b", "\0"}
    assert vectorizer.transform(texts)[0, 0] == 1


def test_letters_and_blanks_of_all_languages():
    vectorizer = TokenVectorizer().fit(["ÄRGER\u00a0naïve", "Ärger\u3000ärger"])
    assert vectorizer.vocabulary_[2:] == ["ärger", "naïve"]


def test_texts_come_back(fitted):
    ids = fitted.transform(["The cat, ran", "the bird ran", ""])
    back = fitted.inverse_transform(ids)
    assert back.tolist() == ["the cat ran", "the [UNK] ran", ""]
    np.testing.assert_array_equal(fitted.transform(back), ids)
    characters = TokenVectorizer(split="character").fit(["ab ba"])
    assert characters.inverse_transform(characters.transform(["ba a"])) == ["ba a"]


def test_texts_come_in_many_forms(fitted):
    expected = fitted.transform(TEXTS)
    for X in (
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, object)[:, None],
        pd.Series(TEXTS, index=[3, 1, 4, 1]),
        pd.Series(TEXTS, dtype="string"),
        pd.DataFrame({"text": TEXTS}),
        pl.Series(TEXTS),
        pl.DataFrame({"text": TEXTS}),
    ):
        np.testing.assert_array_equal(fitted.transform(X), expected)
        assert clone(fitted).fit(X).vocabulary_ == fitted.vocabulary_


def test_works_in_a_column_transformer():
    table = pd.DataFrame({"text": TEXTS, "number": range(4)})
    columns = make_column_transformer(
        (TokenVectorizer(sequence_length=2), "text"), remainder="passthrough"
    )
    out = columns.set_output(transform="pandas").fit_transform(table)
    assert [*out] == [
        "tokenvectorizer__tokenvectorizer0",
        "tokenvectorizer__tokenvectorizer1",
        "remainder__number",
    ]
    assert out["remainder__number"].tolist() == [0, 1, 2, 3]


def test_tags_are_those_of_count_vectorizer():
    ours, theirs = get_tags(TokenVectorizer()), get_tags(CountVectorizer())
    assert ours.input_tags == theirs.input_tags
    assert ours.requires_fit


def test_html_links_to_the_documentation(fitted):
    page = "readthedocs.io/en/stable/api/skunsup.TokenVectorizer.html"
    assert page in fitted._repr_html_()


def test_what_was_fitted_is_plain(fitted):
    learned = {k: v for k, v in vars(fitted).items() if k.endswith("_")}
    assert {k: type(v) for k, v in learned.items()} == {
        "vocabulary_": list,
        "sequence_length_": int,
    }
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(TEXTS), fitted.transform(TEXTS))
    assert b"keras" not in pickle.dumps(fitted)


def test_parameters_set_after_fit_wait_for_the_next_fit():
    vectorizer = TokenVectorizer().fit(["A b"])
    before = vectorizer.transform(["A b"])
    vectorizer.set_params(standardize=None, split="character", ngrams=2)
    np.testing.assert_array_equal(vectorizer.transform(["A b"]), before)
    assert vectorizer.inverse_transform(before) == ["a b"]


LOAD = """
import pickle, sys
vectorizer = pickle.load(sys.stdin.buffer)
print(vectorizer.transform(["The cat ran", "no"]).tolist())
"""


def test_a_pickle_moves_between_backends(fitted):
    backend = keras.backend.backend()
    other = "jax" if backend == "tensorflow" else "tensorflow"
    pytest.importorskip(other)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD],
        input=pickle.dumps(fitted),
        capture_output=True,
        env={**os.environ, "KERAS_BACKEND": other},
        check=True,
    )
    assert done.stdout.decode().strip() == str(
        fitted.transform(["The cat ran", "no"]).tolist()
    )


def random_states():
    return random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002


def test_global_state_is_left_alone():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        states = random_states()
        vectorizer = TokenVectorizer(sequence_length=3).fit(TEXTS)
        ids = vectorizer.transform(TEXTS)
        assert random_states() == states
        assert keras.config.dtype_policy().name == "mixed_float16"
    finally:
        keras.config.set_dtype_policy(policy)
    np.testing.assert_array_equal(vectorizer.transform(TEXTS), ids)


# Errors ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([], ValueError, "no texts.*at least one"),
        ("The cat sat.", TypeError, r"single string.*list.*\['The cat sat.'\]"),
        (["a", None], TypeError, "None of type NoneType in row 1.*fillna"),
        (["a", np.nan], TypeError, "nan of type float in row 1.*fillna"),
        (pd.Series(["a", None], dtype="string"), TypeError, "<NA>.*row 1.*fillna"),
        (["a", "b", 3], TypeError, "3 of type int in row 2.*a string"),
        (["a", b"b"], TypeError, "bytes in row 1.*decode"),
        (["a", ["b", "c"]], TypeError, "list in row 1"),
        (np.zeros((3, 1)), TypeError, "float in row 0"),
        (np.array([["a", "b"]]), ValueError, r"shape \(1, 2\).*one column"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, "one column"),
        (7, TypeError, "int.*list of strings"),
        (["a", "\ud800"], ValueError, "row 1.*UTF-8"),
    ],
)
def test_input_that_is_not_texts(fitted, X, error, message):
    with pytest.raises(error, match=message):
        TokenVectorizer().fit(X)
    with pytest.raises(error, match=message):
        fitted.transform(X)


@pytest.mark.parametrize("texts", [[""], ["...", "  ", "?!"]])
def test_texts_without_tokens(texts):
    vectorizer = TokenVectorizer()
    with pytest.raises(ValueError, match=r"no token.*standardize='lower_and_strip"):
        vectorizer.fit(texts)
    with pytest.raises(NotFittedError):
        vectorizer.transform(texts)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"max_tokens": 2}, "'max_tokens' parameter"),
        ({"sequence_length": 0}, "'sequence_length' parameter"),
        ({"standardize": "upper"}, "'standardize' parameter"),
        ({"split": None}, "'split' parameter"),
        ({"ngrams": 0}, "'ngrams' parameter"),
        ({"ngrams": (1, 0)}, r"ngrams=\(1, 0\).*whole numbers from 1"),
        ({"ngrams": ()}, r"ngrams=\(\).*whole numbers from 1"),
        ({"standardize": len}, "standardize.*int.*'The cat sat.'.*string"),
    ],
)
def test_parameters_out_of_range(params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        TokenVectorizer(**params).fit(TEXTS)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([[0, 9]], "9 in row 0.*9 tokens.*0 to 8"),
        ([[0, 1], [-1, 0]], "-1 in row 1"),
        ([[0.5, 1]], "0.5 in row 0.*whole numbers"),
        ([1, 2], "1D array"),
    ],
)
def test_ids_that_are_not_of_the_vocabulary(fitted, ids, message):
    with pytest.raises(ValueError, match=message):
        fitted.inverse_transform(ids)
