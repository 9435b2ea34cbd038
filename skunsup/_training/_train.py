"""One training of a network: where it starts, what trains it, where it ended."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import cast

import numpy as np

from skunsup._identity import digest
from skunsup._networks import (
    Architecture,
    Network,
    building_for,
    own_code_explained,
)
from skunsup._training._backend import NetworkTrainer, backend
from skunsup._training._callbacks import copied
from skunsup._training._checkpoint import WORDS, running_checkpoint
from skunsup._training._loop import TrainingLoop
from skunsup._training._optimizers import OptimizerConfig, is_entrywise
from skunsup._training._parallel import ParallelTrainer
from skunsup._training._processes import (
    check_alike,
    n_processes,
    of_first,
)
from skunsup._training._programs import LRUCache
from skunsup._training._rows import Rows
from skunsup._training._samplers import Sampler
from skunsup._training._sampling import BaggedSampler
from skunsup._training._state import (
    Place,
    TrainingConfig,
    TrainingState,
    end_as_tree,
    end_of_tree,
)
from skunsup._training._trainer import Trainer
from skunsup._training._validation import Validation

_trainers = LRUCache(16)

N_SHARES = 2  # trainers of the members of an ensemble, whatever the number of cores

# Settings of a run that change what it learns.
COMPARED = (
    "epochs",
    "batch_size",
    "patience",
    "tol",
    "max_steps",
    "schedule",
    "pieces",
)


def train(
    architecture: Architecture,
    recipes: Sequence[OptimizerConfig],
    plan: TrainingConfig,
    rows: Rows,
    sample: Sampler | BaggedSampler,
    validation: Validation | None,
    state: TrainingState,
) -> TrainingState:
    """Train a network from `state` and return where it ended; `state` is not changed.

    Each group of the network's parameters is trained by the recipe in its place.
    Stops early on the validation loss, on a callback's word, on a loss that is not
    finite (with the last finite weights, and a ConvergenceWarning) and on Ctrl-C (with
    the best weights so far, and a UserWarning; before the first steps have been taken
    Ctrl-C raises KeyboardInterrupt).

    Raises
    ------
    ValueError
        If not even one epoch ends with a finite loss, or a callback raises.
    """
    checkpoint = running_checkpoint()
    saved = None
    if checkpoint is not None:
        saved = checkpoint.begin(_told_by(architecture, recipes, plan, state))
    if n_processes() > 1:
        state = _shared_start(architecture, recipes, plan, validation, state)
    if saved is not None and "end" in saved:
        end = end_of_tree(saved["end"], copied(plan.callbacks))
    else:
        place = None if saved is None else Place(**saved["place"])
        end = _train(
            architecture, recipes, plan, rows, sample, validation, state, place
        )
    if checkpoint is not None:
        checkpoint.end(end_as_tree(end))
        checkpoint.interrupted |= end.interrupted
    return end


def _train(
    architecture: Architecture,
    recipes: Sequence[OptimizerConfig],
    plan: TrainingConfig,
    rows: Rows,
    sample: Sampler | BaggedSampler,
    validation: Validation | None,
    state: TrainingState,
    place: Place | None,
) -> TrainingState:
    """Train as `train` does, from `place` on if there is one."""
    with _lent_trainer(architecture, recipes, state.values) as trainer:
        trainer.load(state.values, _optimizer_start(trainer, recipes, state))
        run = TrainingLoop(architecture, plan, rows, sample, validation, trainer, state)
        run.train(place)
        return TrainingState(
            run.best.values,
            trainer.optimizer_values(),
            run.rng,
            run.history,
            run.copies,
            run.was_interrupted,
        )


def _lent_trainer(
    architecture: Architecture,
    recipes: Sequence[OptimizerConfig],
    values: Sequence[np.ndarray] | None = None,
) -> AbstractContextManager[NetworkTrainer]:
    """Lend a trainer, one that was made before or a new one, of no more weights."""
    recipe_keys = (recipe.key for recipe in recipes)
    key = (backend().placement(), architecture.key, *recipe_keys)
    block = nullcontext if values is None else partial(building_for, values)
    return _trainers.exclusive(key, lambda: _trainer(architecture, recipes, block))


def network_to_train(
    architecture: Architecture, recipes: Sequence[OptimizerConfig]
) -> Network:
    """Return the network that `train` would train, to read names and shapes off it.

    It takes a tenth of a fit to build a network, so none is built for this alone.
    """
    with _lent_trainer(architecture, recipes) as trainer:
        return trainer.network


def _shared_start(
    architecture: Architecture,
    recipes: Sequence[OptimizerConfig],
    plan: TrainingConfig,
    validation: Validation | None,
    state: TrainingState,
) -> TrainingState:
    """Return the weights of the first process, for processes that train together.

    Raises
    ------
    ValueError
        If they do not train the same.
    """
    told_by = _told_by(architecture, recipes, plan, state)
    del told_by["start"]
    held_out = {"X_val or early_stopping": str(validation is None)}
    check_alike({WORDS[name]: value for name, value in told_by.items()} | held_out)
    optimizer = state.optimizer_values
    return replace(
        state,
        values=of_first(state.values),
        optimizer_values=None if optimizer is None else of_first(optimizer),
    )


def _told_by(
    architecture: Architecture,
    recipes: Sequence[OptimizerConfig],
    plan: TrainingConfig,
    state: TrainingState,
) -> dict[str, str]:
    """Return digests that tell a training from others."""
    told_by = {
        "network": architecture.key,
        "optimizer": [(recipe.key, recipe.learning_rate) for recipe in recipes],
        "plan": [getattr(plan, name) for name in COMPARED],
        "callbacks": [type(callback) for callback in plan.callbacks],
        "start": (
            state.values,
            state.optimizer_values,
            state.rng.bit_generator.state,
        ),
    }
    return {name: digest(value) for name, value in told_by.items()}


def _trainer(
    architecture: Architecture,
    recipes: Sequence[OptimizerConfig],
    block: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> NetworkTrainer:
    whole = _trainer_alone(architecture, recipes, block)
    alone = backend().concurrent() and backend().placement() is None
    share = architecture.share(N_SHARES) if alone else None
    pairs = zip(whole.optimizers, whole.groups, strict=True)
    if share is None or not all(is_entrywise(*pair) for pair in pairs):
        return whole
    shares = [_trainer_alone(share, recipes, block) for _ in range(N_SHARES)]
    return ParallelTrainer(whole, shares)


def _trainer_alone(
    architecture: Architecture,
    recipes: Sequence[OptimizerConfig],
    block: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Trainer:
    with block():
        network = architecture.build()
    groups = network.grouped_variables()
    with own_code_explained(lambda: {"optimizer": [r.kind for r in recipes]}):
        optimizers = [r.build(group) for r, group in zip(recipes, groups, strict=True)]
    decays = [recipe.ema for recipe in recipes]
    return cast(Trainer, backend().Trainer(network, optimizers, decays))


def _optimizer_start(
    trainer: NetworkTrainer, recipes: Sequence[OptimizerConfig], state: TrainingState
) -> list[np.ndarray]:
    values = list(state.optimizer_values or trainer.fresh(state.values))
    for recipe, optimizer in zip(recipes, trainer.optimizers, strict=True):
        if recipe.learning_rate is not None:
            rate = optimizer.learning_rate
            place = [v is rate for v in trainer.optimizer_variables].index(True)
            values[place] = np.array(recipe.learning_rate, values[place].dtype)
    return values
