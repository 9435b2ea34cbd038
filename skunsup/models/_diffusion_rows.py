"""Rows as scores, which a diffusion model learns to draw, and back."""

import numpy as np

from skunsup._networks import Likelihood
from skunsup._random import draw_seed
from skunsup._training import Rows, WeightedSampler
from skunsup.models._diffusion_categories import HOT
from skunsup.models._diffusion_cells import DiffusionCells
from skunsup.models._diffusion_components import Components
from skunsup.models._gaps import Gaps
from skunsup.models._margins import drawn_between, margin_of, relative_deviations

MOST_ROWS = 20_000  # that scores are learned from
LEAST_DEVIATION = 0.01
LEAST_SHARE = 1e-6  # of a category that no row has


class Scores:
    """Numbers and categories of rows as scores on the scale of a normal distribution.

    Numbers, and categories with an order, have a `Margin` each. Other categories have
    a score for each value.

    Parameters
    ----------
    rows : Rows
        The training rows.
    sample : WeightedSampler
        Draws them.
    likelihood : Likelihood
        What their columns mean, numbers or categories.
    n_components : int or None
        Leading principal components that stand for rows of numbers; None for the
        numbers themselves.
    rng : numpy.random.Generator
        Draws the rows that scores are learned from, where there are many.
    """

    def __init__(
        self,
        rows: Rows,
        sample: WeightedSampler,
        likelihood: Likelihood,
        n_components: int | None,
        rng: np.random.Generator,
    ) -> None:
        self.parts = DiffusionCells(likelihood)
        self.components: Components | None = None
        block, weight = _some(rows, sample, rng)
        if n_components is not None:
            self.components = Components(block, weight, n_components, draw_seed(rng))
        numbers, codes = self._split(block)
        self.margins = [margin_of(column, weight) for column in numbers.T]
        sizes = self.parts.sizes
        pairs = zip(codes.T, sizes, strict=True)
        self.shares = [_shares(code, weight, k) for code, k in pairs]
        self.spread = relative_deviations(numbers, weight)
        known = np.concatenate([~np.isnan(numbers), codes >= 0], axis=1)
        self.gaps = Gaps(known, weight)
        n_real = len(self.margins)
        hot = np.repeat(np.arange(len(sizes)), sizes)
        self.cells = np.concatenate([np.arange(n_real), n_real + hot]).astype(int)

    @property
    def n_real(self) -> int:
        """Columns that are numbers, or categories with an order."""
        return len(self.margins)

    @property
    def n_cells(self) -> int:
        """Cells of a row."""
        return len(self.margins) + len(self.shares)

    @property
    def n_scores(self) -> int:
        """Scores of a row."""
        return len(self.cells)

    @property
    def drawn(self) -> bool:
        """True if some value stands for an interval of scores."""
        return any((margin.high > margin.low).any() for margin in self.margins)

    @property
    def scale(self) -> np.ndarray:
        """Factor of each score, shape (n_scores,), float32."""
        ones = np.ones(self.n_scores - self.n_real)
        return np.concatenate([self.spread, ones]).astype(np.float32)

    @property
    def deviations(self) -> np.ndarray:
        """Standard deviation of the score of each number, shape (n_real,), float32."""
        return np.maximum(self.spread, LEAST_DEVIATION).astype(np.float32)

    @property
    def share(self) -> np.ndarray:
        """Share of the rows of each value of categories, above 0, float32."""
        shares = np.concatenate([np.empty(0), *self.shares])
        return np.maximum(shares, LEAST_SHARE).astype(np.float32)

    @property
    def width(self) -> int:
        """Columns of what `__call__` returns."""
        return self.n_real + self.n_scores + self.n_cells

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """Return intervals, scores of categories and observed cells of rows."""
        numbers, codes = self._split(block)
        missing = np.isnan(numbers)
        low, high = np.zeros(numbers.shape), np.zeros(numbers.shape)
        for j, margin in enumerate(self.margins):
            known = ~missing[:, j]
            low[known, j], high[known, j] = margin.intervals(numbers[known, j])
        columns = [low, high, self._hot(codes), ~missing, codes >= 0]
        return np.concatenate(columns, axis=1, dtype=np.float32)

    def given(
        self, block: np.ndarray, observed: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return scores of rows, drawn within intervals, and the states of their cells.

        Parameters
        ----------
        block : array of shape (n, n_columns)
            Rows as networks of other models see them.
        observed : array of bool, shape (n, n_columns)
            Which columns are known.
        rng : numpy.random.Generator
            Draws.

        Returns
        -------
        scores : array of shape (n, n_scores), float32
        states : array of shape (n, n_cells), float32
            1 where a cell is known, else 0.
        """
        x, r = self(block), self.n_real
        end = r + self.n_scores
        columns = self.column_cells
        first = [int(np.argmax(columns == cell)) for cell in range(self.n_cells)]
        states = x[:, end:] * observed[:, first]
        numbers = drawn_between(x[:, :r], x[:, r : 2 * r], rng)
        return np.concatenate([numbers, x[:, 2 * r : end]], axis=1), states

    @property
    def column_cells(self) -> np.ndarray:
        """Cell that each column of a row belongs to, in the order of `cells`."""
        return self.parts.of_columns(self.n_real)

    def restored(self, scores: np.ndarray) -> np.ndarray:
        """Return the rows that scores stand for."""
        columns = scores[:, : self.n_real].astype(np.float64).T
        numbers = [m.restored(z) for m, z in zip(self.margins, columns, strict=True)]
        codes, start = [], self.n_real
        for share in self.shares:
            block = scores[:, start : start + len(share)] / HOT + share
            codes.append(block.argmax(axis=1))
            start += len(share)
        if self.components is not None:
            return self.components.rows(np.stack(numbers, axis=1))
        return self.parts.joined(numbers, codes, len(scores))

    def _split(self, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers, NaN where missing, and codes of categories, -1 for those."""
        if self.components is not None:
            return self.components(block), np.empty((len(block), 0), int)
        return self.parts.split(block)

    def _hot(self, codes: np.ndarray) -> np.ndarray:
        found = [np.empty((len(codes), 0))]
        for code, share in zip(codes.T, self.shares, strict=True):
            hot = code[:, None] == np.arange(len(share))
            found.append(HOT * (hot - share) * (code >= 0)[:, None])
        return np.concatenate(found, axis=1)


class ScoreRows(Rows):
    """Rows as `Scores` gives them, made as they are read.

    Parameters
    ----------
    rows : Rows
        The rows.
    scores : Scores
        What they become.
    """

    def __init__(self, rows: Rows, scores: Scores) -> None:
        self._rows, self._scores = rows, scores
        self.n, self.d = rows.n, scores.width
        self.result_dtype = rows.result_dtype

    def part(self, index: np.ndarray) -> "ScoreRows":
        return ScoreRows(self._rows.part(index), self._scores)

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        return self._scores(self._rows.take(index))


def _some(
    rows: Rows, sample: WeightedSampler, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return distinct rows and their weights, or some rows drawn by weight."""
    if sample.n_rows > MOST_ROWS:
        return rows.take(sample.chosen(MOST_ROWS, rng)), np.ones(MOST_ROWS)
    ones = np.ones(sample.n_rows)
    return rows.take(sample.index), ones if sample.weight is None else sample.weight


def _shares(codes: np.ndarray, weight: np.ndarray, k: int) -> np.ndarray:
    known = codes >= 0
    counts = np.bincount(codes[known], weight[known], k)
    return np.asarray(counts / max(counts.sum(), 1e-12), np.float64)
