"""Rows that a fitted diffusion network draws."""

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np

from skunsup._training import as_rows
from skunsup.models._diffusion_rows import Scores
from skunsup.models._diffusion_wide import draw_given


class Draws:
    """Rows drawn by a network, alone or given some of their cells.

    Parameters
    ----------
    compute : callable
        Of a method of the network and rows, as `FittedNetwork.compute`.
    scores : Scores
        Rows as scores, and back.
    n_steps : int
        Steps of the sampler.

    Raises
    ------
    ValueError
        If `n_steps`, which may have been set after `fit`, is not a number of steps.
    """

    def __init__(self, compute: Callable, scores: Scores, n_steps: Any) -> None:
        if not isinstance(n_steps, Integral) or n_steps < 1:
            raise ValueError(
                f"n_steps={n_steps!r}, but expected a whole number of steps, at "
                "least 1. Set it to 25, the default, or another."
            )
        self.compute, self.scores, self.n_steps = compute, scores, int(n_steps)

    def new(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return rows with gaps as in training rows, 0 where cells are missing."""
        scores = self.scores
        given = np.zeros((n, scores.n_scores), np.float32)
        states = scores.gaps.drawn(np.zeros((n, scores.n_cells)), rng)
        drawn = self._solved(given, states, rng)
        if (states == 0).all():
            return drawn
        return np.where(states[:, scores.column_cells] < 0, 0.0, drawn)

    def completed(
        self, rows: np.ndarray, observed: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return rows whose other columns are drawn given the `observed` ones.

        First come the cells that a training row with such gaps has, then the others
        given these, since rows without a gap may be of another kind.

        Parameters
        ----------
        rows : array of shape (n, n_columns), float32
            As networks of other models see them.
        observed : array of bool, shape (n, n_columns)
            Which columns are known.
        rng : numpy.random.Generator
            Draws.
        """
        scores = self.scores
        if scores.components is not None:
            return draw_given(self.compute, scores, rows, observed, self.n_steps, rng)
        for drawn_states in (scores.gaps.drawn, lambda known, rng: known):
            given, known = scores.given(rows, observed, rng)
            states = drawn_states(known, rng)
            by_column = states[:, scores.column_cells]
            if (states == 0).any():
                drawn = self._solved(given, states, rng)
                rows = np.where(by_column == 0, drawn, rows)
            observed = by_column >= 0
        return rows

    def _solved(
        self, given: np.ndarray, states: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return rows, with the scores `given` where states are 1."""
        noise = rng.standard_normal(given.shape, np.float32)
        steps = np.full((len(given), 1), self.n_steps, np.float32)
        x = np.concatenate([noise, given, states, steps], axis=1)
        return self.scores.restored(self.compute("generate", as_rows(x)))
