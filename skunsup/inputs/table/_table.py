"""Tables of numbers and categories, with missing values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from skunsup._networks import DecoderLayers, EncoderLayers, NetworkSpec
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import StrOptions, check_params, integers, reals
from skunsup._training import Rows
from skunsup.inputs._base import Inputs
from skunsup.inputs._given import check_given, column_of
from skunsup.inputs.table._codes import (
    as_numbers,
    check_finite,
    check_total,
    codes_of,
    levels_of,
)
from skunsup.inputs.table._columns import (
    Column,
    as_table,
    check_names,
    library,
    read_columns,
    refuse_empty,
)
from skunsup.inputs.table._given import (
    check_value,
    emptied,
    filled,
    given_cells,
    observed_cells,
    put,
)
from skunsup.inputs.table._likelihood import TableLikelihood
from skunsup.inputs.table._networks import EmbeddingEncoder, embedded_blocks
from skunsup.inputs.table._rows import TableRows, ordered_cells, stacked
from skunsup.inputs.table._scaling import NumberScale
from skunsup.inputs.table._written import write_columns


@parameters
class Table(Inputs):
    """Tables of mixed columns with missing values: numbers, booleans, categories.

    As value of `inputs` it lets a model take a DataFrame of pandas or polars as it is.
    The type of a column says what it is: numbers; booleans; categories (category,
    string, or objects that are all strings), whose order counts if the type says so
    (an ordered category of pandas, an Enum of polars). Missing values (NaN, None,
    pandas.NA, null) may be anywhere. Arrays are taken as well; those of numbers are all
    numeric.

    Every column of the table is one cell, which counts as much as any other in the
    loss: numbers, standardised, by the loss of the model, all others by the
    cross-entropy. Missing cells are 0 for the encoder, which also sees that they are
    missing, and do not count in the loss. What a model gives back (`reconstruct`,
    `inverse_transform`, `sample`) has the columns and dtypes of the table in `fit`,
    without missing values: the likeliest category, or in `sample` one drawn by its
    probability; integers where the dtype is one; numbers within the range of those in
    `fit`. So ``X.fillna(model.reconstruct(X))`` fills in what is missing. Rows that
    `DiffusionModel` draws alone have gaps, where the data have some.

    Parameters
    ----------
    encoding : {"one-hot", "embedding"}
        Input of an encoder for a category: one column for each
        value, or with "embedding", for columns of more than 10 values, 1.6 n^0.56
        learned numbers for n values [1]_.
    scaling : {"standard", "quantile"}
        How numbers are brought to mean 0 and variance 1: by mean and standard
        deviation, or by the normal quantiles of their ranks first, which long tails do
        not stretch.
    input_dropout : float
        Probability in [0, 1) that a cell is hidden from the encoder in training, which
        must then be restored from the others: so models learn to fill in cells [2]_.
        0 for none; a `noise` of the model comes on top.
    handle_unknown : {"error", "ignore"}
        What to do about categories that `fit` did not see: raise, or take them for
        missing.
    max_categories : int
        Most values of a column of categories; more are refused, as they are likely
        names or numbers of rows.
    max_total_categories : int
        Most values of all columns of categories together. Each of them is a column of
        weights at both ends of a network, so that many take gigabytes.

    See Also
    --------
    sklearn.preprocessing.OneHotEncoder : Categories as columns, without a way back.
    sklearn.impute.IterativeImputer : Filling in numbers by regression.

    Notes
    -----
    An order of categories is in what the encoder sees, 1 for the value and for all
    below it, but not in the loss: the cross-entropy is a likelihood whatever the order.

    Means, ranges and categories are those of the first `fit` or `partial_fit`, and of
    all rows in it, whatever their weight.

    References
    ----------
    .. [1] Howard & Gugger, "fastai: A layered API for deep learning", Information 11,
       2020.
    .. [2] Vincent, Larochelle, Lajoie, Bengio & Manzagol, "Stacked denoising
       autoencoders", JMLR 11, 2010.

    Examples
    --------
    >>> import pandas as pd
    >>> from skunsup import Autoencoder, Table
    >>> X = pd.DataFrame(
    ...     {
    ...         "height": [171, 185, None, 169, 178, 180],
    ...         "colour": ["red", "blue", "red", None, "red", "blue"],
    ...         "member": [True, False, True, True, True, False],
    ...     }
    ... )
    >>> model = Autoencoder(2, inputs=Table(), epochs=5, random_state=0).fit(X)
    >>> model.transform(X).shape
    (6, 2)
    >>> X.fillna(model.reconstruct(X)).isna().to_numpy().any()
    np.False_
    """

    projected_ = True

    encoding: str = parameter([StrOptions({"one-hot", "embedding"})], default="one-hot")
    scaling: str = parameter([StrOptions({"standard", "quantile"})], default="standard")
    input_dropout: float = parameter([reals(0, 1, "left")], default=0.3)
    handle_unknown: str = parameter([StrOptions({"error", "ignore"})], default="error")
    max_categories: int = parameter([integers(1)], default=500)
    max_total_categories: int = parameter([integers(1)], default=100_000)

    def fit_rows(self, X: Any, owner: BaseEstimator, min_samples: int = 1) -> Rows:
        """Learn ranges and categories of the columns, and return their rows."""
        check_params(self)
        table = as_table(X, "X")
        if len(table) < min_samples or not table.shape[1]:
            raise ValueError(
                f"X has shape {table.shape} (n_samples={len(table)}), but a minimum of "
                f"{min_samples} is required, and 1 column (n_features)."
            )
        validate_data(owner, table, skip_check_array=True)
        columns = read_columns(table, "X")
        refuse_empty(columns)
        self._learn(columns, table)
        return self._rows(columns, "X")

    def _learn(self, columns: list[Column], table: Any) -> None:
        self.library_ = library(table)
        # A copy, since a user may give an Index a name.
        self.names_ = table.columns.copy() if self.library_ == "pandas" else None
        for column in columns:
            check_finite(column, "X")
        most = self.max_categories
        self.columns_ = [each.learned(levels_of(each, most)) for each in columns]
        check_total(self.columns_, self.max_total_categories)
        self._numbers, self._categories, groups = ordered_cells(self.columns_)
        self._scale = NumberScale(
            stacked([columns[j].values for j in self._numbers], len(columns[0].values)),
            self.scaling,
        )
        places = [*self._numbers, *self._categories]
        self.likelihood_: TableLikelihood = TableLikelihood(
            len(self._numbers), groups, places, self.input_dropout
        )
        self.n_columns_ = self.likelihood_.n_columns

    def value_range(self, rows: Rows) -> tuple[float, float]:
        """Refuse losses of values in a range, if there are numbers."""
        if self._numbers:
            raise ValueError(
                "inputs=Table() standardises numbers, which are then negative too, so "
                "a loss or likelihood of values in [0, 1] or from 0 up does not apply. "
                "Use loss='mean_squared_error' or likelihood='gaussian'; booleans and "
                "categories have the cross-entropy in any case."
            )
        return 0.0, 0.0

    def read_rows(self, X: Any, owner: BaseEstimator, name: str = "X") -> TableRows:
        """Return rows of a table with the columns that `fit` saw."""
        table = as_table(X, name)
        validate_data(owner, table, reset=False, skip_check_array=True)
        if not len(table):
            raise ValueError(
                f"{name} has 0 sample(s) (n_samples=0), but a minimum of 1 is required."
            )
        columns = read_columns(table, name)
        if "numpy" not in (self.library_, library(table)):
            check_names(self.columns_, columns, name)
        return self._rows(columns, name)

    def _rows(self, columns: Sequence[Column], name: str) -> TableRows:
        """Return rows of columns like those in `fit`."""
        n = len(columns[0].values)
        numbers = [
            as_numbers(columns[j], self.columns_[j], name) for j in self._numbers
        ]
        codes = [
            codes_of(columns[j], self.columns_[j], name, self.handle_unknown)
            for j in self._categories
        ]
        scaled = self._scale(stacked(numbers, n))
        rows = TableRows(scaled, stacked(codes, n).astype(np.int32), self.likelihood_)
        if {str(columns[j].dtype).lower() for j in self._numbers} == {"float32"}:
            rows.result_dtype = np.dtype(np.float32)
        return rows

    def restore_rows(self, rows: np.ndarray, dtype: np.dtype, like: Any = None) -> Any:
        """Return a table like that in `fit`, with the index of `like`."""
        numbers = self._scale.inverse(rows[:, : len(self._numbers)])
        values = dict(zip(self._numbers, numbers.T, strict=True))
        codes = self.likelihood_.likeliest(rows)
        for j, code in zip(self._categories, codes.T, strict=True):
            levels = np.fromiter(self.columns_[j].levels or (), object)
            values[j] = levels[code]
        ordered = [values[j] for j in range(len(self.columns_))]
        table = write_columns(self.columns_, ordered, self.library_, self.names_, dtype)
        missing = self.likelihood_.missing(rows)
        if missing.any():
            table = emptied(table, missing)
        if like is not None and self.library_ == library(like) == "pandas":
            table.index = like.index
        return table

    def read_incomplete(
        self, X: Any, owner: BaseEstimator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return rows, and the columns of the cells that are not missing."""
        rows = self.read_rows(X, owner)
        return rows.take(slice(None)), self._observed(rows)

    def filled(self, X: Any, drawn: Any) -> Any:
        """Return the table with missing cells from `drawn`."""
        return filled(X, drawn)

    def given_row(
        self, given: Any, owner: BaseEstimator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a row in which all other cells are missing."""
        numbers, codes = given_cells(
            self._given(given), self.columns_, self._numbers, self._categories
        )
        rows = TableRows(self._scale(numbers), codes, self.likelihood_)
        return rows.take(slice(None))[0], self._observed(rows)[0]

    def with_given(self, data: Any, given: dict, owner: BaseEstimator) -> Any:
        """Return the table with the given values."""
        for j, value in self._given(given).items():
            data = put(data, self.columns_[j], j, value)
        return data

    def _observed(self, rows: TableRows) -> np.ndarray:
        cells = observed_cells(rows.numbers, rows.codes, self.likelihood_.places)
        return cells[:, self.likelihood_.feature_index()]

    def _given(self, given: Any) -> dict[int, Any]:
        check_given(given)
        named = self.library_ != "numpy"
        names = [column.name for column in self.columns_] if named else None
        places = [column_of(column, names, len(self.columns_)) for column in given]
        return {
            j: check_value(self.columns_[j], value)
            for j, value in zip(places, given.values(), strict=True)
        }

    def encoder(self, layers: EncoderLayers) -> NetworkSpec:
        """Return dense layers, behind embeddings where there are any."""
        groups = self.likelihood_.groups if self.encoding == "embedding" else ()
        blocks = embedded_blocks(groups, 2 * len(self._numbers))
        if not blocks:
            return super().encoder(layers)
        sizes, activation, last, n_beside, spectral = layers
        n_inputs = self.n_columns_ + n_beside
        return EmbeddingEncoder(n_inputs, blocks, sizes, activation, last, spectral)

    def decoder(self, layers: DecoderLayers) -> NetworkSpec:
        """Return a dense stack; numbers are never in a range, logits neither."""
        return super().decoder(layers._replace(last="linear"))
