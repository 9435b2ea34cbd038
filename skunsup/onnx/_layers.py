"""ONNX nodes of layers that are not opened."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, ops

from skunsup.onnx._elementwise import activated
from skunsup.onnx._pooling import PADS, channels_first, channels_last

Handler = Callable[[Any, Any, list[Any], dict[str, Any]], Any]

# Called with (walk, layer, arguments, keywords); None to open the layer after all.
LAYERS: dict[type, Handler] = {}


def handles(*kinds: type) -> Callable[[Handler], Handler]:
    """Register what makes nodes of layers of these classes."""

    def registered(handler: Handler) -> Handler:
        for kind in kinds:
            LAYERS[kind] = handler
        return handler

    return registered


@handles(keras.layers.Dense)
def _dense(walk: Any, layer: Any, args: list[Any], kw: dict[str, Any]) -> Any:
    if len(args[0].shape) == 2 and layer.use_bias:
        given = [walk.name(args[0]), walk.name(layer.kernel), walk.name(layer.bias)]
        x = walk.graph.exactly("Gemm", given)
    else:
        x = walk.graph.exactly("MatMul", [walk.name(args[0]), walk.name(layer.kernel)])
        if layer.use_bias:
            x = walk.graph.node("Add", [x, walk.name(layer.bias)])
    return _activation(walk, x, layer, args[0])


def _activation(walk: Any, name: str, layer: Any, given: Any) -> Any:
    """Apply the activation of a layer to what it gives for `given`."""
    found = activated(walk.graph, name, layer.activation)
    if found is not None:
        return found
    x = KerasTensor(layer.compute_output_shape(given.shape))
    walk.known(x, name)
    return walk.walked(layer.activation(x))


@handles(keras.layers.Activation)
def _activated(walk: Any, layer: Any, args: list[Any], kw: dict[str, Any]) -> Any:
    return activated(walk.graph, walk.name(args[0]), layer.activation)


@handles(keras.layers.Flatten)
def _flatten(walk: Any, layer: Any, args: list[Any], kw: dict[str, Any]) -> Any:
    size = int(np.prod(args[0].shape[1:]))
    return walk.graph.reshape(walk.name(args[0]), -1, size)


@handles(keras.layers.Reshape)
def _reshape(walk: Any, layer: Any, args: list[Any], kw: dict[str, Any]) -> Any:
    shape = layer.compute_output_shape(args[0].shape)[1:]
    return walk.graph.reshape(walk.name(args[0]), -1, *shape)


@handles(keras.layers.Embedding)
def _embedding(walk: Any, layer: Any, args: list[Any], kw: dict[str, Any]) -> Any:
    places = walk.graph.cast(walk.name(args[0]), 7)
    return walk.graph.node("Gather", [walk.name(layer.embeddings), places], axis=0)


@handles(keras.layers.Conv1D, keras.layers.Conv2D)
def _conv(walk: Any, layer: Any, args: list[Any], kw: dict[str, Any]) -> Any:
    """Convolutions of channels that stand last; ONNX has them first."""
    kernel = np.moveaxis(ops.convert_to_numpy(layer.kernel), (-1, -2), (0, 1))
    return _convolved(walk, layer, args[0], kernel, layer.groups)


@handles(keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
def _depthwise(walk: Any, layer: Any, args: list[Any], kw: dict[str, Any]) -> Any:
    """Convolutions of each channel on its own, a group each."""
    kernel = ops.convert_to_numpy(layer.kernel)
    size, (n_channels, n_each) = kernel.shape[:-2], kernel.shape[-2:]
    kernel = kernel.reshape(*size, 1, n_channels * n_each)
    kernel = np.moveaxis(kernel, (-1, -2), (0, 1))
    return _convolved(walk, layer, args[0], kernel, n_channels)


def _convolved(walk: Any, layer: Any, given: Any, kernel: Any, groups: int) -> Any:
    graph, n = walk.graph, layer.rank
    if layer.data_format != "channels_last" or layer.padding == "causal":
        raise NotImplementedError(f"padding={layer.padding!r} of {layer.name!r}")
    inputs = [channels_first(graph, walk.name(given), n), graph.floats(kernel)]
    inputs += [walk.name(layer.bias)] if layer.use_bias else []
    out = graph.node(
        "Conv",
        inputs,
        auto_pad=PADS[layer.padding],
        strides=list(layer.strides),
        dilations=list(layer.dilation_rate),
        group=groups,
    )
    return _activation(walk, channels_last(graph, out, n), layer, given)


@handles(keras.layers.BatchNormalization)
def _batch_norm(walk: Any, layer: Any, args: list[Any], kw: dict[str, Any]) -> Any:
    if layer.axis not in (-1, len(args[0].shape) - 1):
        return None
    mean = ops.convert_to_numpy(layer.moving_mean)
    scale = 1 / np.sqrt(ops.convert_to_numpy(layer.moving_variance) + layer.epsilon)
    if layer.scale:
        scale = scale * ops.convert_to_numpy(layer.gamma)
    shift = -mean * scale
    if layer.center:
        shift = shift + ops.convert_to_numpy(layer.beta)
    graph = walk.graph
    scaled = graph.node("Mul", [walk.name(args[0]), graph.floats(scale)])
    return graph.node("Add", [scaled, graph.floats(shift)])


@handles(keras.layers.RNN, keras.layers.GRU, keras.layers.LSTM, keras.layers.SimpleRNN)
def _recurrent(walk: Any, layer: Any, args: list[Any], kw: dict[str, Any]) -> Any:
    """Steps one after the other, each through the cell's own `call`."""
    x = args[0]
    initial = args[1] if len(args) > 1 else kw.get("initial_state")
    n_steps, states = x.shape[1], _states(walk, layer, x, initial)
    sequence = KerasTensor(x.shape, x.dtype)
    walk.known(sequence, walk.name(x))
    order = range(n_steps)[::-1] if layer.go_backwards else range(n_steps)
    outs = []
    for at in order:
        out, states = layer.cell.call(sequence[:, at], states)
        outs.append(out)
    result = ops.stack(outs, axis=1) if layer.return_sequences else outs[-1]
    found = [walk.walked(result)]
    if layer.return_state:
        found += [walk.walked(state) for state in states]
    return found


def _states(walk: Any, layer: Any, x: Any, initial: Any) -> list[Any]:
    """Return the states to start from, by default zeros."""
    if initial is None:
        one = KerasTensor((x.shape[0], 1), x.dtype)
        size = layer.cell.state_size
        sizes = [size] if isinstance(size, int) else list(size)
        first = walk.graph.node(
            "Slice",
            [
                walk.graph.reshape(walk.name(x), -1, int(np.prod(x.shape[1:]))),
                *(walk.graph.integers(v) for v in (0, 1, 1)),
            ],
        )
        walk.known(one, walk.graph.node("Mul", [first, walk.graph.floats(0.0)]))
        return [ops.matmul(one, np.zeros((1, n), np.float32)) for n in sizes]
    states = []
    for state in initial if isinstance(initial, list | tuple) else [initial]:
        fresh = KerasTensor(state.shape, state.dtype)
        walk.known(fresh, walk.name(state))
        states.append(fresh)
    return states
