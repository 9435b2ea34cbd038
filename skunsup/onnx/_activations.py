"""ONNX nodes of activations with parameters of their own."""

from functools import partial
from typing import Any

import numpy as np

from skunsup.onnx._graph import Graph
from skunsup.onnx._handlers import Handler, register

ACTIVATIONS: dict[str, Handler] = {}
handles = partial(register, ACTIVATIONS)


@handles("ReLU")
def _relu(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    """Return x above the threshold, up to a largest value, and a slope below it."""
    graph, x = walk.graph, walk.name(args[0])
    slope, threshold = float(op.negative_slope), float(op.threshold)
    above = graph.node("Relu", [x])
    if threshold:
        high = graph.node("Greater", [x, graph.floats(threshold)])
        above = graph.node("Where", [high, x, graph.floats(0.0)])
    if op.max_value is not None:
        ends = (graph.floats(0.0), graph.floats(op.max_value))
        above = graph.node("Clip", [above, *ends])
    if not slope:
        return above
    below = graph.node("Relu", [graph.node("Sub", [graph.floats(threshold), x])])
    sloping = graph.node("Mul", [below, graph.floats(slope)])
    return graph.node("Sub", [above, sloping])


@handles("Elu")
def _elu(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    return walk.graph.node("Elu", [walk.name(args[0])], alpha=float(op.alpha))


@handles("Gelu")
def _gelu(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    made = tanh_gelu if op.approximate else gelu
    return made(walk.graph, walk.name(args[0]))


@handles("Silu")
def _silu(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    return silu(walk.graph, walk.name(args[0]))


@handles("LeakyRelu")
def _leaky_relu(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    slope = float(op.negative_slope)
    return walk.graph.node("LeakyRelu", [walk.name(args[0])], alpha=slope)


@handles("Relu6")
def _relu6(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    ends = (walk.graph.floats(0.0), walk.graph.floats(6.0))
    return walk.graph.node("Clip", [walk.name(args[0]), *ends])


@handles("HardSigmoid")
def _hard_sigmoid(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    return _ramp(walk.graph, walk.name(args[0]))


@handles("HardSilu")
def _hard_silu(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    return hard_silu(walk.graph, walk.name(args[0]))


@handles("LogSigmoid")
def _log_sigmoid(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    graph = walk.graph
    negative = graph.node("Neg", [walk.name(args[0])])
    return graph.node("Neg", [graph.node("Softplus", [negative])])


def silu(graph: Graph, name: str) -> str:
    """X sigmoid(x)."""
    return graph.node("Mul", [name, graph.node("Sigmoid", [name])])


def gelu(graph: Graph, name: str) -> str:
    """X / 2 (1 + erf(x / sqrt 2))."""
    scaled = graph.node("Mul", [name, graph.floats(2**-0.5)])
    return _gated(graph, name, graph.node("Erf", [scaled]))


def tanh_gelu(graph: Graph, name: str) -> str:
    """X / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))."""
    square = graph.node("Mul", [name, name])
    cube = graph.node("Mul", [square, name])
    cubic = graph.node("Mul", [cube, graph.floats(0.044715)])
    inner = graph.node("Add", [name, cubic])
    scaled = graph.node("Mul", [inner, graph.floats(np.sqrt(2 / np.pi))])
    return _gated(graph, name, graph.node("Tanh", [scaled]))


def hard_silu(graph: Graph, name: str) -> str:
    """X min(max(x / 6 + 1 / 2, 0), 1)."""
    return graph.node("Mul", [name, _ramp(graph, name)])


def _ramp(graph: Graph, name: str) -> str:
    return graph.node("HardSigmoid", [name], alpha=1 / 6, beta=0.5)


def _gated(graph: Graph, name: str, gate: str) -> str:
    half = graph.node("Mul", [name, graph.floats(0.5)])
    return graph.node("Mul", [half, graph.node("Add", [gate, graph.floats(1.0)])])
