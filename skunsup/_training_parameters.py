"""Parameters of every estimator that trains a network."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import Any

import keras

from skunsup._parameters import parameter, parameters
from skunsup._sklearn import StrOptions, integers, reals, unchanged_on_error
from skunsup._training import checkpointed
from skunsup.inputs import INPUTS, Inputs

RATE = [
    reals(0, None, "neither"),
    keras.optimizers.schedules.LearningRateSchedule,
    None,
]
NUMBER_OF = [integers(1), StrOptions({"auto"}), None]


@parameters
class TrainingParameters:
    """Data and training.

    Parameters
    ----------
    inputs : Images, Sequences, Text, Table, Blocks, str or None
        Kind of data of X, which chooses networks and likelihood. None for numbers;
        "images", "sequences", "text" or "table" for the defaults of that kind.
    optimizer : str, dict or keras.optimizers.Optimizer
        A Keras name, configuration or instance. An instance is copied, once for each
        group of weights that has an optimizer of its own.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule
        None means the optimizer's own, 0.001 for Adam. Fits that differ in a constant
        rate share one compiled program.
    learning_rate_schedule : {"constant", "cosine"}
        "cosine" lets the learning rate rise over the first fiftieth of the steps and
        fall along half a cosine to 0, in short pieces of constant rate [1]_.
    weight_decay : float
        Decoupled weight decay [2]_ of the kernels, not of the biases. None means the
        optimizer's own.
    ema : float
        Decay in [0, 1) of the moving average of the weights [3]_, which stands for them
        after training and where validation rows are judged; 0 for none. It rises to
        this value over the first steps. Callbacks see the weights themselves.
    batch_size : int, "auto" or None
        Rows a step. "auto" means 32, or 64 images. None, or more than there are rows,
        takes all rows in one step; 1 trains on one row at a time.
    epochs : int, "auto" or None
        Passes over the rows, at most; None for as many as `max_steps` takes. "auto"
        means 100, or 200 of images; without `max_steps` fewer of many large images or
        long texts, for which see :class:`Images` and :class:`Text`. Where
        `batch_size` does not divide the number of rows, the last minibatch is filled
        with rows drawn a second time.
    max_steps : int
        Minibatches to train on, at most, for a length that suits few rows and many
        alike; the last epoch may be cut short. None means no limit.
    early_stopping : bool
        Hold out `validation_fraction` of the distinct rows (or take `X_val` of `fit`),
        stop when their loss no longer falls, and keep the best weights. The loss is
        that of reconstruction.
    validation_fraction : float
        In (0, 1). Only used with early stopping and without `X_val`.
    n_iter_no_change : int
        Epochs to wait for a better validation loss.
    tol : float
        Least improvement that counts, in units of the validation loss.
    callbacks : list of keras.callbacks.Callback
        Copied before use; the used copies are in `callbacks_`. Hooks of minibatches are
        called once for each compiled block of minibatches.
    checkpoint : str or path
        File that `fit` keeps of the training so far: after a kill, `fit` on the same
        data and parameters goes on from it, and ends equal to the bit. It is removed
        once `fit` has ended. None for no file. See :ref:`checkpoints`.
    checkpoint_interval : float
        Seconds between two writes of `checkpoint`, at least; more where one takes
        long. 0 writes after each block of steps.
    warm_start : bool
        Let `fit` continue from the weights and optimizer state of the last call.
    random_state : int, RandomState instance or None
        Fixes weights, minibatches and noise. An int gives equal results, to the bit, in
        every call on one machine and backend.
    verbose : int
        1 shows a line with the epoch, its losses, and the time that is left.

    Attributes
    ----------
    n_iter_ : int
        Epochs run.
    history_ : dict of str to list of float
        One entry an epoch: `loss`, its terms if there are several, and `val_loss` if
        rows were held out.
    model_ : keras.Model
        The network, with its parts as attributes.
    callbacks_ : list of keras.callbacks.Callback
        The copies of `callbacks` that were called in the last fit.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X had string names.

    References
    ----------
    .. [1] Loshchilov & Hutter, "SGDR: Stochastic gradient descent with warm restarts",
       ICLR 2017.
    .. [2] Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019.
    .. [3] Polyak & Juditsky, "Acceleration of stochastic approximation by averaging",
       SIAM Journal on Control and Optimization 30, 1992.
    """

    inputs: str | type[Inputs] | Inputs | None = parameter(INPUTS, default=None)
    optimizer: str | dict | keras.optimizers.Optimizer = parameter(
        [str, dict, keras.optimizers.Optimizer], default="adam"
    )
    learning_rate: Any = parameter(RATE, default=None)
    learning_rate_schedule: str | None = parameter(
        [StrOptions({"constant", "cosine"})], default="constant"
    )
    weight_decay: float | None = parameter([reals(0, None, "left"), None], default=None)
    ema: float = parameter([reals(0, 1, "left")], default=0.0)
    batch_size: int | str | None = parameter(NUMBER_OF, default="auto")
    epochs: int | str | None = parameter(NUMBER_OF, default="auto")
    max_steps: int | None = parameter([integers(1), None], default=None)
    early_stopping: bool = parameter(["boolean"], default=False)
    validation_fraction: float = parameter([reals(0, 1, "neither")], default=0.1)
    n_iter_no_change: int = parameter([integers(1)], default=10)
    tol: float = parameter([reals(0, None, "left")], default=1e-4)
    callbacks: Sequence[keras.callbacks.Callback] | None = parameter(
        [list, tuple, keras.callbacks.Callback, None], default=None
    )
    checkpoint: str | PathLike[str] | None = parameter(
        [str, PathLike, None], default=None
    )
    checkpoint_interval: float = parameter([reals(0, None, "left")], default=60.0)
    warm_start: bool = parameter(["boolean"], default=False)
    random_state: Any = parameter(["random_state"], default=None)
    verbose: int = parameter(["verbose"], default=0)

    @contextmanager
    def _fitting(self) -> Iterator[None]:
        """Block of code of `fit`: all or nothing, with a checkpoint if there is one."""
        with (
            unchanged_on_error(self),
            checkpointed(self.checkpoint, self.checkpoint_interval),
        ):
            yield
