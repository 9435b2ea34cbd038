"""torch: steps one by one, since compiling them costs more than it saves on a CPU."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import islice
from typing import Any

import keras
import numpy as np
import torch
from keras import ops
from torch.overrides import TorchFunctionMode

from skunsup._interrupts import interrupts_put_off
from skunsup._keras_private import SEED_VARIABLE
from skunsup._networks import Network
from skunsup._training._groups import update_averages, vector_twin
from skunsup._training._optimizers import is_entrywise
from skunsup._training._placement import gathered, n_processes, refuse_distribution
from skunsup._training._torch_private import make_fx
from skunsup._training._torch_trace import lean
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
    "tile_rows",
    "to_numpy",
]

# Tracing takes as long as 60 steps or more, which short fits would not win back.
UNTRACED_STEPS = 30
PRODUCTS = {
    torch.matmul,
    torch.mm,
    torch.bmm,
    torch.addmm,
    torch.Tensor.matmul,
    torch.Tensor.__matmul__,
    torch.nn.functional.linear,
}

SEVERAL_PROCESSES = (
    "torch.distributed joins {n} processes, but each would train a network of its own. "
    "Call torch.distributed.destroy_process_group() to let it, or use JAX and "
    "keras.distribution.DataParallel for one network on several devices."
)

# A trace patches torch.nn, which two threads would undo in the wrong order.
_tracing = threading.Lock()


class Trainer(InPlaceTrainer):
    """Keeps the state in the Keras variables and steps through a block one by one."""

    def __init__(
        self,
        network: Network,
        optimizers: list[keras.optimizers.Optimizer],
        decays: Sequence[float] = (),
    ) -> None:
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

        def run(_: Any, block: np.ndarray, n_steps: int) -> np.ndarray:
            minibatches = ops.convert_to_tensor(block)
            records = []
            turns, clock = self.turns, self.optimizers[0].iterations
            for x in minibatches[:n_steps]:
                due = turns[int(clock.value) % len(turns)] if turns[1:] else turns[0]
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
        """Take a step; return its entries and what takes the next ones.

        Of the time of a step, Keras and autograd spend most on finding out what to
        call. A trace of the calls themselves, backward pass and update included, is
        several times as fast and gives the same bits.
        """
        step, seen = partial(self._step, due=due), []

        def noted(x: torch.Tensor) -> torch.Tensor:
            seen.append(step(x))
            return seen[0]

        if not self._traceable:
            return step(x), step
        variables = [*self.variables, *self.optimizer_variables]
        before = list(zip(variables, self._copies(variables), strict=True))
        try:
            with interrupts_put_off(), _tracing, _TensorsOnly():
                program = lean(make_fx(noted)(x))
        except RuntimeError:  # a loss or optimizer that looks at values
            self._traceable = False
            self._put(before)  # half of an update may be done
            return step(x), step
        return seen[0], program

    def _step(self, x: torch.Tensor, due: tuple[int, ...]) -> torch.Tensor:
        """Update the groups that are due, and return the entries of the objective."""
        groups = [[v.value for v in self.groups[g]] for g in due]
        entries = self.network.objective(x)
        flat = [value for values in groups for value in values]
        loss = entries[: self.n_terms].sum()
        slopes = iter(torch.autograd.grad(loss, flat, materialize_grads=True))
        with torch.no_grad():
            for g, values in zip(due, groups, strict=True):
                self._updates[g](list(islice(slopes, len(values))))
                update_averages(
                    self.decays[g], self.optimizers[g], self.groups[g], self.averages[g]
                )
        return entries.detach()


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


def placement() -> None:
    """Raise ValueError where several devices or processes shall train together."""
    refuse_distribution()
    processes = torch.distributed
    if processes.is_available() and processes.is_initialized():
        n = processes.get_world_size()
        if n > 1:
            raise ValueError(SEVERAL_PROCESSES.format(n=n))


def making_variables() -> AbstractContextManager[None]:
    """Block of code in which Keras makes variables."""
    return nullcontext()


def input_gradient(function: Callable[[Any], Any], x: Any) -> Any:
    """Return the gradient of the sum of `function(x)` by `x`, to be differentiated."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(function(x).sum(), x, create_graph=True)[0]


class _TensorsOnly(TorchFunctionMode):
    """Refuses to turn tensors into NumPy arrays, which no trace would see."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if func in (torch.Tensor.numpy, torch.Tensor.__array__):
            raise RuntimeError("A traced step computes with tensors alone.")
        return func(*args, **(kwargs or {}))


class _ExactProducts(TorchFunctionMode):
    """Computes products of matrices in double precision and rounds them to single.

    The single-precision products of torch on a CPU differ in the last bit with the
    place of a row in its batch; this rounds the difference away.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func not in PRODUCTS or args[0].device.type == "mps":  # has no doubles
            return func(*args, **kwargs)
        return func(*map(_doubled, args), **kwargs).float()


def _doubled(value: Any) -> Any:
    return value.double() if torch.is_tensor(value) else value


def concurrent() -> bool:
    """Return True if programs of several trainers run well at the same time."""
    return False  # their steps are Python


def tile_rows() -> int:
    """Rows to which the last rows are filled up."""
    return 32


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """Return an array that may share the tensor's memory."""
    return tensor.detach().cpu().numpy()


def on_device(values: np.ndarray) -> torch.Tensor:
    """Put weights where programs read them."""
    return ops.convert_to_tensor(values)


def compile_scorer(
    function: Callable[[Any, Any], Any], n_weights: int, shape: tuple[int, ...]
) -> Callable[[Any, np.ndarray, int], np.ndarray]:
    """Return a function that runs `function` on the first tiles of a block, at once."""

    def run(weights: Any, block: np.ndarray, n_tiles: int) -> np.ndarray:
        rows = block[:n_tiles].reshape(-1, shape[-1])
        with torch.no_grad(), _ExactProducts():
            out = to_numpy(function(weights, ops.convert_to_tensor(rows)))
        return out.reshape(n_tiles, shape[1], *out.shape[1:]).astype(np.float32)

    return run
