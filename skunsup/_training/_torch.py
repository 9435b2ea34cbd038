"""torch: eager steps, since compiling one costs more than it saves on a CPU."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import torch
from keras import ops
from torch.overrides import TorchFunctionMode

from skunsup._training._trainer import InPlaceTrainer

PRODUCTS = {
    torch.matmul,
    torch.mm,
    torch.bmm,
    torch.addmm,
    torch.Tensor.matmul,
    torch.Tensor.__matmul__,
    torch.nn.functional.linear,
}


class Trainer(InPlaceTrainer):
    """Keeps the state in the Keras variables and steps through a block one by one."""

    def _compile(self, shape: tuple[int, ...]) -> Callable[[np.ndarray, int], Any]:
        return self._steps

    def _steps(self, block: np.ndarray, n_steps: int) -> np.ndarray:
        minibatches = ops.convert_to_tensor(block)
        total = torch.zeros(self.n_recorded, device=minibatches.device)
        turns, clock = self.turns, self.optimizers[0].iterations
        for x in minibatches[:n_steps]:
            due = turns[int(clock.value) % len(turns)] if len(turns) > 1 else turns[0]
            total += self._step(x, due)
        return to_numpy(total)

    def _step(self, x: torch.Tensor, due: tuple[int, ...]) -> torch.Tensor:
        """Update the groups that are due, and return the entries of the objective."""
        groups = [[v.value for v in self.groups[g]] for g in due]
        entries = self.network.objective(x)
        flat = [value for values in groups for value in values]
        loss = entries[: self.n_terms].sum()
        slopes = iter(torch.autograd.grad(loss, flat, materialize_grads=True))
        with torch.no_grad():
            for g, values in zip(due, groups, strict=True):
                gradients = list(islice(slopes, len(values)))
                self.optimizers[g].apply(gradients, self.groups[g])
        return entries.detach()


def input_gradient(function: Callable[[Any], Any], x: Any) -> Any:
    """Return the gradient of the sum of `function(x)` by `x`, to be differentiated."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(function(x).sum(), x, create_graph=True)[0]


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
