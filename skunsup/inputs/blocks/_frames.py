"""Columns of blocks in a DataFrame."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def checked_frame(X: Any, blocks: Sequence[Any], name: str) -> Any:
    """Return `X`, once it is a pandas DataFrame with the columns of all blocks."""
    if not hasattr(X, "columns") or not hasattr(X, "iloc"):
        raise TypeError(
            f"{name} is a {type(X).__name__}, but Blocks expects a pandas DataFrame, "
            "so that blocks can name their columns. Wrap it in pandas.DataFrame."
        )
    wanted = [column for columns in blocks for column in listed(columns)]
    _check_once(wanted, X, name)
    absent = [column for column in wanted if column not in X.columns]
    if absent:
        raise ValueError(
            f"{name} lacks the columns {absent}, which blocks name; it has "
            f"{list(X.columns)}. A block that is missing needs its columns too, with "
            "None in each row."
        )
    return _picked(X, wanted)


def _check_once(wanted: list[Any], X: Any, name: str) -> None:
    """Raise ValueError where a column is in two blocks, or its name in `X` twice."""
    import pandas as pd

    named = pd.Index(wanted, tupleize_cols=False)
    if named.has_duplicates:
        raise ValueError(
            f"blocks names the column {named[named.duplicated()][0]!r} twice. Give "
            "each column to one block."
        )
    twice = X.columns[X.columns.duplicated()]
    twice = [column for column in twice if column in named]
    if len(twice):
        raise ValueError(
            f"{name} has several columns named {twice[0]!r}, which could not be told "
            "apart. Give each column a name of its own."
        )


def listed(columns: Any) -> list[Any]:
    """Return the columns of a block, one of which may stand without a list."""
    single = isinstance(columns, str) or not hasattr(columns, "__iter__")
    return [columns] if single else list(columns)


def _picked(frame: Any, columns: list[Any]) -> Any:
    """Return columns by name, names that pandas takes for a mask of rows too."""
    return frame.iloc[:, frame.columns.get_indexer_for(columns)]


def present(frame: Any, columns: Any) -> np.ndarray:
    """Return in which rows a block has a value."""
    return _picked(frame, listed(columns)).notna().to_numpy().any(axis=1)


def is_boxed(frame: Any, columns: Any) -> bool:
    """Return True for a block of one column that does not hold numbers."""
    dtypes = _picked(frame, listed(columns)).dtypes
    return len(dtypes) == 1 and getattr(dtypes.iloc[0], "kind", "O") not in "fiub"


def taken(frame: Any, columns: Any, here: np.ndarray, boxed: bool) -> Any:
    """Return the columns of a block where it is there, or the cells of its only one."""
    part = _picked(frame, listed(columns))
    part = part.iloc[:, 0] if boxed else part
    return part if here.all() else part[here]
