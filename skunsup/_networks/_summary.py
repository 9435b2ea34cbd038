"""Tables of the layers of a network, for notebooks."""

from html import escape
from typing import Any

import keras
import numpy as np

from skunsup._networks._members import SideBySide, StackedDense
from skunsup._networks._network import Network

STYLE = "border-collapse:collapse;font-size:90%;margin:0.3em 0 0 1em"
CELL = "padding:0.1em 0.8em;text-align:left"


def summary_html(network: Network, n_components: int | None) -> str:
    """Return layers, their outputs and numbers of parameters as HTML.

    Parameters
    ----------
    network : Network
        The network, built.
    n_components : int or None
        Width of the code, None without one.
    """
    total = sum(_n_parameters(_part(network, name)) for name in network.part_names)
    title = f"Network: {total:,} parameters"
    if n_components is not None:
        title += f", code of {n_components} number{'' if n_components == 1 else 's'}"
    if network.n_members > 1:
        title += f", {network.n_members} networks side by side"
    head = "".join(
        f'<th style="{CELL}">{name}</th>'
        for name in ("part", "layer", "output", "parameters")
    )
    lines = "".join(_lines(network, name) for name in network.part_names)
    return (
        f'<details style="margin:0.4em 0"><summary>{title}</summary>'
        f'<table style="{STYLE}"><tr>{head}</tr>{lines}</table></details>'
    )


def _part(network: Network, name: str) -> Any:
    return getattr(network, name)


def _lines(network: Network, name: str) -> str:
    """Rows of one part: layers of models within it too, equal members together."""
    part = _part(network, name)
    members = part.members if isinstance(part, SideBySide) else [part]
    alike = zip(*map(_layers, members), strict=True)
    return "".join(_line(name if i == 0 else "", each) for i, each in enumerate(alike))


def _layers(part: Any) -> list[Any]:
    """Layers of a part, those of models within it in their place."""
    inner = [
        layer
        for layer in getattr(part, "layers", [])
        if not isinstance(layer, keras.layers.InputLayer)
    ]
    return [found for layer in inner for found in _layers(layer)] if inner else [part]


def _line(name: str, alike: tuple[Any, ...]) -> str:
    """Row of a layer, of each member one."""
    first, n_members = alike[0], len(alike)
    if isinstance(first, StackedDense):
        n_members = first.n_members
    layer = (
        _layer_name(first) if n_members == 1 else f"{n_members} x {_layer_name(first)}"
    )
    n_parameters = sum(map(_n_parameters, alike))
    cells = (name, layer, _output(first), f"{n_parameters:,}")
    inner = "".join(f'<td style="{CELL}">{escape(cell)}</td>' for cell in cells)
    return f"<tr>{inner}</tr>"


def _layer_name(layer: Any) -> str:
    """Return the class of a layer, with its activation where it has one."""
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    name = "Dense" if isinstance(layer, StackedDense) else type(layer).__name__
    return name if activation == "linear" else f"{name}, {activation}"


def _output(layer: Any) -> str:
    """Return the shape of one row of the output; nothing where Keras does not know."""
    try:
        shape = layer.output.shape
    except (AttributeError, ValueError):
        return ""
    row = shape[2:] if isinstance(layer, StackedDense) else shape[1:]
    return " x ".join(str(size) for size in row)


def _n_parameters(layer: Any) -> int:
    """Return the number of weights that are trained, and those that are kept."""
    return int(sum(np.prod(weight.shape) for weight in layer.weights))
