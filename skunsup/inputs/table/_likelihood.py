"""Likelihood of tables: numbers and categories, some of them missing."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._networks import Corruption, Likelihood, RealLoss

# How many categories, how many columns of the table with so many, and whether the
# categories have an order.
Group = tuple[int, int, bool]


@keras.saving.register_keras_serializable(package="skunsup")
class TableLikelihood(Likelihood):
    """Rows of a table: each entry of the user's table is a cell.

    A row holds the numbers, then for each of them 1 if it was observed and 0 if not,
    then a block of columns for each category. A category without an order is one-hot;
    one with an order is 1 at its place and at all before it (a thermometer), so that
    rows say how far apart two are. A block of zeros is a missing category. Categories
    with equally many values stand side by side and are treated as one array.

    A decoder returns the numbers and logits of the categories, whose loss is the
    cross-entropy with the softmax.

    Parameters
    ----------
    n_real : int
        How many numbers a row has.
    groups : sequence of (int, int, bool)
        Categories: how many values, how many cells of that kind, and whether ordered.
    places : sequence of int
        Which column of the user's table each cell is, numbers first.
    input_dropout : float, default=0.0
        Probability that the encoder does not see a cell in training.
    """

    tabular = True

    def __init__(
        self,
        n_real: int,
        groups: Sequence[Group],
        places: Sequence[int],
        input_dropout: float = 0.0,
    ) -> None:
        self.n_real, self.input_dropout = int(n_real), float(input_dropout)
        self.groups = tuple((int(k), int(n), bool(o)) for k, n, o in groups)
        self.places = tuple(int(place) for place in places)
        width = sum(k * n for k, n, _ in self.groups)
        super().__init__(2 * self.n_real + width, len(self.places), self.n_real + width)
        self.real = np.array(self.places[: self.n_real], int)
        self._inverse = np.argsort(np.array(self.places))

    def losses(self, x: Any, output: Any, real: RealLoss) -> Any:
        """Return the loss of each cell: that of numbers, or the cross-entropy."""
        r, found = self.n_real, []
        if r:
            loss = real(x[..., :r], output[..., :r], self.real)
            found.append(loss * x[..., r : 2 * r])
        logits = self._blocks(output, r)
        for hot, logit in zip(self._one_hot(x), logits, strict=True):
            log_share = logit - ops.logsumexp(logit, axis=-1, keepdims=True)
            found.append(-ops.sum(hot * log_share, axis=-1))
        return self._in_order(found)

    def rows(self, output: Any) -> Any:
        """Return rows of numbers and of probabilities, nothing missing."""
        r = self.n_real
        found = [output[..., :r], ops.ones_like(output[..., :r])] if r else []
        for group, logit in zip(self.groups, self._blocks(output, r), strict=True):
            share = ops.exp(logit - ops.logsumexp(logit, axis=-1, keepdims=True))
            if group[2]:
                share = ops.matmul(share, np.tri(group[0], dtype=np.float32))
            found.append(_flat(share))
        return ops.concatenate(found, axis=-1)

    def observed(self, x: Any) -> Any:
        """Return 1 for each cell that was observed and 0 for others."""
        r = self.n_real
        found = [x[..., r : 2 * r]] if r else []
        blocks = self._blocks(x, 2 * r)
        for (_, _, ordered), block in zip(self.groups, blocks, strict=True):
            found.append(block[..., 0] if ordered else ops.sum(block, axis=-1))
        return self._in_order(found)

    def residual(self, x: Any, rows: Any) -> Any:
        """Return `x` minus `rows`, 0 where nothing was observed."""
        return self.masked(x - rows, self.observed(x) < 0.5)

    def noisy(self, x: Any, noise: Any) -> Any:
        """Return `x` with `noise` added to the numbers that were observed."""
        r = self.n_real
        if not r:
            return x
        numbers = x[..., :r] + noise[..., :r] * x[..., r : 2 * r]
        return ops.concatenate([numbers, x[..., r:]], axis=-1)

    def corruption(self) -> keras.layers.Layer | None:
        """Return the layer that hides cells, if any are to be hidden."""
        return (
            Corruption("masking", self.input_dropout, self)
            if self.input_dropout
            else None
        )

    def distance_features(self, x: np.ndarray) -> np.ndarray:
        """Return rows without what says that numbers are missing.

        A missing number is then at the mean, 0, and not far from all others for being
        missing.
        """
        x = x.copy()
        x[:, self.n_real : 2 * self.n_real] = 0.0
        return x

    def feature_index(self) -> np.ndarray:
        """Column of the table that each column of a row belongs to."""
        repeats = [k for k, n, _ in self.groups for _ in range(n)]
        categories = np.repeat(self.places[self.n_real :], repeats)
        return np.concatenate([self.real, self.real, categories]).astype(int)

    def sample(
        self, rows: np.ndarray, variance: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw numbers from normal distributions and categories by probability."""
        r = self.n_real
        noise = rng.standard_normal((len(rows), r))
        numbers = rows[:, :r] + np.sqrt(variance[self.real]) * noise
        codes = [np.empty((len(rows), 0), int)]
        for share in self._shares(rows):
            passed = np.cumsum(share, axis=-1)[..., :-1]
            at = rng.random(share.shape[:-1]) * share.sum(axis=-1)
            codes.append((at[..., None] >= passed).sum(axis=-1))
        return self.expanded(numbers, np.concatenate(codes, axis=1))

    def expanded(self, numbers: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return rows of numbers and of categories by their place among the values.

        Parameters
        ----------
        numbers : array of shape (n, n_real)
            NaN where missing.
        codes : array of int, shape (n, n_categories)
            In the order of `groups`; -1 where missing.

        Returns
        -------
        array of shape (n, n_columns), float32
        """
        missing, start = np.isnan(numbers), 0
        found = [np.where(missing, 0.0, numbers), ~missing]
        for k, n, ordered in self.groups:
            code = codes[:, start : start + n, None]
            block = code >= np.arange(k) if ordered else code == np.arange(k)
            found.append(block.reshape(len(codes), n * k))
            start += n
        return np.concatenate(found, axis=1, dtype=np.float32)

    def split(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers, NaN where missing, and codes, as `expanded` takes them."""
        r = self.n_real
        numbers = np.where(rows[:, r : 2 * r] > 0.5, rows[:, :r], np.nan)
        empty = [share.max(axis=-1) < 0.5 for share in self._shares(rows)]
        missing = np.concatenate([np.empty((len(rows), 0), bool), *empty], axis=1)
        return numbers, np.where(missing, -1, self.likeliest(rows))

    def likeliest(self, rows: np.ndarray) -> np.ndarray:
        """Return the likeliest values of `rows`, codes as `expanded` takes them."""
        codes = [share.argmax(axis=-1) for share in self._shares(rows)]
        return np.concatenate([np.empty((len(rows), 0), int), *codes], axis=1)

    def missing(self, rows: np.ndarray) -> np.ndarray:
        """True for the cells that `rows` leave open, by columns of the user's table."""
        r = self.n_real
        empty = [share.sum(axis=-1) < 0.5 for share in self._shares(rows)]
        by_cell = np.concatenate([rows[:, r : 2 * r] < 0.5, *empty], axis=1)
        return np.asarray(by_cell[:, self._inverse])

    @property
    def identity(self) -> Hashable:
        """All arguments."""
        return self.n_real, self.groups, self.places, self.input_dropout

    def get_config(self) -> dict[str, Any]:
        names = ("n_real", "groups", "places", "input_dropout")
        return dict(zip(names, self.identity, strict=True))  # type: ignore[call-overload]

    def _blocks(self, x: Any, start: int) -> Iterator[Any]:
        """Yield what belongs to each group, of shape (..., cells, values)."""
        for k, n, _ in self.groups:
            block = x[..., start : start + k * n]
            # At most one axis in front is of unknown length.
            lead = (-1 if size is None else size for size in x.shape[:-1])
            yield ops.reshape(block, (*lead, n, k))
            start += k * n

    def _one_hot(self, x: Any) -> Iterator[Any]:
        blocks = self._blocks(x, 2 * self.n_real)
        for (k, _, ordered), block in zip(self.groups, blocks, strict=True):
            if ordered:
                steps = np.eye(k) - np.eye(k, k=-1)
                block = ops.matmul(block, steps.astype(np.float32))
            yield block

    def _shares(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the probabilities in `rows` of each group, (n, cells, values)."""
        start = 2 * self.n_real
        for k, n, ordered in self.groups:
            block = rows[:, start : start + k * n].reshape(-1, n, k)
            if ordered:
                block = block - np.pad(block[..., 1:], ((0, 0), (0, 0), (0, 1)))
            yield np.maximum(block, 0.0)
            start += k * n

    def _in_order(self, found: list[Any]) -> Any:
        """Bring what stands in the order of rows into that of the user's table."""
        by_cell = ops.concatenate(found, axis=-1)
        if (self._inverse == np.arange(self.n_cells)).all():
            return by_cell
        return ops.take(by_cell, self._inverse, axis=-1)


def _flat(x: Any) -> Any:
    """Put the cells of blocks (..., cells, values) side by side."""
    lead = (-1 if size is None else size for size in x.shape[:-2])
    return ops.reshape(x, (*lead, x.shape[-2] * x.shape[-1]))
