"""torch: eager steps, since compiling one costs more than it saves on a CPU."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import torch
from keras import ops

from skunsup._training._trainer import InPlaceTrainer


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
        with torch.no_grad():
            out = to_numpy(function(weights, ops.convert_to_tensor(rows)))
        return out.reshape(n_tiles, shape[1], *out.shape[1:]).astype(np.float32)

    return run


def scoring_network(network: keras.Model) -> keras.Model:
    """Let `network` compute in double precision.

    Its results are rounded to single precision afterwards. The matrix products of
    torch on a CPU differ in the last bit with the place of a row in its batch; this
    rounds the difference away.
    """
    if ops.convert_to_tensor(0.0).device.type == "mps":
        return network
    for layer in network._flatten_layers():
        layer.dtype_policy = keras.DTypePolicy("float64")
    return network
