"""Bagging: the rows that each member of an ensemble trains on.

Members come in pairs: what one of two leaves out, the other sees (at `max_samples` of
one half). Which is which follows from a row's content and a seed, so equal rows stay
together, and a row can be told from later ones without keeping it.
"""

from dataclasses import dataclass

import numpy as np

from skunsup._training._rows import Rows
from skunsup._training._sampling import BaggedSampler, WeightedSampler

GOLDEN = 0x9E3779B97F4A7C15
MIXERS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


@dataclass(frozen=True)
class EnsembleConfig:
    """Several networks trained side by side, each on rows and columns of its own.

    Parameters
    ----------
    n_members : int
        At least 2.
    max_samples, max_features : float
        Shares of the rows and of the columns that each sees, in (0, 1].
    seed : int
        Which rows those are.
    """

    n_members: int
    max_samples: float
    max_features: float
    seed: int

    def sees(self, hashes: np.ndarray) -> np.ndarray:
        """True where a member trains on the rows of such hashes.

        Parameters
        ----------
        hashes : array of shape (n,), uint64
            As `Rows.hashes`.

        Returns
        -------
        array of shape (n, n_members), bool
        """
        sees = np.empty((len(hashes), self.n_members), bool)
        for member in range(self.n_members):
            place = _uniform(hashes, self.seed + member // 2)
            place = 1.0 - place if member % 2 else place
            sees[:, member] = place < self.max_samples
        return sees

    def sees_of(self, rows: Rows) -> np.ndarray:
        """True where a member trains on a row, shape (rows.n, n_members)."""
        return np.concatenate([self.sees(hashes) for hashes in rows.hash_blocks()])


def bagged_sampler(
    rows: Rows, sample: WeightedSampler, members: EnsembleConfig
) -> BaggedSampler:
    """Deal the rows of `sample` out to members; one that gets none gets all.

    Parameters
    ----------
    rows : Rows
        The data, read once.
    sample : WeightedSampler
        Of `rows`.
    members : EnsembleConfig
        Who sees what.
    """
    # An eighth of a byte for each member and row.
    packed = sample.by_hash(rows, lambda h: np.packbits(members.sees(h), axis=1))
    parts = []
    for member in range(members.n_members):
        byte, bit = divmod(member, 8)
        chosen = packed[:, byte] & np.uint8(128 >> bit) > 0
        parts.append(sample.part(chosen) if chosen.any() else sample)
    return BaggedSampler(sample, tuple(parts))


def _uniform(hashes: np.ndarray, seed: int) -> np.ndarray:
    """Return numbers in [0, 1) that hashes and a seed fix.

    The output function of SplitMix64 (Steele, Lea & Flood 2014, figure 14).
    """
    mixed = hashes + np.uint64((seed + 1) * GOLDEN % 2**64)
    for shift, factor in MIXERS:
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return (mixed ^ (mixed >> np.uint64(31))).astype(np.float64) / 2.0**64
