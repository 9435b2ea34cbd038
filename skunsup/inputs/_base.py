"""Kinds of data: how they become rows of numbers, and data again."""

from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator

from skunsup._networks import DenseStack, Likelihood, NetworkSpec
from skunsup._persistence import PickledEstimator
from skunsup._training import Rows
from skunsup._validation import check_rows, check_X, value_range
from skunsup.inputs._hints import other_kinds_named
from skunsup.inputs._scales import warn_of_scales


class Read(NamedTuple):
    """Rows of numbers, and the dtype that results shall have."""

    rows: Rows
    dtype: np.dtype


@dataclass(frozen=True)
class TrainingDefaults:
    """Values of "auto" for `batch_size` and `epochs` of a model.

    Parameters
    ----------
    batch_size : int, default=32
        Rows a step.
    max_steps : int, default=None
        About so many steps suffice; None for `most_epochs`, however many they are.
    least_epochs, most_epochs : int, default=10, 100
        Passes over the rows at least and at most.
    """

    batch_size: int = 32
    max_steps: int | None = None
    least_epochs: int = 10
    most_epochs: int = 100

    def epochs(self, steps_per_epoch: int) -> int:
        """Return how many epochs to train."""
        if self.max_steps is None:
            return self.most_epochs
        enough = -(-self.max_steps // steps_per_epoch)
        return min(max(enough, self.least_epochs), self.most_epochs)


class Layout(metaclass=ABCMeta):
    """Fitted kind of data: from data to rows, to networks, and back.

    It belongs to a fitted estimator and is pickled with it.

    Attributes
    ----------
    n_columns : int
        Columns of a row, as networks see it.
    likelihood : Likelihood or None
        What the columns mean; None for plain numbers, whose loss is that of a row.
    shape : tuple of int or None
        What own networks take and return for a row, where it is not a row of numbers.
    hidden : tuple of int
        Widths of the fully connected layers, where the user leaves them open.
    training : TrainingDefaults
        Minibatches and epochs, where the user leaves them open.
    projected : bool
        Whether leading principal components may stand for rows before dense layers.
    """

    n_columns: int
    likelihood: Likelihood | None = None
    shape: tuple[int, ...] | None = None
    hidden: tuple[int, ...] = (128, 64)
    training: TrainingDefaults = TrainingDefaults()
    projected: bool = False

    @property
    def n_outputs(self) -> int:
        """Columns that a decoder returns."""
        return self.n_columns if self.likelihood is None else self.likelihood.n_outputs

    def value_range(self, rows: Rows) -> tuple[float, float]:
        """Return the smallest and the largest real value in rows."""
        return value_range(rows, self.n_columns)

    @abstractmethod
    def read(self, estimator: BaseEstimator, X: Any, name: str = "X") -> Read:
        """Return the rows of data like those that this was learned from.

        Parameters
        ----------
        estimator : BaseEstimator
            Whose data they are.
        X : object
            The data.
        name : str
            What to call them in messages.

        Raises
        ------
        ValueError, TypeError
            If `X` is something else.
        """

    def view_likelihood(self) -> Likelihood | None:
        """Return the likelihood whose `corruption` makes views, None without views."""
        return None

    @abstractmethod
    def restored(self, rows: np.ndarray, dtype: np.dtype) -> Any:
        """Return what rows (n, n_columns) stand for, in the form of the data.

        Parameters
        ----------
        rows : array of shape (n, n_columns), float32
            As the networks return them.
        dtype : dtype
            Of numbers, where the data do not have a type of their own.
        """

    def aligned(self, restored: Any, X: Any) -> Any:
        """Give what was made of `X`, row by row, the labels that rows of `X` have."""
        return restored

    def reconstructed(self, rows: np.ndarray, dtype: np.dtype, X: Any) -> Any:
        """Return what rows stand for that were made of the data `X`, row by row."""
        return self.aligned(self.restored(rows, dtype), X)

    @abstractmethod
    def encoder(
        self,
        sizes: tuple[int, ...],
        activation: str | Callable,
        last: str | Callable = "linear",
        n_beside: int = 0,
        spectral: bool = False,
    ) -> NetworkSpec:
        """Return a network from rows to the last of `sizes` numbers.

        Parameters
        ----------
        sizes : tuple of int
            Widths of fully connected layers behind what this kind brings along.
        activation, last : str or callable
            Activations of hidden layers and of the last one.
        n_beside : int, default=0
            Further columns behind those of a row.
        spectral : bool, default=False
            Whether kernels are divided by their largest singular value.
        """

    @abstractmethod
    def decoder(
        self,
        n_inputs: int,
        sizes: tuple[int, ...],
        activation: str | Callable,
        last: str | Callable,
    ) -> NetworkSpec:
        """Return a network from `n_inputs` numbers to `n_outputs`.

        Parameters
        ----------
        n_inputs : int
            Width of the code.
        sizes : tuple of int
            Widths of the fully connected layers next to the code.
        activation, last : str or callable
            Activations of hidden layers and of real-valued outputs.
        """


class Inputs(PickledEstimator, metaclass=ABCMeta):
    """Base of the kinds of data, the values of the parameter `inputs`.

    A kind has parameters, as estimators have, and learns a `Layout` from data. `_boxed`
    says whether one cell can hold all of a row, as an array, a path or a string.
    """

    _boxed: ClassVar[bool] = False

    @abstractmethod
    def learn(
        self, estimator: BaseEstimator, X: Any, min_samples: int
    ) -> tuple[Layout, Read]:
        """Learn what `X` looks like, and read it.

        Parameters
        ----------
        estimator : BaseEstimator
            Gets `n_features_in_`, and `feature_names_in_` where there are names.
        X : object
            Training data.
        min_samples : int
            Fewest rows that will do.

        Raises
        ------
        ValueError, TypeError
            If `X` is not of this kind, or a parameter does not fit.
        """


class Dense(Inputs):
    """Rows of numbers as they are: what `inputs=None` stands for."""

    def learn(
        self, estimator: BaseEstimator, X: Any, min_samples: int
    ) -> tuple[Layout, Read]:
        """Validate numbers: dense, sparse or memory-mapped."""
        with other_kinds_named(estimator, X):
            X = check_X(estimator, X, reset=True, min_samples=min_samples)
        read = _read(estimator, X)
        warn_of_scales(estimator, read.rows)
        return DenseLayout(X.shape[1]), read


class DenseLayout(Layout):
    """Rows of numbers.

    Parameters
    ----------
    n_columns : int
        How many a row.
    """

    projected = True

    def __init__(self, n_columns: int) -> None:
        self.n_columns = n_columns

    def read(self, estimator: BaseEstimator, X: Any, name: str = "X") -> Read:
        """Validate numbers against the columns that `estimator` knows."""
        with other_kinds_named(estimator, X):
            X = check_X(estimator, X, reset=False, name=name)
        return _read(estimator, X, name)

    def restored(self, rows: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Return the rows with that dtype."""
        return rows.astype(dtype, copy=False)

    def encoder(
        self,
        sizes: tuple[int, ...],
        activation: str | Callable,
        last: str | Callable = "linear",
        n_beside: int = 0,
        spectral: bool = False,
    ) -> NetworkSpec:
        """Return a dense stack."""
        n_inputs = self.n_columns + n_beside
        return DenseStack(n_inputs, sizes, activation, last, spectral)

    def decoder(
        self,
        n_inputs: int,
        sizes: tuple[int, ...],
        activation: str | Callable,
        last: str | Callable,
    ) -> NetworkSpec:
        """Return a dense stack."""
        return DenseStack(n_inputs, (*sizes, self.n_columns), activation, last)


def _read(estimator: BaseEstimator, X: np.ndarray, name: str = "X") -> Read:
    columns = getattr(estimator, "feature_names_in_", None)
    return Read(check_rows(X, columns, name), float_dtype(X))


def float_dtype(X: Any) -> np.dtype:
    """Return the dtype of results for `X`: float32 for float32, else float64."""
    return np.dtype(X.dtype if X.dtype in (np.float32, np.float64) else np.float64)
