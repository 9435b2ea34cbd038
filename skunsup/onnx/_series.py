"""Windows of a series and the way back to its time points, as ONNX nodes."""

from typing import Any

import numpy as np

from skunsup.onnx._graph import DOUBLE, Graph


class Times:
    """Time points of a series whose length is known when the model runs.

    Parameters
    ----------
    graph : Graph
        Gets the nodes.
    series : str
        Of shape (n_times, n_features).
    window_length, stride : int
        Of the windows, the last of which ends in the last time point.
    pad : bool, default=False
        Whether the first window stands for the time points before its end as well.
    """

    def __init__(
        self,
        graph: Graph,
        series: str,
        window_length: int,
        stride: int,
        *,
        pad: bool = False,
    ) -> None:
        self.graph, self.length, self.stride = graph, window_length, stride
        self.padding = window_length - 1 if pad else 0
        shape = graph.node("Shape", [series])
        self.n = graph.take(shape, np.int64(0), 0)
        # Start of the last window, counted from the first one with padding.
        self.last = self._sub(self.n, self._int(window_length - self.padding))
        steps = self._up(self.last)
        self.n_windows = graph.node("Add", [steps, self._int(1)])

    def _int(self, value: int) -> str:
        return self.graph.constant(np.int64(value), np.int64)

    def _sub(self, a: str, b: str) -> str:
        return self.graph.node("Sub", [a, b])

    def _up(self, name: str) -> str:
        """Divide numbers from 0 up by the stride, rounded up."""
        more = self.graph.node("Add", [name, self._int(self.stride - 1)])
        return self.graph.node("Div", [more, self._int(self.stride)])

    def _range(self, n: str) -> str:
        return self.graph.node("Range", [self._int(0), n, self._int(1)])

    def starts(self, windows: str) -> str:
        """Return the first time point of windows by their numbers."""
        at = self.graph.node("Mul", [windows, self._int(self.stride)])
        starts = self.graph.node("Min", [at, self.last])
        if not self.padding:
            return starts
        before = self._sub(starts, self._int(self.padding))
        return self.graph.node("Max", [before, self._int(0)])

    def cut(self, series: str, *, flat: bool = True) -> str:
        """Return the windows of a series, flat or (n_windows, length, n_features)."""
        starts = self.graph.reshape(self.starts(self._range(self.n_windows)), -1, 1)
        offsets = self.graph.integers(*range(self.length))
        at = self.graph.node("Add", [starts, offsets])
        found = self.graph.take_from(series, at)
        return self.graph.node("Flatten", [found], axis=1) if flat else found

    def point_scores(self, scores: str, method: str) -> str:
        """Return scores of time points from those of windows, (n_windows,)."""
        graph, times = self.graph, self._range(self.n)
        after = self._sub(times, self._int(self.length - 1))
        first = self._up(graph.node("Max", [after, self._int(0)]))
        highest = self._sub(self.n_windows, self._int(1))
        if method == "last":
            return graph.take_from(scores, graph.node("Min", [first, highest]))
        most = -(-self.length // self.stride) + 1
        column = graph.reshape(first, -1, 1)
        windows = graph.node("Add", [column, graph.integers(*range(most))])
        known = graph.node("Min", [windows, highest])
        begun = graph.node(
            "LessOrEqual", [self.starts(known), graph.reshape(times, -1, 1)]
        )
        counts = graph.node(
            "And", [begun, graph.node("LessOrEqual", [windows, highest])]
        )
        values = graph.take_from(scores, known)
        if method == "min":
            inside = graph.node("Where", [counts, values, graph.doubles(np.inf)])
            return graph.node("ReduceMin", [inside], axes=[1], keepdims=0)
        inside = graph.node("Where", [counts, values, graph.doubles(0.0)])
        number = graph.total(graph.cast(counts, DOUBLE), 1)
        return graph.node("Div", [graph.total(inside, 1), number])


def times_of(model: Any, graph: Graph, series: str) -> Times:
    """Return the time points of a `SeriesDetector` or of `SlidingWindows`."""
    pad = bool(getattr(model, "pad", False))
    return Times(graph, series, int(model.window_length), int(model.stride), pad=pad)
