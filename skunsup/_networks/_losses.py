"""Reconstruction losses, one value a row."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._keras_private import loss_settings, takes_logits

Loss = str | Callable

CATEGORICAL = "categorical_crossentropy"

# Losses that are only defined on part of the real line, with that part.
LOSS_DOMAINS = {
    "binary_crossentropy": (0.0, 1.0, "MinMaxScaler()"),
    "binary_focal_crossentropy": (0.0, 1.0, "MinMaxScaler()"),
    CATEGORICAL: (0.0, np.inf, "MinMaxScaler()"),
    "poisson": (0.0, np.inf, "MinMaxScaler()"),
    "mean_squared_logarithmic_error": (0.0, np.inf, "MinMaxScaler()"),
}

# Losses whose output must lie in part of the real line, with what puts it there.
OUTPUTS = {
    "binary_crossentropy": "sigmoid",
    "binary_focal_crossentropy": "sigmoid",
    CATEGORICAL: "softmax",
    "poisson": "softplus",
}


class LossInstance:
    """A Keras loss object as a function of (target, output) with one value a row.

    Known by its settings, so that copies share compiled programs, and pickled with all
    of them: Keras's own copies of a loss forget some, such as Huber's `delta`.
    """

    def __init__(self, kind: type[keras.losses.Loss], settings: dict[str, Any]) -> None:
        self.kind, self.settings = kind, settings
        self.loss: Any = object.__new__(kind)
        vars(self.loss).update(settings, _dtype_policy=keras.DTypePolicy("float32"))

    def __call__(self, target: Any, output: Any) -> Any:
        return self.loss.call(target, output)

    @property
    def identity(self) -> tuple:
        """Kind and settings."""
        return self.kind, self.settings

    def __getstate__(self) -> dict[str, Any]:
        return {"kind": self.kind, "settings": self.settings}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def check_loss(loss: str | keras.losses.Loss | Callable, n_features: int) -> Loss:
    """Return a hashable description of `loss`: a name or a callable.

    Raises
    ------
    ValueError
        If the name is unknown, or the loss does not return one value a row.
    """
    if isinstance(loss, keras.losses.Loss):
        described: Loss = LossInstance(type(loss), loss_settings(loss))
    else:
        described = _known_name(loss) if isinstance(loss, str) else loss
    _check_one_value_a_row(loss, described, n_features)
    return described


def row_loss(loss: Loss) -> Callable[[Any, Any], Any]:
    """Return the function of (target, output), both (n, d), that gives (n,) losses."""
    if isinstance(loss, keras.losses.Loss):
        return loss.call
    if callable(loss):
        return loss
    if loss == CATEGORICAL:
        return _categorical
    found = keras.losses.get(loss)
    return found.call if isinstance(found, keras.losses.Loss) else found


def column_losses(loss: Loss, whole: Callable[[Any, Any], Any]) -> Callable:
    """Return the function of (target, output), both (..., d), that splits a loss.

    Parameters
    ----------
    loss : str or callable
        As `check_loss` describes it.
    whole : callable
        Its `row_loss`.

    Returns
    -------
    callable
        Gives the share of each column, (..., d), in losses that are means over columns,
        and in the cross-entropy with a distribution over columns, which is a sum.
    """
    if output_activation(loss) == "softmax":
        return _categorical_shares
    return lambda target, output: (
        whole(target[..., None], output[..., None]) / target.shape[-1]
    )


def with_shares(loss: Any, shares: Any) -> Any:
    """Put the loss of each row, (..., n), in front of its shares, (..., n, k)."""
    return ops.concatenate([loss[..., None], shares], axis=-1)


def _categorical(target: Any, output: Any) -> Any:
    """Cross-entropy of counts, or shares, with a distribution over columns.

    Keras's own on TensorFlow has the gradient of targets that sum to 1.
    """
    return ops.sum(_categorical_shares(target, output), axis=-1)


def _categorical_shares(target: Any, output: Any) -> Any:
    return -target * ops.log(ops.maximum(output, keras.config.epsilon()))


def keras_name(loss: Loss) -> str:
    """Return the name of the Keras function behind a described loss, or nothing."""
    if loss == CATEGORICAL:
        return CATEGORICAL
    function = row_loss(loss)
    function = getattr(getattr(function, "loss", None), "fn", function)
    name = getattr(function, "__name__", "")
    return name if getattr(keras.losses, name, None) is function else ""


def output_activation(loss: Loss) -> str:
    """Return the activation of a decoder's output that a described loss needs."""
    if takes_logits(getattr(loss, "settings", {})):
        return "linear"
    return OUTPUTS.get(keras_name(loss), "linear")


def check_loss_domain(loss: Loss, low: float, high: float) -> None:
    """Raise ValueError where data in [low, high] leaves the domain of a Keras loss."""
    name = keras_name(loss)
    smallest, largest, scaler = LOSS_DOMAINS[name]
    if low < smallest or high > largest:
        raise ValueError(
            f"loss={name!r} needs values in [{smallest:g}, {largest:g}], but X holds "
            f"values from {low:g} to {high:g}. Scale X with {scaler} in a Pipeline, or "
            "use loss='mean_squared_error'."
        )


def _known_name(name: str) -> str:
    try:
        found = keras.losses.get(name)
    except ValueError:
        found = None
    if found is None:
        names = [n for n in sorted(dir(keras.losses)) if _is_usable(n)]
        near = get_close_matches(name, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"loss={name!r} is not a loss that Keras knows.{hint} Give one of "
            f"{', '.join(names)}, a keras.losses.Loss, or a callable of (X, output)."
        )
    return getattr(found, "__name__", name)


def _is_usable(name: str) -> bool:
    """Return True if a name of Keras stands for a loss with one value a row."""
    try:
        found = name[0].islower() and keras.losses.get(name) is not None
        if found:
            _check_one_value_a_row(name, name, 3)
        return found
    except (TypeError, ValueError):
        return False


def _check_one_value_a_row(loss: Any, described: Loss, n_features: int) -> None:
    n_rows = 4 if n_features == 3 else 3  # told apart from the columns
    trial = ops.convert_to_tensor(np.full((n_rows, n_features), 0.5, np.float32))
    asked = f"for {n_rows} rows of {n_features} columns"
    try:
        shape = tuple(ops.shape(row_loss(described)(trial, trial)))
    except Exception as error:
        raise ValueError(
            f"loss={loss!r} raised {type(error).__name__} {asked} ({error}). A loss "
            "must take X and output, both (rows, columns), and return one value a row."
        ) from error
    if shape != (n_rows,):
        raise ValueError(
            f"loss={loss!r} returned shape {shape} {asked}, but a loss must return one "
            f"value a row, shape ({n_rows},): take the mean over axis=-1."
        )
