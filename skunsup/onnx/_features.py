"""Rows that distances are computed from, by kind of data, as ONNX nodes."""

import numpy as np

from skunsup._networks import Likelihood
from skunsup.inputs.blocks._likelihood import BlockLikelihood
from skunsup.inputs.table._likelihood import TableLikelihood
from skunsup.onnx._graph import Graph


def distance_features(graph: Graph, rows: str, likelihood: Likelihood | None) -> str:
    """Result of `Likelihood.distance_features` for rows, float32.

    Parameters
    ----------
    graph : Graph
        Gets the nodes.
    rows : str
        Name of float32 rows, (n, n_columns).
    likelihood : Likelihood or None
        What their columns mean.

    Raises
    ------
    NotImplementedError
        If there are no nodes for such data.
    """
    if isinstance(likelihood, BlockLikelihood):
        return _blocks(graph, rows, likelihood)
    if isinstance(likelihood, TableLikelihood):
        return _tables(graph, rows, likelihood)
    plain = Likelihood.distance_features
    if likelihood is None or type(likelihood).distance_features is plain:
        return rows
    raise NotImplementedError(
        f"Distances between rows of a {type(likelihood).__name__} cannot be exported "
        "to ONNX. Use scoring='reconstruction' or 'residual'."
    )


def _tables(graph: Graph, rows: str, likelihood: TableLikelihood) -> str:
    kept = np.ones(likelihood.n_columns)
    n = likelihood.n_real
    kept[n : 2 * n] = 0.0
    return graph.node("Mul", [rows, graph.floats(kept)])


def _blocks(graph: Graph, rows: str, likelihood: BlockLikelihood) -> str:
    """Return the features of all blocks, and behind them which are there."""
    columns = np.arange(likelihood.n_columns)
    parts = [
        distance_features(graph, graph.take(rows, columns[place.columns], 1), block)
        for block, place in likelihood._placed()
    ]
    flags = graph.take(rows, columns[-len(likelihood.blocks) :], 1)
    return graph.node("Concat", [*parts, flags], axis=1)
