"""Architecture of a network: everything but its weights."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import keras
import numpy as np
from keras import ops

from skunsup._identity import Key, identity
from skunsup._keras_private import SEED_VARIABLE
from skunsup._networks._building import building
from skunsup._networks._failures import check_weights_fit
from skunsup._networks._likelihood import Likelihood
from skunsup._networks._members import DenseMembers, members_of
from skunsup._networks._network import Network
from skunsup._networks._noise import NOISE_STATE
from skunsup._networks._own_code import own_code_explained
from skunsup._random import draw_seed

# Variables that start with (seed, count of draws): ours, and those of layers of Keras.
SEEDED = (NOISE_STATE, SEED_VARIABLE)


class NetworkSpec(Protocol):
    """One replaceable piece of a network, such as an encoder; hashable."""

    @property
    def regularized(self) -> bool:
        """True if layers may add losses of their own."""

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
    n_members : int, default=1
        Number of networks side by side.
    likelihood : Likelihood, default=None
        What the columns of rows mean; None for plain numbers.
    """

    network: type[Network]
    parts: Mapping[str, NetworkSpec]
    settings: Mapping[str, Any]
    n_components: int
    n_members: int = 1
    likelihood: Likelihood | None = None

    @cached_property
    def key(self) -> Hashable:
        """Equal for architectures that can share compiled programs.

        As functions that it holds were when this was first asked for.
        """
        return self.current_key()

    def current_key(self) -> Hashable:
        """Return `key` computed anew from the values that functions read now."""
        held = identity((self.parts, self.settings, self.likelihood))
        return Key((self.network, held, self.n_members))

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self).items() if k != "key"}

    def repeated(self, n_members: int, max_features: float) -> "Architecture":
        """Return the architecture of several such networks, trained side by side.

        Parameters
        ----------
        n_members : int
            How many; each but the first is narrower than the one before.
        max_features : float
            Share of the columns that each member's encoder sees.

        Raises
        ------
        ValueError
            If columns shall be hidden from an encoder of the user's own.
        """
        parts = {
            name: members_of(
                part,
                n_members,
                reads_code=name != "encoder",
                max_features=max_features,
            )
            for name, part in self.parts.items()
        }
        return replace(self, parts=parts, n_members=n_members)

    def share(self, n_shards: int) -> "Architecture | None":
        """Return the architecture of one of equal shares of the members.

        None where members cannot be shared out evenly, two or more to a share, or where
        something other than dense layers is trained.
        """
        each, left = divmod(self.n_members, n_shards)
        parts: dict[str, NetworkSpec] = {
            name: replace(part, n_members=each)
            for name, part in self.parts.items()
            if isinstance(part, DenseMembers)
        }
        dense = len(parts) == len(self.parts) and self.likelihood is None
        if left or each < 2 or not dense:
            return None
        return replace(self, parts=parts, n_members=each)

    def build(self) -> Network:
        """Return a new network whose weights are not set yet."""
        parts: dict[str, keras.Model] = {}

        def made_of() -> dict[str, Any]:
            # Of a part that is not built yet there is no model.
            given = {k: parts.get(k, self.parts[k]) for k in self._given_parts}
            used = [getattr(part, "activation", None) for part in self.parts.values()]
            return {**given, "activation": used, **self.settings}

        with building(), own_code_explained(made_of):
            for name, part in self.parts.items():
                check_weights_fit(part)
                parts[name] = part.build()
            network = self.network(
                **parts,
                **self.settings,
                regularized=bool(self._given_parts),
                n_members=self.n_members,
                likelihood=self.likelihood,
            )
            network.given_parts = self._given_parts
            n_inputs = next(iter(self.parts.values())).n_inputs
            network(keras.KerasTensor((None, n_inputs)))
            known = {id(v) for part in parts.values() for v in part.variables}
            network.own_start = tuple(
                None if id(v) in known or v.name in SEEDED else _copy(v)
                for v in network.variables
            )
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
            if variable.name in SEEDED:
                values[i] = np.zeros(variable.shape, variable.dtype)
                values[i][:2] = seed, i
            elif values[i] is None:
                values[i] = network.own_start[i]
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

    def put_own(
        self, network: Network, values: list[np.ndarray], **named: np.ndarray
    ) -> None:
        """Write the values of variables, by name, that are of no part of `network`."""
        places = {variable.name: i for i, variable in enumerate(network.variables)}
        for name, value in named.items():
            values[places[name]] = np.asarray(value, np.float32)

    def taken(
        self, network: Network, values: list[np.ndarray], name: str
    ) -> list[np.ndarray]:
        """Return the values of the part `name` out of those of the whole `network`."""
        places = {id(variable): i for i, variable in enumerate(network.variables)}
        return [values[places[id(v)]] for v in getattr(network, name).variables]

    @property
    def _given_parts(self) -> tuple[str, ...]:
        """Names of the parts that are the user's own, and so may add losses."""
        return tuple(name for name, part in self.parts.items() if part.regularized)


def _copy(variable: keras.Variable) -> np.ndarray:
    return np.array(ops.convert_to_numpy(variable))
