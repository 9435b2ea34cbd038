"""Interfaces of a backend and of a trainer."""

import importlib
from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Protocol, cast

import keras
import numpy as np

from skunsup._networks import Network, make_variables_in

BACKENDS = ("tensorflow", "jax", "torch")

Values = list[np.ndarray]
Work = tuple[np.ndarray, int, float]


class NetworkTrainer(Protocol):
    """A network with its optimizers, trained on blocks of minibatches.

    `Trainer` trains one network by one program, `ParallelTrainer` several at the same
    time.
    """

    network: Network
    optimizers: list[keras.optimizers.Optimizer]
    optimizer_variables: list[keras.Variable]
    n_terms: int

    def run(
        self, block: np.ndarray, n_steps: int, rate_factor: float = 1.0
    ) -> np.ndarray:
        """Take one step on each of the first `n_steps` minibatches of `block`."""

    def runs(
        self, work: Iterable[Work], ahead: Callable[[], int]
    ) -> Generator[np.ndarray]:
        """Results of `run` for each of `work`, its arguments."""

    def load(self, values: Values, optimizer_values: Values) -> None:
        """Set the network's and the optimizers' variables."""

    def fresh(self, values: Values) -> Values:
        """Optimizers' variables before training from `values`."""

    def values(self) -> Values:
        """Copies of the network's variables."""

    def optimizer_values(self) -> Values:
        """Copies of the optimizers' variables."""

    def push(self) -> None:
        """Bring the Keras variables up to the state, before others read them."""

    def pull(self) -> None:
        """Take the state from the Keras variables, after others may have set them."""

    def rates_together(self) -> AbstractContextManager[None]:
        """Let a callback that changes the first learning rate change all, in scale."""


class Backend(Protocol):
    """A module of the engine for one backend of Keras.

    It is `skunsup/_training/_NAME.py` for the name that Keras gives the backend, and
    the only place that imports it.
    """

    @staticmethod
    def Trainer(
        network: Network,
        optimizers: list[keras.optimizers.Optimizer],
        decays: Sequence[float] = (),
    ) -> "NetworkTrainer":
        """Return a trainer of a built network, of a subclass of `Trainer`.

        It keeps averages of the weights of each group whose decay is not 0.
        """

    @staticmethod
    def making_variables() -> AbstractContextManager[None]:
        """Block of code in which Keras makes variables."""

    @staticmethod
    def input_gradient(function: Callable[[Any], Any], x: Any) -> Any:
        """Return the gradient of the sum of `function(x)` by `x`.

        It can itself be differentiated.
        """

    @staticmethod
    def concurrent() -> bool:
        """Return True if programs of several trainers run well at the same time."""

    @staticmethod
    def placement() -> Hashable:
        """Return the devices that minibatches are cut among; None for one device.

        Raises
        ------
        ValueError
            If the user asks for devices that the backend does not train on.
        """

    @staticmethod
    def n_processes() -> int:
        """Number of processes that train one network together; 1 where none do."""

    @staticmethod
    def rank() -> int:
        """Return the place of this process among them, from 0 up."""

    @staticmethod
    def gathered(values: np.ndarray) -> np.ndarray:
        """Return the arrays of all of them, of one shape, behind a new first axis."""

    @staticmethod
    def tile_rows() -> int:
        """Rows that a scoring program treats at once."""

    @staticmethod
    def to_numpy(tensor: Any) -> np.ndarray:
        """Return a tensor or variable as an array that may share its memory."""

    @staticmethod
    def on_device(values: np.ndarray) -> Any:
        """Put weights where programs read them."""

    @staticmethod
    def compile_scorer(
        function: Callable[[Any, Any], Any], n_weights: int, shape: tuple[int, ...]
    ) -> Callable[[Any, np.ndarray, int], np.ndarray]:
        """Compile `function` of (weights, tile) for the first tiles of a block.

        The result for a row must be the same to the bit in any tile and in any number
        of tiles.

        Parameters
        ----------
        function : callable
            In `keras.ops`, of a vector of weights and a tile (rows, columns).
        n_weights : int
            Length of the vector.
        shape : tuple of int
            Of a block: (tiles, rows of a tile, columns).

        Returns
        -------
        callable
            Of (what `on_device` returned, block, tiles to compute), which returns an
            array of shape (tiles, rows of a tile, ...).
        """


def backend() -> Backend:
    """Return the engine's module for the running Keras backend."""
    name = keras.backend.backend()
    if name not in BACKENDS:
        raise RuntimeError(
            f"skunsup trains on the Keras backends {', '.join(BACKENDS)}, but Keras "
            f"runs on {name!r}. Set KERAS_BACKEND before Python starts."
        )
    return _loaded(name)


@cache
def _loaded(name: str) -> Backend:
    return cast(Backend, importlib.import_module(f"skunsup._training._{name}"))


make_variables_in(lambda: backend().making_variables())
