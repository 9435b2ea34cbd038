"""ONNX nodes of operations on each entry of a tensor."""

from functools import partial
from typing import Any

from keras import KerasTensor

from skunsup.onnx._activations import gelu, hard_silu, silu
from skunsup.onnx._graph import BOOL, DOUBLE, FLOAT, TYPES, Graph
from skunsup.onnx._handlers import Handler, register

ELEMENTWISE: dict[str, Handler] = {}
handles = partial(register, ELEMENTWISE)
SAME_SHAPE = {
    "Abs": "Abs",
    "Absolute": "Abs",
    "Ceil": "Ceil",
    "Cos": "Cos",
    "Erf": "Erf",
    "Exp": "Exp",
    "Floor": "Floor",
    "Log": "Log",
    "LogicalNot": "Not",
    "Negative": "Neg",
    "Reciprocal": "Reciprocal",
    "Relu": "Relu",
    "Round": "Round",
    "Selu": "Selu",
    "Sigmoid": "Sigmoid",
    "Sign": "Sign",
    "Sin": "Sin",
    "Softplus": "Softplus",
    "Softsign": "Softsign",
    "Sqrt": "Sqrt",
    "Tanh": "Tanh",
}
OF_TWO = {
    "Add": "Add",
    "Divide": "Div",
    "Equal": "Equal",
    "Greater": "Greater",
    "GreaterEqual": "GreaterOrEqual",
    "Less": "Less",
    "LessEqual": "LessOrEqual",
    "LogicalAnd": "And",
    "LogicalOr": "Or",
    "Maximum": "Max",
    "Minimum": "Min",
    "Multiply": "Mul",
    "NotEqual": "Equal",
    "Power": "Pow",
    "Subtract": "Sub",
    "TrueDivide": "Div",
}


def activated(graph: Graph, name: str, function: Any) -> str | None:
    """Return the name of an activation of a tensor; None for one that is not known.

    Known are functions of Keras alone: layers have parameters, and a function of the
    user's may have the name of one of Keras.
    """
    kind = getattr(function, "__name__", "")
    if not str(getattr(function, "__module__", "")).startswith("keras."):
        return None
    if kind == "linear":
        return name
    if kind in ("silu", "swish"):
        return silu(graph, name)
    if kind == "gelu":
        return gelu(graph, name)
    if kind in ("softmax", "log_softmax"):
        op = "Softmax" if kind == "softmax" else "LogSoftmax"
        return graph.node(op, [name], axis=-1)
    if kind == "leaky_relu":
        return graph.node("LeakyRelu", [name], alpha=0.2)
    if kind in ("hard_silu", "hard_swish"):
        return hard_silu(graph, name)
    known = {"elu", "relu", "selu", "sigmoid", "softplus", "softsign", "tanh"}
    return graph.node(kind.capitalize(), [name]) if kind in known else None


def _same_shape(kind: str) -> Handler:
    return lambda walk, op, args, kw: walk.graph.node(kind, [walk.name(args[0])])


for _name, _kind in SAME_SHAPE.items():
    ELEMENTWISE[_name] = _same_shape(_kind)


@handles(*OF_TWO)
def _of_two(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    a, b = [*args, *kw.values()][:2]
    kind = type(op).__name__
    dtypes = [v.dtype for v in (a, b) if isinstance(v, KerasTensor)]
    dtype = "float32" if any(d.startswith("float") for d in dtypes) else dtypes[0]
    names = [walk.name(value, dtype) for value in (a, b)]
    return walk.graph.node(OF_TWO[kind], names)


@handles("NotEqual")
def _not_equal(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    return walk.graph.node("Not", [_of_two(walk, op, args, kw)])


@handles("Square")
def _square(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    x = walk.name(args[0])
    return walk.graph.node("Mul", [x, x])


@handles("Rsqrt")
def _rsqrt(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    root = walk.graph.node("Sqrt", [walk.name(args[0])])
    return walk.graph.node("Reciprocal", [root])


@handles("Log1p", "Expm1")
def _near_one(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    """In float64, since 1 + x holds few digits of a small x in float32."""
    graph = walk.graph
    x, one = graph.cast(walk.name(args[0]), DOUBLE), graph.doubles(1.0)
    if type(op).__name__ == "Log1p":
        found = graph.node("Log", [graph.node("Add", [x, one])])
    else:
        found = graph.node("Sub", [graph.node("Exp", [x]), one])
    return graph.cast(found, FLOAT)


@handles("Cast")
def _cast(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    return walk.graph.cast(walk.name(args[0]), TYPES[op.dtype])


@handles("Where")
def _where(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    chosen, *rest = [*args, *kw.values()][:3]
    dtype = next((v.dtype for v in rest if isinstance(v, KerasTensor)), "float32")
    names = [walk.name(value, dtype) for value in rest]
    condition = walk.name(chosen, "bool")
    if isinstance(chosen, KerasTensor) and chosen.dtype != "bool":
        condition = walk.graph.cast(condition, BOOL)
    return walk.graph.node("Where", [condition, *names])


@handles("Clip")
def _clip(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    ends = [walk.graph.floats(end) for end in (op.x_min, op.x_max)]
    return walk.graph.node("Clip", [walk.name(args[0]), *ends])


@handles("ZerosLike", "OnesLike")
def _filled(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    like, dtype = args[0], args[0].dtype
    zero = walk.graph.constant(0, dtype)
    zeros = walk.graph.node("Mul", [walk.name(like), zero])
    if type(op).__name__ == "ZerosLike":
        return zeros
    return walk.graph.node("Add", [zeros, walk.graph.constant(1, dtype)])


@handles("StopGradient", "ConvertToTensor", "Copy", "Identity")
def _unchanged(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    name: str = walk.name(args[0])
    return name
