"""Rows of several blocks."""

from collections.abc import Sequence

import numpy as np

from skunsup._training import Rows


class BlockRows(Rows):
    """Rows of blocks side by side, zeros where one is missing, then a flag for each.

    Parameters
    ----------
    blocks : list of (array of bool, Rows)
        Where each block is there, and its rows there.
    """

    def __init__(self, blocks: Sequence[tuple[np.ndarray, Rows]]) -> None:
        self._blocks = list(blocks)
        self.n = len(blocks[0][0])
        self.d = sum(rows.d for _, rows in blocks) + len(blocks)
        self._at = [np.cumsum(here) - 1 for here, _ in blocks]

    def part(self, index: np.ndarray) -> "BlockRows":
        numbers = np.arange(self.n)[index]
        return BlockRows(
            [
                (here[numbers], rows.part(at[numbers][here[numbers]]))
                for (here, rows), at in zip(self._blocks, self._at, strict=True)
            ]
        )

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        numbers = np.arange(self.n)[index]
        out = np.zeros((len(numbers), self.d), np.float32)
        column = 0
        for i, ((here, rows), at) in enumerate(
            zip(self._blocks, self._at, strict=True)
        ):
            there = here[numbers]
            if there.any():
                taken = rows.take(at[numbers][there])
                out[there, column : column + rows.d] = taken
            out[:, self.d - len(self._blocks) + i] = there
            column += rows.d
        return out
