"""Columns in which the rows of clusters are unusual."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skunsup.inspection._figures import short, written
from skunsup.inspection._shown import Shown, as_columns
from skunsup.metrics._vectors import deviations

MOST_CATEGORIES = 30  # of a column that are looked at


@dataclass(frozen=True)
class Unusual:
    """Differences of clusters from all rows.

    Parameters
    ----------
    names : list of str
        Columns, or "column = category", the most unusual ones.
    effects : ndarray of shape (n_clusters, n_columns)
        Mean in the cluster less that of all rows, in standard deviations.
    texts : list of list of str
        The means in the unit of the column, and shares of categories.
    """

    names: list[str]
    effects: np.ndarray
    texts: list[list[str]]


@dataclass(frozen=True)
class Indicator:
    """Numbers of a column, or 1 where it is one category, with NaN where missing."""

    name: str
    values: np.ndarray
    share: bool
    column: str


def indicators(rows: Shown) -> list[Indicator]:
    """Return numbers, truth values and categories as columns of numbers.

    A column with gaps has one more, of whether it is missing.
    """
    found = []
    for j, (name, values) in enumerate(zip(rows.names, rows.values, strict=True)):
        missing = _missing(rows, j)
        if rows.numeric(j):
            found.append(Indicator(name, np.asarray(values, float), False, name))
        else:
            found += _categories(name, values, missing)
        if missing.any():
            gaps = missing.astype(float)
            found.append(Indicator(f"{name} missing", gaps, True, name))
    return found


def _missing(rows: Shown, j: int) -> np.ndarray:
    """Mask of the rows that lack a column."""
    if rows.numeric(j):
        return np.isnan(np.asarray(rows.values[j], float))
    return np.array([value is None for value in rows.values[j]])


def _categories(name: str, values: Any, missing: np.ndarray) -> list[Indicator]:
    known = [str(value) for value in values]
    levels, counts = np.unique(
        [k for k, gone in zip(known, missing, strict=True) if not gone],
        return_counts=True,
    )
    order = np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]
    if set(levels) <= {"True", "False"}:
        order, label = np.flatnonzero(levels == "True"), f"{name}"
    found = []
    for level in levels[order]:
        ones = np.array([value == level for value in known], float)
        ones[missing] = np.nan
        label = name if level == "True" else f"{name} = {short(level, 14)}"
        found.append(Indicator(label, ones, True, name))
    return found


def unusual_columns(
    rows: Shown, labels: np.ndarray, most: int, instead: Shown | None = None
) -> Unusual:
    """Return the columns in which clusters differ most from all rows.

    Columns are taken in turns, the most unusual one of each cluster first.

    Parameters
    ----------
    rows : Shown
        Columns of all rows.
    labels : ndarray of shape (n_samples,)
        Cluster of each row.
    most : int
        Columns at most.
    instead : Shown, default=None
        One row for each cluster, which stands for its mean.
    """
    every = indicators(rows)
    means = np.array([_by_cluster(one.values, labels) for one in every]).T
    middle = np.array([_mean(one.values) for one in every])
    unit = np.array([_deviation(one.values) for one in every])
    effects = np.nan_to_num((means - middle) / unit)
    if instead is None:
        chosen = _in_turns(effects, most)
    else:
        there = [not one.name.endswith(" missing") for one in every]
        chosen = _in_turns(effects * there, min(most, sum(there)))
        means = _of_rows(every, instead)
        effects = np.nan_to_num((means - middle) / unit)
    texts = [
        [_text(every[j], float(row[j]), instead is None) for j in chosen]
        for row in means
    ]
    return Unusual([every[j].name for j in chosen], effects[:, chosen], texts)


def _of_rows(every: list[Indicator], instead: Shown) -> np.ndarray:
    """Return the indicators of one row a cluster.

    A category that none of these rows has is 0, but NaN where the cell is missing.
    """
    found = {one.name: one.values for one in indicators(instead)}
    gaps = {name: _missing(instead, j) for j, name in enumerate(instead.names)}
    columns = [
        found.get(one.name, np.where(gaps[one.column] | (not one.share), np.nan, 0.0))
        for one in every
    ]
    return np.stack(columns, axis=1)


def _text(one: Indicator, value: float, is_mean: bool) -> str:
    if np.isnan(value):
        return "missing"
    if not one.share:
        return written(value)
    return f"{value:.0%}" if is_mean else ("yes" if value else "no")


def _by_cluster(values: np.ndarray, labels: np.ndarray) -> list[float]:
    return [_mean(values[labels == cluster]) for cluster in np.unique(labels)]


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


def _deviation(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(deviations(known[:, None])[0]) if len(known) else 1.0


def _in_turns(effects: np.ndarray, most: int) -> list[int]:
    """Return columns, the most unusual of each cluster first, in their own order."""
    ranked = np.argsort(-np.abs(effects), axis=1, kind="stable")
    chosen: list[int] = []
    for column in ranked.T.ravel().tolist():
        if column not in chosen and len(chosen) < most:
            chosen.append(int(column))
    return sorted(chosen)


def encoded(X: Any) -> np.ndarray:
    """Return rows of a table as standardised numbers, gaps at the mean."""
    every = [one.values for one in indicators(as_columns(X))]
    table = np.stack(every, axis=1)
    middle = np.array([_mean(column) for column in table.T])
    unit = np.array([_deviation(column) for column in table.T])
    return np.nan_to_num((table - middle) / unit)
