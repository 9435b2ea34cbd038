"""Base of the models that generate rows."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skunsup._networks import GaussianPrior
from skunsup._random import make_generator
from skunsup._sklearn import available_if
from skunsup._validation import check_rows

CANNOT_COMPLETE = (
    "{name} does not draw cells given others, so it has no complete, and sample takes "
    "no given. Use DiffusionModel or VariationalAutoencoder."
)


def _completes(model: "Sampler") -> bool:
    if not model._can_complete():
        raise AttributeError(CANNOT_COMPLETE.format(name=type(model).__name__))
    return True


def _samples(model: "Sampler") -> bool:
    return model._has_sample()


class Sampler:
    """Mixin of the estimators that generate rows.

    By default their network decodes codes drawn from a prior. A subclass that draws
    missing cells given the others implements `_complete_rows`.
    """

    @available_if(_samples)
    def sample(
        self, n_samples: Any = 1, random_state: Any = None, *, given: Any = None
    ) -> np.ndarray:
        """Generate rows.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows, at least 1.
        random_state : int, RandomState instance or None, default=None
            Fixes the draws. An int gives equal rows in every call, and one row more or
            less does not change the others' distribution.
        given : dict, default=None
            Values that all rows are to have, by column: names of columns, or numbers
            of columns from 0 where X had no names. The other cells are drawn given
            these. For models with a method `complete`, and `inputs` of numbers or
            `Table`.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows in the units of the training data; float32 if these were, else float64.

        Raises
        ------
        ValueError
            If `n_samples` is not a whole number above 0, the model cannot draw rows
            given some cells, or `given` names an unknown column or a value that the
            column cannot have.
        """
        check_is_fitted(self)
        if not isinstance(n_samples, Integral) or n_samples < 1:
            raise ValueError(
                f"n_samples={n_samples!r}, but expected a whole number of rows to "
                "generate, at least 1."
            )
        rng = make_generator(random_state)
        if given is not None:
            return self._sample_given(int(n_samples), given, rng)
        rows = self._drawn_rows(int(n_samples), rng)
        return self._inputs.restore_rows(rows, self._dtype)  # type: ignore[attr-defined]

    @available_if(_completes)
    def complete(self, X: Any, random_state: Any = None) -> Any:
        """Draw the missing cells of rows, given the others.

        `reconstruct` gives about the mean of what a cell may be; this gives a draw, so
        that several calls show how far the cell is known (multiple imputation: Rubin
        1987).

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Rows like those of `fit`, in which cells may be missing: NaN, or whatever a
            `Table` takes for missing.
        random_state : int, RandomState instance or None, default=None
            Fixes the draws.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_features)
            The rows without missing cells. Those that were observed are as they came.

        Raises
        ------
        ValueError, TypeError
            If `X` is not like the rows of `fit`, or `inputs` is not None or a `Table`.
        """
        check_is_fitted(self)
        inputs = self._inputs  # type: ignore[attr-defined]
        rows, observed = inputs.read_incomplete(X, self)
        rng = make_generator(random_state)
        if not observed.all():
            rows = self._filled_rows(rows, observed, rng)
        return inputs.filled(X, inputs.restore_rows(rows, self._dtype, X))  # type: ignore[attr-defined]

    def _sample_given(self, n: int, given: Any, rng: np.random.Generator) -> Any:
        if not self._can_complete():
            raise ValueError(CANNOT_COMPLETE.format(name=type(self).__name__))
        inputs = self._inputs  # type: ignore[attr-defined]
        row, known = inputs.given_row(given, self)
        rows, observed = (np.repeat(v[None], n, axis=0) for v in (row, known))
        rows = self._filled_rows(rows, observed, rng)
        return inputs.with_given(inputs.restore_rows(rows, self._dtype), given, self)  # type: ignore[attr-defined]

    def _filled_rows(
        self, rows: np.ndarray, observed: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return rows with draws where columns were not observed, float32."""
        drawn = self._complete_rows(rows, observed, rng)
        return np.where(observed, rows, drawn).astype(np.float32)

    def _has_sample(self) -> bool:
        """Return True, or raise AttributeError that says how to get draws."""
        return True

    def _can_complete(self) -> bool:
        return type(self)._complete_rows is not Sampler._complete_rows

    def _complete_rows(
        self, rows: np.ndarray, observed: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw the columns that were not observed, given the others.

        Parameters
        ----------
        rows : array of shape (n, n_columns), float32
            As networks see them; in columns that were not observed, what the kind of
            data has for a missing cell.
        observed : array of bool, shape (n, n_columns)
            Columns that were observed; all columns of a cell or none.
        rng : numpy.random.Generator
            Draws.

        Returns
        -------
        array of shape (n, n_columns)
            Rows; observed columns do not count.
        """
        raise NotImplementedError

    def _drawn_rows(self, n_samples: int, rng: np.random.Generator) -> np.ndarray:
        """Return rows as networks see them."""
        codes = self._prior().sample(n_samples, rng)
        rows = self._network.compute("decode", check_rows(codes))  # type: ignore[attr-defined]
        return self._observed(rows, rng)

    def _prior(self) -> Any:
        """Return the distribution of codes."""
        architecture = self._network.architecture  # type: ignore[attr-defined]
        return architecture.settings.get("prior") or GaussianPrior(self._n_noise())

    def _n_noise(self) -> int:
        return int(self.n_components_)  # type: ignore[attr-defined]

    def _observed(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw rows of which the decoder gives the means."""
        likelihood = self._inputs.likelihood_  # type: ignore[attr-defined]
        if likelihood is None:
            return rows
        return likelihood.sample(rows, np.zeros(likelihood.n_cells), rng)
