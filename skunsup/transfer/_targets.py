"""Checks of rows, targets and the result of training."""

from typing import Any

import keras
import numpy as np

from skunsup._training import WeightedSampler
from skunsup.transfer._encoder import FittedEncoder


def given(y: Any, estimator: Any) -> Any:
    """Return `y`, or raise ValueError where there is none."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but "
            "the target y is None."
        )
    return y


def check_lengths(n_rows: int, n_targets: int) -> None:
    """Raise ValueError where X and y differ in length."""
    if n_rows != n_targets:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X has "
            f"{n_rows} rows, but y has {n_targets}. Give one target a row."
        )


def check_columns(
    encoder: FittedEncoder, n_columns: int, names: np.ndarray | None
) -> None:
    """Raise ValueError where columns are not those that the encoder knows."""
    if n_columns != encoder.part.n_inputs:
        raise ValueError(
            f"X has {n_columns} features, but the encoder of {encoder.name} was "
            f"trained on {encoder.part.n_inputs} features. Give the same columns, "
            "after the same steps of a pipeline."
        )
    if encoder.columns is None or names is None:
        return
    if not np.array_equal(names, encoder.columns):
        at = int(np.argmax(names != encoder.columns))
        raise ValueError(
            f"X has {names[at]!r} as column {at}, but the encoder of {encoder.name} "
            f"was trained on {encoder.columns[at]!r} there. Give the same columns in "
            "the same order, for instance X[model.feature_names_in_]."
        )


def split(
    sample: WeightedSampler, fraction: float, rng: np.random.Generator
) -> tuple[WeightedSampler, WeightedSampler]:
    """Return rows to train on and rows to judge by; ValueError if none are left."""
    rest, held = sample.split(fraction, rng)
    if not len(rest.index):
        raise ValueError(
            f"validation_split={fraction} of {len(sample.index)} distinct rows leaves "
            "none to train on. Give more rows, or a smaller fraction."
        )
    return rest, held


def check_finite(
    values: list[np.ndarray], history: dict[str, list[float]], optimizer: Any
) -> None:
    """Raise ValueError where training diverged to NaN or infinity."""
    losses = history.get("loss", [])
    if np.isfinite(losses).all() and all(np.isfinite(v).all() for v in values):
        return
    epoch = int(np.argmin(np.isfinite(losses))) + 1
    rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    raise ValueError(
        f"The training loss became {losses[epoch - 1]} in epoch {epoch}, so nothing "
        f"was fitted. Try a smaller learning rate (it is {rate:g}), an optimizer with "
        "clipnorm=1.0, or X and y on a scale near 1."
    )
