"""torch: traces that compute what depends on weights alone once for these weights."""

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import torch

from skunsup._training._torch_trace import (
    called_sooner,
    changed_memory,
    is_random,
    reduced_trace,
)


def trace_for_weights(function: Callable, weights: Any, rows: Any) -> Callable:
    """Faster function with the bits of `function`, for tensors of the same shapes.

    Raises
    ------
    RuntimeError
        If `function` looks at values, which a trace would not see.
    """
    traced = reduced_trace(function, weights, rows)
    if changed_memory(traced.graph):
        return called_sooner(traced)
    return _OnceForWeights(*map(called_sooner, _split(traced)))


class _OnceForWeights:
    """A function of weights and rows whose part of weights alone is computed once.

    Parameters
    ----------
    of_weights : callable
        Of weights: the values that `of_rows` needs of them.
    of_rows : callable
        Of rows and then these values.
    """

    def __init__(self, of_weights: Callable, of_rows: Callable) -> None:
        self._of_weights, self._of_rows = of_weights, of_rows
        self._last: tuple[Callable, Any] = (lambda: None, None)

    def __call__(self, weights: Any, rows: Any) -> Any:
        known, values = self._last  # which another thread may replace
        if known() is not weights:
            values = self._of_weights(weights)
            self._last = weakref.ref(weights), values
        return self._of_rows(rows, *values)


def _split(
    traced: torch.fx.GraphModule,
) -> tuple[torch.fx.GraphModule, torch.fx.GraphModule]:
    """Cut a trace of (weights, rows) into what depends on weights alone and the rest.

    Returns
    -------
    of_weights, of_rows : torch.fx.GraphModule
        The former returns what the latter takes after the rows.
    """
    weights, rows, *nodes, output = traced.graph.nodes
    varying = _varying(rows, nodes)
    fixed = [node for node in nodes if node not in varying]
    needed = [
        node
        for node in [weights, *fixed]
        if any(user in varying or user is output for user in node.users)
    ]
    first = _copied(traced, [weights], fixed, needed)
    return first, _copied(traced, [rows, *needed], varying, output.args[0])


def _varying(
    rows: torch.fx.Node, nodes: list[torch.fx.Node]
) -> dict[torch.fx.Node, None]:
    """Nodes that depend on the rows, or are random, in their order."""
    varying: dict[torch.fx.Node, None] = {}
    for node in nodes:
        inputs = node.all_input_nodes
        if is_random(node) or any(n is rows or n in varying for n in inputs):
            varying[node] = None
    return varying


def _copied(
    traced: torch.fx.GraphModule,
    inputs: list[torch.fx.Node],
    nodes: Iterable[torch.fx.Node],
    output: Any,
) -> torch.fx.GraphModule:
    """Return the function of `inputs` that some nodes of a trace compute."""
    graph = torch.fx.Graph()
    known = {node: graph.placeholder(node.name) for node in inputs}
    for node in nodes:
        known[node] = graph.node_copy(node, known.__getitem__)
    graph.output(torch.fx.map_arg(output, known.__getitem__))
    return torch.fx.GraphModule(traced, graph)
