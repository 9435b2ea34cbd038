"""Base of the trainers of all backends."""

import math
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import keras
import numpy as np

from skunsup._interrupts import interrupts_put_off
from skunsup._networks import Network, building, own_code_explained
from skunsup._training._backend import Work, backend
from skunsup._training._groups import new_averages
from skunsup._training._programs import count_compilation

MAX_SHAPES = 8

Program = Callable[["Trainer", np.ndarray, int], Any]


class Trainer(ABC):
    """A network, its optimizers and the programs that train it on minibatches.

    The state (weights and optimizer variables) is set and read as NumPy arrays. A
    backend's subclass says how steps are compiled and, where it keeps the state
    elsewhere than in the Keras variables, how it moves between the two.

    Parameters
    ----------
    network : Network
        Built network that belongs to this trainer alone.
    optimizers : list of keras.optimizers.Optimizer
        One for each group of the network's trainable variables, built for them.
    decays : sequence of float, default=()
        Decay of the averages of each group, 0 for none; () for none at all. Averages
        count as the variables of the network, and what they are the averages of, as
        those of an optimizer.
    """

    def __init__(
        self,
        network: Network,
        optimizers: list[keras.optimizers.Optimizer],
        decays: Sequence[float] = (),
    ) -> None:
        self.network, self.optimizers = network, optimizers
        self.decays = tuple(decays) or (0.0,) * len(optimizers)
        with building():
            network.compile(optimizer=optimizers[0])
        network.input_gradient = backend().input_gradient
        self._to_numpy = backend().to_numpy
        self.n_terms = len(network.term_names)
        self.n_recorded = self.n_terms + len(network.own_metrics)
        self.groups = network.grouped_variables()
        self.averages = [
            new_averages(*pair) for pair in zip(self.groups, self.decays, strict=True)
        ]
        pairs = [
            pair
            for own, averages in zip(self.groups, self.averages, strict=True)
            for pair in zip(own, averages, strict=bool(averages))
        ]
        shown = {id(weight): average for weight, average in pairs}
        places = {id(v): i for i, v in enumerate(network.variables)}
        self._averaged = [places[id(weight)] for weight, _ in pairs]
        self.variables = [shown.get(id(v), v) for v in network.variables]
        own_variables = [v for o in optimizers for v in o.variables]
        self.optimizer_variables = [*own_variables, *(weight for weight, _ in pairs)]
        self.pull()
        self._fresh_optimizer = self._copies(own_variables)
        self.programs: OrderedDict[tuple[int, ...], Callable] = OrderedDict()

    def run(
        self, block: np.ndarray, n_steps: int, rate_factor: float = 1.0
    ) -> np.ndarray:
        """Take one step on each of the first `n_steps` minibatches of `block`.

        Parameters
        ----------
        block : array of shape (k, batch, d), float32
            Minibatches.
        n_steps : int
            At most k.
        rate_factor : float, default=1.0
            What the constant learning rates are multiplied by in these steps.

        Returns
        -------
        array of shape (n_steps, n_recorded), float64
            The entries of the objective in each step: terms, then metrics.
        """
        with own_code_explained(self._made_of):
            return self._run(block, n_steps, rate_factor)

    def _run(self, block: np.ndarray, n_steps: int, rate_factor: float) -> np.ndarray:
        program = self.programs.get(block.shape)
        if program is None:
            count_compilation()
            with interrupts_put_off():
                program = self.programs[block.shape] = self._compile(block.shape)
            if len(self.programs) > MAX_SHAPES:
                self.programs.popitem(last=False)
        if rate_factor == 1.0:
            records = program(self, block, n_steps)
        else:
            with self.rates_scaled(rate_factor):
                records = program(self, block, n_steps)
        return np.asarray(records, np.float64)[:n_steps]

    def runs(
        self, work: Iterable[Work], ahead: Callable[[], int]
    ) -> Generator[np.ndarray]:
        """Results of `run` for each of `work`, its arguments.

        Parameters
        ----------
        work : iterable of (block, n_steps, rate_factor)
            Read as the steps are taken.
        ahead : callable
            Returns how many more a trainer may read before it has taken the steps of
            one. It is asked before each.
        """
        return (self.run(*each) for each in work)

    def load(
        self, values: list[np.ndarray], optimizer_values: list[np.ndarray]
    ) -> None:
        """Set the network's and the optimizer's variables."""
        variables = [*self.variables, *self.optimizer_variables]
        self._put(list(zip(variables, [*values, *optimizer_values], strict=True)))
        rates = self._rates()
        self._shares = rates[1:] / rates[0]

    def fresh(self, values: list[np.ndarray]) -> list[np.ndarray]:
        """Optimizer's variables before training from `values`."""
        return [*self._fresh_optimizer, *(values[i] for i in self._averaged)]

    def values(self) -> list[np.ndarray]:
        """Copies of the network's variables."""
        return self._copies(self.variables)

    def optimizer_values(self) -> list[np.ndarray]:
        """Copies of the optimizer's variables."""
        return self._copies(self.optimizer_variables)

    @contextmanager
    def rates_together(self) -> Iterator[None]:
        """Let a callback that changes the first learning rate change all, in scale."""
        before = self._rates()[0]
        yield
        after = self._rates()[0]
        if after == before:
            return
        for optimizer, share in zip(self.optimizers[1:], self._shares, strict=True):
            if np.isfinite(share):
                optimizer.learning_rate = after * share

    def constant_rates(self) -> list[keras.Variable]:
        """The learning rates that no schedule of the optimizer's own sets."""
        constant = {id(variable) for variable in self.optimizer_variables}
        with own_code_explained(self._made_of):
            rates = [optimizer.learning_rate for optimizer in self.optimizers]
        return [rate for rate in rates if id(rate) in constant]

    def _rates(self) -> np.ndarray:
        """Learning rate of each optimizer, NaN where a schedule sets it."""
        constant = {id(rate) for rate in self.constant_rates()}
        to_numpy = self._to_numpy
        with own_code_explained(self._made_of):
            rates = [optimizer.learning_rate for optimizer in self.optimizers]
        return np.array(
            [float(to_numpy(r.value)) if id(r) in constant else np.nan for r in rates]
        )

    def _made_of(self) -> dict[str, Any]:
        return {"optimizer": self.optimizers, "": self.network}

    @property
    def turns(self) -> list[tuple[int, ...]]:
        """The groups that are updated in each step of a cycle of steps."""
        paces = [group.every for group in self.network.groups] or [1]
        return [
            tuple(g for g, every in enumerate(paces) if step % every == every - 1)
            for step in range(math.lcm(*paces))
        ]

    def _copies(self, variables: list[keras.Variable]) -> list[np.ndarray]:
        return [np.array(self._to_numpy(each)) for each in self.tensors(variables)]

    @abstractmethod
    def _put(self, pairs: list[tuple[keras.Variable, np.ndarray]]) -> None:
        """Set the state, and the Keras variables of constant learning rates."""

    @abstractmethod
    def push(self) -> None:
        """Bring the Keras variables up to the state, before others read them."""

    @abstractmethod
    def pull(self) -> None:
        """Take the state from the Keras variables, after others may have set them."""

    @abstractmethod
    def rates_scaled(self, factor: float) -> AbstractContextManager[None]:
        """Multiply the constant learning rates by `factor` in a block of code."""

    @abstractmethod
    def tensors(self, variables: list[keras.Variable]) -> list[Any]:
        """Values of `variables` in the state."""

    @abstractmethod
    def _compile(self, shape: tuple[int, ...]) -> Program:
        """Return a function of (trainer, block of this shape, steps) that takes steps.

        It returns what `run` does, with any rows behind those of the steps. The trainer
        is this one or, where `concurrent()`, another one of an equal network.
        """


class InPlaceTrainer(Trainer):
    """A trainer whose steps update the Keras variables themselves."""

    def _put(self, pairs: list[tuple[keras.Variable, np.ndarray]]) -> None:
        for variable, value in pairs:
            self._assign(variable, value)

    def _assign(self, variable: keras.Variable, value: np.ndarray) -> None:
        variable.assign(value)

    def push(self) -> None:
        """Nothing to do."""

    def pull(self) -> None:
        """Nothing to do."""

    @contextmanager
    def rates_scaled(self, factor: float) -> Iterator[None]:
        """Multiply the constant learning rates by `factor` in a block of code."""
        rates = self.constant_rates()
        before = self._copies(rates)
        try:
            for rate, value in zip(rates, before, strict=True):
                self._assign(rate, value * np.float32(factor))
            yield
        finally:
            for rate, value in zip(rates, before, strict=True):
                self._assign(rate, value)

    def tensors(self, variables: list[keras.Variable]) -> list[Any]:
        """Return the values of the variables."""
        return [variable.value for variable in variables]
