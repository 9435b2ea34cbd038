"""Rows in the form in which they are drawn: images, series, texts or columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from skunsup._validation import is_missing
from skunsup.inputs import Blocks, Images, Inputs, Sequences, Text
from skunsup.inputs.blocks._frames import listed
from skunsup.inputs.table._columns import as_table, read_columns

FORMS = ("images", "series", "texts", "columns")


@dataclass(frozen=True)
class Shown:
    """Rows to draw.

    Parameters
    ----------
    form : {"images", "series", "texts", "columns"}
        What they are.
    values : sequence
        Images of shape (height, width) or (height, width, 3); arrays of shape (steps,
        numbers); strings; or of "columns" one array for each column.
    names : list of str
        Of the columns, or of the numbers of a step; empty for images and texts.
    title : str
        Name of a block; empty without blocks.
    """

    form: str
    values: Sequence[Any]
    names: list[str]
    title: str = ""

    def __len__(self) -> int:
        of_one = self.form == "columns"
        return len(self.values[0]) if of_one else len(self.values)

    def numeric(self, column: int) -> bool:
        """Return True for a column of numbers."""
        return bool(np.asarray(self.values[column]).dtype.kind == "f")


def shown(kind: Inputs | None, X: Any, image_shape: Any = None) -> list[Shown]:
    """Return rows of `X` to draw, one entry for each block.

    Parameters
    ----------
    kind : Inputs or None
        Fitted kind of data.
    X : object
        Data of this kind.
    image_shape : (int, int) or (int, int, int), default=None
        Shape of the images that rows of numbers are.
    """
    if isinstance(kind, Blocks):
        return [_of_block(block, X) for block in kind.blocks_]
    if isinstance(kind, Images):
        rows = kind.transform(X)
        return [as_pictures(rows.reshape(-1, *kind.image_shape_))]
    if isinstance(kind, Text):
        return [Shown("texts", [str(text) for text in np.ravel(_listed(X))], [])]
    if isinstance(kind, Sequences):
        return [_series(kind, X)]
    if image_shape is not None:
        return [_reshaped(X, image_shape)]
    return [as_columns(X)]


def _of_block(block: Any, X: Any) -> Shown:
    cells = X[listed(block.columns)]
    values: Any = _filled(list(cells.iloc[:, 0])) if block.boxed else cells
    one = shown(block.kind, values)[0]
    return Shown(one.form, one.values, one.names, str(block.name))


def _filled(cells: list[Any]) -> list[Any]:
    """Return cells with blank images and empty texts where there are none."""
    there = [not is_missing(cell) for cell in cells]
    if all(there) or not any(there):
        return cells
    known = cells[there.index(True)]
    blank = known[:0] if isinstance(known, str) else np.zeros_like(known)
    return [
        cell if is_one else blank for cell, is_one in zip(cells, there, strict=True)
    ]


def _listed(X: Any) -> Any:
    return X.to_numpy() if hasattr(X, "to_numpy") else X


def _series(kind: Sequences, X: Any) -> Shown:
    length, width = kind.sequence_shape_
    names = [f"value {i}" for i in range(width)] if width > 1 else ["value"]
    X = _listed(X)
    if getattr(X, "ndim", 3) == 2 and not isinstance(X, list):
        X = np.asarray(X, float).reshape(-1, length, width)
    found = [np.asarray(one, float).reshape(len(one), -1) for one in X]
    kept = [one[~np.isnan(one).all(axis=1)] for one in found]
    return Shown("series", kept, names)


def _reshaped(X: Any, image_shape: Any) -> Shown:
    X = X.toarray() if sp.issparse(X) else np.asarray(_listed(X), float)
    shape = tuple(int(size) for size in image_shape)
    n_pixels = int(np.prod(shape))
    if len(shape) not in (2, 3) or X.size != len(X) * n_pixels:
        raise ValueError(
            f"image_shape={image_shape!r} has {n_pixels} numbers, but rows of X have "
            f"{X.size // max(len(X), 1)}. Give (height, width) or (height, width, "
            "channels) of the images."
        )
    return as_pictures(X.reshape(len(X), *shape))


def as_pictures(images: np.ndarray) -> Shown:
    """Return images as matplotlib takes them: grey, or three channels in [0, 1]."""
    images = np.asarray(images, float)
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    elif images.ndim == 4 and images.shape[3] != 3:
        images = images.mean(axis=3)
    if images.ndim == 4:
        images = np.clip(images / (255.0 if images.max() > 1.5 else 1.0), 0.0, 1.0)
    return Shown("images", list(images), [])


def as_columns(X: Any) -> Shown:
    """Return the columns of a table or an array, numbers as float64."""
    X = X.toarray() if sp.issparse(X) else X
    table = as_table(X, "X")
    columns = read_columns(table, "X")
    named = hasattr(X, "columns")
    names = [
        str(column.name) if named else f"column {j}" for j, column in enumerate(columns)
    ]
    return Shown("columns", [_cells(column) for column in columns], names)


def _cells(column: Any) -> np.ndarray:
    """Return numbers as they are, and truth values and categories as objects."""
    if column.kind == "number":
        return np.asarray(column.values, float)
    values = np.asarray(column.values, object)
    if column.kind == "boolean":
        known = [None if np.isnan(v) else bool(v) for v in column.values.astype(float)]
        values = np.array(known, object)
    return values


def as_array(X: Any) -> np.ndarray:
    """Return rows of numbers as an array of float64."""
    X = X.toarray() if sp.issparse(X) else _listed(X)
    return np.asarray(X, np.float64)


def names_of(X: Any, n: int, model: Any = None) -> list[str]:
    """Return the names of `n` columns: those of `X`, else what `model` knows."""
    for found in (
        getattr(X, "columns", None),
        getattr(model, "feature_names_in_", None),
    ):
        if found is not None and len(found) == n:
            return [str(name) for name in found]
    return [f"column {j}" for j in range(n)]
