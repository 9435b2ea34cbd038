"""Settings of a training run, and all that it moves on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import keras
import numpy as np

from skunsup._networks import recorded, take_up
from skunsup._training._rows import Rows

PIECES = 50  # pieces of constant rate that make up a cosine schedule, at least


class Renewal(Protocol):
    """Renewal of rows in the course of a training."""

    def __call__(self, step: int, values: list[np.ndarray]) -> Rows | None:
        """Return the rows to go on with after `step` steps, or None to end there."""

    def saved(self) -> dict[str, Any]:
        """State for the file of a checkpoint."""

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what it knew."""


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of one training run.

    Parameters
    ----------
    epochs : int or None
        At most so many passes; None for as many as `max_steps` takes.
    batch_size : int or None
        Rows a step; None, or more than an epoch draws, takes all in one step.
    patience : int or None
        Stop after so many epochs in which the validation loss did not fall by `tol`,
        and keep the weights of the best; None to train on and keep the last.
    tol : float
        See `patience`.
    callbacks : sequence of keras.callbacks.Callback
        Copied, never changed.
    verbose : int
        Whether to show the progress.
    max_steps : int or None
        At most so many steps; None for no limit. The last epoch may be cut short.
    schedule : {"constant", "cosine"}
        What becomes of the learning rate.
    pieces : int
        Of constant rate that make up a cosine schedule, at least.
    preliminary : bool
        Whether more is to be trained before anything is fitted, so that Ctrl-C raises
        KeyboardInterrupt.
    renewal : Renewal or None
        Called before each epoch.
    """

    epochs: int | None
    batch_size: int | None
    patience: int | None = None
    tol: float = 0.0
    callbacks: Sequence[keras.callbacks.Callback] = ()
    verbose: int = 0
    max_steps: int | None = None
    schedule: str = "constant"
    pieces: int = PIECES
    preliminary: bool = False
    renewal: Renewal | None = None

    def n_steps(self, per_epoch: int) -> int:
        """Return the number of steps, with so many an epoch."""
        limits = [self.max_steps]
        if self.epochs is not None:
            limits.append(self.epochs * per_epoch)
        return min(limit for limit in limits if limit is not None)


@dataclass
class TrainingState:
    """All that training moves on: enough to go on later as if it had not stopped.

    Parameters
    ----------
    values : list of arrays
        Variables of the network.
    optimizer_values : list of arrays or None
        Variables of the optimizer; None for a fresh one.
    rng : numpy.random.Generator
        Draws the minibatches.
    history : dict of str to list of float
        One entry an epoch: `loss`, its terms where there are several, `val_loss`.
    callbacks : list
        The copies that were called.
    interrupted : bool
        Whether Ctrl-C ended the training.
    """

    values: list[np.ndarray]
    optimizer_values: list[np.ndarray] | None
    rng: np.random.Generator
    history: dict[str, list[float]] = field(default_factory=dict)
    callbacks: list[keras.callbacks.Callback] = field(default_factory=list)
    interrupted: bool = False


@dataclass(frozen=True)
class Place:
    """Place of a training, between two blocks of steps.

    Parameters
    ----------
    epoch : int
        Number of the epoch that comes next, or that runs.
    values, optimizer_values : list of arrays
        Variables of the network and of its optimizers.
    rng : dict
        State of the generator before that epoch.
    history : dict of str to list of float
        Of the epochs that have ended.
    kept : list of arrays
        Best weights so far.
    best : float
        Their validation loss.
    stale : int
        Epochs since.
    taken : list of arrays
        What was recorded in the blocks of the running epoch.
    callbacks : list of dict
        What callbacks have recorded.
    renewal : dict
        State of what renews rows.
    """

    epoch: int
    values: list[np.ndarray]
    optimizer_values: list[np.ndarray]
    rng: Mapping[str, Any]
    history: dict[str, list[float]]
    kept: list[np.ndarray]
    best: float
    stale: int
    taken: list[np.ndarray]
    callbacks: list[dict[str, Any]]
    renewal: dict[str, Any]


def generator_at(state: Mapping[str, Any]) -> np.random.Generator:
    """Return a new generator with the state of another's `bit_generator`."""
    rng = np.random.Generator(getattr(np.random, state["bit_generator"])())
    rng.bit_generator.state = state
    return rng


def end_as_tree(state: TrainingState) -> dict[str, Any]:
    """Return the end of a training as the file of a checkpoint takes it."""
    return {
        "values": state.values,
        "optimizer_values": state.optimizer_values,
        "rng": state.rng.bit_generator.state,
        "history": state.history,
        "callbacks": [recorded(callback) for callback in state.callbacks],
    }


def end_of_tree(
    tree: dict[str, Any], callbacks: list[keras.callbacks.Callback]
) -> TrainingState:
    """Return the end of a training out of the file of a checkpoint.

    Parameters
    ----------
    tree : dict
        As `end_as_tree` gives it.
    callbacks : list of keras.callbacks.Callback
        Copies of the user's, which take up what they had recorded.
    """
    for callback, known in zip(callbacks, tree["callbacks"], strict=True):
        take_up(callback, known)
    return TrainingState(
        tree["values"],
        tree["optimizer_values"],
        generator_at(tree["rng"]),
        tree["history"],
        callbacks,
    )
