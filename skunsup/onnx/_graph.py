"""Nodes and constants of an ONNX graph in the making."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FLOAT, DOUBLE = TensorProto.FLOAT, TensorProto.DOUBLE
INT32, INT64, BOOL = TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL
TYPES = {
    "float32": FLOAT,
    "float64": DOUBLE,
    "int32": INT32,
    "int64": INT64,
    "bool": BOOL,
}
ONNX_OPSET = 17
ML_OPSET = 3


class Graph:
    """Collects nodes and constants; tensors are known by their names.

    Parameters
    ----------
    fresh : callable
        Returns a name that the whole model does not have yet, from a hint.
    """

    def __init__(self, fresh: Callable[[str], str]) -> None:
        self._fresh = fresh
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._known: dict[tuple, str] = {}
        self._casts: dict[tuple[str, int], str] = {}

    def constant(self, value: Any, dtype: Any) -> str:
        """Return the name of a constant; equal ones are one."""
        array = np.ascontiguousarray(value, dtype).reshape(np.shape(value))
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = self._fresh("skunsup_c")
            self.constants.append(numpy_helper.from_array(array, self._known[key]))
        return self._known[key]

    def doubles(self, value: Any) -> str:
        """Return the name of a constant of float64."""
        return self.constant(value, np.float64)

    def floats(self, value: Any) -> str:
        """Return the name of a constant of float32."""
        return self.constant(value, np.float32)

    def integers(self, *values: int) -> str:
        """Return the name of a vector of int64."""
        return self.constant(np.array(values), np.int64)

    def strings(self, values: Any) -> str:
        """Return the name of a vector of strings."""
        name = self._fresh("skunsup_c")
        array = np.array([str(value) for value in values], dtype=object)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def node(
        self, kind: str, inputs: Sequence[str], domain: str = "", **more: Any
    ) -> str:
        """Add a node with one output, and return its name."""
        return self.nodes_out(kind, inputs, 1, domain, **more)[0]

    def nodes_out(
        self,
        kind: str,
        inputs: Sequence[str],
        n_outputs: int,
        domain: str = "",
        **more: Any,
    ) -> list[str]:
        """Add a node with several outputs, and return their names."""
        outs = [self._fresh(f"skunsup_{kind.lower()}") for _ in range(n_outputs)]
        name = self._fresh(f"skunsup_n_{kind.lower()}")
        made = helper.make_node(kind, inputs, outs, name=name, domain=domain, **more)
        self.nodes.append(made)
        return outs

    def named(self, name: str, output: str) -> None:
        """Give a tensor the name of an output."""
        node = self._fresh("skunsup_n_identity")
        self.nodes.append(helper.make_node("Identity", [name], [output], name=node))

    def cast(self, name: str, to: int) -> str:
        """Convert a tensor to another type of numbers; once for all who ask."""
        key = (name, to)
        if key not in self._casts:
            self._casts[key] = self.node("Cast", [name], to=to)
        return self._casts[key]

    def exactly(self, kind: str, inputs: Sequence[str], **more: Any) -> str:
        """Add a node on float32 tensors that computes in float64 and rounds once.

        Sums of products lose a digit or two in float32. The runtime converts constants
        once, when it reads the model, so the file is no larger.
        """
        given = [self.cast(name, DOUBLE) for name in inputs]
        return self.cast(self.node(kind, given, **more), FLOAT)

    def reshape(self, name: str, *shape: int) -> str:
        """Give a tensor another shape; 0 keeps an axis, -1 is what is left."""
        return self.node("Reshape", [name, self.integers(*shape)])

    def take(self, name: str, places: Any, axis: int) -> str:
        """Take entries of an axis."""
        return self.node("Gather", [name, self.constant(places, np.int64)], axis=axis)

    def take_from(self, name: str, places: str) -> str:
        """Take entries of the first axis at places that are computed."""
        return self.node("Gather", [name, places], axis=0)

    def total(self, name: str, axis: int, *, keep: bool = False) -> str:
        """Sum over an axis."""
        return self.node("ReduceSum", [name, self.integers(axis)], keepdims=int(keep))

    def mean(self, name: str, axis: int) -> str:
        """Mean over an axis, which goes."""
        return self.node("ReduceMean", [name], axes=[axis], keepdims=0)
