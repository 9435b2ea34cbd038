"""Arguments of Keras's `compile`, made anew from parameters."""

import copy
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import keras

from skunsup._networks import building
from skunsup._training import optimizer_config

OPTIMIZER = "optimizer__"


def optimizer_of(params: Mapping[str, Any]) -> keras.optimizers.Optimizer:
    """Return a new optimizer from `optimizer` and what begins with `optimizer__`.

    Raises
    ------
    ValueError
        If Keras does not know the optimizer, or it has no such argument.
    """
    given = params["optimizer"]
    if isinstance(given, type):
        given = given()
    routed = {
        name.removeprefix(OPTIMIZER): value
        for name, value in params.items()
        if name.startswith(OPTIMIZER)
    }
    recipe = optimizer_config(given, routed.pop("learning_rate", None), None)
    kind: Any = recipe.kind
    kind = getattr(keras.optimizers, kind) if isinstance(kind, str) else kind
    config = copy.deepcopy(recipe.config)
    if recipe.learning_rate is not None:
        config["learning_rate"] = recipe.learning_rate
    unknown = set(routed) - set(config)
    if unknown:
        name = min(unknown)
        near = get_close_matches(name, config, n=1)
        hint = f"Did you mean {OPTIMIZER + near[0]!r}?" if near else ""
        raise ValueError(
            f"{OPTIMIZER + name!r} is not a parameter: {kind.__name__} has "
            f"{', '.join(sorted(config))}. {hint}".rstrip()
        )
    with building():
        optimizer: keras.optimizers.Optimizer = kind.from_config({**config, **routed})
    return optimizer


def copied(name: str, given: Any) -> list[Any]:
    """Return copies of callbacks or metrics, so that training changes nothing given.

    Raises
    ------
    TypeError
        If one cannot be copied.
    """
    if given is None:
        return []
    many = list(given) if isinstance(given, list | tuple) else [given]
    try:
        return copy.deepcopy(many)
    except Exception as error:
        raise TypeError(
            f"{name}={given!r} cannot be copied ({error}), but training must not "
            "change what it was given. Give names, or objects that copy.deepcopy takes."
        ) from error
