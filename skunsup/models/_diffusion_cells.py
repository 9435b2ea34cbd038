"""Cells of rows, of which categories with an order count as numbers."""

from collections.abc import Sequence

import numpy as np

from skunsup._networks import Likelihood


class DiffusionCells:
    """Numbers, among them the ranks of ordered categories, and other categories.

    Parameters
    ----------
    likelihood : Likelihood
        What the columns of rows mean, numbers or categories.
    """

    def __init__(self, likelihood: Likelihood) -> None:
        self.likelihood, groups = likelihood, likelihood.groups
        counts = [n for _, n, _ in groups]
        self.ordered = np.repeat([o for *_, o in groups], counts).astype(bool)
        sizes = np.repeat([k for k, *_ in groups], counts)
        self.sizes: Sequence[int] = sizes[~self.ordered].astype(int).tolist()

    def split(self, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Numbers, NaN where missing, and codes of categories, -1 for those."""
        numbers, codes = self.likelihood.split(block)
        ranks = np.where(codes < 0, np.nan, codes)[:, self.ordered]
        numbers = np.concatenate([numbers, ranks], axis=1, dtype=np.float64)
        return numbers, codes[:, ~self.ordered]

    def joined(
        self, numbers: Sequence[np.ndarray], codes: Sequence[np.ndarray], n: int
    ) -> np.ndarray:
        """Rows of the columns that `split` took apart."""
        n_real = len(numbers) - int(self.ordered.sum())
        whole = np.empty((n, len(self.ordered)), int)
        for j, rank in zip(np.flatnonzero(self.ordered), numbers[n_real:], strict=True):
            whole[:, j] = np.rint(rank)
        for j, code in zip(np.flatnonzero(~self.ordered), codes, strict=True):
            whole[:, j] = code
        real = np.stack(numbers[:n_real], axis=1) if n_real else np.empty((n, 0))
        return self.likelihood.expanded(real, whole)

    def of_columns(self, n_numbers: int) -> np.ndarray:
        """Cell that each column of a row belongs to, the `n_numbers` numbers first."""
        n_ordered = int(self.ordered.sum())
        n_real = n_numbers - n_ordered
        cell = np.empty(len(self.ordered), int)
        cell[self.ordered] = n_real + np.arange(n_ordered)
        cell[~self.ordered] = n_numbers + np.arange(len(self.sizes))
        repeats = [k for k, n, _ in self.likelihood.groups for _ in range(n)]
        n_plain = self.likelihood.n_columns - sum(repeats)
        # Behind numbers may be what says that they are observed.
        plain = np.arange(n_plain) % max(n_real, 1)
        return np.concatenate([plain, np.repeat(cell, repeats)])
