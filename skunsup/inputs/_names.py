"""Columns of data that kinds know by their number: how many, and their names."""

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data


def learn_columns(owner: BaseEstimator, X: Any, n_columns: int) -> None:
    """Let `owner` know the columns of its data: names too where `X` is a table of them.

    Parameters
    ----------
    owner : BaseEstimator
        Whose data they are.
    X : object
        The data, as the user passed them.
    n_columns : int
        Number of columns of a row.
    """
    vars(owner).pop("feature_names_in_", None)
    owner.n_features_in_ = n_columns
    if _is_table(X, n_columns):
        validate_data(owner, X, skip_check_array=True)


def check_columns(owner: BaseEstimator, X: Any, n_columns: int) -> None:
    """Raise ValueError where `X` is a table with other columns than that of `fit`.

    Parameters
    ----------
    owner, X, n_columns
        As `learn_columns` takes them.
    """
    if hasattr(owner, "feature_names_in_") and _is_table(X, n_columns):
        validate_data(owner, X, reset=False, skip_check_array=True)


def _is_table(X: Any, n_columns: int) -> bool:
    return hasattr(X, "columns") and tuple(X.shape[1:]) == (n_columns,)
