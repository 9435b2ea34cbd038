"""Rows of numbers as they are."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from skunsup._training import Rows
from skunsup._validation import check_rows, check_X
from skunsup.inputs._base import Inputs
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


def _rows(X: np.ndarray, owner: BaseEstimator, name: str) -> Rows:
    return check_rows(X, getattr(owner, "feature_names_in_", None), name)
