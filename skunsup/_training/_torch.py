"""torch: eager steps, since compiling one costs more than it saves on a CPU."""

from collections.abc import Callable
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
        trainable = self.network.trainable_variables
        total = torch.zeros(len(self.network.term_names), device=minibatches.device)
        for x in minibatches[:n_steps]:
            for variable in trainable:
                variable.value.grad = None
            terms = self.network.objective(x)
            terms.sum().backward()
            with torch.no_grad():
                gradients = [variable.value.grad for variable in trainable]
                self.optimizer.apply(gradients, trainable)
                total += terms.detach()
        return to_numpy(total)


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
