"""Stretches of time points, and the windows of fitted estimators."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from skunsup.inspection._steps import prepared, put_back, rebuilder, steps_of
from skunsup.outliers import SeriesDetector
from skunsup.preprocessing import SlidingWindows


def stretches(flags: np.ndarray) -> list[tuple[int, int]]:
    """Return first and last place of each run of True."""
    edges = np.diff(np.concatenate([[0], flags.astype(int), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def ends_of(places: Any, first: int, last: int) -> tuple[Any, Any]:
    """Begin and end of a stretch; a single point is one step wide."""
    return places[first], places[min(last + 1, len(places) - 1)]


def names_of_series(X: Any) -> list[str] | None:
    """Return the names of the numbers of a time point; None without any."""
    if hasattr(X, "columns"):
        return [str(name) for name in X.columns]
    name = getattr(X, "name", None)
    if name is not None:
        return [str(name)]
    return ["value"] if np.ndim(X) == 1 else None


def windowed(estimator: Any, display: str) -> tuple[SlidingWindows, list[Any], Any]:
    """Return the windows, the steps between them and the scorer, and that one."""
    if isinstance(estimator, SeriesDetector):
        steps_of(estimator)
        return (estimator.windows_, *steps_of(estimator.estimator_))
    steps, model = steps_of(estimator)
    first = steps[0] if isinstance(estimator, Pipeline) and steps else None
    if not isinstance(first, SlidingWindows):
        raise ValueError(
            f"{type(estimator).__name__} has no windows, which {display} needs. Give a "
            "SeriesDetector, or a pipeline that begins with SlidingWindows; or draw "
            "given scores by from_predictions."
        )
    return first, steps[1:], model


def expected_points(
    windows: SlidingWindows, steps: Sequence[Any], model: Any, X: Any
) -> Any:
    """Return the time points that the model expected, None without a reconstruction."""
    inner = rebuilder(model)
    if inner is None:
        return None
    rows = inner.reconstruct(prepared(steps, windows.transform(X)))
    back = put_back(steps, rows) if steps else rows
    return None if back is None else windows.inverse_transform(back, len(X))
