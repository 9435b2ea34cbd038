"""Drawn images, texts and series below real ones."""

from typing import Any

import numpy as np

from skunsup.inspection._drawing import (
    grid_size,
    name_series,
    picture_grid,
    plain_tokens,
    side_by_side,
    text_size,
    token_lines,
)
from skunsup.inspection._figures import BLUE, ORANGE, panels
from skunsup.inspection._shown import Shown

MOST_ACROSS = 10
# Axes, and what was drawn in them by name.
Drawn = tuple[np.ndarray, dict[str, Any]]


def sample_grid(ax: Any, real: Shown, drawn: Shown, cmap: str) -> Drawn:
    """Draw as many of both as there are, ten at most in a line."""
    n = min(len(real), len(drawn), MOST_ACROSS)
    if real.form == "images":
        return _images(ax, real, drawn, n, cmap)
    draw = _texts if real.form == "texts" else _series
    return draw(ax, real, drawn, n)


def _images(ax: Any, real: Shown, drawn: Shown, n: int, cmap: str) -> Drawn:
    ours, theirs = list(real.values), list(drawn.values)
    down = max(1, min(3, min(len(ours), len(theirs)) // 10))
    lines = [ours[i * n : (i + 1) * n] for i in range(down)]
    lines += [theirs[i * n : (i + 1) * n] for i in range(down)]
    labels = ["real", *[""] * (down - 1), "drawn", *[""] * (down - 1)]
    axes = panels(ax, (1, 1), grid_size(2 * down, n, np.asarray(ours[0])))
    return axes, {"grid": picture_grid(axes.item(), lines, labels, [], cmap)}


def _texts(ax: Any, real: Shown, drawn: Shown, n: int) -> Drawn:
    axes = panels(ax, (1, 1), text_size(2 * n))
    lines = [plain_tokens("real", text) for text in real.values[:n]]
    lines += [plain_tokens("drawn", text) for text in drawn.values[:n]]
    return axes, {"grid": token_lines(axes.item(), lines)}


def _series(ax: Any, real: Shown, drawn: Shown, n: int) -> Drawn:
    axes = panels(ax, (2, 1), (9.0, 4.2), sharex=True, sharey=True)
    both = {"real": (real, BLUE), "drawn": (drawn, ORANGE)}
    artists = {}
    for axis, (label, (rows, colour)) in zip(axes[:, 0], both.items(), strict=True):
        places = side_by_side(rows.values[:n])
        artists[label] = [
            axis.plot(place, one, color=colour, lw=1)
            for place, one in zip(places, rows.values[:n], strict=True)
        ]
        name_series(axis, places, [""] * n)
        axis.set_ylabel(label)
    return axes, artists
