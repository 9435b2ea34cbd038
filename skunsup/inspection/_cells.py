"""Cells of tables beside other ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skunsup.inspection._figures import RED, short, written
from skunsup.inspection._shown import Shown

SURE = 3.0  # standard deviations at which the colour is full


def column_scales(rows: Shown) -> list[float]:
    """Return the standard deviation of each column of numbers, 1 for all others."""
    scales = []
    for column in rows.values:
        known = np.asarray(column)
        if known.dtype.kind == "f" and np.isfinite(known).any():
            scales.append(float(np.nanstd(known)) or float(np.nanmax(np.abs(known))))
        else:
            scales.append(0.0)
    return [scale or 1.0 for scale in scales]


def column_errors(one: Shown, other: Shown, scales: Sequence[float]) -> np.ndarray:
    """Return the error of each cell, (n_rows, n_columns).

    Numbers are compared in units of `scales`, all else by whether they differ. Where a
    cell of `one` is missing the error is 0.
    """
    errors = []
    for a, b, scale in zip(one.values, other.values, scales, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        if a.dtype.kind == "f" and b.dtype.kind == "f":
            errors.append(np.nan_to_num(np.abs(a - b) / scale))
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
