"""Rows of numbers as they are."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from skunsup._training import Rows
from skunsup._validation import check_incomplete, check_rows, check_X
from skunsup.inputs._base import Inputs
from skunsup.inputs._given import check_given, column_of, given_number
from skunsup.inputs._hints import other_kinds_named
from skunsup.inputs._scales import warn_of_scales


class Dense(Inputs):
    """Rows of numbers as they are: what `inputs=None` stands for."""

    projected_ = True

    @classmethod
    def of_width(cls, n_columns: int) -> "Dense":
        """Return the kind, fitted to rows of so many numbers."""
        made = cls()
        made.n_columns_ = n_columns
        return made

    def fit_rows(self, X: Any, owner: BaseEstimator, min_samples: int = 1) -> Rows:
        """Validate numbers: dense, sparse or memory-mapped."""
        with other_kinds_named(owner, X):
            X = check_X(owner, X, reset=True, min_samples=min_samples)
        rows = _rows(X, owner, "X")
        warn_of_scales(owner, rows)
        self.n_columns_ = rows.d
        return rows

    def read_rows(self, X: Any, owner: BaseEstimator, name: str = "X") -> Rows:
        """Validate numbers against the columns that `owner` knows."""
        with other_kinds_named(owner, X):
            X = check_X(owner, X, reset=False, name=name)
        return _rows(X, owner, name)

    def restore_rows(
        self, rows: np.ndarray, dtype: np.dtype, like: Any = None
    ) -> np.ndarray:
        """Return the rows with that dtype."""
        return rows.astype(dtype, copy=False)

    def read_incomplete(
        self, X: Any, owner: BaseEstimator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Validate numbers, NaN among them."""
        X = check_incomplete(owner, X)
        observed = ~np.isnan(X)
        rows = _rows(np.where(observed, X, 0.0), owner, "X").take(slice(None))
        return rows.astype(np.float32), observed

    def filled(self, X: Any, drawn: np.ndarray) -> np.ndarray:
        """Return an array of the numbers of `X`, and of `drawn` where they are NaN."""
        X = np.asarray(X, drawn.dtype)
        return np.where(np.isnan(X), drawn, X)

    def given_row(
        self, given: Any, owner: BaseEstimator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a row of the given numbers, zeros elsewhere."""
        row = np.zeros((1, self.n_columns_))
        observed = np.zeros(self.n_columns_, bool)
        for j, value in self._places(given, owner).items():
            row[0, j], observed[j] = value, True
        return _rows(row, owner, "given").take(slice(None))[0], observed

    def with_given(
        self, data: np.ndarray, given: dict, owner: BaseEstimator
    ) -> np.ndarray:
        """Return the array with the given numbers."""
        for j, value in self._places(given, owner).items():
            data[:, j] = value
        return data

    def _places(self, given: Any, owner: BaseEstimator) -> dict[int, float]:
        check_given(given)
        names = getattr(owner, "feature_names_in_", None)
        return {
            column_of(column, names, self.n_columns_): given_number(column, value)
            for column, value in given.items()
        }


def _rows(X: np.ndarray, owner: BaseEstimator, name: str) -> Rows:
    return check_rows(X, getattr(owner, "feature_names_in_", None), name)
