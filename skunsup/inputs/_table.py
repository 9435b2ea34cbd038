"""Tables of numbers and categories, with missing values."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.preprocessing import QuantileTransformer
from sklearn.utils.validation import validate_data

from skunsup._networks import (
    DenseStack,
    EmbeddingEncoder,
    NetworkSpec,
    TableLikelihood,
    embedding_width,
)
from skunsup._sklearn import StrOptions, check_params, integers, reals
from skunsup._training import Rows
from skunsup.inputs._base import Inputs, Layout, Read
from skunsup.inputs._columns import (
    KINDS,
    Column,
    as_floats,
    as_table,
    library,
    read_columns,
    same_name,
)
from skunsup.inputs._written import write_columns

EMBEDDED_ABOVE = 10  # categories of a column
MOST_QUANTILES = 1000
NOTHING = np.zeros(0)
UNKNOWN = -2  # place of a category that fit did not see
LARGEST = float(np.finfo(np.float32).max)


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
    `fit`. So ``X.fillna(model.reconstruct(X))`` fills in what is missing.

    Parameters
    ----------
    encoding : {"one-hot", "embedding"}, default="one-hot"
        What the first layer of an encoder sees of a category: one column for each
        value, or with "embedding", for columns of more than 10 values, 1.6 n^0.56
        learned numbers for n values [1]_.
    scaling : {"standard", "quantile"}, default="standard"
        How numbers are brought to mean 0 and variance 1: by mean and standard
        deviation, or by the normal quantiles of their ranks first, which long tails do
        not stretch.
    input_dropout : float, default=0.3
        Probability in [0, 1) that a cell is hidden from the encoder in training, which
        must then be restored from the others: so models learn to fill in cells [2]_.
        0 for none; a `noise` of the model comes on top.
    handle_unknown : {"error", "ignore"}, default="error"
        What to do about categories that `fit` did not see: raise, or take them for
        missing.
    max_categories : int, default=500
        Most values of a column of categories; more are refused, as they are likely
        names or numbers of rows.
    max_total_categories : int, default=100_000
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

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "encoding": [StrOptions({"one-hot", "embedding"})],
        "scaling": [StrOptions({"standard", "quantile"})],
        "input_dropout": [reals(0, 1, "left")],
        "handle_unknown": [StrOptions({"error", "ignore"})],
        "max_categories": [integers(1)],
        "max_total_categories": [integers(1)],
    }

    def __init__(
        self,
        *,
        encoding: str = "one-hot",
        scaling: str = "standard",
        input_dropout: float = 0.3,
        handle_unknown: str = "error",
        max_categories: int = 500,
        max_total_categories: int = 100_000,
    ) -> None:
        self.encoding = encoding
        self.scaling = scaling
        self.input_dropout = input_dropout
        self.handle_unknown = handle_unknown
        self.max_categories = max_categories
        self.max_total_categories = max_total_categories

    def learn(
        self, estimator: BaseEstimator, X: Any, min_samples: int
    ) -> tuple[Layout, Read]:
        """Learn the columns of `X`, and read them.

        Parameters
        ----------
        estimator : BaseEstimator
            Gets `n_features_in_`, and `feature_names_in_` where there are names.
        X : DataFrame or array-like of shape (n_samples, n_features)
            Training data.
        min_samples : int
            Fewest rows that will do.

        Returns
        -------
        layout : Layout
            What was learned.
        read : Read
            The rows of `X`.

        Raises
        ------
        ValueError, TypeError
            If `X` is no table, or a column cannot be used.
        """
        check_params(self)
        table = as_table(X, "X")
        if len(table) < min_samples or not table.shape[1]:
            raise ValueError(
                f"X has shape {table.shape} (n_samples={len(table)}), but a minimum of "
                f"{min_samples} is required, and 1 column (n_features)."
            )
        validate_data(estimator, table, skip_check_array=True)
        columns = read_columns(table, "X")
        empty = [column.name for column in columns if column.missing.all()]
        if empty:
            raise ValueError(
                f"X holds no value at all in column {', '.join(map(repr, empty))}, "
                "which leaves nothing to learn. Leave the column out."
            )
        layout = TableLayout(self, columns, table)
        return layout, layout.read_columns(columns, "X")


class TableLayout(Layout):
    """Fitted form of a table.

    Parameters
    ----------
    kind : Table
        Has the parameters.
    columns : list of Column
        Of the training data.
    table : DataFrame or ndarray
        Which they are of.
    """

    projected = True

    def __init__(self, kind: Table, columns: list[Column], table: Any) -> None:
        self.encoding, self.handle_unknown = kind.encoding, kind.handle_unknown
        self.source = library(table)
        # A copy, since a user may give an Index a name.
        self.names = table.columns.copy() if self.source == "pandas" else None
        for column in columns:
            _check_finite(column, "X")
        self.columns = [
            replace(
                column,
                values=NOTHING,
                levels=_levels(column, kind.max_categories),
                given=None,
                ends=column.found_ends(),
            )
            for column in columns
        ]
        _check_total(self.columns, kind.max_total_categories)
        self._order_cells(kind.input_dropout)
        self._scale = NumberScale(
            stacked([columns[j].values for j in self._numbers], len(columns[0].values)),
            kind.scaling,
        )

    def _order_cells(self, input_dropout: float) -> None:
        """Put numbers first, and categories of the same form side by side."""
        forms = {
            j: (len(column.levels), column.kind == "ordered")
            for j, column in enumerate(self.columns)
            if column.levels is not None
        }
        self._numbers = [j for j in range(len(self.columns)) if j not in forms]
        self._categories = sorted(forms, key=lambda j: (forms[j], j))
        counts: dict[tuple[int, bool], int] = {}
        for j in self._categories:
            counts[forms[j]] = counts.get(forms[j], 0) + 1
        groups = [(k, n, ordered) for (k, ordered), n in counts.items()]
        places = [*self._numbers, *self._categories]
        self.likelihood: TableLikelihood = TableLikelihood(
            len(self._numbers), groups, places, input_dropout
        )
        self.n_columns = self.likelihood.n_columns

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

    def read(self, estimator: BaseEstimator, X: Any, name: str = "X") -> Read:
        """Return rows of a table with the columns that `fit` saw."""
        table = as_table(X, name)
        validate_data(estimator, table, reset=False, skip_check_array=True)
        if not len(table):
            raise ValueError(
                f"{name} has 0 sample(s) (n_samples=0), but a minimum of 1 is required."
            )
        columns = read_columns(table, name)
        named = "numpy" not in (self.source, library(table))
        for old, new in zip(self.columns, columns, strict=True):
            if named and not same_name(old.name, new.name):
                raise ValueError(
                    f"{name} has column {new.name!r} where fit had {old.name!r}. Give "
                    "the same columns in the same order."
                )
        return self.read_columns(columns, name)

    def read_columns(self, columns: Sequence[Column], name: str) -> Read:
        """Return rows of columns like those in `fit`."""
        n = len(columns[0].values)
        numbers = [
            _as_numbers(columns[j], self.columns[j], name) for j in self._numbers
        ]
        codes = [
            _codes(columns[j], self.columns[j], name, self.handle_unknown)
            for j in self._categories
        ]
        scaled = self._scale(stacked(numbers, n))
        rows = TableRows(scaled, stacked(codes, n).astype(np.int32), self.likelihood)
        single = {str(columns[j].dtype).lower() for j in self._numbers} == {"float32"}
        return Read(rows, np.dtype(np.float32 if single else np.float64))

    def restored(self, rows: np.ndarray, dtype: np.dtype) -> Any:
        """Return a table with the columns and dtypes in `fit`."""
        numbers = self._scale.inverse(rows[:, : len(self._numbers)])
        values = dict(zip(self._numbers, numbers.T, strict=True))
        codes = self.likelihood.likeliest(rows)
        for j, code in zip(self._categories, codes.T, strict=True):
            levels = np.fromiter(self.columns[j].levels or (), object)
            values[j] = levels[code]
        ordered = [values[j] for j in range(len(self.columns))]
        return write_columns(self.columns, ordered, self.source, self.names, dtype)

    def aligned(self, restored: Any, X: Any) -> Any:
        """Give what was made of `X` the index of `X`."""
        if self.source == library(X) == "pandas":
            restored.index = X.index
        return restored

    def encoder(
        self,
        sizes: tuple[int, ...],
        activation: str | Callable,
        last: str | Callable = "linear",
        n_beside: int = 0,
        spectral: bool = False,
    ) -> NetworkSpec:
        """Return dense layers, behind embeddings where there are any."""
        n_inputs, blocks = self.n_columns + n_beside, self._embedded()
        if not blocks:
            return DenseStack(n_inputs, sizes, activation, last, spectral)
        return EmbeddingEncoder(n_inputs, blocks, sizes, activation, last, spectral)

    def decoder(
        self,
        n_inputs: int,
        sizes: tuple[int, ...],
        activation: str | Callable,
        last: str | Callable,
    ) -> NetworkSpec:
        """Return a dense stack; numbers are never in a range, logits neither."""
        return DenseStack(n_inputs, (*sizes, self.n_outputs), activation)

    def _embedded(self) -> tuple[tuple[int, int, int], ...]:
        """Return first column, columns and width of each category to embed."""
        if self.encoding == "one-hot":
            return ()
        blocks, start = [], 2 * len(self._numbers)
        for k, n, _ in self.likelihood.groups:
            firsts = range(start, start + k * n, k)
            if k > EMBEDDED_ABOVE:
                blocks += [(first, k, embedding_width(k)) for first in firsts]
            start += k * n
        return tuple(blocks)


class NumberScale:
    """Numbers to mean 0 and variance 1, and back into the range they came from.

    Parameters
    ----------
    numbers : array of shape (n, k), float64
        NaN where missing; none of the columns is all NaN.
    kind : {"standard", "quantile"}
        As `Table.scaling`.
    """

    def __init__(self, numbers: np.ndarray, kind: str) -> None:
        # Sorted, so that the order of rows changes no sum in its last digit.
        numbers = np.sort(numbers, axis=0)
        self.quantiles: QuantileTransformer | None = None
        if not numbers.shape[1]:
            self.low = self.high = self.mean = self.scale = np.zeros(0)
            return
        self.low, self.high = np.nanmin(numbers, axis=0), np.nanmax(numbers, axis=0)
        if kind == "quantile":
            self.quantiles = QuantileTransformer(
                n_quantiles=min(len(numbers), MOST_QUANTILES),
                output_distribution="normal",
                subsample=None,
            ).set_output(transform="default")
            numbers = np.sort(self.quantiles.fit_transform(numbers), axis=0)
        constant = self.low == self.high
        self.mean = np.where(constant, numbers[0], np.nanmean(numbers, axis=0))
        scale = np.nanstd(numbers, axis=0)
        flat = ~constant & (scale == 0)  # the squares of tiny numbers are zero
        if flat.any():
            span = self.high[flat] - self.low[flat]
            scale[flat] = np.nanstd(numbers[:, flat] / span, axis=0) * span
        self.scale = np.where(constant | (scale == 0), 1.0, scale)

    def __call__(self, numbers: np.ndarray) -> np.ndarray:
        """Return scaled numbers, float32, NaN where missing."""
        if self.quantiles is not None:
            numbers = self.quantiles.transform(numbers)
        scaled = (numbers - self.mean) / self.scale
        return np.clip(scaled, -LARGEST, LARGEST).astype(np.float32)

    def inverse(self, scaled: np.ndarray) -> np.ndarray:
        """Return numbers, float64, of scaled ones."""
        numbers = scaled.astype(np.float64) * self.scale + self.mean
        if self.quantiles is not None:
            numbers = self.quantiles.inverse_transform(numbers)
        return np.clip(numbers, self.low, self.high)


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


def stacked(columns: Sequence[np.ndarray], n: int) -> np.ndarray:
    """Return columns of `n` values side by side, though there be none."""
    return np.stack(columns, axis=1) if columns else np.zeros((n, 0))


def _levels(column: Column, most: int) -> tuple[Any, ...] | None:
    """Return the values of a category in their order; None for numbers."""
    if column.kind == "number":
        return None
    if column.kind == "boolean":
        return (False, True)
    seen = {value for value in column.values if value is not None}
    if len(seen) > most:
        raise ValueError(
            f"X holds {len(seen)} different categories in column {column.name!r}, more "
            f"than max_categories={most}. Leave the column out if it names rows, merge "
            "rare categories, convert numbers with pandas.to_numeric, or raise "
            "Table(max_categories=...)."
        )
    if column.levels is None:
        return tuple(sorted(seen))
    return tuple(level for level in column.levels if level in seen)


def _check_total(columns: Sequence[Column], most: int) -> None:
    sizes = {c.name: len(c.levels) for c in columns if c.levels and c.kind != "boolean"}
    total = sum(sizes.values())
    if total > most:
        largest = max(sizes, key=sizes.__getitem__)
        raise ValueError(
            f"X holds {total} categories in {len(sizes)} columns, more than "
            f"max_total_categories={most}, most of them ({sizes[largest]}) in column "
            f"{largest!r}. Leave out columns, merge rare categories, or raise "
            "Table(max_total_categories=...) where memory suffices."
        )


def _check_finite(column: Column, name: str) -> None:
    if column.values.dtype == object:
        return
    bad = np.abs(column.values) > LARGEST
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"{name} contains {column.values[row]:g} in row {row}, column "
            f"{column.name!r}: infinity, or beyond single precision (3.4e38). Give "
            "finite numbers, or NaN for what is missing."
        )


def _as_numbers(column: Column, learned: Column, name: str) -> np.ndarray:
    """Return the values of a column that held numbers in `fit`."""
    if column.values.dtype != object:
        _check_finite(column, name)
        return column.values
    for row, value in enumerate(column.values):
        if value is not None and not isinstance(value, Real):
            raise TypeError(
                f"{name} holds {value!r} in row {row}, column {learned.name!r}, which "
                "held numbers in fit. Convert it with pandas.to_numeric."
            )
    return as_floats(column.values)


def _codes(column: Column, learned: Column, name: str, unknown: str) -> np.ndarray:
    """Return the place of each value among those that `fit` saw, -1 where missing."""
    levels = learned.levels or ()
    places = {level: place for place, level in enumerate(levels)}
    values = column.values.astype(object)
    values[column.missing] = None
    places[None] = -1
    code = np.fromiter((places.get(v, UNKNOWN) for v in values), int, len(values))
    if unknown == "error" and (code == UNKNOWN).any():
        row = int(np.argmax(code == UNKNOWN))
        shown = ", ".join(map(repr, levels[:5])) + ", ..." * (len(levels) > 5)
        raise ValueError(
            f"{name} holds {values[row]!r} in row {row}, column {learned.name!r}, "
            f"which fit did not see among its {KINDS[learned.kind]} ({shown}). Correct "
            "it, fit on rows that have it, or use Table(handle_unknown='ignore'), "
            "which makes it a missing value."
        )
    return np.maximum(code, -1)
