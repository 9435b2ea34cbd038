"""Stages in which a network of pairs learns more of rows than their neighbours."""

from dataclasses import replace

import numpy as np

from skunsup._fit_data import TrainingTask
from skunsup._networks import Architecture
from skunsup._training import FittedNetwork, TrainingState
from skunsup.models._neighbor_data import NeighborData


def with_columns(task: TrainingTask, columns: np.ndarray) -> TrainingTask:
    """Return the task with more numbers behind each row of a pair.

    Parameters
    ----------
    task : TrainingTask
        On `NeighborData`.
    columns : array of shape (n, more)
        Numbers of the distinct rows, the same for all views of a row.
    """
    data = task.data
    assert isinstance(data, NeighborData)
    with_whole = "decoder" in task.architecture.parts
    return replace(task, data=replace(data, rows=data.pairs(columns, with_whole)))


def own_outputs(
    architecture: Architecture,
    values: list[np.ndarray],
    data: NeighborData,
    method: str = "embed",
) -> np.ndarray:
    """Result of a method of the network for the distinct rows, unchanged."""
    own = np.arange(len(data.origin)) * data.sample.n_views
    return FittedNetwork(architecture, values).compute(method, data.single.part(own))


def continued(
    task: TrainingTask, state: TrainingState, columns: np.ndarray
) -> TrainingState:
    """Train from `state` with `columns`, and put the history behind its own."""
    after = with_columns(replace(task, start=state), columns).run()
    history = {
        name: state.history.get(name, []) + values
        for name, values in after.history.items()
    }
    return replace(after, history=history)


def shortened(task: TrainingTask, share: float) -> TrainingTask:
    """Return the task with a share of its steps, without early stopping."""
    data, plan = task.data, task.plan
    batch = min(plan.batch_size or data.sample.n_draws, data.sample.n_draws)
    steps = plan.n_steps(-(-data.sample.n_draws // batch))
    plan = replace(
        plan,
        max_steps=max(1, round(share * steps)),
        patience=None,
        pieces=max(1, round(share * plan.pieces)),
    )
    return replace(task, plan=plan)
