"""Rows of a table, made wide as they are read."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from skunsup._training import Rows
from skunsup.inputs.table._columns import Column
from skunsup.inputs.table._likelihood import TableLikelihood


class TableRows(Rows):
    """Rows of numbers and of places among categories, made wide as they are read.

    Parameters
    ----------
    numbers : array of shape (n, n_real), float32
        Scaled; NaN where missing.
    codes : array of shape (n, n_categories), int32
        In the order of `likelihood`; -1 where missing.
    likelihood : TableLikelihood
        What the wide rows are.
    """

    def __init__(
        self, numbers: np.ndarray, codes: np.ndarray, likelihood: TableLikelihood
    ) -> None:
        self.numbers, self.codes, self.likelihood = numbers, codes, likelihood
        self.n, self.d = len(numbers), likelihood.n_columns

    def part(self, index: np.ndarray) -> "TableRows":
        return TableRows(self.numbers[index], self.codes[index], self.likelihood)

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        return self.likelihood.expanded(self.numbers[index], self.codes[index])


def stacked(columns: Sequence[np.ndarray], n: int) -> np.ndarray:
    """Return columns of `n` values side by side, also if there are none."""
    return np.stack(columns, axis=1) if columns else np.zeros((n, 0))


def ordered_cells(
    columns: Sequence[Column],
) -> tuple[list[int], list[int], list[tuple[int, int, bool]]]:
    """Numbers of the columns in the order of cells, and the groups of categories.

    Returns
    -------
    numbers, categories : list of int
        Columns; categories of the same form stand side by side.
    groups : list of (int, int, bool)
        As of `TableLikelihood`.
    """
    forms = {
        j: (len(column.levels), column.kind == "ordered")
        for j, column in enumerate(columns)
        if column.levels is not None
    }
    numbers = [j for j in range(len(columns)) if j not in forms]
    categories = sorted(forms, key=lambda j: (forms[j], j))
    counts = Counter(forms[j] for j in categories)
    return numbers, categories, [(k, n, o) for (k, o), n in counts.items()]
