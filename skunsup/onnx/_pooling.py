"""ONNX nodes of pooling, whose channels stand last in Keras and first in ONNX."""

from functools import partial
from typing import Any

from skunsup.onnx._graph import Graph
from skunsup.onnx._handlers import Handler, register

POOLING: dict[str, Handler] = {}
handles = partial(register, POOLING)
PADS = {"same": "SAME_UPPER", "valid": "VALID"}


def channels_first(graph: Graph, name: str, rank: int) -> str:
    """Move the channels in front of `rank` axes of places."""
    return graph.node("Transpose", [name], perm=[0, rank + 1, *range(1, rank + 1)])


def channels_last(graph: Graph, name: str, rank: int) -> str:
    """Move the channels behind `rank` axes of places."""
    return graph.node("Transpose", [name], perm=[0, *range(2, rank + 2), 1])


@handles("MaxPool", "AveragePool")
def _pool(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    graph, kind, n = walk.graph, type(op).__name__, len(args[0].shape) - 2
    if op.data_format == "channels_first":
        raise NotImplementedError(f"{kind} with data_format='channels_first'")
    size = _each(op.pool_size, n)
    strides = size if op.strides is None else _each(op.strides, n)
    x = channels_first(graph, walk.name(args[0]), n)
    more = {"kernel_shape": size, "strides": strides, "auto_pad": PADS[op.padding]}
    return channels_last(graph, graph.node(kind, [x], **more), n)


def _each(value: Any, n: int) -> list[int]:
    return [int(value)] * n if isinstance(value, int) else [int(v) for v in value]
