"""Rows as scores, which a diffusion model learns to draw, and back."""

from collections.abc import Sequence

import numpy as np
from sklearn.decomposition import PCA

from skunsup._networks import Likelihood
from skunsup._random import draw_seed
from skunsup._training import Rows, WeightedSampler
from skunsup.models._diffusion_network import HOT
from skunsup.models._margins import Margin, drawn_between, margin_of

MOST_ROWS = 20_000  # that scores are learned from
MOST_APART = 10.0  # ratio of standard deviations up to which they are kept
LEAST_DEVIATION = 0.01
LEAST_REST = 1e-4  # of the variance of columns, which components leave
TINY = 1e-12
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
        self.likelihood, groups = likelihood, likelihood.groups
        self.components: Components | None = None
        cells = [n for _, n, _ in groups]
        self.ordered = np.repeat([o for *_, o in groups], cells).astype(bool)
        sizes = np.repeat([k for k, *_ in groups], cells)
        self.sizes: Sequence[int] = sizes[~self.ordered].astype(int).tolist()
        block, weight = _some(rows, sample, rng)
        if n_components is not None:
            self.components = Components(block, weight, n_components, draw_seed(rng))
        numbers, codes = self._split(block)
        self.margins = [_margin(column, weight) for column in numbers.T]
        self.shares = [
            _shares(code, weight, k)
            for code, k in zip(codes.T, self.sizes, strict=True)
        ]
        self.spread = _spreads(numbers, weight)
        known = np.concatenate([~np.isnan(numbers), codes >= 0], axis=1)
        self.patterns, place = np.unique(known, axis=0, return_inverse=True)
        self.pattern_shares = np.bincount(place.ravel(), weight) / weight.sum()
        n_real = len(self.margins)
        hot = np.repeat(np.arange(len(self.sizes)), self.sizes)
        self.cells = np.concatenate([np.arange(n_real), n_real + hot]).astype(int)

    @property
    def n_real(self) -> int:
        """Columns that are numbers, or categories with an order."""
        return len(self.margins)

    @property
    def n_cells(self) -> int:
        """Cells of a row."""
        return len(self.margins) + len(self.sizes)

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
        n_real = self.n_real - int(self.ordered.sum())
        cell = np.empty(len(self.ordered), int)
        cell[self.ordered] = n_real + np.arange(int(self.ordered.sum()))
        cell[~self.ordered] = self.n_real + np.arange(len(self.sizes))
        repeats = [k for k, n, _ in self.likelihood.groups for _ in range(n)]
        n_numbers = self.likelihood.n_columns - sum(repeats)
        # Behind numbers may be what says that they are observed.
        numbers = np.arange(n_numbers) % max(n_real, 1)
        return np.concatenate([numbers, np.repeat(cell, repeats)])

    def drawn_states(self, states: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw which of the cells that are not known are missing, as in training rows.

        Parameters
        ----------
        states : array of shape (n, n_cells)
            1 where a cell is known, else 0.
        rng : numpy.random.Generator
            Draws.

        Returns
        -------
        array of shape (n, n_cells), float32
            -1 in place of 0 where a cell is missing. A row is like a training row in
            which what is known of it was observed; nothing is missing where there is
            none.
        """
        if self.patterns.all():
            return states.astype(np.float32)
        known = states > 0
        observed = np.ones(known.shape, bool)
        masks, place = np.unique(known, axis=0, return_inverse=True)
        place = place.ravel()
        for i, mask in enumerate(masks):
            fits = self.patterns[:, mask].all(axis=1)
            chances = self.pattern_shares * fits
            if chances.sum() == 0:
                continue
            at = np.flatnonzero(place == i)
            p = chances / chances.sum()
            observed[at] = self.patterns[rng.choice(len(p), len(at), p=p)]
        return np.where(known, 1.0, observed - 1.0).astype(np.float32)

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
        return self._joined(numbers, codes, len(scores))

    def _split(self, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers, NaN where missing, and codes of categories, -1 for those."""
        if self.components is not None:
            return self.components(block), np.empty((len(block), 0), int)
        numbers, codes = self.likelihood.split(block)
        ranks = np.where(codes < 0, np.nan, codes)[:, self.ordered]
        numbers = np.concatenate([numbers, ranks], axis=1, dtype=np.float64)
        return numbers, codes[:, ~self.ordered]

    def _joined(
        self, numbers: Sequence[np.ndarray], codes: Sequence[np.ndarray], n: int
    ) -> np.ndarray:
        n_real = len(numbers) - int(self.ordered.sum())
        whole = np.empty((n, len(self.ordered)), int)
        for j, rank in zip(np.flatnonzero(self.ordered), numbers[n_real:], strict=True):
            whole[:, j] = np.rint(rank)
        for j, code in zip(np.flatnonzero(~self.ordered), codes, strict=True):
            whole[:, j] = code
        real = np.stack(numbers[:n_real], axis=1) if n_real else np.empty((n, 0))
        return self.likelihood.expanded(real, whole)

    def _hot(self, codes: np.ndarray) -> np.ndarray:
        found = [np.empty((len(codes), 0))]
        for code, share in zip(codes.T, self.shares, strict=True):
            hot = code[:, None] == np.arange(len(share))
            found.append(HOT * (hot - share) * (code >= 0)[:, None])
        return np.concatenate(found, axis=1)


class Components:
    """Leading principal components of rows, and rows in the range of the data of them.

    Parameters
    ----------
    block : array of shape (n, d)
        Rows.
    weight : array of shape (n,)
        Their weights.
    n_components : int
        How many, at most.
    seed : int
        Seeds the search for directions in many columns.

    Attributes
    ----------
    rest : float
        Mean variance of a column that the components do not explain.
    """

    def __init__(
        self, block: np.ndarray, weight: np.ndarray, n_components: int, seed: int
    ) -> None:
        self.low, self.high = block.min(axis=0), block.max(axis=0)
        share = weight / weight.sum()
        self.mean = (share @ block).astype(np.float32)
        centred = np.sqrt(share * len(block))[:, None] * (block - self.mean)
        width = min(n_components, *block.shape)
        pca = PCA(width, svd_solver="auto", random_state=seed % 2**31)
        self.directions = pca.fit(centred).components_.T.astype(np.float32)
        variances = centred.var(axis=0)
        rest = variances.mean() - pca.explained_variance_.sum() / len(variances)
        self.rest = max(float(rest), LEAST_REST * float(variances.mean()), TINY)

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """Return the components of rows, float64."""
        return ((block - self.mean) @ self.directions).astype(np.float64)

    def rows(self, components: np.ndarray) -> np.ndarray:
        """Return the rows that components stand for, float32."""
        found = components.astype(np.float32) @ self.directions.T + self.mean
        return np.clip(found, self.low, self.high)


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
        """Return the rows at `index`, as rows of their own."""
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


def _margin(column: np.ndarray, weight: np.ndarray) -> Margin:
    known = ~np.isnan(column)
    if not known.any():  # rows of weight 0 alone have a value
        return margin_of(np.zeros(1), np.ones(1))
    return margin_of(column[known], weight[known])


def _shares(codes: np.ndarray, weight: np.ndarray, k: int) -> np.ndarray:
    known = codes >= 0
    counts = np.bincount(codes[known], weight[known], k)
    return np.asarray(counts / max(counts.sum(), 1e-12), np.float64)


def _spreads(numbers: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return standard deviations relative to their root mean square.

    All are 1 where some column varies more than ten times as much as another.
    """
    known = ~np.isnan(numbers)
    total = np.maximum((weight[:, None] * known).sum(axis=0), 1e-12)
    filled = np.where(known, numbers, 0.0)
    mean = weight @ filled / total
    variance = weight @ np.where(known, np.square(filled - mean), 0.0) / total
    varied = variance[variance > 0]
    if not len(varied) or varied.max() > MOST_APART**2 * varied.min():
        return np.ones(len(mean))
    return np.where(variance > 0, np.sqrt(variance / varied.mean()), 1.0)
