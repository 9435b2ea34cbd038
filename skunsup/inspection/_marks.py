"""Points, hexagons and bars of a map, and the names of its groups."""

from typing import Any

import numpy as np

from skunsup.inspection._figures import BLUE, legend_outside, plain, styles
from skunsup.inspection._groups import Colouring
from skunsup.inspection._places import most_frequent


def draw_points(
    ax: Any, places: np.ndarray, groups: Colouring | None, size: float | None
) -> tuple[list[Any], Any]:
    """Draw a point for each row; return the points, and the colour bar or None."""
    n = len(places)
    given = {"s": size or float(np.clip(16_000 / n, 6, 36)), "lw": 0}
    given["alpha"] = 0.8 if n < 2000 else 0.6
    if groups is None:
        return [ax.scatter(*places.T, color=BLUE, **given)], None
    if groups.names is None:
        values = groups.values
        points = ax.scatter(*places.T, c=values, cmap="viridis", **given)
        return [points], ax.figure.colorbar(points, ax=ax, label=groups.title)
    looks = styles(len(groups.names))
    return [
        ax.scatter(
            *places[groups.values == i].T,
            color=colour,
            marker=marker,
            label=name,
            **given,
        )
        for i, (name, (colour, marker)) in enumerate(
            zip(groups.names, looks, strict=True)
        )
    ], None


def draw_hexagons(
    ax: Any, places: np.ndarray, groups: Colouring | None
) -> tuple[list[Any], Any]:
    """Draw hexagons by the rows in them; return them, and the colour bar or None."""
    across, up = places.T
    if groups is None:
        drawn = ax.hexbin(across, up, gridsize=60, bins="log", cmap="viridis")
        label = "rows"
    elif groups.names is None:
        drawn = ax.hexbin(across, up, groups.values, gridsize=60, cmap="viridis")
        label = f"mean {groups.title}".strip()
    else:
        return [most_frequent(ax, places, groups)], None
    drawn.set_edgecolor("face")
    return [drawn], ax.figure.colorbar(drawn, ax=ax, label=label)


def draw_histogram(ax: Any, places: np.ndarray, groups: Colouring | None) -> list[Any]:
    """Draw codes of one component as stacked bars; return those of each group."""
    values = places[:, 0]
    known = groups is not None and groups.names is not None
    names = groups.names if known else ["rows"]  # type: ignore[union-attr]
    place = groups.values if known else np.zeros(len(values), int)  # type: ignore[union-attr]
    assert names is not None
    edges = np.histogram_bin_edges(values, 40)
    base, drawn = np.zeros(len(edges) - 1), []
    for i, (name, (colour, _)) in enumerate(
        zip(names, styles(len(names)), strict=True)
    ):
        counts = np.histogram(values[place == i], edges)[0]
        bars = ax.bar(
            edges[:-1], counts, np.diff(edges), base, align="edge", color=colour
        )
        bars.set_label(name)
        drawn.append(bars)
        base = base + counts
    ax.set_ylabel("rows")
    return drawn


def name_groups(
    ax: Any,
    places: np.ndarray,
    names: list[str],
    groups: Colouring | None,
    annotate: bool,
) -> None:
    """Write names of the axes, and those of groups in a legend or on the map."""
    ax.set_xlabel(names[0])
    if len(names) > 1:
        ax.set_ylabel(names[1])
    plain(ax)
    if groups is None or groups.names is None:
        return
    if not annotate or len(names) == 1:
        columns = 1 + (len(groups.names) - 1) // 16
        legend = legend_outside(ax, title=groups.title, ncols=columns)
        for handle in legend.legend_handles:
            if hasattr(handle, "set_sizes"):
                handle.set(sizes=[36], alpha=1.0)
        return
    for i, name in enumerate(groups.names):
        middle = np.median(places[groups.values == i], axis=0)
        box = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none"}
        ax.text(
            *middle,
            name,
            ha="center",
            va="center",
            weight="bold",
            bbox={**box, "alpha": 0.75},
            zorder=5,
        )
