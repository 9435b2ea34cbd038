"""Rows and the outputs of a fitted model for them."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from skunsup._networks import Likelihood
from skunsup._training import EnsembleConfig, FittedNetwork, Rows


class EnsembleOutput:
    """Some rows, and the outputs of each network of a model for them.

    Parameters
    ----------
    x : array of shape (n, n_features), float32
        The rows.
    networks : list of FittedNetwork
        Each one network, or several side by side.
    hashes : array of shape (n,), uint64
        Hashes of the rows.
    counted : array of shape (n, n_members)
        Weight of each network in the score of each row; sums to 1 over the networks.
    likelihood : Likelihood or None
        What the columns mean.
    """

    def __init__(
        self,
        x: np.ndarray,
        networks: Sequence[FittedNetwork],
        hashes: np.ndarray,
        counted: np.ndarray,
        likelihood: Likelihood | None,
    ) -> None:
        self.x, self.networks = x, networks
        self.hashes, self.counted = hashes, counted
        self.likelihood = likelihood

    @cached_property
    def residuals(self) -> np.ndarray:
        """Residuals of each network, (n, n_members, n_features)."""
        return self.computed("residual")

    @cached_property
    def distance_features(self) -> np.ndarray:
        """Features that distances are computed from, (n, n_features)."""
        likelihood = self.likelihood
        return self.x if likelihood is None else likelihood.distance_features(self.x)

    def computed(self, method: str) -> np.ndarray:
        """Result of a method of the network, (n, n_members, ...)."""
        values = []
        for network in self.networks:
            found = network.compute(method, Rows(self.x))
            several = network.architecture.n_members > 1
            values.append(found if several else found[:, None])
        return np.concatenate(values, axis=1)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Return the mean over the networks that count, of (n, n_members, ...)."""
        return np.einsum("nm,nm...->n...", self.counted, values.astype(np.float64))

    def part(self, chosen: np.ndarray) -> "EnsembleOutput":
        """Return the rows that a mask or numbers pick."""
        view = EnsembleOutput(
            self.x[chosen],
            self.networks,
            self.hashes[chosen],
            self.counted[chosen],
            self.likelihood,
        )
        if "residuals" in vars(self):
            view.residuals = self.residuals[chosen]
        return view


class EnsembleScorer:
    """Looks at rows: a training row is judged by the networks that did not see it.

    Parameters
    ----------
    networks : sequence of FittedNetwork
        What was trained.
    members : EnsembleConfig or None
        Which network saw which rows; None for one network, which saw all.
    known : array of uint64 or None
        Hashes of the training rows, where networks did not see all of them.
    likelihood : Likelihood, default=None
        What the columns mean.
    """

    def __init__(
        self,
        networks: Sequence[FittedNetwork],
        members: EnsembleConfig | None,
        known: np.ndarray | None,
        likelihood: Likelihood | None = None,
    ) -> None:
        self.networks, self.members = networks, members
        self.likelihood = likelihood
        self.known = None if known is None else np.unique(known)

    def view(self, x: np.ndarray, hashes: np.ndarray | None = None) -> EnsembleOutput:
        """Return the view of rows `x`, of shape (n, n_features), float32.

        Parameters
        ----------
        x : array of shape (n, n_features), float32
            The rows.
        hashes : array of shape (n,), default=None
            Their hashes, where they are known.
        """
        hashes = Rows(x).hashes if hashes is None else hashes
        counted = self._counted(hashes)
        return EnsembleOutput(x, self.networks, hashes, counted, self.likelihood)

    def output(self, rows: Rows, at: slice | np.ndarray) -> EnsembleOutput:
        """Return the view of some of the rows, chosen by a slice or by numbers."""
        taken = rows.take(at)
        return self.view(taken, rows.hashes_of(at, taken))

    def outputs(self, rows: Rows) -> Iterator[EnsembleOutput]:
        """Yield the views of the rows of this process, a block at a time."""
        own = rows.own
        return (self.output(own, at) for at in own.block_slices())

    def _counted(self, hashes: np.ndarray) -> np.ndarray:
        if self.members is None or self.known is None:
            n_members = 1 if self.members is None else self.members.n_members
            return np.full((len(hashes), n_members), 1.0 / n_members)
        counted = ~self.members.sees(hashes)
        counted[~is_among(hashes, self.known)] = True
        counted[~counted.any(axis=1)] = True
        return counted / counted.sum(axis=1, keepdims=True)


def is_among(hashes: np.ndarray, known: Any) -> np.ndarray:
    """True for the `hashes` that are among the sorted `known` ones."""
    at = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    return known[at] == hashes
