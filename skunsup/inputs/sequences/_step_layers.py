"""Stacks of layers over steps, of sequences and of texts.

Steps come as (n, steps, channels), with `seen` (n, steps, 1): 1 where the sequence has
the step and 0 in the padding behind it, or numbers between where a generator is unsure;
None where all sequences are full.
"""

from dataclasses import dataclass
from typing import Any

from keras import layers, ops

from skunsup._networks import Initializer, dense_layers
from skunsup.inputs.sequences._layers import DilatedConv1D, Places, StepCell


@dataclass(frozen=True)
class StepLayers:
    """Layers that run over the steps.

    Parameters
    ----------
    kind : {"gru", "lstm", "conv"}
        Recurrent layers, or dilated convolutions with residual connections (Bai, Kolter
        & Koltun 2018, section 3), each dilated twice as much as the one before.
    units : int
        Width of each.
    n_layers : int
        How many.
    kernel_size : int
        Steps that each filter of a convolution looks at.
    spectral : bool, default=False
        Whether the kernels of convolutions, and of the fully connected layers of the
        encoder behind them, are divided by their spectral norms.
    """

    kind: str
    units: int
    n_layers: int
    kernel_size: int
    spectral: bool = False

    def summary(self, x: Any, seen: Any, start: Initializer) -> Any:
        """Summary of whole sequences by the layers, (n, channels).

        The last state of recurrent layers. Of convolutions mean, maximum and last
        step.
        """
        if self.kind == "conv":
            for at in range(self.n_layers):
                x = self._convolved(x, 2**at, True, start)
            return pooled(x, seen)
        for at in range(self.n_layers):
            x = self._recurrent(x, seen, start, at < self.n_layers - 1)
        return x

    def unfolded(self, code: Any, steps: int, start: Initializer) -> Any:
        """Return features of each step out of a code, (n, steps, units)."""
        x = layers.Reshape((1, code.shape[-1]))(code)
        if self.kind == "conv":
            x = layers.Dense(self.units, kernel_initializer=start.kernel)(x)
            x = Places(steps, start.kernel)(x)
            for at in reversed(range(self.n_layers)):
                x = self._convolved(x, 2**at, False, start)
            return x
        cell = self._cell(start)
        x = layers.Dense(cell.n_gates * self.units, kernel_initializer=start.kernel)(x)
        x = Places(steps, start.kernel)(x)
        states = [
            layers.Dense(self.units, "tanh", kernel_initializer=start.kernel)(code)
            for _ in cell.state_size
        ]
        x = layers.RNN(cell, return_sequences=True)(with_seen(x, None), states)
        for _ in range(self.n_layers - 1):
            x = self._recurrent(x, None, start, True)
        return x

    def _cell(self, start: Initializer) -> StepCell:
        return StepCell(self.kind, self.units, start.recurrent)

    def _recurrent(self, x: Any, seen: Any, start: Initializer, sequences: bool) -> Any:
        cell = self._cell(start)
        x = layers.Dense(cell.n_gates * self.units, kernel_initializer=start.kernel)(x)
        return layers.RNN(cell, return_sequences=sequences)(with_seen(x, seen))

    def _convolved(
        self, x: Any, dilation: int, causal: bool, start: Initializer
    ) -> Any:
        """Apply a convolution beside a residual connection."""
        out = DilatedConv1D(
            self.units,
            self.kernel_size,
            dilation,
            causal,
            "relu",
            start.kernel,
            self.spectral,
        )(x)
        if x.shape[-1] != self.units:
            x = dense_layers(x, (self.units,), ["linear"], start, self.spectral)
        return x + out


def with_seen(x: Any, seen: Any) -> Any:
    """Return steps with a last column that says which there are."""
    seen = ops.ones_like(x[..., :1]) if seen is None else seen
    return ops.concatenate([x, seen], axis=-1)


def pooled(x: Any, seen: Any) -> Any:
    """Return mean, maximum and last of the steps that there are, and their share."""
    if seen is None:
        return ops.concatenate([ops.mean(x, axis=1), ops.max(x, axis=1), x[:, -1]], -1)
    share = ops.mean(seen, axis=1)
    after = ops.pad(seen[:, 1:], [(0, 0), (0, 1), (0, 0)])
    last = ops.sum(x * (seen - after), axis=1)
    x = x * seen
    mean = ops.mean(x, axis=1) / ops.maximum(share, 1.0 / x.shape[1])
    return ops.concatenate([mean, ops.max(x, axis=1), last, share], axis=-1)


def n_layers_for(steps: int, kernel_size: int) -> int:
    """Number of dilated convolutions that let the last step see all `steps`."""
    n, sight = 1, kernel_size
    while sight < steps and kernel_size > 1:
        sight += (kernel_size - 1) * 2**n
        n += 1
    return n


def hstack(x: Any, rows: Any, n_beside: int) -> Any:
    """Return `x` with the last `n_beside` columns of `rows` behind."""
    if not n_beside:
        return x
    return layers.Concatenate()([x, rows[:, -n_beside:]])
