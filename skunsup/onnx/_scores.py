"""Scores of detectors as ONNX nodes, each from the score of that class."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from skunsup._networks import Likelihood
from skunsup.onnx._features import distance_features
from skunsup.onnx._graph import DOUBLE, Graph
from skunsup.onnx._methods import RowsIn, computed
from skunsup.onnx._search import clipped, counts_below, interpolated, looked_up
from skunsup.outliers._columns import Columns
from skunsup.outliers._combined import Hybrid, Sum
from skunsup.outliers._mahalanobis import Mahalanobis
from skunsup.outliers._neighbors import Neighbors
from skunsup.outliers._scales import Deviations, Scales
from skunsup.outliers._scores import Covariance, Reconstruction, Residual
from skunsup.outliers._tails import Tail

SAME = 1e-9  # distance below which a row is one of the reference


class View:
    """Rows beside what the networks of a detector say of them.

    As of new rows: each network counts the same.

    Parameters
    ----------
    rows : RowsIn
        The rows.
    networks : list of FittedNetwork
        Each one network, or several side by side.
    likelihood : Likelihood or None
        What the columns mean.
    """

    def __init__(
        self, rows: RowsIn, networks: list[Any], likelihood: Likelihood | None
    ) -> None:
        self.rows, self.graph, self.networks = rows, rows.graph, networks
        self.likelihood = likelihood

    @cached_property
    def features(self) -> str:
        """Name of the features that distances are computed from, float64."""
        found = distance_features(self.graph, self.rows.name, self.likelihood)
        return self.graph.cast(found, DOUBLE)

    def member_results(self, method: str) -> str:
        """Results of a method of each network, (n, n_members, ...), float64."""
        found = []
        for network in self.networks:
            name = computed(self.rows, network, method)
            if network.architecture.n_members == 1:
                name = self.graph.node("Unsqueeze", [name, self.graph.integers(1)])
            found.append(name)
        return self.graph.cast(self.graph.node("Concat", found, axis=1), DOUBLE)


Emitter = Callable[[View, Any], str]
SCORES: dict[type, Emitter] = {}


def emits(kind: type) -> Callable[[Emitter], Emitter]:
    """Register what makes the nodes of scores of a class."""

    def registered(emitter: Emitter) -> Emitter:
        SCORES[kind] = emitter
        return emitter

    return registered


def anomaly(view: View, score: Any) -> str:
    """Return the anomaly of each row, (n,), float64.

    Raises
    ------
    NotImplementedError
        If there are no nodes for such a score.
    """
    if type(score) not in SCORES:
        known = ", ".join(sorted(kind.__name__ for kind in SCORES))
        raise NotImplementedError(
            f"The score {type(score).__name__} cannot be exported to ONNX; {known} can."
        )
    return SCORES[type(score)](view, score)


@emits(Reconstruction)
def _reconstruction(view: View, score: Reconstruction) -> str:
    found = view.member_results("row_score")
    return view.graph.node("Neg", [view.graph.mean(found, 1)])


@emits(Residual)
def _residual(view: View, score: Residual) -> str:
    graph, width = view.graph, len(score.distance.mean)
    squares = _squares(graph, score.distance, view.member_results("residual"))
    return _root_mean(graph, graph.mean(squares, 1), width)


@emits(Covariance)
def _covariance(view: View, score: Covariance) -> str:
    graph, width = view.graph, len(score.distance.mean)
    rows = _scaled(graph, score.scales, view.features)
    return _root_mean(graph, _squares(graph, score.distance, rows), width)


@emits(Neighbors)
def _neighbors(view: View, score: Neighbors) -> str:
    """Distance to neighbour k, by squares without the row's own, then afresh."""
    graph, reference = view.graph, score.reference
    z = _scaled(graph, score.scales, view.features)
    centre = reference.mean(axis=0)
    rows = reference - centre
    double = graph.doubles(-2.0 * rows.T)
    centred = graph.node("Sub", [z, graph.doubles(centre)])
    product = graph.node("MatMul", [centred, double])
    order = graph.node("Add", [product, graph.doubles(np.square(rows).sum(axis=1))])
    n_found = min(score.k + 1, len(reference))
    given = [order, graph.integers(n_found)]
    _, near = graph.nodes_out("TopK", given, 2, largest=0, sorted=1, axis=-1)

    def apart(place: int) -> str:
        at = graph.take(near, np.int64(place), 1)
        gap = graph.node("Sub", [z, graph.take_from(graph.doubles(reference), at)])
        return _root_mean(graph, graph.total(graph.node("Mul", [gap, gap]), 1), width)

    width = reference.shape[1]
    # A row that is one of the reference is not its own neighbour.
    own = graph.node("Less", [apart(0), graph.doubles(SAME)])
    with_own, without = (min(k, n_found - 1) for k in (score.k, score.k - 1))
    return graph.node("Where", [own, apart(with_own), apart(without)])


@emits(Columns)
def _columns(view: View, score: Columns) -> str:
    graph, x = view.graph, view.features
    values, at, between = zip(*score.levels, strict=True)
    values = [column.astype(np.float64) for column in values]
    place = counts_below(graph, x, values, equal=False)
    last = graph.integers(*(len(column) - 1 for column in values))
    nearest = graph.node("Min", [place, last])
    equal = graph.node("Equal", [looked_up(graph, nearest, values), x])
    levels = (looked_up(graph, nearest, at), looked_up(graph, place, between))
    found = graph.node("Where", [equal, *levels])
    ends = (end.astype(np.float64) for end in (score.low, score.high))
    beyond = graph.node("Sub", [x, clipped(graph, x, *ends)])
    distance = graph.node("Abs", [_scaled(graph, score.scales, beyond)])
    grown = graph.node("Log", [graph.node("Add", [distance, graph.doubles(1.0)])])
    return graph.total(graph.node("Add", [found, grown]), 1)


@emits(Hybrid)
def _hybrid(view: View, score: Hybrid) -> str:
    graph, product = view.graph, None
    for part, floor, weight in zip(
        score.parts, score.floors, score.weights, strict=True
    ):
        raised = graph.node("Add", [anomaly(view, part), graph.doubles(floor)])
        factor = graph.node("Pow", [raised, graph.doubles(weight)])
        product = factor if product is None else graph.node("Mul", [product, factor])
    assert product is not None
    return product


@emits(Sum)
def _sum(view: View, score: Sum) -> str:
    tails = [
        _tail(view.graph, tail, anomaly(view, part))
        for part, tail in zip(score.parts, score.tails, strict=True)
    ]
    total = tails[0]
    for tail in tails[1:]:
        total = view.graph.node("Add", [total, tail])
    return total


def _tail(graph: Graph, tail: Tail, name: str) -> str:
    """Return the tail of scores, (n,)."""
    column = graph.reshape(name, -1, 1)
    inside = interpolated(graph, column, [tail.values], [tail.levels])
    highest = max(tail.values[-1], np.finfo(np.float64).tiny)
    above = graph.node("Max", [column, graph.doubles(highest)])
    logs = graph.node("Log", [above])
    beyond = graph.node("Sub", [logs, graph.doubles(np.log(highest))])
    return graph.reshape(graph.node("Add", [inside, beyond]), -1)


def _squares(graph: Graph, distance: Mahalanobis, rows: str) -> str:
    """Return squared distances of rows, (..., n_features), without the last axis."""
    centred = graph.node("Sub", [rows, graph.doubles(distance.mean)])
    along = graph.node("MatMul", [centred, graph.doubles(distance.axes.T)])
    whole = graph.total(graph.node("Mul", [centred, centred]), -1)
    whole = graph.node("Mul", [whole, graph.doubles(distance.outer**2)])
    weights = graph.doubles(distance.inner**2 - distance.outer**2)
    weighted = graph.node("Mul", [graph.node("Mul", [along, along]), weights])
    return graph.node("Add", [whole, graph.total(weighted, -1)])


def _root_mean(graph: Graph, squares: str, width: int) -> str:
    above = graph.node("Max", [squares, graph.doubles(0.0)])
    return graph.node("Sqrt", [graph.node("Div", [above, graph.doubles(width)])])


def _scaled(graph: Graph, scales: Deviations | Scales, x: str) -> str:
    """Return rows on their scales, heavy columns as normal scores."""
    flat = graph.node("Div", [x, graph.doubles(scales._scale)])
    knots = getattr(scales, "_knots", {})
    if not knots:
        return flat
    columns = sorted(knots)
    values, scores = zip(*(knots[j] for j in columns), strict=True)
    own = graph.take(x, columns, 1)
    inside = interpolated(graph, own, values, scores)
    low, high = (np.array([each[at] for each in values]) for at in (0, -1))
    beyond = graph.node("Sub", [own, clipped(graph, own, low, high)])
    beyond = graph.node("Div", [beyond, graph.doubles(scales._scale[columns])])
    heavy = graph.node("Add", [inside, beyond])
    order = np.arange(len(scales._scale))
    order[columns] = len(order) + np.arange(len(columns))
    return graph.take(graph.node("Concat", [flat, heavy], axis=1), order, 1)
