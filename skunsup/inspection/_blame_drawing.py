"""Shares of scores as bars, heat maps, images, series and texts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skunsup.inspection._blame import overlaid, pixel_heat
from skunsup.inspection._drawing import (
    as_rgb,
    grid_size,
    limits_of,
    name_series,
    picture_grid,
    side_by_side,
    text_size,
    token_lines,
)
from skunsup.inspection._figures import BLUE, RED, panels, plain, short, written
from skunsup.inspection._shown import Shown

# Axes, and what was drawn in them.
Drawn = tuple[Any, Any]


def share_bars(
    ax: Any,
    shares: np.ndarray,
    names: Sequence[str],
    title: str,
    most: int,
    shown: Shown | None,
    expected: Shown | None,
) -> Drawn:
    """Draw the largest shares of one row, with its values and those expected."""
    order = np.argsort(-shares[0], kind="stable")[:most]
    axis = panels(ax, (1, 1), (6.4, 0.9 + 0.32 * len(order))).item()
    share = shares[0, order]
    written_names = [short(names[j], 28) for j in order]
    bars = axis.barh(np.arange(len(order)), share, color=BLUE)
    axis.set_yticks(range(len(order)), written_names)
    for at, j in enumerate(order):
        note = f" {share[at]:.0%}"
        if shown is not None:
            note = f" {written(shown.values[j][0])}"
            if expected is not None:
                note += f", expected {written(expected.values[j][0])}"
        axis.text(share[at], at, note, va="center", size=8.5)
    axis.invert_yaxis()
    axis.set_xlim(0, max(1.55 * share.max(), 1e-9))
    axis.xaxis.set_major_formatter("{x:.0%}")
    axis.set(xlabel="share of the score", title=title)
    plain(axis)
    return axis, bars


def share_heat_map(
    ax: Any,
    shares: np.ndarray,
    names: Sequence[str],
    titles: Sequence[str],
    most: int,
) -> Drawn:
    """Draw the columns with the largest shares of several rows."""
    top = np.argsort(-shares.max(axis=0), kind="stable")[:most]
    columns = np.sort(top)
    n = len(shares)
    size = (2.4 + 0.55 * len(columns), 1.8 + min(0.32 * n, 8.0))
    axis = panels(ax, (1, 1), size).item()
    part = shares[:, columns]
    drawn = axis.imshow(part, cmap="Blues", vmin=0, aspect="auto")
    if n <= 20:
        for (i, j), share in np.ndenumerate(part):
            if share >= 0.1:
                ink = "white" if share > 0.6 * part.max() else "black"
                axis.text(j, i, f"{share:.0%}", ha="center", va="center", size=8, c=ink)
        axis.set_yticks(range(n), titles)
    labels = [short(names[j], 26) for j in columns]
    axis.set_xticks(range(len(columns)), labels, rotation=40, ha="right")
    bar = axis.figure.colorbar(drawn, ax=axis, label="share of the score")
    bar.ax.yaxis.set_major_formatter("{x:.0%}")
    axis.tick_params(length=0)
    return axis, drawn


def blamed_images(
    ax: Any, shares: np.ndarray, shown: Shown, titles: Sequence[str], cmap: str
) -> Drawn:
    """Draw images above themselves with the pixels that made their scores."""
    images = [np.asarray(image, float) for image in shown.values]
    limits = limits_of(images)
    plain_ones = [as_rgb(image, cmap, *limits) for image in images]
    heat = [
        pixel_heat(share, image) for share, image in zip(shares, images, strict=True)
    ]
    marked = [overlaid(i, h) for i, h in zip(plain_ones, heat, strict=True)]
    axis = panels(ax, (1, 1), grid_size(2, len(images), images[0])).item()
    lines = [plain_ones, marked]
    return axis, picture_grid(axis, lines, ["row", "to blame"], titles)


def blamed_series(
    ax: Any, shares: np.ndarray, shown: Shown, titles: Sequence[str], _: str
) -> Drawn:
    """Draw series on bands that are darker where more of the score comes from."""
    axis = panels(ax, (1, 1), (9.0, 2.8)).item()
    places, width = side_by_side(shown.values), len(shown.names)
    artists = []
    for share, place, series in zip(shares, places, shown.values, strict=True):
        by_step = share[: len(series) * width].reshape(len(series), width)
        by_step = by_step.sum(axis=1)
        for at, strength in zip(place, by_step / by_step.max(), strict=True):
            axis.axvspan(at - 0.5, at + 0.5, color=RED, alpha=0.6 * strength, lw=0)
        artists += axis.plot(place, series, color="black", lw=1)
    name_series(axis, places, titles)
    axis.set_title("darker: larger share of the score", loc="right", size=9)
    return axis, artists


def blamed_texts(
    ax: Any, shares: np.ndarray, shown: Shown, titles: Sequence[str], _: str
) -> Drawn:
    """Draw texts with the words marked that made their scores."""
    lines = []
    for title, share, text in zip(titles, shares, shown.values, strict=True):
        words = text.split()[: len(share)]
        own = share[: len(words)] / max(share.max(), 1e-12)
        boxes = [(0.835, 0.369, 0.0, 0.75 * strength) for strength in own]
        lines.append((title, words, ["black"] * len(words), boxes))
    axis = panels(ax, (1, 1), text_size(2 * len(lines))).item()
    return axis, token_lines(axis, lines)
