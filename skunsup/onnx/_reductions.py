"""ONNX nodes of sums, products, norms and losses."""

from functools import partial
from typing import Any

import keras
import numpy as np
from onnx import TensorProto

from skunsup.onnx._graph import TYPES, Graph
from skunsup.onnx._handlers import Handler, register

REDUCTIONS: dict[str, Handler] = {}
handles = partial(register, REDUCTIONS)
REDUCED = {
    "Amax": "ReduceMax",
    "Amin": "ReduceMin",
    "Logsumexp": "ReduceLogSumExp",
    "Max": "ReduceMax",
    "Mean": "ReduceMean",
    "Min": "ReduceMin",
    "Prod": "ReduceProd",
    "Sum": "ReduceSum",
}


@handles(*REDUCED)
def _reduced(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    kind = REDUCED[type(op).__name__]
    x, keep, axis = walk.name(args[0]), int(bool(op.keepdims)), op.axis
    if args[0].dtype == "bool":
        x = walk.graph.cast(x, TYPES["float32"])
    if axis is None:
        return walk.graph.node(kind, [x], keepdims=keep)
    axes = [axis] if isinstance(axis, int) else list(axis)
    if kind == "ReduceSum":
        return walk.graph.node(kind, [x, walk.graph.integers(*axes)], keepdims=keep)
    return walk.graph.node(kind, [x], axes=axes, keepdims=keep)


@handles("Softmax", "LogSoftmax")
def _softmax(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    return walk.graph.node(type(op).__name__, [walk.name(args[0])], axis=op.axis)


@handles("Matmul", "Dot")
def _matmul(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    names = [walk.name(v) for v in [*args, *kw.values()][:2]]
    found: str = walk.graph.exactly("MatMul", names)
    return found


@handles("Einsum")
def _einsum(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    names = [walk.name(v) for v in args if not isinstance(v, str)]
    found: str = walk.graph.exactly("Einsum", names, equation=op.subscripts)
    return found


@handles("Argmax", "Argmin")
def _argmax(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    kind = {"Argmax": "ArgMax", "Argmin": "ArgMin"}[type(op).__name__]
    keep = int(bool(op.keepdims))
    found = walk.graph.node(kind, [walk.name(args[0])], axis=op.axis, keepdims=keep)
    return walk.graph.cast(found, TensorProto.INT32)


@handles("Norm")
def _norm(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    if op.ord not in (None, 2) or op.axis is None:
        raise NotImplementedError(f"Norm of order {op.ord}")
    axes = np.atleast_1d(op.axis).tolist()
    keep = int(bool(op.keepdims))
    return walk.graph.node("ReduceL2", [walk.name(args[0])], axes=axes, keepdims=keep)


@handles("Cumsum")
def _cumsum(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    axis = walk.graph.constant(op.axis, np.int64)
    return walk.graph.node("CumSum", [walk.name(args[0]), axis])


@handles("Normalize")
def _normalize(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    if op.order != 2:
        raise NotImplementedError(f"Normalize of order {op.order}")
    graph, x = walk.graph, walk.name(args[0])
    axes = np.atleast_1d(op.axis).tolist()
    length = graph.node("ReduceL2", [x], axes=axes, keepdims=1)
    epsilon = 1e-12 if op.epsilon is None else op.epsilon
    return graph.node("Div", [x, graph.node("Max", [length, graph.floats(epsilon)])])


@handles("BinaryCrossentropy")
def _binary_crossentropy(
    walk: Any, op: Any, args: list[Any], kw: dict[str, Any]
) -> str:
    graph = walk.graph
    target, output = (walk.name(value) for value in [*args, *kw.values()][:2])
    if op.from_logits:
        # max(x, 0) - x t + log(1 + exp(-|x|))
        product = _product(graph, output, target)
        above = graph.node("Sub", [graph.node("Relu", [output]), product])
        size = graph.node("Neg", [graph.node("Abs", [output])])
        return graph.node("Add", [above, graph.node("Softplus", [size])])
    one, output = graph.floats(1.0), _between(graph, output)
    rest = [graph.node("Sub", [one, name]) for name in (target, output)]
    logs = [graph.node("Log", [name]) for name in (output, rest[1])]
    likely = (_product(graph, target, logs[0]), _product(graph, rest[0], logs[1]))
    return graph.node("Neg", [graph.node("Add", likely)])


@handles("CategoricalCrossentropy")
def _categorical_crossentropy(
    walk: Any, op: Any, args: list[Any], kw: dict[str, Any]
) -> str:
    graph = walk.graph
    target, output = (walk.name(value) for value in [*args, *kw.values()][:2])
    if op.from_logits:
        logs = graph.node("LogSoftmax", [output], axis=op.axis)
    else:
        share = graph.node("Div", [output, graph.total(output, op.axis, keep=True)])
        logs = graph.node("Log", [_between(graph, share)])
    likely = graph.total(_product(graph, target, logs), op.axis)
    return graph.node("Neg", [likely])


def _product(graph: Graph, a: str, b: str) -> str:
    return graph.node("Mul", [a, b])


def _between(graph: Graph, name: str) -> str:
    """Keep probabilities off 0 and 1, as Keras does."""
    epsilon = keras.config.epsilon()
    ends = [graph.floats(end) for end in (epsilon, 1.0 - epsilon)]
    return graph.node("Clip", [name, *ends])
