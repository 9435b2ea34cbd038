"""Bars, heat maps and typical rows of clusters."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skunsup.inspection._cluster_columns import Unusual
from skunsup.inspection._drawing import (
    grid_size,
    picture_grid,
    plain_tokens,
    side_by_side,
    text_size,
    token_lines,
)
from skunsup.inspection._figures import BLUE, panels, plain, short, styles
from skunsup.inspection._shown import Shown

# Axes, and what was drawn in them.
Drawn = tuple[Any, Any]


def size_bars(ax: Any, clusters: np.ndarray, sizes: np.ndarray) -> Drawn:
    """Draw the number of rows of each cluster."""
    n = len(sizes)
    axis = panels(ax, (1, 1), (5.6, 0.9 + 0.32 * n)).item()
    drawn = axis.barh(np.arange(n), sizes, color=BLUE)
    total = sizes.sum()
    axis.bar_label(drawn, [f" {size} ({size / total:.0%})" for size in sizes])
    axis.set_yticks(range(n), [f"cluster {c}" for c in clusters])
    axis.invert_yaxis()
    axis.set(xlabel="rows", xlim=(0, 1.25 * sizes.max()))
    plain(axis)
    return axis, drawn


def effect_map(ax: Any, found: Unusual, names: Sequence[str], label: str) -> Drawn:
    """Draw how far the columns of each cluster are from those of all rows."""
    n, width = found.effects.shape
    size = (3.4 + 0.72 * width, 1.8 + 0.52 * n)
    axis = panels(ax, (1, 1), size).item()
    reach = max(1.0, float(np.abs(found.effects).max()))
    drawn = axis.imshow(
        found.effects, cmap="PuOr_r", vmin=-reach, vmax=reach, aspect="auto"
    )
    if n * width <= 250:
        for (i, j), effect in np.ndenumerate(found.effects):
            ink = "white" if abs(effect) > 0.6 * reach else "black"
            text = found.texts[i][j]
            axis.text(j, i, text, ha="center", va="center", size=8, color=ink)
    columns = [short(name, 26) for name in found.names]
    axis.set_xticks(range(width), columns, rotation=40, ha="right")
    axis.set_yticks(range(n), names, size=9)
    axis.tick_params(length=0)
    bar = axis.figure.colorbar(drawn, ax=axis)
    bar.set_label(f"{label} less that of all,\nstandard deviations", size=8)
    return axis, drawn


def cluster_images(
    ax: Any,
    images: Sequence[np.ndarray],
    clusters: np.ndarray,
    sizes: np.ndarray,
    cmap: str,
) -> Drawn:
    """Draw one image for each cluster."""
    across = len(images) if len(images) <= 14 else 10
    lines = [images[i : i + across] for i in range(0, len(images), across)]
    size = grid_size(len(lines), across, np.asarray(images[0]))
    axis = panels(ax, (1, 1), (size[0], size[1] + 0.25 * len(lines))).item()
    titles = [f"cluster {c}\n{s} rows" for c, s in zip(clusters, sizes, strict=True)]
    labels = [""] * len(lines)
    if len(lines) > 1:  # titles are above the first line alone
        labels = [
            f"clusters {clusters[i * across]} to "
            f"{clusters[min((i + 1) * across, len(images)) - 1]}"
            for i in range(len(lines))
        ]
        titles = []
    drawn = picture_grid(axis, lines, labels, titles, cmap)
    axis.tick_params(labelsize=8)
    return axis, drawn


def cluster_texts(ax: Any, texts: Sequence[str], names: Sequence[str]) -> Drawn:
    """Draw one text for each cluster."""
    axis = panels(ax, (1, 1), text_size(2 * len(texts))).item()
    lines = [plain_tokens(name, text) for name, text in zip(names, texts, strict=True)]
    return axis, token_lines(axis, lines)


def cluster_series(ax: Any, rows: Shown, names: Sequence[str]) -> Drawn:
    """Draw one series for each cluster, side by side."""
    axis = panels(ax, (1, 1), (9.0, 2.8)).item()
    places = side_by_side(rows.values)
    drawn: list[Any] = []
    looks = styles(len(rows.names))
    for place, one in zip(places, rows.values, strict=True):
        for (colour, _), values in zip(looks, one.T, strict=True):
            drawn += axis.plot(place, values, color=colour, lw=1)
    axis.set_xticks([place.mean() for place in places], names, size=8)
    axis.tick_params(axis="x", length=0)
    plain(axis)
    return axis, drawn
