"""What the trainers of all backends share."""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from skunsup._networks import Network
from skunsup._training._programs import backend, count_compilation

MAX_SHAPES = 8


class Trainer(ABC):
    """A network, its optimizer and the programs that train it on blocks of minibatches.

    The state (weights and optimizer variables) is set and read as NumPy arrays. A
    backend's subclass says how steps are compiled and, where it keeps the state
    elsewhere than in the Keras variables, how it moves between the two.

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
        self.variables = list(network.variables)
        self.optimizer_variables = list(optimizer.variables)
        self.pull()
        self.fresh_optimizer = self.optimizer_values()
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
        for variable, value in zip(self.variables, values, strict=True):
            variable.assign(value)
        for variable, value in zip(
            self.optimizer_variables, optimizer_values, strict=True
        ):
            variable.assign(value)
        self.pull()

    def values(self) -> list[np.ndarray]:
        """Copies of the network's variables."""
        return self._copies(self.variables)

    def optimizer_values(self) -> list[np.ndarray]:
        """Copies of the optimizer's variables."""
        return self._copies(self.optimizer_variables)

    def _copies(self, variables: list[keras.Variable]) -> list[np.ndarray]:
        to_numpy = backend().to_numpy
        return [np.array(to_numpy(tensor)) for tensor in self.tensors(variables)]

    @abstractmethod
    def push(self) -> None:
        """Bring the Keras variables up to the state, before others read them."""

    @abstractmethod
    def pull(self) -> None:
        """Take the state from the Keras variables, after others may have set them."""

    @abstractmethod
    def tensors(self, variables: list[keras.Variable]) -> list[Any]:
        """Return what the state holds for `variables`."""

    @abstractmethod
    def _compile(self, shape: tuple[int, ...]) -> Callable[[np.ndarray, int], Any]:
        """Return a function of (block of this shape, steps) that takes the steps."""


class InPlaceTrainer(Trainer):
    """A trainer whose steps update the Keras variables themselves."""

    def push(self) -> None:
        """Nothing to do."""

    def pull(self) -> None:
        """Nothing to do."""

    def tensors(self, variables: list[keras.Variable]) -> list[Any]:
        """Return the values of the variables."""
        return [variable.value for variable in variables]
