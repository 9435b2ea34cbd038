"""Texts as users pass them, and their standard form."""

import string
from collections.abc import Callable
from typing import Any

import numpy as np

from skunsup._containers import check_container
from skunsup._validation import MISSING

WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


def standard_form(text: str, standardize: str | Callable | None) -> str:
    """Return a text as it is to be split.

    As `keras.layers.TextVectorization` does it, but for letters beyond ASCII, which
    TensorFlow takes as they are.

    Parameters
    ----------
    text : str
        As the user gave it.
    standardize : str, callable or None
        See `TokenVectorizer`.

    Returns
    -------
    str
        In that form.

    Raises
    ------
    TypeError
        If a callable `standardize` does not return a string.
    """
    if callable(standardize):
        found = _called(standardize, text)
        if not isinstance(found, str):
            raise TypeError(
                f"standardize returned {found!r} of type {type(found).__name__} for "
                f"{_shown(text)}, but expected a string."
            )
        text = found
    elif standardize is not None:
        if standardize.startswith("lower"):
            text = text.lower()
        if standardize.endswith("strip_punctuation"):
            text = text.translate(WITHOUT_PUNCTUATION)
    return text


def _called(standardize: Callable, text: str) -> Any:
    try:
        return standardize(text)
    except Exception as error:
        raise ValueError(
            f"standardize={standardize!r} raised {type(error).__name__} for "
            f"{_shown(text)}: {error}. It must take a text and return one."
        ) from error


def check_texts(X: Any, max_characters: int | None = None) -> list[str]:
    """Validate texts.

    Parameters
    ----------
    X : array-like of str of shape (n_samples,) or (n_samples, 1)
        As the user passed them.
    max_characters : int or None, default=None
        Length of a text at most.

    Returns
    -------
    list of str
        One or more.

    Raises
    ------
    TypeError
        If `X` is a single string, is no list or array, or holds something else.
    ValueError
        If it is empty or has several columns, or a text is too long or cannot be
        written as UTF-8.
    """
    check_container(X)
    texts = _as_list(X)
    if not texts:
        raise ValueError("X holds no texts, but expected at least one.")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            _refuse(text, row)
        if max_characters is not None and len(text) > max_characters:
            raise ValueError(
                f"X holds a text of {len(text)} characters in row {row}, but "
                f"max_characters={max_characters}. Cut or split the text, or raise "
                "max_characters."
            )
        if not text.isascii():
            _check_encodes(text, row)
    return [str(text) for text in texts]


def _as_list(X: Any) -> list:
    if isinstance(X, str):
        raise TypeError(
            f"X is a single string, but expected a list of them. Give [{_shown(X)}]."
        )
    if isinstance(X, list | tuple):
        return list(X)
    table = X.to_numpy() if hasattr(X, "to_numpy") else np.asarray(X)
    if table.ndim == 0:
        raise TypeError(
            f"X is of type {type(X).__name__}, but expected a list of strings, an "
            "array, a Series, or a table of one column."
        )
    if table.ndim > 2 or (table.ndim == 2 and table.shape[1] != 1):
        raise ValueError(
            f"X has shape {table.shape}, but expected texts in one column. Choose one, "
            "or give each a vectorizer of its own in a ColumnTransformer."
        )
    return table.ravel().tolist()


def _refuse(value: Any, row: int) -> None:
    advice = "Convert it first, for instance with str."
    if str(value) in MISSING:
        advice = "Fill in missing texts first, for instance with fillna('')."
    if isinstance(value, bytes):
        advice = "Decode it first, with bytes.decode."
    raise TypeError(
        f"X holds {_shown(value)} of type {type(value).__name__} in row {row}, but "
        f"expected a string. {advice}"
    )


def _check_encodes(text: str, row: int) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"X holds a text in row {row} that cannot be written as UTF-8: {error}. "
            "Clean it first, for instance with text.encode('utf-8', 'replace')."
        ) from None


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) < 60 else shown[:57] + "..."
