"""Keras callbacks around the epoch loop."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras

from skunsup._networks import CALLBACK_HINT, all_parts, culprit
from skunsup._training._backend import NetworkTrainer

# Callbacks that would seem to work here and do not, with what does.
REFUSED = {
    keras.callbacks.BackupAndRestore: (
        "it takes up the weights of an interrupted fit, but here all epochs would be "
        "run again on top of them. Give the estimator checkpoint='fit.npz' to go on "
        "after a kill, or keep the networks of epochs by "
        "keras.callbacks.ModelCheckpoint."
    ),
    keras.callbacks.SwapEMAWeights: (
        "it puts averaged weights into evaluation and prediction by Keras, which are "
        "not called here. Give an optimizer with use_ema=True and "
        "ema_overwrite_frequency, for instance the number of steps of an epoch."
    ),
}


class Callbacks:
    """Calls copies of the user's Keras callbacks with the Keras variables up to date.

    Parameters
    ----------
    callbacks : sequence of keras.callbacks.Callback
        Deep-copied, so that what the user passed stays as it was.
    trainer : NetworkTrainer
        Whose network the callbacks see as `model`.
    n_epochs, n_steps : int
        Epochs, and minibatches an epoch.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        trainer: NetworkTrainer,
        n_epochs: int,
        n_steps: int,
    ) -> None:
        self.copies = copied(callbacks)
        self._trainer = trainer
        if self.copies:
            trainer.push()
        with self._blamed("set_model"):
            self._list = keras.callbacks.CallbackList(
                self.copies,
                add_history=False,
                model=trainer.network,
                epochs=n_epochs,
                steps=n_steps,
                verbose=0,
            )
        trainer.network.stop_training = False

    @property
    def stopped(self) -> bool:
        """True if a callback asked to stop."""
        return bool(self._trainer.network.stop_training)

    def update(self) -> None:
        """Bring the Keras variables up to date, outside of any hook."""
        if self.copies:
            self._trainer.push()

    def call(self, hook: str, *args: Any) -> None:
        """Call one hook of all callbacks, such as "on_epoch_end"."""
        if not self.copies:
            return
        self._trainer.push()
        with self._blamed(hook, *args), self._trainer.rates_together():
            getattr(self._list, hook)(*args)
        self._trainer.pull()

    @contextmanager
    def _blamed(self, hook: str, *args: Any) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            parts = {f"callbacks[{i}]": c for i, c in enumerate(self.copies)}
            found = culprit(error, all_parts(parts))
            name = f"A callback of callbacks={self.copies!r}"
            if found is not None:
                name = f"{found.parameter}={parts[found.parameter]!r}"
            raise ValueError(
                f"{name} raised {type(error).__name__} in {hook}{args}: {error}. "
                f"{CALLBACK_HINT}"
            ) from error


def check_callbacks(given: Any) -> tuple[keras.callbacks.Callback, ...]:
    """Return the value of the parameter `callbacks` as a tuple.

    Raises
    ------
    TypeError
        If it holds something else than callbacks of Keras.
    ValueError
        If it holds one that cannot work here.
    """
    single = isinstance(given, keras.callbacks.Callback)
    callbacks = (given,) if single else tuple(given or ())
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                f"callbacks holds {callback!r}, but expected instances of "
                "keras.callbacks.Callback; wrap a function in "
                "keras.callbacks.LambdaCallback(on_epoch_end=function)."
            )
        for kind, reason in REFUSED.items():
            if isinstance(callback, kind):
                raise ValueError(
                    f"callbacks holds a {kind.__name__}, which cannot work: {reason}"
                )
    return callbacks


def copied(
    callbacks: Sequence[keras.callbacks.Callback],
) -> list[keras.callbacks.Callback]:
    """Return deep copies of callbacks; raise TypeError where there are none."""
    try:
        return copy.deepcopy(list(callbacks))
    except Exception as error:
        raise TypeError(
            f"callbacks={list(callbacks)!r} cannot be copied ({error}), but training "
            "must not change what it was given. Let the callback make what cannot be "
            "copied in on_train_begin, or give it a __deepcopy__ method."
        ) from error
