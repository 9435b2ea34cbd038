"""Encoders that first bring wide one-hot columns down to a few numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
from keras import layers

from skunsup._networks import BuiltSpec, Initializer, SpectralDense, tail

EMBEDDED_ABOVE = 10  # categories of a column


@dataclass(frozen=True)
class EmbeddingEncoder(BuiltSpec):
    """A linear layer for some blocks of columns, then dense ones.

    On a one-hot block such a layer looks up a row of its kernel: an embedding. It also
    takes what lies between categories, such as what a generator returns.

    Parameters
    ----------
    n_inputs : int
        Number of columns in.
    blocks : tuple of (int, int, int)
        First column of each block to embed, number of its columns, and to how many
        numbers; in ascending order.
    sizes : tuple of int
        Widths of the fully connected layers; the last one's output is returned.
    activation, output_activation : str or callable
        Of the hidden layers and of the last one.
    spectral : bool, default=False
        Whether kernels are divided by their spectral norms.
    """

    n_inputs: int
    blocks: tuple[tuple[int, int, int], ...]
    sizes: tuple[int, ...]
    activation: str | Callable
    output_activation: str | Callable = "linear"
    spectral: bool = False

    @property
    def n_outputs(self) -> int:
        """Width of the last layer."""
        return self.sizes[-1]

    def make(self, start: Initializer) -> keras.Model:
        rows = keras.Input((self.n_inputs,), dtype="float32")
        pieces, at = [], 0
        for first, width, n in self.blocks:
            if first > at:
                pieces.append(rows[:, at:first])
            pieces.append(self._look_up(n, start)(rows[:, first : first + width]))
            at = first + width
        if at < self.n_inputs:
            pieces.append(rows[:, at:])
        x = layers.Concatenate()(pieces) if len(pieces) > 1 else pieces[0]
        return keras.Model(rows, tail(x, self, start, self.spectral))

    def _look_up(self, n: int, start: Initializer) -> keras.layers.Layer:
        if self.spectral:
            return SpectralDense(n, kernel_initializer=start.kernel)
        return layers.Dense(n, use_bias=False, kernel_initializer=start.kernel)


def embedding_width(n_categories: int) -> int:
    """Count of numbers that stand for a column of so many categories.

    The rule of thumb of Howard & Gugger 2020, "fastai: A layered API for deep
    learning", Information 11.
    """
    return min(n_categories, round(1.6 * n_categories**0.56))


def embedded_blocks(
    groups: Sequence[tuple[int, int, bool]], first: int
) -> tuple[tuple[int, int, int], ...]:
    """First column, columns and width of each category to embed.

    Parameters
    ----------
    groups : sequence of (int, int, bool)
        As of `TableLikelihood`.
    first : int
        Columns before those of categories.
    """
    blocks, start = [], first
    for k, n, _ in groups:
        firsts = range(start, start + k * n, k)
        if k > EMBEDDED_ABOVE:
            blocks += [(first, k, embedding_width(k)) for first in firsts]
        start += k * n
    return tuple(blocks)
