"""Grids of images, lines of series and lines of tokens, each in one Axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skunsup.inspection._figures import bare, plain

GAP = 0.12  # between neighbours, as a share of their size
LINE = 84  # characters in a line of tokens


def as_rgb(image: np.ndarray, cmap: str, low: float, high: float) -> np.ndarray:
    """Return an image of three channels in [0, 1]."""
    if image.ndim == 3:
        return np.clip(image, 0.0, 1.0)
    from matplotlib import colormaps

    scaled = np.clip((image - low) / max(high - low, 1e-12), 0.0, 1.0)
    coloured: np.ndarray = colormaps[cmap](scaled)[..., :3]
    return coloured


def limits_of(images: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the values of black and white: 0 and 1, or the range of `images`."""
    low = min(float(np.min(image)) for image in images)
    high = max(float(np.max(image)) for image in images)
    if low >= 0.0 and high <= 1.0:
        return 0.0, 1.0
    return min(low, 0.0), high


def tiled(lines: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Return lines of images of three channels as one, with white between them."""
    height, width = lines[0][0].shape[:2]
    down, across = max(1, round(GAP * height)), max(1, round(GAP * width))
    n = max(len(line) for line in lines)
    shape = (len(lines) * (height + down) - down, n * (width + across) - across, 3)
    whole = np.ones(shape)
    for i, line in enumerate(lines):
        for j, image in enumerate(line):
            top, left = i * (height + down), j * (width + across)
            whole[top : top + height, left : left + width] = image
    return whole


def picture_grid(
    ax: Any,
    lines: Sequence[Sequence[np.ndarray]],
    labels: Sequence[str],
    titles: Sequence[str],
    cmap: str = "gray",
) -> Any:
    """Draw lines of images, with a label on the left of each and titles above.

    What is black and white is told from the first line.

    Returns
    -------
    AxesImage
    """
    limits = limits_of(lines[0])
    rgb = [[as_rgb(image, cmap, *limits) for image in line] for line in lines]
    height, width = rgb[0][0].shape[:2]
    down, across = max(1, round(GAP * height)), max(1, round(GAP * width))
    drawn = ax.imshow(tiled(rgb), interpolation="nearest", aspect="equal")
    bare(ax)
    ax.spines[:].set_visible(False)
    centres = (np.arange(len(lines)) * (height + down)) + height / 2 - 0.5
    ax.set_yticks(centres, labels)
    middles = (np.arange(len(titles)) * (width + across)) + width / 2 - 0.5
    ax.set_xticks(middles, titles)
    ax.tick_params(length=0, top=False, labeltop=True, labelbottom=False)
    return drawn


def grid_size(lines: int, columns: int, image: np.ndarray) -> tuple[float, float]:
    """Return width and height in inches of a figure for a grid of images."""
    height, width = image.shape[:2]
    side = min(0.95, 9.5 / columns)
    return 1.4 + columns * side, 0.6 + lines * side * height / width


def side_by_side(series: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the places in time of series that are drawn one behind the other."""
    longest = max(len(one) for one in series)
    step = longest * (1 + GAP)
    return [np.arange(len(one)) + i * step for i, one in enumerate(series)]


def name_series(ax: Any, places: Sequence[np.ndarray], titles: Sequence[str]) -> None:
    """Write below each series which row it is."""
    ax.set_xticks([place.mean() for place in places], titles)
    ax.tick_params(axis="x", length=0)
    ax.margins(x=0.01)
    plain(ax)


def token_lines(
    ax: Any,
    lines: Sequence[tuple[str, Sequence[str], Sequence[Any], Sequence[Any]]],
) -> list[Any]:
    """Write lines of tokens from the top down, in monospace.

    Parameters
    ----------
    ax : Axes
        Where to.
    lines : sequence of (label, tokens, text colours, box colours or None)
        Each is cut to the width of a line.

    Returns
    -------
    list of Text
        One a token.
    """
    drawn = []
    for down, (_, tokens, inks, boxes) in enumerate(lines):
        at = 0
        for token, ink, box in zip(tokens, inks, boxes, strict=True):
            word = token[: LINE - 1]
            if at + len(word) > LINE:
                ax.text(at, down, "…", va="center", family="monospace", size=8)
                break
            patch = None if box is None else {"fc": box, "ec": "none", "pad": 1.2}
            drawn.append(
                ax.text(
                    at,
                    down,
                    word,
                    color=ink,
                    bbox=patch,
                    va="center",
                    family="monospace",
                    size=8,
                )
            )
            at += len(word) + 1
    bare(ax)
    ax.set(xlim=(-0.5, LINE + 1), ylim=(len(lines) - 0.4, -0.6))
    ax.set_yticks(range(len(lines)), [label for label, *_ in lines])
    ax.tick_params(axis="y", length=0)
    ax.spines[:].set_visible(False)
    return drawn


def plain_tokens(label: str, text: str) -> tuple[str, list[str], list[str], list[None]]:
    """Return a line of tokens in black, as `token_lines` takes it."""
    words = text.split()
    return label, words, ["black"] * len(words), [None] * len(words)


def text_size(n_lines: int) -> tuple[float, float]:
    """Return width and height in inches of a figure for lines of tokens."""
    return 7.0, 0.4 + 0.24 * n_lines
