"""Shapes of sequences: as parameters say, and as data have them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skunsup.inputs.sequences._ragged import check_sequences, is_mapped_array

Shape = tuple[int, int]


def measured(X: Any) -> tuple[int, int, int, int, str]:
    """Return most and fewest steps, numbers in each, sequences, and the form of `X`."""
    if is_mapped_array(X):
        n, length, width = X.shape
        return length, length, width, n, "array"
    found = check_sequences(X, "X")
    form = "vectors" if found.vectors else "list" if found.listed else "array"
    length = found.steps.max() if found.listed else found.length
    return int(length), int(found.steps.min()), found.width, len(found.steps), form


def checked_shape(given: Sequence[int] | None) -> Shape | None:
    if given is None:
        return None
    shape = tuple(given)
    whole = all(isinstance(size, int | np.integer) and size > 0 for size in shape)
    if len(shape) != 2 or not whole:
        raise ValueError(
            f"sequence_shape={given!r}, but expected (steps, numbers in each step), "
            "whole numbers above 0."
        )
    return int(shape[0]), int(shape[1])


def shape_of_flat(X: Any, given: Shape | None) -> Shape:
    n = X.shape[1]
    if given is None:
        raise ValueError(
            f"X has shape {X.shape}, flat rows, which could be {n} steps of one number "
            f"or fewer steps of more. Say which: Sequences(sequence_shape=({n}, 1)), "
            "for instance."
        )
    if given[0] * given[1] != n:
        raise ValueError(
            f"sequence_shape={given} makes {given[0] * given[1]} values, but X has {n} "
            "columns (features). Give (steps, numbers in each step)."
        )
    return given
