"""One column of drawn rows against that of real ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skunsup.inspection._figures import BLUE, ORANGE, short

MOST_CATEGORIES = 8
N_BINS = 25


def number_shares(
    ax: Any, real: np.ndarray, drawn: np.ndarray
) -> tuple[Any, np.ndarray]:
    """Draw histograms; return what was drawn, and the share of rows in each bin."""
    values = [each[np.isfinite(each)] for each in (real, drawn)]
    edges = np.histogram_bin_edges(np.concatenate(values), N_BINS)
    shares = np.array([np.histogram(each, edges)[0] for each in values], float)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1)
    filled = ax.stairs(shares[0], edges, fill=True, color=BLUE, alpha=0.45)
    outline = ax.stairs(shares[1], edges, color=ORANGE, lw=2)
    filled.set_label("real")
    outline.set_label("drawn")
    return (filled, outline), shares


def category_shares(
    ax: Any, real: Sequence[Any], drawn: Sequence[Any]
) -> tuple[Any, np.ndarray]:
    """Draw bars; return them, and the share of rows of each frequent category."""
    both = [[str(v) for v in rows] for rows in (real, drawn)]
    both = [["missing" if v == "None" else v for v in each] for each in both]
    names, counts = np.unique(both[0] + both[1], return_counts=True)
    names = names[np.sort(np.argsort(-counts, kind="stable")[:MOST_CATEGORIES])]
    shares = np.array(
        [[np.mean([v == n for v in each]) for n in names] for each in both]
    )
    at = np.arange(len(names))
    bars = [
        ax.bar(at - 0.2, shares[0], 0.4, color=BLUE, alpha=0.45, label="real"),
        ax.bar(at + 0.2, shares[1], 0.4, fc="none", ec=ORANGE, lw=2, label="drawn"),
    ]
    turned = {"rotation": 30, "ha": "right"} if len(names) > 2 else {}
    ax.set_xticks(at, [short(n, 12) for n in names], size=8, **turned)
    return bars, shares


def same_limits(axes: np.ndarray, columns: Sequence[np.ndarray]) -> None:
    """Give the panels of each pair of columns the same limits."""
    for k, both in enumerate(columns):
        low, high = np.nanmin(both), np.nanmax(both)
        room = 0.05 * (high - low) or 0.5
        for axis in axes[:, k]:
            axis.set_xlim(low - room, high + room)
        for i, axis in enumerate(axes[k]):
            if i != k:
                axis.set_ylim(low - room, high + room)
