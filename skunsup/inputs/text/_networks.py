"""Encoders and decoders of texts."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from skunsup._networks import BuiltSpec, Initializer, dense_layers, tail
from skunsup.inputs.sequences import StepLayers, hstack
from skunsup.inputs.text._layers import TokenEmbedding

ZIPF_SHIFT = 2.7  # of the first rank, as in most texts


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

    All tokens at once: none depends on those before it but through the code. Logits
    start as those of tokens as frequent as Zipf's law says, the most frequent first,
    with the shift of Mandelbrot (1953), so that no steps are spent on learning that.

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
        code = keras.Input((self.n_inputs,), dtype="float32")
        x = dense_layers(code, self.sizes, [self.activation] * len(self.sizes), start)
        x = self.steps.unfolded(x, self.length, start)
        frequencies = start.fixed(-np.log(np.arange(self.n_tokens) + ZIPF_SHIFT))
        logits = layers.Dense(self.n_tokens, None, True, start.kernel, frequencies)(x)
        return keras.Model(code, layers.Reshape((self.n_outputs,))(logits))
