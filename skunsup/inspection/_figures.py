"""Figures, axes and colours of the displays."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

# Okabe & Ito (2008): eight colours that the colour-blind tell apart. Yellow is left
# out, since it is too light for points on white.
COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#000000",
)
# Petroff (arXiv:2107.02270): ten colours, for more groups.
MORE_COLOURS = (
    "#3F90DA",
    "#FFA90E",
    "#BD1F01",
    "#94A4A2",
    "#832DB6",
    "#A96B59",
    "#E76300",
    "#B9AC70",
    "#717581",
    "#92DADD",
)
BLUE, ORANGE, RED = COLOURS[0], COLOURS[1], COLOURS[5]
GREY = "#767676"
MARKERS = ("o", "^", "s", "D", "v", "P", "X")
MISSING = (
    "Displays draw with matplotlib, which is not installed. Install it: "
    "pip install 'skunsup[plot]'."
)


def pyplot() -> Any:
    """Return matplotlib.pyplot, imported on first use.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(MISSING) from error
    return plt


def panels(
    ax: Any,
    shape: tuple[int, int],
    size: tuple[float, float],
    heights: Sequence[float] | None = None,
    **shared: Any,
) -> np.ndarray:
    """Return the axes of a display, row by row.

    Parameters
    ----------
    ax : Axes, array of Axes or None
        Of the caller. One Axes is divided where more are needed; None makes a figure.
    shape : (int, int)
        Rows and columns of panels.
    size : (float, float)
        Width and height of a new figure in inches.
    heights : sequence of float, default=None
        Heights of the rows, in proportion.
    **shared : bool or str
        `sharex` and `sharey`, as of `matplotlib.pyplot.subplots`.

    Returns
    -------
    ndarray of Axes of that shape

    Raises
    ------
    ValueError, TypeError
        If `ax` holds another number of Axes, or something else.
    """
    plt = pyplot()
    made = {"height_ratios": heights, **shared, "squeeze": False}
    if ax is None:
        figure = plt.figure(figsize=size, layout="constrained")
        found: np.ndarray = figure.subplots(*shape, **made)
        return found
    given = np.ravel(np.asarray(ax, object))
    for one in given:
        if not hasattr(one, "get_subplotspec"):
            raise TypeError(
                f"ax holds {type(one).__name__}, but expected Axes of matplotlib, such "
                "as plt.subplots() returns."
            )
    n = shape[0] * shape[1]
    if len(given) == n:
        return given.reshape(shape)
    if len(given) > 1:
        raise ValueError(
            f"ax holds {len(given)} Axes, but this display draws {n} panels. Give one "
            f"Axes, which is divided, {n} of them, or None for a new figure."
        )
    return divided(given[0], shape, heights)


def divided(
    ax: Any, shape: tuple[int, int], heights: Sequence[float] | None
) -> np.ndarray:
    """Return panels in the place of one Axes, which is hidden."""
    ax.set_axis_off()
    place = ax.get_subplotspec()
    made = np.empty(shape, object)
    if place is None:
        for (i, j), _ in np.ndenumerate(made):
            height, width = 1 / shape[0], 1 / shape[1]
            box = (j * width, 1 - (i + 1) * height, 0.8 * width, 0.8 * height)
            made[i, j] = ax.inset_axes(box)
        return made
    grid = place.subgridspec(*shape, height_ratios=heights)
    for (i, j), _ in np.ndenumerate(made):
        made[i, j] = ax.figure.add_subplot(grid[i, j])
    return made


def one_or_all(axes: np.ndarray) -> Any:
    """Return the one Axes, or the array of several."""
    return axes.item() if axes.size == 1 else axes


def plain(ax: Any) -> None:
    """Leave the frame out above and on the right."""
    ax.spines[["top", "right"]].set_visible(False)


def bare(ax: Any) -> None:
    """Leave ticks out, for pictures."""
    ax.set(xticks=[], yticks=[])


def legend_outside(ax: Any, **options: Any) -> Any:
    """Put the legend on the right of the axes, where it covers no data."""
    given = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "frameon": False}
    return ax.legend(**{**given, "borderaxespad": 0.0, **options})


def legend_above(ax: Any, n: int, **options: Any) -> Any:
    """Put the legend above the axes, `n` entries side by side, if there are any."""
    if not ax.get_legend_handles_labels()[0]:
        return None
    given = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "frameon": False}
    return ax.legend(ncols=n, **{**given, "borderaxespad": 0.2, **options})


def styles(n: int) -> list[tuple[str, str]]:
    """Return a colour and a marker for each of `n` groups, no two alike up to 70."""
    colours = COLOURS if n <= len(COLOURS) else MORE_COLOURS
    return [
        (colours[i % len(colours)], MARKERS[i // len(colours) % len(MARKERS)])
        for i in range(n)
    ]


def short(text: Any, n: int = 40) -> str:
    """Return text of at most `n` characters, in one line."""
    line = " ".join(str(text).split())
    return line if len(line) <= n else line[: n - 1] + "…"


def written(value: Any) -> str:
    """Return a cell of a table as text."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "missing"
    if isinstance(value, float):  # NumPy's float64 too
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return short(value, 16)


def check_finite(values: Any, name: str) -> np.ndarray:
    """Return numbers as float64; raise ValueError for NaN and infinity."""
    found = np.asarray(values, np.float64)
    bad = ~np.isfinite(found)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"{name} holds {found[bad][0]} at {place if len(place) > 1 else place[0]}, "
            "but only finite numbers can be drawn. Leave such rows out."
        )
    return found


def check_length(values: Any, n: int, name: str) -> None:
    """Raise ValueError unless there is one value for each of `n` rows."""
    if len(values) != n:
        raise ValueError(
            f"{name} has {len(values)} entries, but there are {n} rows. Give one a row."
        )


def check_choice(value: Any, allowed: Iterable[str], name: str) -> None:
    """Raise ValueError unless a parameter is one of the allowed strings."""
    known = list(allowed)
    if value not in known:
        raise ValueError(f"{name}={value!r}, but expected one of {known}.")
