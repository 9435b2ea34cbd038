"""Images and texts of some rows at their places on a map."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skunsup.inspection._drawing import as_rgb, limits_of
from skunsup.inspection._figures import short

SIDE = 20.0  # of an image in points
TEXT = 46  # characters of a text


def spread_out(places: np.ndarray, most: int) -> np.ndarray:
    """Return at most `most` rows that lie all over the map, one in each square.

    Each is the row nearest to the middle of the rows in its square. Squares are as
    large as leaves at most so many that hold rows.
    """
    low, high = np.percentile(places, [0, 100], axis=0)
    scaled = (places - low) / np.where(high > low, high - low, 1.0)
    for n in range(max(int(2 * np.sqrt(most)), 1), 0, -1):
        square = np.minimum((scaled * n).astype(int), n - 1) @ np.array([n, 1])
        found = np.unique(square)
        if len(found) <= most:
            return np.array([_nearest(scaled, square == one) for one in found])
    return np.array([_nearest(scaled, np.ones(len(places), bool))])


def _nearest(scaled: np.ndarray, inside: np.ndarray) -> int:
    rows = np.flatnonzero(inside)
    middle = np.median(scaled[rows], axis=0)
    return int(rows[np.square(scaled[rows] - middle).sum(axis=1).argmin()])


def without_overlaps(places: np.ndarray) -> np.ndarray:
    """Return the places, in points, at which images do not cover each other."""
    kept: list[int] = []
    for at, place in enumerate(places):
        apart = np.abs(places[kept] - place).max(axis=1, initial=0.0)
        if not kept or apart.min() > 1.2 * SIDE:
            kept.append(at)
    return np.array(kept)


def draw_images(
    ax: Any,
    places: np.ndarray,
    images: Sequence[np.ndarray],
    edges: Sequence[Any],
    cmap: str,
) -> list[Any]:
    """Draw images at their places, framed in the colours `edges`."""
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    limits, drawn = limits_of(images), []
    for place, image, edge in zip(places, images, edges, strict=True):
        rgb = as_rgb(np.asarray(image, float), cmap, *limits)
        zoom = SIDE / max(rgb.shape[:2])
        box = AnnotationBbox(
            OffsetImage(rgb, zoom=zoom, interpolation="nearest"),
            place,
            pad=0.1,
            bboxprops={"ec": edge, "lw": 1.2},
            zorder=4,
        )
        drawn.append(ax.add_artist(box))
    return drawn


def draw_texts(ax: Any, places: np.ndarray, texts: Sequence[str]) -> list[Any]:
    """Number places on the map, and list the texts on the right of it."""
    drawn = []
    order = np.argsort(-places[:, 1], kind="stable")
    for number, row in enumerate(order, 1):
        circle = {"boxstyle": "circle,pad=0.15", "fc": "white", "ec": "black"}
        drawn.append(
            ax.text(
                *places[row],
                str(number),
                size=8,
                ha="center",
                va="center",
                bbox=circle,
                zorder=4,
            )
        )
    lines = [f"{i}  {short(texts[row], TEXT)}" for i, row in enumerate(order, 1)]
    listed = ax.annotate(
        "\n".join(lines),
        (0.0, 0.0),
        xytext=(0, -44),
        xycoords="axes fraction",
        textcoords="offset points",
        va="top",
        size=8,
        linespacing=1.3,
    )
    drawn.append(listed)
    return drawn
