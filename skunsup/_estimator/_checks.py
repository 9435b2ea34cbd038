"""Errors of a fit: sizes that take memory, and what changed since the last fit."""

from typing import Any

from sklearn.base import BaseEstimator

from skunsup._fit_data import FitData
from skunsup._identity import differ
from skunsup._networks import Architecture
from skunsup._training import EnsembleConfig, OptimizerConfig

# Parameters of models that say how much memory their networks need.
SIZES = (
    "n_components",
    "n_clusters",
    "hidden_layer_sizes",
    "discriminator_layer_sizes",
    "n_importance_samples",
    "encoder",
    "decoder",
    "discriminator",
    "generator",
    "inputs",
    "batch_size",
)

CHANGED = (
    "{name} cannot go on training, because its parameters or the columns of X now "
    "describe another {what} than in the last fit. Set them back, or call fit with "
    "warm_start=False to start anew."
)


def sizes(
    model: BaseEstimator, data: FitData, members: EnsembleConfig | None
) -> dict[str, Any]:
    """Return the parameters that say how much memory is needed, and X's columns."""
    given = model.get_params(deep=False)
    named = {k: given[k] for k in SIZES if given.get(k) is not None}
    if members is not None:
        named["n_estimators"] = members.n_members
    return {**named, "the columns of X": data.rows.d}


def check_unchanged(
    name: str,
    fitted: tuple[Architecture, tuple[OptimizerConfig, ...]],
    asked: tuple[Architecture, tuple[OptimizerConfig, ...]],
) -> None:
    """Raise ValueError if the network or optimizers asked for are not the fitted."""
    changed = ""
    if differ(fitted[0], asked[0]):
        changed = "network"
    elif any(differ(*pair) for pair in zip(fitted[1], asked[1], strict=True)):
        changed = "optimizer"
    if changed:
        raise ValueError(CHANGED.format(name=name, what=changed))
