"""Tables of the layers of a network, for notebooks."""

from html import escape
from typing import Any

import keras
import numpy as np

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
    part = _part(network, name)
    layers = [
        layer
        for layer in getattr(part, "layers", [])
        if not isinstance(layer, keras.layers.InputLayer)
    ] or [part]
    return "".join(
        _line(name if i == 0 else "", layer) for i, layer in enumerate(layers)
    )


def _line(name: str, layer: Any) -> str:
    cells = (name, _layer_name(layer), _output(layer), f"{_n_parameters(layer):,}")
    inner = "".join(f'<td style="{CELL}">{escape(cell)}</td>' for cell in cells)
    return f"<tr>{inner}</tr>"


def _layer_name(layer: Any) -> str:
    """Return the class of a layer, with its activation where it has one."""
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    name = type(layer).__name__
    return name if activation == "linear" else f"{name}, {activation}"


def _output(layer: Any) -> str:
    """Return the shape of one row of the output; nothing where Keras does not know."""
    try:
        shape = layer.output.shape
    except (AttributeError, ValueError):
        return ""
    return " x ".join(str(size) for size in shape[1:])


def _n_parameters(layer: Any) -> int:
    """Return the number of weights that are trained, and those that are kept."""
    return int(sum(np.prod(weight.shape) for weight in layer.weights))
