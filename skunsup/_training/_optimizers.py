"""Optimizers by name, instance or configuration, copied and never shared."""

import copy
from collections.abc import Hashable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property
from typing import Any

import keras
import numpy as np

from skunsup._identity import Key, identity
from skunsup._keras_private import configuration
from skunsup._networks import building

# Optimizers that update an entry of a variable without a look at the others. Two are
# left out because of torch: there Nadam computes with NumPy numbers, which a trace
# would freeze, and powers as in Ftrl are rounded by their place in memory.
ENTRYWISE = {
    "Adadelta",
    "Adagrad",
    "Adam",
    "Adamax",
    "Lion",
    "RMSprop",
    "SGD",
}
# Options that tell variables apart, or keep more of them than their entries.
BY_VARIABLE = (
    "clipnorm",
    "weight_decay",
    "use_ema",
    "gradient_accumulation_steps",
    "loss_scale_factor",
)
# Parts of the names of trainable variables that are no kernels of layers.
UNDECAYED = ("bias", "centers", "mixture")
SINGLE = np.finfo(np.float32)


@dataclass(frozen=True, eq=False)
class OptimizerConfig:
    """Configuration of an optimizer, with a constant learning rate kept apart.

    A constant rate is data of the compiled program, so fits that differ in it share
    one; a schedule is part of the program.

    Parameters
    ----------
    kind : str or type
        Name in `keras.optimizers`, or a class of another origin.
    config : dict
        As its `get_config` gives it, without a name.
    learning_rate : float or None
        The constant rate; None where `config` holds a schedule.
    skip_bias_decay : bool
        Whether weight decay leaves alone what is no kernel of a layer.
    ema : float, default=0.0
        Decay of the average of the weights, which stands for them after training; 0
        for the weights themselves.
    """

    kind: str | type
    config: dict[str, Any]
    learning_rate: float | None
    skip_bias_decay: bool
    ema: float = 0.0

    @cached_property
    def key(self) -> Hashable:
        """Equal for recipes that can share a compiled program."""
        return self.current_key()

    def current_key(self) -> Hashable:
        """Return `key` computed anew from the values that functions read now."""
        told_by = identity((self.kind, self.config))
        return Key((told_by, self.skip_bias_decay, self.ema))

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self).items() if k != "key"}

    def build(self, variables: list[keras.Variable]) -> keras.optimizers.Optimizer:
        """Return a new optimizer for `variables`."""
        kind: Any = self.kind
        kind = getattr(keras.optimizers, kind) if isinstance(kind, str) else kind
        with building():
            optimizer = kind.from_config(copy.deepcopy(self.config))
            if self.skip_bias_decay:
                optimizer.exclude_from_weight_decay(var_names=list(UNDECAYED))
            optimizer.build(variables)
        return optimizer


def optimizer_config(
    optimizer: str | dict | keras.optimizers.Optimizer,
    learning_rate: Any,
    weight_decay: float | None,
    ema: float = 0.0,
) -> OptimizerConfig:
    """Describe the optimizer that the parameters ask for.

    A learning rate (a float or a Keras schedule) and a weight decay of None leave the
    optimizer's own.

    Raises
    ------
    ValueError
        If the name is unknown, the configuration incomplete, the constant rate not in
        the range of single precision, or the average of weights would have no effect.
    """
    found, config = _find(optimizer)
    _check_average(config)
    del config["name"]  # Keras numbers it; it must not tell programs apart
    if isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        config["learning_rate"] = keras.optimizers.schedules.serialize(learning_rate)
    elif learning_rate is not None:
        config["learning_rate"] = float(learning_rate)
    if weight_decay is not None:
        # Muon leaves some kernels to Adam, with a decay of their own.
        decays = [name for name in config if name.endswith("weight_decay")]
        config.update(dict.fromkeys(decays, float(weight_decay)))
    constant = None
    if not isinstance(config["learning_rate"], dict):
        constant, config["learning_rate"] = config["learning_rate"], 1.0
        _check_rate(constant)
    kind: str | type = found
    if found.__module__.startswith("keras."):
        # On torch Keras makes a class of the backend; the public one is the same.
        kind = found.__name__
    decays_kernels = weight_decay is not None
    return OptimizerConfig(kind, config, constant, decays_kernels, float(ema))


def _check_average(config: dict[str, Any]) -> None:
    if config.get("use_ema") and config.get("ema_overwrite_frequency") is None:
        raise ValueError(
            "The optimizer has use_ema=True without ema_overwrite_frequency, so Keras "
            "would use the average of the weights only at the end of its own fit, "
            "which is not called here. Give ema_overwrite_frequency as well, for "
            "instance the number of steps of an epoch."
        )


def _check_rate(rate: float) -> None:
    low, high = SINGLE.tiny, SINGLE.max
    if not low <= rate <= high:
        raise ValueError(
            f"The learning rate is {rate:g}, but expected a number from {low:.2g} to "
            f"{high:.2g}, the range of single precision, in which networks compute. "
            "Give another learning_rate, such as 0.001."
        )


def is_entrywise(
    optimizer: keras.optimizers.Optimizer, variables: list[keras.Variable]
) -> bool:
    """Return True if `optimizer` treats all entries of a variable alike."""
    kind = type(optimizer)
    return (
        bool(variables)
        and kind.__module__.startswith("keras.")
        and kind.__name__ in ENTRYWISE
        and not any(getattr(optimizer, name) for name in BY_VARIABLE)
        and all(v.dtype == "float32" and v.constraint is None for v in variables)
    )


def _find(optimizer: Any) -> tuple[type, dict[str, Any]]:
    """Return the class and the configuration of the user's optimizer."""
    # Not keras.optimizers.serialize, which imports TensorFlow whatever the backend.
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return type(optimizer), configuration(optimizer)
    known = {
        name.lower(): value
        for name, value in vars(keras.optimizers).items()
        if isinstance(value, type)
        and issubclass(value, keras.optimizers.Optimizer)
        and name not in ("Optimizer", "LossScaleOptimizer", "MultiOptimizer")
    }
    try:
        if isinstance(optimizer, str):
            kind = known[optimizer.lower()]
            return kind, dict(_defaults(kind))
        with building():
            found = keras.optimizers.deserialize(copy.deepcopy(optimizer))
            if not isinstance(found, keras.optimizers.Optimizer):
                raise TypeError(f"it describes {found!r}")
            return type(found), configuration(found)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(_unknown(optimizer, known, error)) from error


@cache
def _defaults(kind: type) -> dict[str, Any]:
    """Configuration of an optimizer that Keras makes; that takes milliseconds."""
    with building():
        return configuration(kind())


def _unknown(optimizer: str | dict, known: dict[str, type], error: Exception) -> str:
    name = optimizer if isinstance(optimizer, str) else optimizer.get("class_name")
    near = get_close_matches(str(name).lower(), known, n=1)
    if str(name).lower() in near:
        hint = f" Keras says: {error}."
    else:
        hint = f" Did you mean {near[0]!r}?" if near else ""
    return (
        f"optimizer={optimizer!r} is not an optimizer that Keras knows.{hint} Give one "
        f"of {', '.join(sorted(known))}, an instance of keras.optimizers.Optimizer, or "
        "what keras.optimizers.serialize makes of one."
    )
