"""What a network is made of, apart from its weights."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

import keras
import numpy as np
from keras import ops

from skunsup._random import draw_seed, global_state_kept


class Part(Protocol):
    """One replaceable piece of a network, such as an encoder; hashable."""

    regularized: ClassVar[bool]

    @property
    def n_inputs(self) -> int:
        """Number of columns in."""

    @property
    def n_outputs(self) -> int:
        """Number of columns out."""

    def build(self) -> keras.Model:
        """Return a new Keras model with weights of no importance."""

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Start values of the variables of the model that `build` returns, in order."""


class Network(keras.Model):
    """Base of every trainable network: its whole objective is `loss_terms`.

    A subclass lists `own_terms` and returns them, in that order, from `loss_terms`;
    the engine minimises their sum and records each. It also has one method for each
    thing the estimator computes row by row (`encode`, `row_loss`, ...), which must
    treat rows independently and draw no random number.

    Parameters
    ----------
    regularized : bool
        Whether layers may add losses of their own (weight or activity regularisers);
        they then join the objective as the term `regularization`.
    """

    own_terms: tuple[str, ...] = ()

    def __init__(self, regularized: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.regularized = regularized

    @property
    def term_names(self) -> tuple[str, ...]:
        """Names of the entries of `objective`."""
        return self.own_terms + (("regularization",) if self.regularized else ())

    def objective(self, x: Any) -> Any:
        """Terms of the training loss on a minibatch, a tensor of shape (n_terms,)."""
        terms = self.loss_terms(x)
        if self.regularized:
            terms.append(sum(self.losses, ops.zeros(())))
        return ops.stack([ops.cast(term, "float32") for term in terms])

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Sum of the objective, so that Keras's own `fit` trains the same thing."""
        return ops.sum(self.objective(x))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as Keras saves them."""
        return {**super().get_config(), "regularized": self.regularized}


@dataclass(frozen=True, eq=False)
class Architecture:
    """A network class, its parts and its settings: hashable, picklable, rebuildable.

    Two architectures with equal `key` build networks that differ in weights alone, so
    one compiled program serves both.

    Parameters
    ----------
    network : type
        Registered subclass of `Network`, called with the built parts and the settings.
    parts : mapping of str to Part
        The sub-networks by constructor argument; the first one takes the data.
    settings : mapping of str to object
        The other constructor arguments.
    n_components : int
        Width of the code.
    """

    network: type[Network]
    parts: Mapping[str, Part]
    settings: Mapping[str, Any]
    n_components: int

    @cached_property
    def key(self) -> Hashable:
        """Equal for architectures that can share compiled programs."""
        return (self.network, freeze(self.parts), freeze(self.settings))

    def build(self) -> Network:
        """Return a new network whose weights are still of no importance."""
        with global_state_kept():
            parts = {name: part.build() for name, part in self.parts.items()}
            network = self.network(
                **parts, **self.settings, regularized=self._regularized
            )
            n_inputs = next(iter(self.parts.values())).n_inputs
            network(keras.KerasTensor((None, n_inputs)))
        return network

    def initial_values(
        self, network: Network, rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Start values of `network.variables`, all fixed by `rng`."""
        values: list[Any] = [None] * len(network.variables)
        for name, part in self.parts.items():
            self.put(network, values, name, part.initial_values(rng))
        seed = draw_seed(rng)
        for i, variable in enumerate(network.variables):
            if variable.name == "seed_generator_state":
                values[i] = np.array([seed, i], dtype=variable.dtype)
            elif values[i] is None:
                values[i] = ops.convert_to_numpy(variable)
        return values

    def put(
        self,
        network: Network,
        values: list[np.ndarray],
        name: str,
        part_values: list[np.ndarray],
    ) -> None:
        """Write the values of the part `name` into those of the whole `network`."""
        places = {id(variable): i for i, variable in enumerate(network.variables)}
        part = getattr(network, name)
        for variable, value in zip(part.variables, part_values, strict=True):
            values[places[id(variable)]] = value

    def taken(
        self, network: Network, values: list[np.ndarray], name: str
    ) -> list[np.ndarray]:
        """Return the values of the part `name` out of those of the whole `network`."""
        places = {id(variable): i for i, variable in enumerate(network.variables)}
        return [values[places[id(v)]] for v in getattr(network, name).variables]

    @property
    def _regularized(self) -> bool:
        return any(part.regularized for part in self.parts.values())


def freeze(value: Any) -> Hashable:
    """Return a hashable stand-in for nested dicts and lists, else the value."""
    if isinstance(value, Mapping):
        return tuple((name, freeze(value[name])) for name in sorted(value))
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    return value
