"""Texts as rows of ids of their tokens."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import check_is_fitted

from skunsup._dates import refuse_dates
from skunsup._docstrings import documented
from skunsup._documentation import FIT
from skunsup._parameters import parameter, parameters
from skunsup._persistence import PickledEstimator
from skunsup._sklearn import (
    StrOptions,
    integers,
    unchanged_on_error,
    validated,
)
from skunsup.preprocessing._texts import check_texts, standard_form

COVERED = 0.95
PADDING, UNKNOWN = "", "[UNK]"  # their ids are 0 and 1
N_SPECIAL = 2
MAX_CHARACTERS = 10_000_000


class Analysis(NamedTuple):
    """Tokenisation of texts: the parameters as they were in `fit`."""

    standardize: str | Callable | None
    split: str
    ngrams: tuple[int, ...]
    max_characters: int | None = None

    def checked(self, X: Any) -> list[str]:
        """Return the texts that a user passed."""
        return check_texts(X, self.max_characters)

    def tokens(self, text: str) -> Iterator[str]:
        """Return the tokens of a text: all of the first size, then of the next one."""
        text = standard_form(text, self.standardize)
        singles = text if self.split == "character" else text.split()
        for size in self.ngrams:
            if size == 1:
                yield from singles
                continue
            for start in range(len(singles) - size + 1):
                yield " ".join(singles[start : start + size])


@parameters
class TokenVectorizer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, PickledEstimator
):
    """Texts to rows of whole numbers, one for each token, in the order of the text.

    The ids are places in a vocabulary of the most frequent tokens of the training
    texts, as in :class:`keras.layers.TextVectorization` [1]_. 0 is padding after the
    last token, 1 a token that is not in the vocabulary. Rows have one length: longer
    texts lose their end. This is what embedding layers take; counts of words are
    :class:`~sklearn.feature_extraction.text.CountVectorizer`'s.

    Parameters
    ----------
    max_tokens : int or None
        Size of the vocabulary at most, with the ids 0 and 1. Of equally frequent tokens
        the last by code points are kept. None keeps all.
    sequence_length : int or None
        Tokens in a row. None means the least length that 95 % of the training texts do
        not exceed.
    standardize : str, callable or None
        "lower_and_strip_punctuation", "lower" or "strip_punctuation"; None for neither.
        What to do to a text before it is split. Letters of all languages are lowered;
        punctuation is that of ASCII. A callable takes a text and returns one.
    split : {"whitespace", "character"}
        What a token is.
    ngrams : int, tuple of int or None
        Make tokens of so many neighbours, joined by blanks, after the single ones: 2
        adds pairs, and 1,000 is the most. A tuple lists the sizes, (2,) makes pairs
        only.
    max_characters : int or None
        Length of a text at most, in `fit` and in `transform`; a longer one is an error.
        None for no limit.

    Attributes
    ----------
    vocabulary_ : list of str
        The token of each id, the most frequent first, after "" and "[UNK]".
    sequence_length_ : int
        Tokens in a row.

    See Also
    --------
    sklearn.feature_extraction.text.CountVectorizer : Counts, without order.
    SlidingWindows : Rows out of time series.

    Notes
    -----
    A text without tokens, such as an empty one, is a row of padding. Time and memory
    grow with the number of characters, whatever the length of a word.

    References
    ----------
    .. [1] Keras API, "TextVectorization layer".

    Examples
    --------
    >>> from skunsup import TokenVectorizer
    >>> vectorizer = TokenVectorizer().fit(["The cat sat.", "The dog"])
    >>> vectorizer.vocabulary_
    ['', '[UNK]', 'the', 'sat', 'dog', 'cat']
    >>> vectorizer.transform(["the cat ran", "The DOG!"])
    array([[2, 5, 1],
           [2, 4, 0]], dtype=int32)
    """

    max_tokens: int | None = parameter(
        [integers(N_SPECIAL + 1), None], default=20_000, kw_only=False
    )
    sequence_length: int | None = parameter([integers(1), None], default=None)
    standardize: str | Callable | None = parameter(
        [
            StrOptions({"lower_and_strip_punctuation", "lower", "strip_punctuation"}),
            callable,
            None,
        ],
        default="lower_and_strip_punctuation",
    )
    split: str = parameter(
        [StrOptions({"whitespace", "character"})], default="whitespace"
    )
    ngrams: int | tuple[int, ...] | None = parameter(
        [integers(1, 1_000), tuple, None], default=None
    )
    max_characters: int | None = parameter([integers(1), None], default=MAX_CHARACTERS)

    @validated(prefer_skip_nested_validation=True)
    @documented(FIT)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the vocabulary.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or (n_samples, 1)
            Texts: a list, an array, a Series, or a table of one column.

        Raises
        ------
        TypeError
            If `X` is a single string, or holds anything but strings.
        ValueError
            If there are no texts, one is longer than `max_characters`, or none has a
            token.
        """
        with unchanged_on_error(self):
            sizes = _sizes(self.ngrams)
            self._analysis = Analysis(
                self.standardize, self.split, sizes, self.max_characters
            )
            counts, lengths = _counted(self._analysis, X)
            if not counts:
                raise ValueError(
                    f"X holds no token in any of its {len(lengths)} texts, with "
                    f"standardize={self.standardize!r}, split={self.split!r} and "
                    f"ngrams={self.ngrams!r}. Give texts with words, or change these."
                )
            self.vocabulary_ = _vocabulary(counts, self.max_tokens)
            covering = np.quantile(lengths, COVERED, method="inverted_cdf")
            self.sequence_length_ = int(self.sequence_length or max(1, covering))
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Look up the tokens of texts.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or (n_samples, 1)
            Texts.

        Returns
        -------
        ndarray of shape (n_samples, sequence_length), int32
            Places in `vocabulary_`.

        Raises
        ------
        TypeError, ValueError
            As `fit` does.
        """
        check_is_fitted(self)
        texts, length = self._analysis.checked(X), self.sequence_length_
        places = {token: i for i, token in enumerate(self.vocabulary_)}
        ids = np.zeros((len(texts), length), np.int32)
        for row, text in zip(ids, texts, strict=True):
            tokens = islice(self._analysis.tokens(text), length)
            found = [places.get(token, 1) for token in tokens]
            row[: len(found)] = found
        return ids

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Write out ids as texts.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_tokens)
            Places in `vocabulary_`.

        Returns
        -------
        ndarray of shape (n_samples,), object
            The tokens of each row, joined by blanks, or by nothing where tokens are
            characters. Padding is left out, unknown tokens are "[UNK]".

        Raises
        ------
        ValueError
            If a number is not the id of a token.
        """
        check_is_fitted(self)
        ids = self._checked_ids(X)
        words = np.array(self.vocabulary_, object)
        blank = "" if self._analysis.split == "character" else " "
        texts = np.empty(len(ids), object)
        texts[:] = [blank.join(words[row[row > 0]]) for row in ids]
        return texts

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags

    @property
    def _n_features_out(self) -> int:
        return self.sequence_length_

    def _checked_ids(self, X: Any) -> np.ndarray:
        refuse_dates(X, "X", "ids of tokens")
        n = len(self.vocabulary_)
        ids = check_array(X, dtype=np.float64, input_name="X")
        wrong = (ids < 0) | (ids >= n) | (ids != np.floor(ids))
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise ValueError(
                f"X holds {ids[row, column]:g} in row {row}, but the ids of the {n} "
                f"tokens of the vocabulary are whole numbers from 0 to {n - 1}."
            )
        return ids.astype(np.intp)


def _sizes(ngrams: int | Sequence[int] | None) -> tuple[int, ...]:
    """Return the sizes of n-grams that are asked for."""
    if not isinstance(ngrams, tuple):
        return tuple(range(1, (ngrams or 1) + 1))  # type: ignore[operator]
    if not ngrams or any(not isinstance(n, int) or n < 1 for n in ngrams):
        raise ValueError(
            f"ngrams={ngrams!r}, but expected whole numbers from 1 up, such as (1, 2)."
        )
    return ngrams


def _counted(analysis: Analysis, X: Any) -> tuple[Counter[str], list[int]]:
    """Number of times each token occurs, and number of tokens of each text."""
    counts: Counter[str] = Counter()
    lengths = []
    for text in analysis.checked(X):
        tokens = list(analysis.tokens(text))
        counts.update(tokens)
        lengths.append(len(tokens))
    return counts, lengths


def _vocabulary(counts: Counter[str], max_tokens: int | None) -> list[str]:
    """Return the token of each id."""
    for special in (PADDING, UNKNOWN):
        counts.pop(special, None)
    most = None if max_tokens is None else int(max_tokens) - N_SPECIAL
    by_count = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
    return [PADDING, UNKNOWN, *by_count[:most]]
