"""Cells of tables beside other ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skunsup.inspection._figures import RED, short, written
from skunsup.inspection._shown import Shown

SURE = 3.0  # standard deviations at which the colour is full


def column_errors(one: Shown, other: Shown) -> np.ndarray:
    """Return the error of each cell, (n_rows, n_columns).

    Numbers are compared in standard deviations of the rows in `one`, all else by
    whether they differ. Where a cell of `one` is missing the error is 0.
    """
    errors = []
    for a, b in zip(one.values, other.values, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        if a.dtype.kind == "f" and b.dtype.kind == "f":
            spread = np.nanstd(a) if np.isfinite(a).any() else 0.0
            spread = spread or np.nanmax(np.abs(a), initial=0.0) or 1.0
            errors.append(np.nan_to_num(np.abs(a - b) / spread))
        else:
            there = np.array([value is not None for value in a])
            errors.append(((a != b) & there).astype(float))
    return np.stack(errors, axis=1)


def cell_table(
    ax: Any,
    one: Shown,
    other: Shown,
    errors: np.ndarray,
    titles: Sequence[str],
    most: int,
) -> Any:
    """Write the cells of the columns with the largest errors, and what came back.

    The background says how large an error is; the worst cell of a row is framed.

    Returns
    -------
    AxesImage
        The background, (n_columns, n_rows).
    """
    from matplotlib.patches import Rectangle

    columns = np.sort(np.argsort(-errors.max(axis=0), kind="stable")[:most])
    shades = errors[:, columns].T
    drawn = ax.imshow(
        np.minimum(shades, SURE), cmap="Blues", vmin=0, vmax=2 * SURE, aspect="auto"
    )
    for (i, j), _ in np.ndenumerate(shades):
        before, after = (written(s.values[int(columns[i])][j]) for s in (one, other))
        text = f"{before}\n→ {after}"
        ax.text(j, i, text, ha="center", va="center", size=7.5)
    for j, row in enumerate(shades.T):
        if row.max() > 0:
            box = Rectangle((j - 0.48, row.argmax() - 0.46), 0.96, 0.92)
            box.set(fill=False, ec=RED, lw=2)
            ax.add_patch(box)
    ax.set_xticks(range(len(titles)), titles)
    ax.set_yticks(range(len(columns)), [short(one.names[c], 24) for c in columns])
    ax.tick_params(length=0, labeltop=True, labelbottom=False)
    ax.spines[:].set_visible(False)
    return drawn
