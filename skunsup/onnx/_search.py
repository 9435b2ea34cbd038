"""Places among sorted numbers, and lines between them, as ONNX nodes."""

from collections.abc import Sequence

import numpy as np

from skunsup.onnx._graph import INT64, Graph


def counts_below(
    graph: Graph, x: str, tables: Sequence[np.ndarray], *, equal: bool
) -> str:
    """Count the numbers of a sorted table that are below each entry.

    By bisection, so a row costs as many look-ups as the tables' size has digits.

    Parameters
    ----------
    graph : Graph
        Gets the nodes.
    x : str
        Entries, (n, k), float64.
    tables : sequence of k arrays
        Sorted, one for each column.
    equal : bool
        Whether equal numbers count too.

    Returns
    -------
    str
        Of shape (n, k), int64.
    """
    size = 1 << int(max(map(len, tables))).bit_length()
    padded = np.full((len(tables), size), np.inf)
    for row, table in zip(padded, tables, strict=True):
        row[: len(table)] = table
    flat = graph.doubles(padded.ravel())
    first = graph.integers(*(np.arange(len(tables)) * size).tolist())
    # Zeros of the shape of x, whatever x holds.
    none = graph.node("And", [graph.node("IsNaN", [x]), graph.constant(False, bool)])
    count = graph.cast(none, INT64)
    step = size // 2
    compare = "GreaterOrEqual" if equal else "Greater"
    while step:
        more = graph.node("Add", [count, graph.integers(step)])
        at = graph.node("Add", [more, first])
        last = graph.node("Sub", [at, graph.integers(1)])
        passed = graph.node(compare, [x, graph.take_from(flat, last)])
        count = graph.node("Where", [passed, more, count])
        step //= 2
    return count


def looked_up(graph: Graph, places: str, tables: Sequence[np.ndarray]) -> str:
    """Return the entry of each column's own table at its place.

    Parameters
    ----------
    graph : Graph
        Gets the nodes.
    places : str
        Places, (n, k), int64.
    tables : sequence of k arrays
        One for each column.
    """
    size = max(map(len, tables))
    padded = np.zeros((len(tables), size))
    for row, table in zip(padded, tables, strict=True):
        row[: len(table)] = table
    first = graph.integers(*(np.arange(len(tables)) * size).tolist())
    at = graph.node("Add", [places, first])
    return graph.take_from(graph.doubles(padded.ravel()), at)


def clipped(graph: Graph, x: str, low: np.ndarray, high: np.ndarray) -> str:
    """Return entries brought into the range of their column."""
    up = graph.node("Max", [x, graph.doubles(low)])
    return graph.node("Min", [up, graph.doubles(high)])


def interpolated(
    graph: Graph, x: str, knots: Sequence[np.ndarray], values: Sequence[np.ndarray]
) -> str:
    """Return `numpy.interp` of each column between its own knots, (n, k)."""
    low, high = (np.array([table[at] for table in knots]) for at in (0, -1))
    inside = clipped(graph, x, low, high)
    count = counts_below(graph, inside, knots, equal=True)
    place = graph.node("Sub", [count, graph.integers(1)])
    slopes = [_slopes(at, y) for at, y in zip(knots, values, strict=True)]
    apart = graph.node("Sub", [inside, looked_up(graph, place, knots)])
    rise = graph.node("Mul", [looked_up(graph, place, slopes), apart])
    return graph.node("Add", [looked_up(graph, place, values), rise])


def _slopes(knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the slope behind each knot; 0 between equal ones and behind the last."""
    wide, rise = np.diff(knots), np.diff(values)
    return np.append(np.divide(rise, wide, np.zeros_like(rise), where=wide > 0), 0.0)
