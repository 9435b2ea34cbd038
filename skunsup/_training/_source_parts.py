"""Parts of the rows of a source, by which of each chunk they are."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class ChunkPart:
    """Rows that are held out of a source, or the others, found anew for each chunk.

    Up to any chunk they are the same fraction of the rows, rounded up.

    Parameters
    ----------
    boundaries : array of int, shape (n_chunks + 1,)
        First row of each chunk, and the number of rows.
    fraction : float
        Of rows that are held out.
    seed : int
        Which rows of a chunk they are.
    held_out : bool, default=True
        False for the other rows.
    """

    boundaries: np.ndarray
    fraction: float
    seed: int
    held_out: bool = True

    @cached_property
    def ends(self) -> np.ndarray:
        """Number of these rows in the chunks before each, and in all."""
        held = np.ceil(self.fraction * self.boundaries).astype(np.int64)
        return held if self.held_out else self.boundaries - held

    def rows(self, i: int) -> np.ndarray:
        """Return the numbers of these rows in a chunk, in ascending order."""
        first, end = self.boundaries[i : i + 2]
        order = np.random.default_rng([self.seed, i]).permutation(end - first)
        n = self.ends[i + 1] - self.ends[i]
        chosen = order[:n] if self.held_out else order[len(order) - n :]
        return first + np.sort(chosen)


@dataclass(frozen=True)
class MaskPart:
    """Rows of a source that a mask names, in an eighth of a byte for each row.

    Parameters
    ----------
    masks : list of array of uint8
        Packed mask of the rows of each chunk.
    boundaries : array of int, shape (n_chunks + 1,)
        First row of each chunk, and the number of rows.
    ends : array of int, shape (n_chunks + 1,)
        Number of these rows in the chunks before each, and in all.
    """

    masks: list[np.ndarray]
    boundaries: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(
        cls,
        mask: np.ndarray,
        boundaries: np.ndarray,
        among: "ChunkPart | MaskPart | None" = None,
    ) -> "MaskPart":
        """Return the rows that a mask picks of all, or of those of another part.

        Parameters
        ----------
        mask : array of bool
            One entry for each of them.
        boundaries : array of int, shape (n_chunks + 1,)
            First of them in each chunk, and their number.
        among : ChunkPart or MaskPart, default=None
            That part.
        """
        whole = boundaries if among is None else among.boundaries
        counts, masks = [0], []
        for i, (first, end) in enumerate(pairwise(boundaries)):
            inner = mask[first:end]
            if among is not None:
                own = np.zeros(whole[i + 1] - whole[i], bool)
                own[among.rows(i)[inner] - whole[i]] = True
                inner = own
            counts.append(int(inner.sum()))
            masks.append(np.packbits(inner))
        return cls(masks, whole, np.cumsum(counts))

    def rows(self, i: int) -> np.ndarray:
        """Return the numbers of these rows in a chunk, in ascending order."""
        return self.boundaries[i] + np.flatnonzero(np.unpackbits(self.masks[i]))
