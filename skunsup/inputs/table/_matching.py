"""Tables with the columns of other tables."""

from typing import Any

import numpy as np


def with_columns_of(table: Any, rows: Any, name: str, table_name: str) -> Any:
    """Return rows as a DataFrame with the columns of another one, in its order.

    Parameters
    ----------
    table : DataFrame
        Of pandas, polars or another library that is called alike.
    rows : DataFrame or array-like of shape (n, n_columns)
        Rows of the same columns; those of an array are in the order of `table`.
    name, table_name : str
        What to call both in messages.

    Raises
    ------
    ValueError
        If `rows` has other columns.
    """
    wanted = list(table.columns)
    if not hasattr(rows, "columns"):
        if np.shape(rows)[1:] != (len(wanted),):
            raise ValueError(
                f"{name} has shape {np.shape(rows)}, but {table_name} has "
                f"{len(wanted)} columns. Give rows of the same columns."
            )
        if hasattr(table, "iloc"):
            return type(table)(rows, columns=table.columns)
        return type(table)(rows, schema=wanted)
    found = list(rows.columns)
    if found == wanted:
        return rows
    for one, columns, other, known in (
        (table_name, wanted, name, found),
        (name, found, table_name, wanted),
    ):
        absent = [column for column in columns if column not in known]
        if absent:
            raise ValueError(
                f"{one} has the columns {absent[:8]}, which {other} lacks. Give rows "
                "of the same columns."
            )
    return rows[wanted]
