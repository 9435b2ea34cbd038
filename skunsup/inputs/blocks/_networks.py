"""Encoders and decoders of rows that are made of blocks of different kinds."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from skunsup._networks import (
    Initializer,
    NetworkSpec,
    building,
    dense_layers,
    tail,
)


class JoinedSpec(ABC):
    """Base of networks that hold a network of each block.

    A subclass is a frozen dataclass with these networks as its field `parts`.
    """

    parts: tuple[NetworkSpec, ...]

    @property
    def regularized(self) -> bool:
        """True if layers may add losses of their own."""
        return any(part.regularized for part in self.parts)

    def build(self) -> keras.Model:
        """Return a new model with weights of no importance."""
        with building():
            return self._joined([part.build() for part in self.parts], Initializer())

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Start values of the variables of the model that `build` returns."""
        values = [part.initial_values(rng) for part in self.parts]
        with building():
            models = [part.build() for part in self.parts]
            return in_order(self._joined(models, Initializer(rng)), models, values)

    @abstractmethod
    def _joined(self, models: list[keras.Model], start: Initializer) -> keras.Model:
        """Return the whole network around `models`, those of the blocks."""


@dataclass(frozen=True)
class BlockEncoder(JoinedSpec):
    """An encoder for each block, then fully connected layers for all.

    Parameters
    ----------
    parts : tuple of Part
        The encoders; behind their columns stands one flag for each.
    sizes : tuple of int
        Widths of the fully connected layers; the last one's output is returned.
    activation, output_activation : str or callable
        Of the hidden layers and of the last one.
    n_beside : int, default=0
        Further columns behind the flags, which join what the encoders return.
    spectral : bool, default=False
        Whether the kernels of the layers for all are divided by their spectral norms.
    """

    parts: tuple[NetworkSpec, ...]
    sizes: tuple[int, ...]
    activation: str | Callable
    output_activation: str | Callable = "linear"
    n_beside: int = 0
    spectral: bool = False

    @property
    def n_inputs(self) -> int:
        """Number of columns of all blocks, flags and columns beside."""
        widths = [part.n_inputs for part in self.parts]
        return sum(widths) + len(widths) + self.n_beside

    @property
    def n_outputs(self) -> int:
        """Width of the last layer."""
        return self.sizes[-1]

    def _joined(self, models: list[keras.Model], start: Initializer) -> keras.Model:
        rows = keras.Input((self.n_inputs,), dtype="float32")
        n_flags = len(models)
        at, first_flag = 0, self.n_inputs - n_flags - self.n_beside
        found = []
        for i, (model, part) in enumerate(zip(models, self.parts, strict=True)):
            here = rows[:, first_flag + i : first_flag + i + 1]
            found.append(model(rows[:, at : at + part.n_inputs]) * here)
            at += part.n_inputs
        x = layers.Concatenate()([*found, rows[:, first_flag:]])
        return keras.Model(rows, tail(x, self, start, self.spectral))


@dataclass(frozen=True)
class BlockDecoder(JoinedSpec):
    """Fully connected layers for all blocks, then a decoder for each.

    Parameters
    ----------
    n_inputs : int
        Width of the code.
    sizes : tuple of int
        Widths of the fully connected layers.
    parts : tuple of Part
        The decoders, of the last of `sizes` or else of the code.
    activation : str or callable
        Of the fully connected layers.
    """

    n_inputs: int
    sizes: tuple[int, ...]
    parts: tuple[NetworkSpec, ...]
    activation: str | Callable

    @property
    def n_outputs(self) -> int:
        """Outputs of all decoders."""
        return sum(part.n_outputs for part in self.parts)

    def _joined(self, models: list[keras.Model], start: Initializer) -> keras.Model:
        code = keras.Input((self.n_inputs,), dtype="float32")
        kinds = [self.activation] * len(self.sizes)
        x = dense_layers(code, self.sizes, kinds, start)
        return keras.Model(code, layers.Concatenate()([model(x) for model in models]))


def in_order(
    model: keras.Model, models: list[keras.Model], values: list[list[np.ndarray]]
) -> list[np.ndarray]:
    """Return values of the variables of `model`, of which `models` have theirs."""
    known: dict[int, Any] = {}
    for part, own in zip(models, values, strict=True):
        known |= {id(v): value for v, value in zip(part.variables, own, strict=True)}
    return [
        known.get(id(v), np.array(keras.ops.convert_to_numpy(v.value)))
        for v in model.variables
    ]
