"""Rows of a table, made wide as they are read."""

import numpy as np

from skunsup._training import Rows
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
        """Return the rows at `index`, as rows of their own."""
        return TableRows(self.numbers[index], self.codes[index], self.likelihood)

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        return self.likelihood.expanded(self.numbers[index], self.codes[index])
