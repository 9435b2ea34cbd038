"""Kinds of data whose cells may be missing, or be given one by one."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator


class IncompleteInputs:
    """Mixin of the kinds of data that says how cells are missing and given.

    By default they never are. A kind whose cells can be overrides all four methods.
    """

    def read_incomplete(
        self, X: Any, owner: BaseEstimator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of data in which cells are missing, and what was observed.

        Parameters
        ----------
        X : object
            Data like those of `fit_rows`, with missing cells.
        owner : BaseEstimator
            As in `fit_rows`.

        Returns
        -------
        rows : array of shape (n, n_columns_), float32
            The rows, with a fixed value where cells are missing.
        observed : array of bool, shape (n, n_columns_)
            Columns of cells that are not missing.

        Raises
        ------
        TypeError
            If cells of this kind are never missing.
        """
        raise self._never_missing()

    def filled(self, X: Any, drawn: Any) -> Any:
        """Return data with missing cells replaced by those of other data.

        Parameters
        ----------
        X : object
            As `read_incomplete` takes it.
        drawn : object
            As `restore_rows` returns it, as many rows.

        Returns
        -------
        object
            Observed cells as they came.
        """
        raise self._never_missing()

    def given_row(
        self, given: Any, owner: BaseEstimator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the row in which only some cells are known.

        Parameters
        ----------
        given : dict
            Values by column.
        owner : BaseEstimator
            Knows the columns, and messages name it.

        Returns
        -------
        row : array of shape (n_columns_,), float32
            As one row of `read_incomplete`.
        observed : array of bool, shape (n_columns_,)
            Columns of the cells that are given.

        Raises
        ------
        ValueError, TypeError
            If a column is unknown, or cannot have that value.
        """
        raise self._never_missing()

    def with_given(self, data: Any, given: dict, owner: BaseEstimator) -> Any:
        """Return data in which columns hold given values, exactly.

        Parameters
        ----------
        data : object
            As `restore_rows` returns it; it may be changed.
        given : dict
            As `given_row` takes it.
        owner : BaseEstimator
            As in `given_row`.

        Returns
        -------
        object
            The data.
        """
        raise self._never_missing()

    def _never_missing(self) -> TypeError:
        return TypeError(
            f"inputs={self!r} has no cells that can be missing or given one by one. "
            "Use inputs=None for numbers or inputs=Table()."
        )
