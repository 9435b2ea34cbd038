"""ONNX nodes of sums, products, norms and losses."""

from functools import partial
from typing import Any

import keras
import numpy as np
from onnx import TensorProto

from skunsup.onnx._graph import DOUBLE, FLOAT, Graph
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
SUMMED = {"ReduceLogSumExp", "ReduceMean", "ReduceSum"}


@handles(*REDUCED)
def _reduced(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    kind, graph = REDUCED[type(op).__name__], walk.graph
    x, keep, axis = walk.name(args[0]), int(bool(op.keepdims)), op.axis
    if args[0].dtype == "bool":
        x = graph.cast(x, FLOAT)
    exact = kind in SUMMED and args[0].dtype in ("bool", "float32")
    x = graph.cast(x, DOUBLE) if exact else x
    more = {} if axis is None else {"axes": np.atleast_1d(axis).tolist()}
    given = [x]
    if kind == "ReduceSum" and more:
        given.append(graph.integers(*more.pop("axes")))
    found = graph.node(kind, given, keepdims=keep, **more)
    return graph.cast(found, FLOAT) if exact else found


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
    name = walk.name(args[0])
    found: str = walk.graph.exactly("ReduceL2", [name], axes=axes, keepdims=keep)
    return found


@handles("Cumsum")
def _cumsum(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    axis = walk.graph.constant(op.axis, np.int64)
    return walk.graph.node("CumSum", [walk.name(args[0]), axis])


@handles("Normalize")
def _normalize(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    if op.order != 2:
        raise NotImplementedError(f"Normalize of order {op.order}")
    graph = walk.graph
    x = graph.cast(walk.name(args[0]), DOUBLE)
    axes = np.atleast_1d(op.axis).tolist()
    length = graph.node("ReduceL2", [x], axes=axes, keepdims=1)
    epsilon = 1e-12 if op.epsilon is None else op.epsilon
    length = graph.node("Max", [length, graph.doubles(epsilon)])
    return graph.cast(graph.node("Div", [x, length]), FLOAT)


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
