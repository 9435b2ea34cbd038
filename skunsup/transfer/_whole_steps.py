"""Steps of Keras's `fit` that Ctrl-C does not break into."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import keras

from skunsup._interrupts import interrupts_put_off


class WholeSteps(keras.callbacks.Callback):
    """Lets Ctrl-C act between the steps of Keras, whose first ones compile them.

    Parameters
    ----------
    building : contextlib.ExitStack
        Closed when the network is built and training begins.
    """

    def __init__(self, building: ExitStack) -> None:
        super().__init__()
        self._building = building

    def on_train_begin(self, logs: Any = None) -> None:
        """Wrap the training step."""
        self._building.close()
        self.model.train_function = _Whole(self.model.train_function)

    def on_test_begin(self, logs: Any = None) -> None:
        """Wrap the evaluation of a minibatch, the first time."""
        if not isinstance(self.model.test_function, _Whole):
            self.model.test_function = _Whole(self.model.test_function)


class _Whole:
    def __init__(self, function: Callable) -> None:
        self._function = function

    def __getattr__(self, name: str) -> Any:
        """Look up what callbacks ask of a step, as TensorBoard does."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._function, name)

    def __call__(self, *args: Any) -> Any:
        with interrupts_put_off():
            return self._function(*args)
