"""torch: steps one by one, since compiling them costs more than it saves on a CPU."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import islice
from typing import Any

import keras
import numpy as np
import torch
from keras import ops

from skunsup._keras_private import SEED_VARIABLE
from skunsup._networks import Network
from skunsup._training._groups import update_averages, vector_twin
from skunsup._training._optimizers import is_entrywise
from skunsup._training._torch_processes import (
    averaged,
    check_cut,
    gathered,
    mean_of_all,
    n_processes,
    own_draws,
    placement,
    rank,
)
from skunsup._training._torch_scoring import compile_scorer, tile_rows
from skunsup._training._torch_trace import trace
from skunsup._training._trainer import InPlaceTrainer, Program

__all__ = [
    "Trainer",
    "compile_scorer",
    "concurrent",
    "gathered",
    "input_gradient",
    "making_variables",
    "n_processes",
    "on_device",
    "placement",
    "rank",
    "tile_rows",
    "to_numpy",
]

# Tracing takes as long as 60 steps or more, which short fits would not win back.
UNTRACED_STEPS = 30


class Trainer(InPlaceTrainer):
    """Keeps the state in the Keras variables and steps through a block one by one."""

    def __init__(
        self,
        network: Network,
        optimizers: list[keras.optimizers.Optimizer],
        decays: Sequence[float] = (),
    ) -> None:
        network.mean_of_all = mean_of_all
        with _recording():
            super().__init__(network, optimizers, decays)
            pairs = list(zip(optimizers, self.groups, strict=True))
            entrywise = [is_entrywise(*pair) for pair in pairs]
            self._updates = [
                _update_at_once(*pair) if at_once else partial(_update, *pair)
                for pair, at_once in zip(pairs, entrywise, strict=True)
            ]
        # Random layers of Keras, schedules and own layers may compute with Python
        # numbers, which a traced step would repeat for ever.
        self._traceable = (
            all(entrywise)
            and np.isfinite(self._rates()).all()
            and not network.regularized
            and all(v.name != SEED_VARIABLE for v in network.variables)
        )

    def _compile(self, shape: tuple[int, ...]) -> Program:
        steps: dict[tuple[int, ...], Callable] = {}
        n_taken: Counter[tuple[int, ...]] = Counter()
        turns, clock = self.turns, self.optimizers[0].iterations

        @_recording()
        def run(_: Any, block: np.ndarray, n_steps: int) -> np.ndarray:
            minibatches = ops.convert_to_tensor(block)
            records = []
            self._check_cut(minibatches[0])
            with own_draws(self.network.n_members):
                for x in minibatches[:n_steps]:
                    at = int(clock.value) % len(turns) if turns[1:] else 0
                    due = turns[at]
                    n_taken[due] += 1
                    if due in steps:
                        records.append(steps[due](x))
                    elif n_taken[due] <= UNTRACED_STEPS:
                        records.append(self._step(x, due))
                    else:
                        entries, steps[due] = self._traced_step(x, due)
                        records.append(entries)
            return to_numpy(torch.stack(records))

        return run

    def _traced_step(
        self, x: torch.Tensor, due: tuple[int, ...]
    ) -> tuple[torch.Tensor, Callable]:
        """Take a step; return its entries and a function that takes the next ones.

        Processes talk to each other between two traces.
        """
        if n_processes() == 1:
            return self._traced(partial(self._step, due=due), x)
        slopes, slope = self._traced(partial(self._slopes, due=due), x)
        entries, move = self._traced(partial(self._moved, due=due), averaged(slopes))
        return entries, lambda x: move(averaged(slope(x)))

    def _traced(self, function: Callable, given: Any) -> tuple[Any, Callable]:
        """Return the result of a part of a step, and a function for the next steps.

        Of the time of a step, Keras and autograd spend most on finding out what to
        call. A trace of the calls themselves, backward pass and update included, is
        several times as fast and gives the same bits.
        """
        seen: list[Any] = []

        def noted(given: Any) -> Any:
            seen.append(function(given))
            return seen[0]

        if not self._traceable:
            return function(given), function
        variables = [*self.variables, *self.optimizer_variables]
        before = list(zip(variables, self._copies(variables), strict=True))
        try:
            program = trace(noted, given)
        except RuntimeError:  # a loss or optimizer that looks at values
            self._traceable = False
            self._put(before)  # half of an update may be done
            return function(given), function
        return seen[0], program

    def _step(self, x: torch.Tensor, due: tuple[int, ...]) -> torch.Tensor:
        """Update the groups that are due, and return the entries of the objective."""
        return self._moved(averaged(self._slopes(x, due)), due)

    def _slopes(self, x: torch.Tensor, due: tuple[int, ...]) -> list[torch.Tensor]:
        """Return the gradients of groups, and behind them the objective's entries."""
        values = [v.value for g in due for v in self.groups[g]]
        entries = self.network.objective(x)
        loss = entries[: self.n_terms].sum()
        slopes = torch.autograd.grad(loss, values, materialize_grads=True)
        return [*slopes, entries.detach()]

    def _moved(self, slopes: list[torch.Tensor], due: tuple[int, ...]) -> torch.Tensor:
        """Update groups by what `_slopes` returned; return the entries."""
        *gradients, entries = slopes
        each = iter(gradients)
        with torch.no_grad():
            for g in due:
                self._updates[g](list(islice(each, len(self.groups[g]))))
                update_averages(
                    self.decays[g], self.optimizers[g], self.groups[g], self.averages[g]
                )
        return entries

    def load(
        self, values: list[np.ndarray], optimizer_values: list[np.ndarray]
    ) -> None:
        """Set the network's and the optimizers' variables."""
        super().load(values, optimizer_values)
        self._checked = n_processes() == 1

    def _check_cut(self, x: torch.Tensor) -> None:
        """Raise ValueError where processes cannot share minibatches such as `x`."""
        if not self._checked:
            check_cut(self._slopes_of_groups, x, self.network)
            self._checked = True

    def _slopes_of_groups(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return the gradient of each group, one vector, and the terms of the loss."""
        *gradients, entries = self._slopes(x, tuple(range(len(self.groups))))
        each = iter(gradients)
        of_groups = [list(islice(each, len(group))) for group in self.groups]
        whole = [torch.cat([g.reshape(-1) for g in found]) for found in of_groups]
        return [*whole, entries[: self.n_terms]]


def _update(
    optimizer: keras.optimizers.Optimizer,
    variables: list[keras.Variable],
    gradients: list[torch.Tensor],
) -> None:
    optimizer.apply(gradients, variables)


def _update_at_once(
    optimizer: keras.optimizers.Optimizer, variables: list[keras.Variable]
) -> Callable[[list[torch.Tensor]], None]:
    """Return a function that takes gradients and makes one update of all entries.

    It is that of a twin of `optimizer` with one vector to update. Each variable of the
    twin shares its memory with those of `optimizer` in its place, and the vector with
    `variables`, so that all else reads and sets them as ever.
    """
    vector, twin, pairs = vector_twin(optimizer, variables)
    for whole, parts in pairs:
        _share_memory(whole, parts)

    def update(gradients: list[torch.Tensor]) -> None:
        twin.apply([torch.cat([g.reshape(-1) for g in gradients])], [vector])

    return update


def _share_memory(whole: keras.Variable, parts: list[keras.Variable]) -> None:
    """Let `parts` be what `whole` consists of; the values are those of `parts`."""
    tensors = [part.value.data for part in parts]
    entries = torch.cat([tensor.reshape(-1) for tensor in tensors])
    whole.value.data = entries.reshape(whole.shape)
    slices = entries.split([tensor.numel() for tensor in tensors])
    for part, taken in zip(parts, slices, strict=True):
        part.value.data = taken.reshape(part.shape)


@contextmanager
def _recording() -> Iterator[None]:
    """Block of code in which gradients are taken, whatever mode the caller is in."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


def making_variables() -> AbstractContextManager[None]:
    """Block of code in which Keras makes variables.

    Those made in torch's inference mode could never be trained, in later fits neither.
    """
    return torch.inference_mode(False)


def input_gradient(function: Callable[[Any], Any], x: Any) -> Any:
    """Return the gradient of the sum of `function(x)` by `x`, to be differentiated."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(function(x).sum(), x, create_graph=True)[0]


def concurrent() -> bool:
    """Return True if programs of several trainers run well at the same time."""
    return False  # their steps are Python


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """Return an array that may share the tensor's memory."""
    return tensor.detach().cpu().numpy()


def on_device(values: np.ndarray) -> torch.Tensor:
    """Put weights where programs read them."""
    return ops.convert_to_tensor(values)
