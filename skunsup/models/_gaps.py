"""Missing cells of rows, drawn as in training rows."""

import numpy as np


class Gaps:
    """Patterns of missing cells among training rows, and their shares.

    Parameters
    ----------
    known : array of bool, shape (n, n_cells)
        Which cells of training rows are not missing.
    weight : array of shape (n,)
        Weights of the rows.
    """

    def __init__(self, known: np.ndarray, weight: np.ndarray) -> None:
        self.patterns, place = np.unique(known, axis=0, return_inverse=True)
        self.shares = np.bincount(place.ravel(), weight) / weight.sum()

    def drawn(self, states: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw which of the cells that are not known are missing, as in training rows.

        Parameters
        ----------
        states : array of shape (n, n_cells)
            1 where a cell is known, else 0.
        rng : numpy.random.Generator
            Draws.

        Returns
        -------
        array of shape (n, n_cells), float32
            -1 in place of 0 where a cell is missing. A row is like a training row in
            which what is known of it was observed; nothing is missing where there is
            none.
        """
        if self.patterns.all():
            return states.astype(np.float32)
        known = states > 0
        observed = np.ones(known.shape, bool)
        masks, place = np.unique(known, axis=0, return_inverse=True)
        place = place.ravel()
        for i, mask in enumerate(masks):
            fits = self.patterns[:, mask].all(axis=1)
            chances = self.shares * fits
            if chances.sum() == 0:
                continue
            at = np.flatnonzero(place == i)
            p = chances / chances.sum()
            observed[at] = self.patterns[rng.choice(len(p), len(at), p=p)]
        return np.where(known, 1.0, observed - 1.0).astype(np.float32)
