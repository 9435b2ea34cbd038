"""What the trainers of all backends share."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from skunsup._networks import Network
from skunsup._training._programs import backend, count_compilation

MAX_SHAPES = 8


class Trainer:
    """A network, its optimizer and the programs that train it on blocks of minibatches.

    The state (weights and optimizer variables) is set and read as NumPy arrays. A
    backend's subclass fills in `_compile`; between `run` and `push` it may keep the
    state elsewhere than in the Keras variables.

    Parameters
    ----------
    network : Network
        Built network that belongs to this trainer alone.
    optimizer : keras.optimizers.Optimizer
        Built for the network's trainable variables.
    """

    def __init__(self, network: Network, optimizer: keras.optimizers.Optimizer) -> None:
        self.network, self.optimizer = network, optimizer
        network.compile(optimizer=optimizer)
        self.fresh_optimizer = [as_array(v) for v in optimizer.variables]
        self._programs: OrderedDict[tuple[int, ...], Callable] = OrderedDict()

    def run(self, block: np.ndarray, n_steps: int) -> np.ndarray:
        """Take one step on each of the first `n_steps` minibatches of `block`.

        Parameters
        ----------
        block : array of shape (k, batch, d), float32
            Minibatches.
        n_steps : int
            At most k.

        Returns
        -------
        array of shape (n_terms,), float64
            Sums over the steps of the terms of the objective.
        """
        program = self._programs.get(block.shape)
        if program is None:
            count_compilation()
            program = self._programs[block.shape] = self._compile(block.shape)
            if len(self._programs) > MAX_SHAPES:
                self._programs.popitem(last=False)
        return np.asarray(program(block, n_steps), np.float64)

    def load(
        self, values: list[np.ndarray], optimizer_values: list[np.ndarray]
    ) -> None:
        """Set the network's and the optimizer's variables."""
        for variable, value in zip(self.network.variables, values, strict=True):
            variable.assign(value)
        for variable, value in zip(
            self.optimizer.variables, optimizer_values, strict=True
        ):
            variable.assign(value)
        self.pull()

    def values(self) -> list[np.ndarray]:
        """Copies of the network's variables."""
        self.push()
        return [as_array(variable) for variable in self.network.variables]

    def optimizer_values(self) -> list[np.ndarray]:
        """Copies of the optimizer's variables."""
        self.push()
        return [as_array(variable) for variable in self.optimizer.variables]

    def push(self) -> None:
        """Bring the Keras variables up to the state, before others read them."""

    def pull(self) -> None:
        """Take the state from the Keras variables, after others may have set them."""

    def _compile(self, shape: tuple[int, ...]) -> Callable[[np.ndarray, int], Any]:
        raise NotImplementedError


def as_array(variable: keras.Variable) -> np.ndarray:
    """Return a copy of a variable's value."""
    return np.array(backend().to_numpy(variable.value))
