"""Groups of weights as programs update them: variables, or one vector of all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._keras_private import configuration
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
        whose entries it holds, in order: `variables`, the optimizer's, `averages`.
    decay : float, default=0.0
        Of the averages.
    averages : list of keras.Variable, default=()
        Moving averages of `variables`; empty for none.
    """

    own: list[keras.Variable]
    optimizer: keras.optimizers.Optimizer
    variables: list[keras.Variable]
    slots: list[Slot]
    decay: float = 0.0
    averages: Sequence[keras.Variable] = ()

    @property
    def is_vector(self) -> bool:
        """True if one vector stands for the weights."""
        return self.variables is not self.own

    def weights(self, values: list[Any]) -> list[Any]:
        """Weights of the network, from values of `variables`."""
        if not self.is_vector:
            return values
        return split(values[0], self.own)

    def slopes(self, gradients: list[Any]) -> list[Any]:
        """Return gradients by `variables` from those by the weights."""
        if not self.is_vector:
            return gradients
        flat = [ops.reshape(ops.convert_to_tensor(g), (-1,)) for g in gradients]
        return [ops.concatenate(flat)]


def average_share(decay: float, iterations: Any) -> Any:
    """Return the share that an average keeps in a step, after so many with this one.

    It rises to `decay`, so that the first weights are soon forgotten, as in
    `tf.train.ExponentialMovingAverage`.
    """
    n = ops.cast(iterations, "float32")
    return ops.minimum(decay, (1.0 + n) / (10.0 + n))


def averaged(share: Any, average: Any, value: Any) -> Any:
    """Return an average with a new value in it; an equal value leaves it as it is."""
    return average + (1.0 - share) * (value - average)


def update_averages(
    decay: float,
    optimizer: keras.optimizers.Optimizer,
    variables: Sequence[keras.Variable],
    averages: Sequence[keras.Variable],
) -> None:
    """Update the averages of weights, if there are any, after a step."""
    if not averages:
        return
    share = average_share(decay, optimizer.iterations.value)
    for variable, average in zip(variables, averages, strict=True):
        average.assign(averaged(share, average.value, variable.value))


def new_averages(own: list[keras.Variable], decay: float) -> list[keras.Variable]:
    """Return variables for the averages of weights, if any are to be kept."""
    if not decay:
        return []
    with building():
        return [keras.Variable(np.zeros(v.shape, np.float32)) for v in own]


def split(vector: Any, variables: list[keras.Variable]) -> list[Any]:
    """Return the parts of a vector that stand for `variables`, in their shapes."""
    ends = np.cumsum([n_entries(v) for v in variables]).tolist()
    return [
        vector[end - n_entries(v) : end].reshape(v.shape)
        if isinstance(vector, np.ndarray)
        else ops.reshape(vector[end - n_entries(v) : end], v.shape)
        for v, end in zip(variables, ends, strict=True)
    ]


def group(
    optimizer: keras.optimizers.Optimizer,
    own: list[keras.Variable],
    decay: float = 0.0,
    averages: list[keras.Variable] | None = None,
) -> Group:
    """Group of the weights `own` and their averages, as a program updates them."""
    made = _updated(optimizer, own)
    if not averages:
        return made
    held = averages
    slots = [(v, [v]) for v in averages]
    if made.is_vector:
        with building():
            vector = keras.Variable(np.zeros(made.variables[0].shape, np.float32))
        held, slots = [vector], [(vector, averages)]
    slots = [*made.slots, *slots]
    return replace(made, slots=slots, decay=decay, averages=held)


def _updated(optimizer: keras.optimizers.Optimizer, own: list[keras.Variable]) -> Group:
    """Group of the weights `own` that a program updates as `optimizer` would.

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
        twin = type(optimizer).from_config(configuration(optimizer))
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
