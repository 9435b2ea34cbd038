"""Parameters of the diffusion model."""

from collections.abc import Callable, Sequence
from typing import Any

from skunsup._parameters import parameter, parameters
from skunsup._sklearn import integers
from skunsup.models._parameters import SIZES


@parameters
class DiffusionParameters:
    """Network and sampler.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        Widths of the hidden layers of the network.
    activation : str or callable
        Of the hidden layers: a Keras name or a callable on tensors.
    n_steps : int
        Steps of the sampler, each of which asks the network twice. It can be changed
        after `fit`, and compiles nothing.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule
        None means the optimizer's own, 0.001 for Adam. Fits that differ in a constant
        rate share one compiled program.
    batch_size : int, "auto" or None
        Rows a step. "auto" means 256. None, or more than there are rows, takes all rows
        in one step.
    epochs : int, "auto" or None
        Passes over the rows, at most; None for as many as `max_steps` takes. "auto"
        means as many as 6,000 steps take, but at least 10 and at most 400; of tables
        with categories, which are memorised sooner, half as many steps and at
        most 150.
    early_stopping : bool
        Hold out `validation_fraction` of the distinct rows (or take `X_val` of `fit`),
        stop when their loss no longer falls, and keep the best weights. The loss is
        that of telling noise from rows, at fixed noise of eight levels: squared errors
        of numbers and cross-entropies of categories.
    """

    hidden_layer_sizes: int | Sequence[int] = parameter(SIZES, default=(256, 256, 256))
    activation: str | Callable = parameter([str, callable], default="silu")
    n_steps: int = parameter([integers(1)], default=25)
    learning_rate: Any = parameter(default=0.002)
    learning_rate_schedule: str | None = parameter(default="cosine")
