"""Base of the networks whose decoder gives a distribution of rows."""

import math
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from skunsup._networks import RealLoss
from skunsup.models._code import DecodingNetwork

SMALLEST_VARIANCE = 1e-4
TINY = 1e-7
DECAY = 0.95


class LikelihoodNetwork(DecodingNetwork):
    """Base of the networks whose decoder gives a distribution of each cell.

    A subclass owns a `variance`, as `_variance` returns it, of each real-valued cell.

    Parameters
    ----------
    n_features : int
        Width of rows.
    distribution : {"gaussian", "bernoulli", "multinomial"}
        Distribution of a row given its code.
    noise_variance : {"diagonal", "isotropic"} or float
        Variance of the Gaussian likelihood: followed, for each column or for all
        together, by a moving average of its best value (Rybkin, Daniilidis & Levine
        2021, section 3.2), or fixed.
    """

    defaults: ClassVar[dict[str, Any]] = {
        "distribution": "gaussian",
        "noise_variance": "diagonal",
    }

    def _variance(self) -> Any:
        fixed = self.settings["noise_variance"]
        plain = self.settings["n_features"]
        n_cells = plain if self.likelihood is None else self.likelihood.n_cells
        start = 1.0 if isinstance(fixed, str) else fixed
        return self._state("variance", (n_cells,), start)

    def _state(self, name: str, shape: tuple[int, ...], value: float) -> Any:
        constant = keras.initializers.Constant(value)
        return self.add_weight(
            name=name, shape=shape, initializer=constant, trainable=False
        )

    def _nll(self, x: Any, output: Any) -> Any:
        """Minus the log-likelihood of each cell."""
        return self._cell_losses(x, output, self._real_nll)

    def _cell_losses(self, x: Any, output: Any, real: RealLoss) -> Any:
        if self.likelihood is None:
            return real(x, output, slice(None))
        return self.likelihood.losses(x, output, real)

    def _real_nll(self, x: Any, output: Any, at: Any) -> Any:
        excess = self._excess(x, output, at)
        if self.settings["distribution"] != "gaussian":
            return excess
        variance = _picked(self.variance, at)
        return 0.5 * (math.log(2 * math.pi) + ops.log(variance)) + excess

    def _excess(self, x: Any, output: Any, at: Any) -> Any:
        """Minus the log-likelihood of real cells, without the Gaussian's constant."""
        x = ops.broadcast_to(x, ops.shape(output))
        if self.settings["distribution"] == "bernoulli":
            return ops.binary_crossentropy(x, output)
        if self.settings["distribution"] == "multinomial":
            return -x * ops.log(output + TINY)
        variance = _picked(self.variance, at)
        return 0.5 * ops.square(x - output) / variance

    def _follow_variance(self, x: Any, output: Any) -> None:
        kind = self.settings["noise_variance"]
        if not isinstance(kind, str) or self.settings["distribution"] != "gaussian":
            return
        square = self._cell_losses(x, output, lambda x, y, _: ops.square(x - y))
        error = self.mean_of_all(ops.stop_gradient(ops.mean(square, axis=0)))
        old = ops.convert_to_tensor(self.variance)
        observed = None if self.likelihood is None else self.likelihood.observed(x)
        share = ops.ones_like(error)
        if observed is not None:
            share = self.mean_of_all(ops.mean(observed, axis=0))
        if kind == "isotropic":
            real = slice(None) if self.likelihood is None else self.likelihood.real
            error, share = (
                ops.ones_like(v) * ops.mean(_picked(v, real)) for v in (error, share)
            )
        error = ops.where(share > 0, error / ops.maximum(share, TINY), old)
        moved = DECAY * old + (1.0 - DECAY) * error
        self.variance.assign(ops.maximum(moved, SMALLEST_VARIANCE))


def _picked(values: Any, at: slice | np.ndarray) -> Any:
    """Entries of a vector at a slice or at an array of places."""
    values = ops.convert_to_tensor(values)
    return values[at] if isinstance(at, slice) else ops.take(values, at, axis=0)
