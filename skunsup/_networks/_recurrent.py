"""Encoders and decoders of sequences and of texts.

Steps come as (n, steps, channels), with `seen` (n, steps, 1): 1 where the sequence has
the step and 0 in the padding behind it, or numbers between where a generator is unsure;
None where all sequences are full.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from skunsup._networks._built import BuiltSpec, Initializer
from skunsup._networks._convolutional import dense_layers, tail
from skunsup._networks._steps import DilatedConv1D, Places, StepCell, TokenEmbedding


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
        """Return what the layers say of whole sequences, (n, channels).

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
    """Return how many dilated convolutions let the last step see all `steps`."""
    n, sight = 1, kernel_size
    while sight < steps and kernel_size > 1:
        sight += (kernel_size - 1) * 2**n
        n += 1
    return n


@dataclass(frozen=True)
class SequenceEncoder(BuiltSpec):
    """Layers over the steps, then fully connected ones.

    Parameters
    ----------
    shape : (int, int)
        Steps, and numbers in each.
    ragged : bool
        Whether columns behind the values say which steps there are.
    steps : StepLayers
        Layers over the steps.
    sizes : tuple of int
        Widths of the fully connected layers; the last one's output is returned.
    activation, output_activation : str or callable
        Of the fully connected layers but the last, and of that.
    n_beside : int, default=0
        Further columns of a row, which join behind the layers over steps.
    """

    shape: tuple[int, int]
    ragged: bool
    steps: StepLayers
    sizes: tuple[int, ...]
    activation: str | Callable
    output_activation: str | Callable = "linear"
    n_beside: int = 0

    @property
    def n_inputs(self) -> int:
        """Columns of a row, and those beside."""
        length, width = self.shape
        return length * (width + self.ragged) + self.n_beside

    @property
    def n_outputs(self) -> int:
        """Width of the last layer."""
        return self.sizes[-1]

    def make(self, start: Initializer) -> keras.Model:
        """Return the layers."""
        rows = keras.Input((self.n_inputs,), dtype="float32")
        length, width = self.shape
        n = length * width
        x, seen = layers.Reshape(self.shape)(rows[:, :n]), None
        if self.ragged:
            seen = layers.Reshape((length, 1))(rows[:, n : n + length])
            # So that a code does not depend on what stands in the padding.
            x = x * seen
        x = hstack(self.steps.summary(x, seen, start), rows, self.n_beside)
        return keras.Model(rows, tail(x, self, start, self.steps.spectral))


@dataclass(frozen=True)
class SequenceDecoder(BuiltSpec):
    """Fully connected layers, then layers over steps and one at each step.

    Parameters
    ----------
    n_inputs : int
        Width of the code.
    shape, ragged, steps, activation, output_activation
        As of `SequenceEncoder`, of which this is the mirror image.
    sizes : tuple of int
        Widths of the fully connected layers.
    """

    n_inputs: int
    shape: tuple[int, int]
    ragged: bool
    steps: StepLayers
    sizes: tuple[int, ...]
    activation: str | Callable
    output_activation: str | Callable = "linear"

    @property
    def n_outputs(self) -> int:
        """Number of values, and a logit for each length."""
        length, width = self.shape
        return length * (width + self.ragged)

    def make(self, start: Initializer) -> keras.Model:
        """Return the layers."""
        code = keras.Input((self.n_inputs,), dtype="float32")
        length, width = self.shape
        x = dense_layers(code, self.sizes, [self.activation] * len(self.sizes), start)
        features = self.steps.unfolded(x, length, start)
        each = layers.Dense(
            width, self.output_activation, kernel_initializer=start.kernel
        )
        out = layers.Reshape((length * width,))(each(features))
        if self.ragged:
            # The code says it at once, counting steps makes it exact.
            ends = layers.Dense(length, kernel_initializer=start.kernel)(x)
            here = layers.Dense(1, kernel_initializer=start.kernel)(features)
            ends = layers.Add()([ends, layers.Reshape((length,))(here)])
            out = layers.Concatenate()([out, ends])
        return keras.Model(code, out)


@dataclass(frozen=True)
class TokenEncoder(BuiltSpec):
    """Embeddings of tokens, layers over them, then fully connected ones.

    Parameters
    ----------
    length, n_tokens : int
        Tokens of a row and of the vocabulary; the first is padding.
    embedding_dim : int
        Numbers that stand for a token.
    steps, sizes, activation, output_activation, n_beside
        As of `SequenceEncoder`.
    """

    length: int
    n_tokens: int
    embedding_dim: int
    steps: StepLayers
    sizes: tuple[int, ...]
    activation: str | Callable
    output_activation: str | Callable = "linear"
    n_beside: int = 0

    @property
    def n_inputs(self) -> int:
        """Tokens of a row, and columns beside."""
        return self.length + self.n_beside

    @property
    def n_outputs(self) -> int:
        """Width of the last layer."""
        return self.sizes[-1]

    def make(self, start: Initializer) -> keras.Model:
        """Return the layers."""
        rows = keras.Input((self.n_inputs,), dtype="float32")
        ids = rows[:, : self.length]
        seen = layers.Reshape((self.length, 1))(ops.cast(ids > 0.5, "float32"))
        embedded = TokenEmbedding(self.n_tokens, self.embedding_dim, start.kernel)(ids)
        x = self.steps.summary(embedded * seen, seen, start)
        x = hstack(x, rows, self.n_beside)
        return keras.Model(rows, tail(x, self, start, self.steps.spectral))


@dataclass(frozen=True)
class TokenDecoder(BuiltSpec):
    """Fully connected layers, then layers over steps and logits of tokens at each.

    All tokens at once: none depends on those before it but through the code.

    Parameters
    ----------
    n_inputs : int
        Width of the code.
    length, n_tokens, steps, activation
        As of `TokenEncoder`, of which this is the mirror image.
    sizes : tuple of int
        Widths of the fully connected layers.
    """

    n_inputs: int
    length: int
    n_tokens: int
    steps: StepLayers
    sizes: tuple[int, ...]
    activation: str | Callable

    @property
    def n_outputs(self) -> int:
        """A logit of each token at each step."""
        return self.length * self.n_tokens

    def make(self, start: Initializer) -> keras.Model:
        """Return the layers."""
        code = keras.Input((self.n_inputs,), dtype="float32")
        x = dense_layers(code, self.sizes, [self.activation] * len(self.sizes), start)
        x = self.steps.unfolded(x, self.length, start)
        logits = layers.Dense(self.n_tokens, kernel_initializer=start.kernel)(x)
        return keras.Model(code, layers.Reshape((self.n_outputs,))(logits))


def hstack(x: Any, rows: Any, n_beside: int) -> Any:
    """Return `x` with the last `n_beside` columns of `rows` behind."""
    if not n_beside:
        return x
    return layers.Concatenate()([x, rows[:, -n_beside:]])
