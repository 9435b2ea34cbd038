"""Configuration of a Keras model, reduced to what changes its results."""

from typing import Any

REFERENCES = ("keras_history", "input_layers", "output_layers")


def unnamed(config: Any, numbers: dict[str, int], layer: bool = False) -> Any:
    """Return a configuration with numbers for names of layers.

    Parameters
    ----------
    config : object
        Configuration of a model, or a piece of it.
    numbers : dict of str to int
        Numbers of the layers met so far; those that come are added.
    layer : bool, default=False
        True if `config` has the arguments of a layer.
    """
    if isinstance(config, list):
        return [unnamed(item, numbers) for item in config]
    if not isinstance(config, dict):
        return config
    inner = config.get("config")
    inner_layer = isinstance(inner, dict) and (
        "inbound_nodes" in config
        or "trainable" in inner
        or config.get("class_name") == "InputLayer"
    )
    found = {}
    for key, value in config.items():
        if key == "name" and (layer or inner_layer):
            found[key] = _number(value, numbers)
        elif key in REFERENCES:
            found[key] = _referred(value, numbers)
        elif key != "compile_config":
            within = inner_layer and key == "config"
            found[key] = unnamed(value, numbers, within)
    return found


def _referred(value: Any, numbers: dict[str, int]) -> Any:
    """Return references to layers, [name, 0, 0], with a number for the name."""
    if isinstance(value, dict):
        return {key: _referred(item, numbers) for key, item in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [_number(value[0], numbers), *value[1:]]
    return [_referred(item, numbers) for item in value or ()]


def _number(name: str, numbers: dict[str, int]) -> int:
    return numbers.setdefault(name, len(numbers))
