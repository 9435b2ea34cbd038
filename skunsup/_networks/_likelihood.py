"""Likelihoods: the meaning of the columns of rows, and losses of their cells."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import Any

import keras
import numpy as np
from keras import ops

# Loss of real-valued cells: function of (targets, outputs, which cells they are).
RealLoss = Callable[[Any, Any, slice | np.ndarray], Any]


class Likelihood(ABC):
    """A kind of rows: what a decoder returns for each cell, and what that loses.

    A cell is what a user sees as one entry: a pixel, a word, an entry of a table. It
    may take several columns of a row, such as one for each category, and a mask.

    Parameters
    ----------
    n_columns : int
        Columns of a row, as networks see it.
    n_cells : int
        Cells of a row.
    n_outputs : int
        Columns that a decoder returns.
    """

    smooth = True  # whether `rows` has a useful gradient
    tabular = False  # whether cells are numbers and categories, as `split` says
    groups: tuple[tuple[int, int, bool], ...] = ()  # of categories, if there are any
    real: slice | np.ndarray = slice(None)  # which cells are real-valued

    def __init__(self, n_columns: int, n_cells: int, n_outputs: int) -> None:
        self.n_columns, self.n_cells, self.n_outputs = n_columns, n_cells, n_outputs

    @property
    def has_numbers(self) -> bool:
        """True if any cell is real-valued."""
        return np.arange(self.n_cells)[self.real].size > 0

    @abstractmethod
    def losses(self, x: Any, output: Any, real: RealLoss) -> Any:
        """Return the loss of each cell, 0 where nothing was observed.

        Parameters
        ----------
        x : tensor of shape (..., n_columns)
            Rows to restore.
        output : tensor of shape (..., n_outputs)
            What the decoder returned.
        real : callable
            Loss of the real-valued cells, entry by entry.

        Returns
        -------
        tensor of shape (..., n_cells)
        """

    @abstractmethod
    def rows(self, output: Any) -> Any:
        """Return the rows that a decoder's output stands for, (..., n_columns)."""

    def observed(self, x: Any) -> Any:
        """Return 1 for each cell that was observed and 0 for others; None for all."""
        return None

    def weights(self, x: Any) -> Any:
        """Return the weight of each cell in a row's mean loss, (..., n_cells)."""
        observed = self.observed(x)
        if observed is None:
            return 1.0 / self.n_cells
        return observed / ops.maximum(ops.sum(observed, axis=-1, keepdims=True), 1.0)

    def residual(self, x: Any, rows: Any) -> Any:
        """Return `x` minus its reconstruction `rows`, 0 where nothing was observed."""
        return x - rows

    def hidden(self, rows: Any, x: Any) -> Any:
        """Return generated `rows` without the cells that were not observed in `x`.

        So a discriminator cannot tell rows by what is missing (Bora, Price & Dimakis
        2018, "AmbientGAN").
        """
        observed = self.observed(x)
        return rows if observed is None else self.masked(rows, observed < 0.5)

    def masked(self, x: Any, hit: Any) -> Any:
        """Return `x` with 0 in all columns of the cells of `hit`, (..., n_cells)."""
        return ops.where(self.to_columns(hit), ops.zeros_like(x), x)

    def noisy(self, x: Any, noise: Any) -> Any:
        """Return `x` with `noise`, (..., n_columns), added to real-valued columns."""
        return x + noise

    def to_columns(self, by_cell: Any) -> Any:
        """Give columns what their cells have: (..., n_columns) of (..., n_cells)."""
        feature_index = self.feature_index()
        if (
            len(feature_index) == self.n_cells
            and (feature_index == np.arange(self.n_cells)).all()
        ):
            return by_cell
        return ops.take(by_cell, feature_index, axis=-1)

    def distance_features(self, x: np.ndarray) -> np.ndarray:
        """Return the rows that say how far apart rows are, (n, n_columns)."""
        return x

    def split(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of rows, and the codes of their categories.

        Parameters
        ----------
        rows : array of shape (n, n_columns)
            As networks see them.

        Returns
        -------
        numbers : array of shape (n, n_real)
            NaN where missing.
        codes : array of int, shape (n, n_categories)
            In the order of `groups`, each of which is the number of values, the number
            of cells and whether values are ordered; -1 where missing.
        """
        raise NotImplementedError

    def expanded(self, numbers: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return the rows that `split` took apart, (n, n_columns), float32."""
        raise NotImplementedError

    def corruption(self) -> keras.layers.Layer | None:
        """Return the layer that changes what the encoder sees in training."""
        return None

    def balance(self) -> keras.layers.Layer | None:
        """Return a layer that weights the losses of cells, or None for none."""
        return None

    def feature_index(self) -> np.ndarray:
        """Cell that each column of a row belongs to, shape (n_columns,)."""
        return np.arange(self.n_columns)

    def pooled(self, shares: np.ndarray) -> np.ndarray:
        """Add up what belongs to one cell: (n, n_columns) to (n, n_cells)."""
        sums = np.zeros((len(shares), self.n_cells), shares.dtype)
        np.add.at(sums.T, self.feature_index(), shares.T)
        return sums

    def sample(
        self, rows: np.ndarray, variance: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw rows of which `rows` (n, n_columns) are the means.

        Parameters
        ----------
        rows : array of shape (n, n_columns)
            As `rows` of a decoder's output.
        variance : array of shape (n_cells,)
            Of the noise of real-valued cells.
        rng : numpy.random.Generator
            Draws.
        """
        noise = rng.standard_normal(rows.shape, np.float32)
        return rows + np.sqrt(variance)[self.feature_index()].astype(np.float32) * noise

    @property
    @abstractmethod
    def identity(self) -> Hashable:
        """Identity of the kind, beside its class."""

    @abstractmethod
    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, as Keras saves them."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Likelihood":
        """Rebuild what `get_config` described."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Likelihood):
            return NotImplemented
        return type(self) is type(other) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash((type(self), self.identity))


@keras.saving.register_keras_serializable(package="skunsup")
class Numbers(Likelihood):
    """Rows of numbers, each a cell.

    Parameters
    ----------
    n : int
        How many.
    """

    tabular = True

    def __init__(self, n: int) -> None:
        super().__init__(n, n, n)

    def losses(self, x: Any, output: Any, real: RealLoss) -> Any:
        """Return the loss of each number."""
        return real(x, output, slice(None))

    def rows(self, output: Any) -> Any:
        """Return the output, which is the rows."""
        return output

    def split(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows, and no codes."""
        return rows, np.empty((len(rows), 0), int)

    def expanded(self, numbers: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return the numbers."""
        return numbers.astype(np.float32)

    @property
    def identity(self) -> Hashable:
        """Number of numbers."""
        return self.n_columns

    def get_config(self) -> dict[str, Any]:
        return {"n": self.n_columns}
