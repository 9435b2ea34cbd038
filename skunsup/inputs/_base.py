"""Base of the kinds of data: transformers from data to rows of numbers and back."""

from abc import ABCMeta, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

import skunsup._plain_frames  # noqa: F401
from skunsup._docstrings import documented
from skunsup._documentation import FIT
from skunsup._networks import (
    DecoderLayers,
    DenseStack,
    EncoderLayers,
    Likelihood,
    NetworkSpec,
)
from skunsup._persistence import PickledEstimator
from skunsup._sklearn import unchanged_on_error
from skunsup._training import Rows
from skunsup._validation import check_codes, value_range
from skunsup.inputs._incomplete import IncompleteInputs
from skunsup.inputs._training_defaults import TrainingDefaults


class Inputs(IncompleteInputs, TransformerMixin, PickledEstimator, metaclass=ABCMeta):
    """Base of the kinds of data, the values of the parameter `inputs`.

    A kind is a transformer: from data to rows of float32 numbers, which networks take,
    and back. A model fits a clone of its `inputs`, and asks that for the parts of its
    network and for the likelihood of its rows.

    A subclass implements the abstract methods. `fit_rows` sets the attributes; those
    with a default may keep it. `_boxed` says whether one cell of a table can hold all
    of a row, as an array, a path or a string.

    Attributes
    ----------
    n_columns_ : int
        Columns of a row, as networks see it.
    likelihood_ : Likelihood or None
        What the columns mean; None for plain numbers, whose loss is that of a row.
    row_shape_ : tuple of int or None
        What own networks take and return for a row, where it is not a row of numbers.
    hidden_layer_sizes_ : tuple of int
        Widths of the fully connected layers, where the user leaves them open.
    training_ : TrainingDefaults
        Minibatches and epochs, where the user leaves them open.
    projected_ : bool
        Whether leading principal components may stand for rows before dense layers.
    """

    _boxed: ClassVar[bool] = False
    n_columns_: int
    likelihood_: Likelihood | None = None
    row_shape_: tuple[int, ...] | None = None
    hidden_layer_sizes_: tuple[int, ...] = (128, 64)
    training_: TrainingDefaults = TrainingDefaults()
    projected_: bool = False

    @documented(FIT)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what data look like.

        Parameters
        ----------
        X : object
            Data of this kind.
        """
        with unchanged_on_error(self):
            self.fit_rows(X, self)
        return self

    @documented(FIT)
    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Learn what data look like, and turn them into rows, in one pass.

        Parameters
        ----------
        X : object
            Data of this kind.

        Returns
        -------
        ndarray of shape (n_samples, `n_columns_`), float32
            The rows.
        """
        with unchanged_on_error(self):
            return self.fit_rows(X, self).take(slice(None))

    def transform(self, X: Any) -> np.ndarray:
        """Turn data into rows.

        Parameters
        ----------
        X : object
            Data like those of `fit`.

        Returns
        -------
        ndarray of shape (n_samples, `n_columns_`), float32
            The rows.
        """
        check_is_fitted(self)
        return self.read_rows(X, self).take(slice(None))

    def inverse_transform(self, X: Any) -> Any:
        """Turn rows into data.

        Parameters
        ----------
        X : array-like of shape (n_samples, `n_columns_`)
            Rows, as `transform` returns them.

        Returns
        -------
        object
            Data of the form of those in `fit`.
        """
        check_is_fitted(self)
        rows = check_codes(X, self.n_columns_, type(self).__name__)
        return self.restore_rows(rows, rows.dtype)

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags

    def view_likelihood(self) -> Likelihood | None:
        """Return the likelihood whose `corruption` makes views of rows.

        Returns
        -------
        Likelihood or None
            None without views.
        """
        return None

    @property
    def n_outputs_(self) -> int:
        """Columns that a decoder returns."""
        known = self.likelihood_
        return self.n_columns_ if known is None else known.n_outputs

    def value_range(self, rows: Rows) -> tuple[float, float]:
        """Return the smallest and the largest real value in rows.

        Parameters
        ----------
        rows : Rows
            Rows of this kind.

        Returns
        -------
        (float, float)
            0 and 0 where no value is a number that a loss could refuse.
        """
        return value_range(rows, self.n_columns_)

    @abstractmethod
    def fit_rows(self, X: Any, owner: BaseEstimator, min_samples: int = 1) -> Rows:
        """Learn what data look like, and return their rows.

        Parameters
        ----------
        X : object
            Training data.
        owner : BaseEstimator
            Whose data they are. It gets `n_features_in_`, and `feature_names_in_` where
            there are names, and messages name it.
        min_samples : int
            Fewest rows that will do.

        Returns
        -------
        Rows
            Read when they are needed, from files perhaps.

        Raises
        ------
        ValueError, TypeError
            If `X` is not of this kind, or a parameter does not fit.
        """

    @abstractmethod
    def read_rows(self, X: Any, owner: BaseEstimator, name: str = "X") -> Rows:
        """Return the rows of data like those of `fit_rows`.

        Parameters
        ----------
        X : object
            The data.
        owner : BaseEstimator
            As in `fit_rows`.
        name : str
            What to call the data in messages.

        Raises
        ------
        ValueError, TypeError
            If `X` is something else.
        """

    @abstractmethod
    def restore_rows(self, rows: np.ndarray, dtype: np.dtype, like: Any = None) -> Any:
        """Data that rows stand for, in the form of those in `fit_rows`.

        Parameters
        ----------
        rows : array of shape (n, n_columns_), float32
            As the networks return them.
        dtype : dtype
            Of numbers, where the data do not have a type of their own.
        like : object, default=None
            The data that rows were made of, row by row. What a reconstruction shares
            with them, such as the index of a table, is taken over.
        """

    def encoder(self, layers: EncoderLayers) -> NetworkSpec:
        """Network from rows to the last of the layers' `sizes` numbers.

        Parameters
        ----------
        layers : EncoderLayers
            Fully connected ones, behind what this kind brings along.

        Returns
        -------
        NetworkSpec
            By default dense.
        """
        sizes, activation, last, n_beside, spectral = layers
        n_inputs = self.n_columns_ + n_beside
        return DenseStack(n_inputs, sizes, activation, last, spectral)

    def decoder(self, layers: DecoderLayers) -> NetworkSpec:
        """Network from the layers' `n_inputs` numbers to `n_outputs_`.

        Parameters
        ----------
        layers : DecoderLayers
            Fully connected ones, next to the code.

        Returns
        -------
        NetworkSpec
            By default dense.
        """
        n_inputs, sizes, activation, last = layers
        return DenseStack(n_inputs, (*sizes, self.n_outputs_), activation, last)
