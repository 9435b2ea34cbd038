"""ONNX nodes of operations that select, join and move entries."""

from functools import partial
from typing import Any

import numpy as np
from keras import KerasTensor

from skunsup.onnx._graph import INT64, Graph
from skunsup.onnx._handlers import Handler, register

SHAPES: dict[str, Handler] = {}
handles = partial(register, SHAPES)
END = np.iinfo(np.int64).max


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
    if op.mode not in ("constant", "reflect", "edge"):
        raise NotImplementedError(f"Pad with mode={op.mode!r}")
    n, width = len(args[0].shape), np.array(op.pad_width)
    width = np.broadcast_to(width, (n, 2))
    ends = walk.graph.integers(*width[:, 0].tolist(), *width[:, 1].tolist())
    value = [*args[1:], *kw.values(), None][0]
    given = [walk.name(args[0]), ends]
    given += [] if value is None else [walk.graph.floats(value)]
    return walk.graph.node("Pad", given, mode=op.mode)


@handles("OneHot")
def _one_hot(walk: Any, op: Any, args: list[Any], kw: dict[str, Any]) -> str:
    depth = walk.graph.constant(np.int64(op.num_classes), np.int64)
    values = walk.graph.constant([0, 1], op.dtype or "float32")
    return walk.graph.node("OneHot", [walk.name(args[0]), depth, values], axis=op.axis)


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
                cuts.append((axis, *_ends(key), key.step or 1))
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


def _ends(key: slice) -> tuple[int, int]:
    """Begin and end of a slice, as ONNX counts."""
    first, last = (END, -END) if (key.step or 1) < 0 else (0, END)
    start = first if key.start is None else int(key.start)
    return start, last if key.stop is None else int(key.stop)
