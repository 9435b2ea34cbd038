"""ONNX nodes of the operations of `keras.ops`."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import KerasTensor
from onnx import TensorProto

from skunsup.onnx._graph import BOOL, INT64, TYPES, Graph

# Called with (walk, operation, arguments, keywords); returns a name or several.
Handler = Callable[[Any, Any, list[Any], dict[str, Any]], Any]

HANDLERS: dict[str, Handler] = {}
SAME_SHAPE = {
    "Abs": "Abs",
    "Absolute": "Abs",
    "Ceil": "Ceil",
    "Cos": "Cos",
    "Elu": "Elu",
    "Erf": "Erf",
    "Exp": "Exp",
    "Floor": "Floor",
    "Log": "Log",
    "LogicalNot": "Not",
    "Negative": "Neg",
    "Reciprocal": "Reciprocal",
    "ReLU": "Relu",
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
END = np.iinfo(np.int64).max


def handles(*names: str) -> Callable[[Handler], Handler]:
    """Register what makes nodes of the operations with these class names."""

    def registered(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = handler
        return handler

    return registered


def activated(graph: Graph, name: str, function: Any) -> str | None:
    """Return the name of an activation of a tensor; None for one that is not known."""
    kind = str(getattr(function, "__name__", type(function).__name__)).lower()
    if kind == "linear":
        return name
    if kind in ("silu", "swish"):
        return graph.node("Mul", [name, graph.node("Sigmoid", [name])])
    if kind == "gelu":
        return _gelu(graph, name)
    if kind in ("softmax", "log_softmax"):
        op = "Softmax" if kind == "softmax" else "LogSoftmax"
        return graph.node(op, [name], axis=-1)
    if kind == "leaky_relu":
        return graph.node("LeakyRelu", [name], alpha=0.2)
    known = {"elu", "relu", "selu", "sigmoid", "softplus", "softsign", "tanh"}
    module = getattr(function, "__module__", "") or ""
    if kind in known and module.startswith("keras."):
        return graph.node(kind.capitalize(), [name])
    return None


def _gelu(graph: Graph, name: str) -> str:
    """X / 2 (1 + erf(x / sqrt 2))."""
    scaled = graph.node("Mul", [name, graph.floats(2**-0.5)])
    half = graph.node("Mul", [name, graph.floats(0.5)])
    plus = graph.node("Add", [graph.node("Erf", [scaled]), graph.floats(1.0)])
    return graph.node("Mul", [half, plus])


def _same_shape(kind: str) -> Handler:
    return lambda walk, op, args, kw: walk.graph.node(kind, [walk.name(args[0])])


for _name, _kind in SAME_SHAPE.items():
    HANDLERS[_name] = _same_shape(_kind)


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
    x, one = walk.name(args[0]), walk.graph.floats(1.0)
    if type(op).__name__ == "Log1p":
        return walk.graph.node("Log", [walk.graph.node("Add", [x, one])])
    return walk.graph.node("Sub", [walk.graph.node("Exp", [x]), one])


@handles("Silu", "Gelu")
def _own_formula(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> Any:
    kind = type(op).__name__.lower()

    def named() -> None: ...

    named.__name__ = kind
    return activated(walk.graph, walk.name(args[0]), named)


@handles("LeakyRelu")
def _leaky_relu(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    slope = float(op.negative_slope)
    return walk.graph.node("LeakyRelu", [walk.name(args[0])], alpha=slope)


@handles("Softmax", "LogSoftmax")
def _softmax(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    return walk.graph.node(type(op).__name__, [walk.name(args[0])], axis=op.axis)


@handles("LogSigmoid")
def _log_sigmoid(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    graph = walk.graph
    negative = graph.node("Neg", [walk.name(args[0])])
    return graph.node("Neg", [graph.node("Softplus", [negative])])


@handles("Matmul", "Dot")
def _matmul(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    return walk.graph.node("MatMul", [walk.name(v) for v in [*args, *kw.values()][:2]])


@handles("Einsum")
def _einsum(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    names = [walk.name(v) for v in args if not isinstance(v, str)]
    return walk.graph.node("Einsum", names, equation=op.subscripts)


@handles("Reshape")
def _reshape(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    shape = [
        -1 if d is None or isinstance(d, KerasTensor) else int(d) for d in op.newshape
    ]
    return walk.graph.reshape(walk.name(args[0]), *shape)


@handles("Transpose")
def _transpose(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    order = op.axes or range(len(args[0].shape))[::-1]
    perm = [int(p) for p in order]
    return walk.graph.node("Transpose", [walk.name(args[0])], perm=perm)


@handles("Moveaxis")
def _moveaxis(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    n = len(args[0].shape)
    pairs = zip(np.atleast_1d(op.destination), np.atleast_1d(op.source), strict=True)
    moved = sorted((int(to) % n, int(at) % n) for to, at in pairs)
    perm = [i for i in range(n) if i not in {at for _, at in moved}]
    for to, at in moved:
        perm.insert(to, at)
    return walk.graph.node("Transpose", [walk.name(args[0])], perm=perm)


@handles("Swapaxes")
def _swapaxes(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    perm = list(range(len(args[0].shape)))
    a, b = op.axis1 % len(perm), op.axis2 % len(perm)
    perm[a], perm[b] = perm[b], perm[a]
    return walk.graph.node("Transpose", [walk.name(args[0])], perm=perm)


@handles("ExpandDims", "Squeeze")
def _one_axis(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    kind = "Unsqueeze" if type(op).__name__ == "ExpandDims" else "Squeeze"
    axes = np.atleast_1d(op.axis).tolist()
    return walk.graph.node(kind, [walk.name(args[0]), walk.graph.integers(*axes)])


@handles("Concatenate")
def _concatenate(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    return walk.graph.node("Concat", [walk.name(v) for v in args[0]], axis=op.axis)


@handles("Stack")
def _stack(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    axis = walk.graph.integers(op.axis)
    each = [walk.graph.node("Unsqueeze", [walk.name(v), axis]) for v in args[0]]
    return walk.graph.node("Concat", each, axis=op.axis)


@handles("Split")
def _split(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> list[str]:
    size, n = args[0].shape[op.axis], op.indices_or_sections
    equal = isinstance(n, int)
    cuts = [size // n] * n if equal else np.diff([0, *n, size]).tolist()
    given = [walk.name(args[0]), walk.graph.integers(*cuts)]
    found: list[str] = walk.graph.nodes_out("Split", given, len(cuts), axis=op.axis)
    return found


@handles("Unstack")
def _unstack(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> list[str]:
    n, x = args[0].shape[op.axis], walk.name(args[0])
    return [walk.graph.take(x, np.int64(at), op.axis) for at in range(n)]


@handles("Pad")
def _pad(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    width = np.array(op.pad_width)
    ends = walk.graph.integers(*width[:, 0].tolist(), *width[:, 1].tolist())
    return walk.graph.node("Pad", [walk.name(args[0]), ends])


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


@handles("Argmax", "Argmin")
def _argmax(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    kind = {"Argmax": "ArgMax", "Argmin": "ArgMin"}[type(op).__name__]
    keep = int(bool(op.keepdims))
    found = walk.graph.node(kind, [walk.name(args[0])], axis=op.axis, keepdims=keep)
    return walk.graph.cast(found, TensorProto.INT32)


@handles("OneHot")
def _one_hot(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    depth = walk.graph.constant(np.int64(op.num_classes), np.int64)
    values = walk.graph.constant([0, 1], op.dtype or "float32")
    return walk.graph.node("OneHot", [walk.name(args[0]), depth, values], axis=op.axis)


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


@handles("Repeat")
def _repeat(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    x, graph = args[0], walk.graph
    axis = op.axis % len(x.shape)
    if not isinstance(op.repeats, int):
        raise NotImplementedError("Repeat with several numbers")
    # Each entry beside its copies: a new axis, filled, then joined.
    wide = graph.node("Unsqueeze", [walk.name(x), graph.integers(axis + 1)])
    counts = [1] * (len(x.shape) + 1)
    counts[axis + 1] = op.repeats
    tiled = graph.node("Tile", [wide, graph.integers(*counts)])
    shape = [-1 if d is None else d for d in x.shape]
    shape[axis] = -1 if x.shape[axis] is None else x.shape[axis] * op.repeats
    return graph.reshape(tiled, *shape)


@handles("Tile")
def _tile(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    counts = np.atleast_1d(op.repeats).tolist()
    counts = [1] * (len(args[0].shape) - len(counts)) + counts
    return walk.graph.node("Tile", [walk.name(args[0]), walk.graph.integers(*counts)])


@handles("Take")
def _take(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    x, places = [*args, *kw.values()][:2]
    found = walk.name(places, "int64")
    if isinstance(places, KerasTensor) and places.dtype not in ("int32", "int64"):
        found = walk.graph.cast(found, INT64)
    return walk.graph.node("Gather", [walk.name(x), found], axis=op.axis)


@handles("TakeAlongAxis")
def _take_along(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    x, places = [*args, *kw.values()][:2]
    found = walk.graph.cast(walk.name(places, "int64"), INT64)
    return walk.graph.node("GatherElements", [walk.name(x), found], axis=op.axis)


@handles("BroadcastTo")
def _broadcast(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    shape = [1 if d is None or isinstance(d, KerasTensor) else int(d) for d in op.shape]
    return walk.graph.node("Expand", [walk.name(args[0]), walk.graph.integers(*shape)])


@handles("Clip")
def _clip(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    ends = [walk.graph.floats(end) for end in (op.x_min, op.x_max)]
    return walk.graph.node("Clip", [walk.name(args[0]), *ends])


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


@handles("Flip")
def _flip(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    places = np.arange(args[0].shape[op.axis])[::-1]
    found: str = walk.graph.take(walk.name(args[0]), places, op.axis)
    return found


@handles("GetItem")
def _get_item(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    x, key = [*args, *kw.values()][:2]
    keys = key if isinstance(key, tuple) else (key,)
    given = sum(k is not None and k is not Ellipsis for k in keys)
    full: list[Any] = []
    for k in keys:
        full += [slice(None)] * (len(x.shape) - given) if k is Ellipsis else [k]
    return _sliced(walk.graph, walk.name(x), full)


def _sliced(graph: Graph, name: str, keys: list[Any]) -> str:
    """Apply slices, numbers and new axes, one a place."""
    cuts: list[tuple[int, int, int, int]] = []
    gone: list[int] = []
    new: list[int] = []
    axis = kept = 0
    for key in keys:
        if key is None:
            new.append(kept)
            kept += 1
            continue
        if isinstance(key, slice):
            if key != slice(None):
                cuts.append((axis, key.start or 0, _end(key), key.step or 1))
            kept += 1
        elif isinstance(key, int | np.integer):
            cuts.append((axis, int(key), int(key) + 1 if key != -1 else END, 1))
            gone.append(axis)
        else:
            raise NotImplementedError(f"an index of type {type(key).__name__}")
        axis += 1
    if cuts:
        axes, starts, ends, steps = zip(*cuts, strict=True)
        parts = (graph.integers(*each) for each in (starts, ends, axes, steps))
        name = graph.node("Slice", [name, *parts])
    if gone:
        name = graph.node("Squeeze", [name, graph.integers(*gone)])
    return graph.node("Unsqueeze", [name, graph.integers(*new)]) if new else name


def _end(key: slice) -> int:
    return END if key.stop is None else int(key.stop)


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
