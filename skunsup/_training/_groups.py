"""Groups of weights as programs update them: variables, or one vector of all."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._networks import building
from skunsup._training._optimizers import is_entrywise

# A vector of more entries costs a step more than the kernels that it saves.
MOST_ENTRIES = 2**15

Slot = tuple[keras.Variable, list[keras.Variable]]


@dataclass(frozen=True)
class Group:
    """An optimizer and what it updates in a program.

    Parameters
    ----------
    own : list of keras.Variable
        The weights of the network.
    optimizer : keras.optimizers.Optimizer
        What updates `variables`.
    variables : list of keras.Variable
        Those of `own`, or a vector that stands for all of them.
    slots : list of (keras.Variable, list of keras.Variable)
        Each variable of the program, and those of the network and of its optimizer
        whose entries it holds, in order: `variables`, then the optimizer's.
    """

    own: list[keras.Variable]
    optimizer: keras.optimizers.Optimizer
    variables: list[keras.Variable]
    slots: list[Slot]

    @property
    def is_vector(self) -> bool:
        """True if one vector stands for the weights."""
        return self.variables is not self.own

    def weights(self, values: list[Any]) -> list[Any]:
        """Return what the weights of the network are, from values of `variables`."""
        if not self.is_vector:
            return values
        return split(values[0], self.own)

    def slopes(self, gradients: list[Any]) -> list[Any]:
        """Return gradients by `variables` from those by the weights."""
        if not self.is_vector:
            return gradients
        flat = [ops.reshape(ops.convert_to_tensor(g), (-1,)) for g in gradients]
        return [ops.concatenate(flat)]


def split(vector: Any, variables: list[keras.Variable]) -> list[Any]:
    """Return the parts of a vector that stand for `variables`, in their shapes."""
    ends = np.cumsum([n_entries(v) for v in variables]).tolist()
    return [
        vector[end - n_entries(v) : end].reshape(v.shape)
        if isinstance(vector, np.ndarray)
        else ops.reshape(vector[end - n_entries(v) : end], v.shape)
        for v, end in zip(variables, ends, strict=True)
    ]


def group(optimizer: keras.optimizers.Optimizer, own: list[keras.Variable]) -> Group:
    """Return how a program updates the weights `own` as `optimizer` would.

    A kernel costs 10 ms to compile, and an update of each variable takes three of them.
    So where entries are treated alike and are not many, one vector is updated.
    """
    few = len(own) > 1 and sum(map(n_entries, own)) <= MOST_ENTRIES
    if not few or not is_entrywise(optimizer, own):
        slots = [(v, [v]) for v in [*own, *optimizer.variables]]
        return Group(own, optimizer, own, slots)
    vector, twin, pairs = vector_twin(optimizer, own)
    held = {id(whole): parts for whole, parts in pairs}
    slots = [(vector, own), *((v, held[id(v)]) for v in twin.variables)]
    return Group(own, twin, [vector], slots)


def vector_twin(
    optimizer: keras.optimizers.Optimizer, own: list[keras.Variable]
) -> tuple[keras.Variable, keras.optimizers.Optimizer, list[Slot]]:
    """Return a vector of all entries of `own`, and a twin of `optimizer` to update it.

    The third is the variables of the twin, and those of `optimizer` in their place.
    """
    with building():
        vector = keras.Variable(np.zeros(sum(map(n_entries, own)), np.float32))
        twin = type(optimizer).from_config(optimizer.get_config())
        twin.build([vector])
    return vector, twin, _pairs(optimizer, twin, own)


def _pairs(
    optimizer: keras.optimizers.Optimizer,
    twin: keras.optimizers.Optimizer,
    own: list[keras.Variable],
) -> list[Slot]:
    """Return the variables of `twin` and those of `optimizer` in their place."""
    shapes = [v.shape for v in own]
    pairs = []
    for name, whole in vars(twin).items():
        theirs = getattr(optimizer, name)
        if isinstance(theirs, keras.Variable):
            pairs.append((whole, [theirs]))
        elif isinstance(theirs, list) and list(map(_shape, theirs)) == shapes:
            pairs.append((whole[0], list(theirs)))
    return pairs


def _shape(value: Any) -> Any:
    return getattr(value, "shape", None)


def n_entries(variable: keras.Variable) -> int:
    """Return the number of entries of a variable."""
    return int(np.prod(variable.shape))
