"""Texts as inputs: forms of data, tokens and their loss, words left out."""

import pickle

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV

from skunsup._estimator import network_of
from skunsup.inputs import Text
from skunsup.inputs.text._likelihood import TokenLikelihood
from skunsup.models import (
    GAN,
    AdversarialAutoencoder,
    Autoencoder,
    BiGAN,
    VariationalAutoencoder,
)
from skunsup.outliers import AutoencoderDetector, GANDetector

from .helpers import on_torch_or_asked

SMALL = {"units": 6, "embedding_dim": 5}
RECURRENT = {**SMALL, "layer": "gru"}
QUICK = {"n_components": 3, "hidden_layer_sizes": 4, "epochs": 2, "random_state": 0}


def sentences(n, seed):
    """Sentences of a little grammar, of three to six words."""
    rng = np.random.default_rng(seed)
    who = [["cats", "dogs", "owls"], ["old cats", "old owls"], ["we", "they"]]
    what = [["see", "like", "hear"], ["do not see", "do not like"]]
    whom = ["fish", "mice", "birds", "us"]
    return [
        " ".join(
            [
                rng.choice(who[rng.integers(3)]),
                rng.choice(what[rng.integers(2)]),
                rng.choice(whom),
            ]
        )
        for _ in range(n)
    ]


@pytest.fixture(scope="module")
def texts():
    """Sixty sentences, an empty one among them."""
    return [*sentences(59, 0), ""]


@pytest.fixture(scope="module")
def model(texts):
    """A model of texts, hardly trained."""
    return Autoencoder(**QUICK, inputs=Text(**RECURRENT)).fit(texts)


@pytest.fixture(scope="module")
def learned():
    """One that has learned the grammar."""
    inputs = Text(units=32, embedding_dim=16, layer="conv")
    return Autoencoder(
        8, inputs=inputs, max_steps=400, learning_rate=5e-3, random_state=0
    ).fit(sentences(400, 1))


def right(model, texts):
    """Share of words in their places in reconstructions."""
    pairs = zip(model.reconstruct(texts), texts, strict=True)
    hits = [
        word == again
        for found, text in pairs
        for word, again in zip(text.split(), [*found.split(), *[""] * 9], strict=False)
    ]
    return np.mean(hits)


def test_it_restores_sentences_that_it_has_not_seen(learned):
    new = sentences(100, 2)
    untrained = clone(learned).set_params(max_steps=1).fit(sentences(400, 1))
    assert right(learned, new) > 0.9
    assert right(untrained, new) < 0.4
    assert learned.score(new) > 0.2 * untrained.score(new)
    lengths = [len(text.split()) for text in new]
    found = [len(text.split()) for text in learned.reconstruct(new)]
    assert np.mean(np.equal(lengths, found)) > 0.9


def test_logits_start_as_tokens_are_frequent(model):
    decoder = network_of(model).architecture.parts["decoder"]
    bias = decoder.initial_values(np.random.default_rng(0))[-1]
    assert bias.shape == (decoder.n_tokens,)
    # The tenth token is as frequent as Zipf's law, shifted by 2.7, says.
    np.testing.assert_allclose(np.exp(bias[9] - bias[0]), 2.7 / 11.7, rtol=1e-6)


def test_words_in_the_wrong_place_stand_out(learned):
    texts = ["old cats do not fish mice", "we see us", "we see"]
    shares = learned.feature_scores(texts)
    assert shares.shape[1] == 6
    assert shares[0].argmax() == 4
    # After the end there is nothing; the end itself is a token.
    assert (shares[1, 4:] == 0).all()
    assert shares[2].argmax() == 2
    assert shares[2, 2] > 100 * shares[1].sum()
    scores = learned.score_samples(texts)
    np.testing.assert_allclose(shares.sum(1), -scores, rtol=1e-4)


def test_the_form_of_texts_changes_nothing(texts, model):
    codes = model.transform(texts)
    frame = pd.DataFrame({"text": texts})
    array = np.array(texts, object)
    for same in (array, np.array(texts), frame["text"], frame, array[:, None]):
        np.testing.assert_array_equal(model.transform(same), codes)
    upper = [text.upper() + "!" for text in texts]
    np.testing.assert_array_equal(model.transform(upper), codes)
    assert not np.array_equal(model.transform([text[::-1] for text in texts]), codes)


def test_texts_come_back(texts, model):
    again = model.reconstruct(texts)
    assert again.shape == (60,)
    assert all(isinstance(text, str) for text in again)
    decoded = model.inverse_transform(model.transform(texts))
    np.testing.assert_array_equal(decoded, again)
    assert np.isfinite(model.score_samples(texts)).all()


def test_a_text_is_coded_alone(texts, model):
    codes = model.transform(texts)
    np.testing.assert_array_equal(model.transform(texts[7:8]), codes[7:8])
    np.testing.assert_array_equal(model.transform(texts[::-1]), codes[::-1])
    longer = [f"{text} fish fish fish fish fish fish" for text in texts]
    np.testing.assert_array_equal(
        model.transform([f"{text} we" for text in longer]), model.transform(longer)
    )


def test_unknown_words_are_one_token(texts, model):
    zebras, yaks = model.transform(["zebras see mice", "yaks see mice"])
    np.testing.assert_array_equal(zebras, yaks)
    assert not np.array_equal(zebras, model.transform(["cats see mice"])[0])


FAMILIES = [
    VariationalAutoencoder(**QUICK, inputs=Text(**RECURRENT, input_dropout=0.3)),
    AdversarialAutoencoder(**QUICK, inputs=Text(layer="conv", **SMALL), noise="swap"),
    AutoencoderDetector(
        **QUICK,
        inputs=Text(layer="conv", **SMALL),
        n_estimators=2,
        scoring="reconstruction",
    ),
]


@pytest.mark.parametrize("estimator", FAMILIES, ids=lambda e: type(e).__name__)
@on_torch_or_asked
def test_families_take_texts(estimator, texts):
    estimator = clone(estimator).fit(texts)
    scores = estimator.score_samples(texts)
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) > 20
    if hasattr(estimator, "sample"):
        assert isinstance(estimator.sample(2, random_state=0)[1], str)
    if hasattr(estimator, "predict"):
        assert estimator.predict(texts).shape == (60,)


@pytest.mark.parametrize(
    "estimator", [GAN(), BiGAN(), GANDetector(scoring="reconstruction")]
)
def test_rows_without_gradient_are_refused(estimator, texts):
    estimator.set_params(inputs=Text(**RECURRENT))
    with pytest.raises(
        ValueError, match=r"whole tokens and have none. Use Variational"
    ):
        estimator.fit(texts)


def test_rows_without_distance_are_refused(texts):
    with pytest.raises(ValueError, match="scoring='reconstruction'"):
        AutoencoderDetector(inputs=Text(**RECURRENT)).fit(texts)


def test_it_is_picklable_and_goes_on(texts, model):
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.transform(texts), model.transform(texts))
    again.partial_fit(texts[:32])
    assert again.score(texts) != model.score(texts)


@on_torch_or_asked
def test_it_is_searched(texts):
    model = Autoencoder(**QUICK, inputs=Text(layer="conv", **SMALL))
    grid = {"inputs__input_dropout": [0.5]}
    search = GridSearchCV(model, grid, cv=2).fit(texts[:40])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_._inputs.input_dropout == 0.5
    assert model.inputs.input_dropout == 0.0
    with pytest.raises(ValueError, match="Invalid parameter 'words'"):
        model.set_params(inputs__words=3)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("a single text", "X is a single string"),
        ([], "X holds no texts"),
        (["a text"], "minimum of 2"),
        (["a text", 3], "X holds 3 of type int in row 1"),
        (["a text", None], "X holds None of type NoneType in row 1"),
        (np.array([["a", "b"], ["c", "d"]]), "in one column"),
        (["", "."], "holds no token in any of its 2 texts"),
    ],
)
def test_bad_texts_are_refused(X, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Autoencoder(**QUICK, inputs=Text()).fit(X)


def test_bad_new_texts_are_refused(texts, model):
    with pytest.raises(TypeError, match=r"X holds 1\.5 of type float in row 0"):
        model.transform([1.5])
    with pytest.raises(TypeError, match="X_val holds 3 of type int in row 1"):
        clone(model).fit(texts, X_val=["a", 3])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"layer": "transformer"}, "'layer' parameter of Text"),
        ({"max_tokens": 2}, "'max_tokens' parameter of Text"),
        ({"input_dropout": 1.0}, "'input_dropout' parameter of Text"),
        ({"standardize": "upper"}, "'standardize' parameter of Text"),
        ({"split": "lines"}, "'split' parameter of Text"),
    ],
)
def test_bad_parameters_are_refused(texts, parameters, message):
    with pytest.raises(ValueError, match=message):
        Autoencoder(**QUICK, inputs=Text(**parameters)).fit(texts)


def test_the_number_of_logits_is_bounded(monkeypatch, texts):
    monkeypatch.setattr("skunsup.inputs.text._text.MOST_LOGITS", 60)
    learn = Text(sequence_length=6).fit_rows
    with pytest.raises(ValueError, match=r"of each text, more than 60.*_length=3 or"):
        learn(texts, Autoencoder())
    kind = Text()
    rows = kind.fit_rows(texts, Autoencoder())
    assert kind.n_columns_ == 3
    assert rows.d == 3


@on_torch_or_asked
def test_characters_are_tokens_too():
    X = ["abc", "abd", "abca", "ad"]
    kind = Text(split="character")
    rows = kind.fit_transform(X)
    assert rows.shape == (4, 4)
    np.testing.assert_array_equal(kind.inverse_transform(rows), X)


@pytest.fixture(scope="module")
def counts():
    """Sparse counts of words in three hundred sentences."""
    return CountVectorizer().fit_transform(sentences(300, 3)).astype(np.float32)


def test_counts_are_decoded_to_a_distribution_over_words(counts):
    loss = "categorical_crossentropy"
    model = Autoencoder(4, loss=loss, max_steps=300, learning_rate=3e-3, random_state=0)
    shares = model.fit(counts).reconstruct(counts[:50])
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-5)
    assert (shares >= 0).all()
    X = counts.toarray()
    logarithms = np.log(np.maximum(shares, 1e-7))  # as Keras keeps them finite
    expected = -np.sum(X[:50] * logarithms, axis=1)
    np.testing.assert_allclose(-model.score_samples(counts[:50]), expected, rtol=1e-4)
    frequency = X.mean(axis=0) / X.mean(axis=0).sum()
    assert model.score(counts) > 0.8 * np.mean(X @ np.log(frequency))
    by_word = model.feature_scores(counts[:50])
    np.testing.assert_allclose(by_word, -X[:50] * logarithms, rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match=r"needs values in \[0, inf\]"):
        model.fit(-counts)


def test_a_multinomial_likelihood_learns_which_words_go_together(counts):
    model = VariationalAutoencoder(
        4,
        likelihood="multinomial",
        beta=0.2,
        max_steps=600,
        learning_rate=3e-3,
        random_state=0,
    ).fit(counts)
    shares, X = model.reconstruct(counts), counts.toarray()
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-5)
    frequency = X.mean(axis=0) / X.mean(axis=0).sum()
    by_word = model.feature_scores(counts)
    assert by_word.sum(axis=1).mean() < -0.8 * np.mean(X @ np.log(frequency))
    expected = -X * np.log(shares + 1e-7)
    np.testing.assert_allclose(by_word, expected, rtol=1e-3, atol=1e-5)
    with pytest.raises(ValueError, match="needs counts, from 0 up"):
        model.fit(-counts)


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_the_loss_is_the_cross_entropy_up_to_the_end():
    likelihood, rng = TokenLikelihood(4, 5), np.random.default_rng(0)
    x = np.array([[2, 3, 0, 0], [1, 4, 2, 3], [0, 0, 0, 0]], np.float32)
    logits = rng.normal(size=(3, 4, 5)).astype(np.float32)
    loss = numpy(likelihood.losses(x, logits.reshape(3, 20), None))
    expected = -np.take_along_axis(
        log_softmax(logits, -1), x.astype(int)[..., None], -1
    )
    there = np.array([[1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 0]])
    np.testing.assert_allclose(loss, expected[..., 0] * there, rtol=1e-5)
    np.testing.assert_array_equal(numpy(likelihood.observed(x)), there)
    several = np.stack([logits.reshape(3, 20)] * 2, axis=1)
    many = numpy(likelihood.losses(x[:, None], several, None))
    np.testing.assert_allclose(many, np.stack([loss, loss], 1), rtol=1e-6)


def test_rows_are_the_likeliest_tokens_up_to_the_end():
    likelihood = TokenLikelihood(4, 5)
    logits = np.zeros((1, 4, 5), np.float32)
    logits[0, [0, 1, 2, 3], [3, 4, 0, 2]] = 1.0
    np.testing.assert_array_equal(
        numpy(likelihood.rows(logits.reshape(1, 20))), [[3, 4, 0, 0]]
    )


def test_dropout_makes_words_unknown_and_leaves_padding():
    likelihood = TokenLikelihood(6, 9, 0.5)
    x = np.tile(np.array([2, 3, 4, 5, 0, 0], np.float32), (2000, 1))
    seen = numpy(likelihood.corruption()(keras.ops.convert_to_tensor(x)))
    hit = seen != x
    assert (seen[hit] == 1).all()
    assert (seen[:, 4:] == 0).all()
    np.testing.assert_allclose(hit[:, :4].mean(0), 0.5, atol=0.05)
    assert TokenLikelihood(6, 9).corruption() is None


class Lower:
    """A callable without a __repr__ of its own, so that copies are shown unlike."""

    def __init__(self, words=()):
        self.words = words

    def __call__(self, text):
        return text.lower()


def test_training_goes_on_with_the_vocabulary_that_a_pickle_has(texts):
    inputs = Text(**RECURRENT, standardize=Lower())
    model = Autoencoder(**QUICK, inputs=inputs, warm_start=True).fit(texts)
    twin, words = pickle.loads(pickle.dumps(model)), texts[:10]
    known = list(model._inputs.vectorizer_.vocabulary_)
    assert twin.fit(words)._inputs.vectorizer_.vocabulary_ == known
    np.testing.assert_array_equal(
        twin.transform(texts), model.fit(words).transform(texts)
    )
    changed = Text(**RECURRENT, standardize=Lower(("a",)))
    with pytest.raises(ValueError, match="another network"):
        twin.set_params(inputs=changed).fit(words)


def test_a_column_of_texts_stands_next_to_others_in_a_frame(texts, model):
    frame = pd.DataFrame({"text": texts, "number": np.arange(60.0)}, texts[::-1])
    columns = ColumnTransformer(
        [("codes", clone(model), "text"), ("kept", "passthrough", ["number"])]
    )
    found = columns.set_output(transform="pandas").fit_transform(frame)
    names = [f"codes__autoencoder{i}" for i in range(3)]
    assert [*found.columns] == [*names, "kept__number"]
    assert [*found.index] == texts[::-1]
    np.testing.assert_allclose(found[names], model.transform(texts), 1e-5, 1e-6)


def test_the_length_of_a_text_is_limited():
    kind = Text(max_characters=3).fit(["a b", "abc"])
    with pytest.raises(ValueError, match=r"4 characters in row 1.*max_characters=3"):
        kind.transform(["abc", "abcd"])
    with pytest.raises(ValueError, match=r"5 characters in row 0.*max_characters=3"):
        Autoencoder(inputs=Text(max_characters=3)).fit(["a b c", "a"])
    assert Text(max_characters=None).fit(["a b c"]).vectorizer_.max_characters is None
