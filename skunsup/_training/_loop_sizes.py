"""Sizes of minibatches, epochs and blocks of a training."""

from dataclasses import dataclass

import numpy as np

from skunsup._training._processes import own_share
from skunsup._training._rows import BLOCK_BYTES
from skunsup._training._state import TrainingConfig

TOGETHER = 128  # steps of short epochs that are drawn at once
UNWATCHED = 1024  # steps of short epochs between two looks at the weights, at least
# Bytes of a block that has room for as many steps, however many there are.
SMALL = 2**18


@dataclass(frozen=True)
class LoopSizes:
    """Numbers of rows, steps and epochs that are taken at once.

    Parameters
    ----------
    batch_size : int
        Rows of a minibatch, of this process.
    n_steps : int
        Steps of an epoch.
    total : int
        Steps of the training.
    n_epochs : int
        Epochs of the training, of which the last may be cut short.
    together : int
        Short epochs that are drawn at once.
    group : int
        Short epochs between two looks at the weights.
    block_steps, block_size : int
        Steps of a compiled call, and steps that its block has room for.
    """

    batch_size: int
    n_steps: int
    total: int
    n_epochs: int
    together: int
    group: int
    block_steps: int
    block_size: int


def loop_sizes(
    plan: TrainingConfig, d: int, n_draws: int, n_members: int, *, watched: bool
) -> LoopSizes:
    """Return the sizes of a training.

    Parameters
    ----------
    plan : TrainingConfig
        How to train.
    d : int
        Columns of a row.
    n_draws : int
        Rows of an epoch, of this process.
    n_members : int
        Networks side by side, each of which has minibatches of its own.
    watched : bool
        Whether something looks at the weights after each epoch, apart from what
        `plan` says.
    """
    given = plan.batch_size
    size = n_draws if given is None else n_members * own_share(given)
    batch_size = min(size, n_draws)
    n_steps = -(-n_draws // batch_size)
    total = plan.n_steps(n_steps)
    watched = bool(watched or plan.callbacks or plan.verbose)
    watched = watched or plan.renewal is not None
    together = 1 if watched else max(1, TOGETHER // n_steps)
    drawn = n_steps * together
    short = not watched and drawn <= TOGETHER
    group = together * (-(-UNWATCHED // drawn) if short else 1)
    pieces = plan.pieces if plan.schedule == "cosine" else 1
    longest = max(1, min(drawn, total // pieces))
    steps = block_steps(longest, batch_size * d)
    room = max(steps, block_steps(TOGETHER, batch_size * d, SMALL))
    n_epochs = -(-total // n_steps)
    return LoopSizes(batch_size, n_steps, total, n_epochs, together, group, steps, room)


def block_steps(n_steps: int, step_size: int, n_bytes: int = BLOCK_BYTES) -> int:
    """Steps of one compiled call: a power of two, so that few shapes need a program."""
    fits = max(1, n_bytes // (4 * step_size))
    return int(2 ** min(np.ceil(np.log2(n_steps)), np.floor(np.log2(fits))))
