"""A method of a network as ONNX nodes: Keras's symbolic graph, walked."""

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, ops

from skunsup._keras_private import comparisons_refused, functional, origin
from skunsup._networks import Network
from skunsup.onnx._graph import Graph
from skunsup.onnx._layers import LAYERS
from skunsup.onnx._operations import HANDLERS

UNKNOWN = (
    "{method} of {name} cannot be exported to ONNX, since it has no nodes for {what}. "
    "Write that piece of your network in other operations of keras.ops, or serve the "
    "estimator itself."
)
COMPARED = "tensors compared by == or !=, which keras.ops.equal takes the place of"
# Their `call` does the same in scoring as nothing at all.
INERT = (
    keras.layers.Dropout,
    keras.layers.GaussianNoise,
    keras.layers.GaussianDropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.ActivityRegularization,
)


class Walk:
    """Turns tensors of Keras's symbolic graph into tensors of an ONNX graph.

    Parameters
    ----------
    graph : Graph
        Gets the nodes.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._names: dict[int, str] = {}
        self._held: list[Any] = []  # or a new tensor could have the id of an old one

    def name(self, value: Any, dtype: str = "float32") -> str:
        """Return the name of a tensor, a variable or a number, which has `dtype`."""
        if isinstance(value, KerasTensor):
            return self.walked(value)
        if isinstance(value, keras.Variable) or ops.is_tensor(value):
            array = ops.convert_to_numpy(value)
            return self.graph.constant(array, array.dtype)
        array = np.asarray(value)
        return self.graph.constant(array, dtype)

    def known(self, tensor: KerasTensor, name: str) -> None:
        """Say what a tensor is called."""
        self._held.append(tensor)
        self._names[id(tensor)] = name

    def walked(self, tensor: KerasTensor) -> str:
        """Return the name of a tensor, once all that it comes from has nodes."""
        waiting = [tensor]
        while waiting:
            top = waiting[-1]
            if id(top) in self._names:
                waiting.pop()
                continue
            operation, node = origin(top)
            missing = [t for t in node.input_tensors if id(t) not in self._names]
            if missing:
                waiting += missing
                continue
            self._held.append(node)
            self._add(operation, node)
        return self._names[id(tensor)]

    def _add(self, operation: Any, node: Any) -> None:
        args, kw = list(node.arguments.args), dict(node.arguments.kwargs)
        found = self._found(operation, node, args, kw)
        names = found if isinstance(found, list) else [found]
        for tensor, name in zip(node.outputs, names, strict=True):
            self.known(tensor, name)

    def _found(
        self, operation: Any, node: Any, args: list[Any], kw: dict[str, Any]
    ) -> Any:
        """Return the names of what an operation or a layer gives."""
        if isinstance(operation, keras.Layer):
            return self._of_layer(operation, node, args, kw)
        kind = type(operation).__name__
        if kind not in HANDLERS:
            raise NotImplementedError(f"the operation {kind}")
        return HANDLERS[kind](self, operation, args, kw)

    def _of_layer(self, layer: Any, node: Any, args: list[Any], kw: dict) -> Any:
        if isinstance(layer, INERT):
            return self.name(args[0])
        model = functional(layer)
        if model is not None:
            return self._of_model(model, node.input_tensors)
        known = LAYERS.get(type(layer))
        found = None if known is None else known(self, layer, args, kw)
        return self._opened(layer, args, kw) if found is None else found

    def _of_model(self, model: Any, given: Iterable[KerasTensor]) -> list[str]:
        """Give the layers of a model nodes anew for each of its calls."""
        before = dict(self._names)
        for inner, outer in zip(model.inputs, given, strict=True):
            self._names[id(inner)] = before[id(outer)]
        names = [self.walked(t) for t in model.outputs]
        self._names = before
        return names

    def _opened(self, layer: Any, args: list[Any], kw: dict[str, Any]) -> list[str]:
        """Follow the operations in the `call` of a layer."""
        swapped: dict[int, KerasTensor] = {}

        def fresh(value: Any) -> Any:
            if isinstance(value, KerasTensor):
                if id(value) not in swapped:
                    swapped[id(value)] = KerasTensor(value.shape, value.dtype)
                    self.known(swapped[id(value)], self._names[id(value)])
                return swapped[id(value)]
            if isinstance(value, list | tuple):
                return type(value)(fresh(item) for item in value)
            return value

        kw = {k: fresh(v) for k, v in kw.items() if k != "mask"}
        try:
            out = layer.call(*fresh(args), **kw)
        except NotImplementedError:
            raise
        except Exception as error:
            kind = type(layer).__name__
            raise NotImplementedError(
                f"the layer {layer.name!r} ({kind}), whose call takes no symbolic "
                f"tensors: {type(error).__name__}: {error}"
            ) from error
        self._held.append(out)
        outs = out if isinstance(out, list | tuple) else [out]
        return [self.walked(each) for each in outs]


def emit(
    graph: Graph,
    network: Network,
    method: str,
    rows: str,
    width: int,
    *,
    spread: Callable[[str], str] | None = None,
) -> str:
    """Add the nodes of `network.method(rows)`, and return the name of the result.

    Parameters
    ----------
    graph : Graph
        Gets the nodes.
    network : Network
        With its weights.
    method : str
        Takes and returns one row a row.
    rows : str
        Name of float32 rows, (n, width); of decoded members' codes side by side.
    width : int
        Columns of a row.
    spread : callable, default=None
        Gives each member its rows; by default all.

    Returns
    -------
    str
        Of a tensor of shape (n, ...), with several members (n, n_members, ...).

    Raises
    ------
    NotImplementedError
        If an operation is not known; it is named.
    """
    walk, m = Walk(graph), network.n_members
    x = KerasTensor((None, width) if m == 1 else (m, None, width))
    walk.known(x, rows if m == 1 else (spread or _spread(graph, m))(rows))
    try:
        with comparisons_refused(COMPARED):
            out = getattr(network, method)(x)
            out = ops.moveaxis(out, 0, 1) if m > 1 else out
            return walk.walked(out)
    except NotImplementedError as error:
        name = type(network).__name__
        raise NotImplementedError(
            UNKNOWN.format(method=method, name=name, what=error)
        ) from error


def _spread(graph: Graph, n_members: int) -> Callable[[str], str]:
    def spread(rows: str) -> str:
        one = graph.node("Unsqueeze", [rows, graph.integers(0)])
        return graph.node("Tile", [one, graph.integers(n_members, 1, 1)])

    return spread
