"""Rows of data and of sources, of every kind."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from skunsup._containers import check_container
from skunsup._training import Rows, SourceRows
from skunsup.inputs._base import Inputs
from skunsup.inputs.dense import Dense
from skunsup.sources import NO_TABLE, Source, check_source, read_chunk

MOST_LEARNED = 100_000  # rows that a kind of data learns from
CHUNKS_OF_NUMBERS = 8  # of which the scales of columns are looked at

UNLIKE = (
    "X.read({i}) returned {kind}, but X.read(0) {before}: {chunk}. Give the same "
    "columns in each chunk."
)


def fit_inputs(kind: Inputs, X: Any, owner: BaseEstimator, min_samples: int) -> Rows:
    """Learn what the rows of `X` look like, and return them.

    Parameters
    ----------
    kind : Inputs
        Not fitted yet.
    X : array-like or Source
        Training data.
    owner, min_samples
        As `Inputs.fit_rows` takes them.
    """
    check_container(X)
    if isinstance(X, Source):
        return _fit_source(kind, X, owner, min_samples)
    return kind.fit_rows(X, owner, min_samples)


def read_inputs(kind: Inputs, X: Any, owner: BaseEstimator, name: str = "X") -> Rows:
    """Return the rows of `X`, of the kind that was fitted; at least one.

    Parameters
    ----------
    kind : Inputs
        Fitted.
    X : array-like or Source
        Data.
    owner, name
        As `Inputs.read_rows` takes them.
    """
    check_container(X, name)
    if isinstance(X, Source):
        return _read_source(kind, X, owner, name)
    rows = kind.read_rows(X, owner, name)
    if not rows.n:
        raise ValueError(
            f"{name} has 0 sample(s) (n_samples=0), but a minimum of 1 is required."
        )
    return rows


def _fit_source(
    kind: Inputs, source: Source, owner: BaseEstimator, min_samples: int
) -> Rows:
    """Learn from at most `MOST_LEARNED` rows, out of all chunks; return all rows."""
    check_source(source, "X")
    taken = _taken(source, whole=isinstance(kind, Dense))
    try:
        kind.fit_rows(_joined(list(taken.values())), owner, min_samples)
    except (TypeError, ValueError) as error:
        _name_chunk(kind, source, owner, taken)
        raise error
    return _read_source(kind, source, owner)


def _read_source(
    kind: Inputs, source: Source, owner: BaseEstimator, name: str = "X"
) -> SourceRows:
    """Return the rows of a source like those that a kind was fitted to.

    Chunks are read, and validated, when their rows are needed.
    """
    check_source(source, name)

    def rows_of(i: int) -> Rows:
        try:
            return kind.read_rows(read_chunk(source, i, name), owner, name)
        except (TypeError, ValueError) as error:
            raise type(error)(f"In {source.name_of(i)}: {error}") from error

    rows = SourceRows(
        lambda i: rows_of(i).take(slice(None)), source.boundaries, kind.n_columns_
    )
    rows.result_dtype = rows_of(0).result_dtype
    return rows


def _taken(source: Source, *, whole: bool) -> dict[int, Any]:
    """Return rows of chunks by their numbers: few whole chunks, or some rows of all."""
    n_chunks = CHUNKS_OF_NUMBERS if whole else source.n_chunks
    numbers = np.unique(np.linspace(0, source.n_chunks - 1, n_chunks).astype(int))
    share = 1.0 if whole else min(1.0, MOST_LEARNED / len(source))
    taken = {}
    for i in numbers.tolist():
        chunk = read_chunk(source, i, "X")
        n = len(chunk)
        index = np.linspace(0, n - 1, min(n, max(2, round(share * n)))).astype(int)
        taken[i] = _rows_of(chunk, index, i)
        found, before = _form(taken[i]), _form(taken[0])
        if found != before:
            name = source.name_of(i)
            message = UNLIKE.format(i=i, kind=found, before=before, chunk=name)
            raise ValueError(message)
    return taken


def _form(rows: Any) -> str:
    """Form of rows, which all chunks have in common."""
    if isinstance(rows, np.ndarray):
        return f"an array with rows of shape {rows.shape[1:]}"
    if hasattr(rows, "columns"):
        return f"a DataFrame with columns {', '.join(map(repr, rows.columns))}"
    return f"a {type(rows).__name__}"


def _name_chunk(
    kind: Inputs, source: Source, owner: BaseEstimator, taken: dict[int, Any]
) -> None:
    """Raise the error of a single chunk that cannot be learned from, with its name."""
    for i, rows in taken.items():
        try:
            clone(kind).fit_rows(rows, owner)
        except (TypeError, ValueError) as error:
            n_rows = f"{len(rows)} rows out of " if len(rows) < _size(source, i) else ""
            name = f"{n_rows}{source.name_of(i)}"
            raise type(error)(f"In {name}: {error}") from error


def _size(source: Source, i: int) -> int:
    return int(source.boundaries[i + 1] - source.boundaries[i])


def _rows_of(chunk: Any, index: np.ndarray, i: int) -> Any:
    if isinstance(chunk, np.ndarray):
        return chunk[index]
    if isinstance(chunk, list):
        return [chunk[j] for j in index.tolist()]
    if hasattr(chunk, "iloc"):
        return chunk.iloc[index]
    raise TypeError(NO_TABLE.format(name="X", i=i, kind=type(chunk).__name__))


def _joined(parts: list[Any]) -> Any:
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    if isinstance(parts[0], list):
        return [row for part in parts for row in part]
    import pandas as pd

    return pd.concat(parts, ignore_index=True)
