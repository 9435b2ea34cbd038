"""Base of the models with a code: encoding, decoding and reconstruction scores."""

from typing import Any

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skunsup._docstrings import documented
from skunsup._documentation import ROWS
from skunsup._estimator import CodeNamesMixin
from skunsup._sklearn import available_if
from skunsup._validation import check_codes, check_rows

LARGEST = float(np.finfo(np.float32).max)


class EncodingTransformer(TransformerMixin, CodeNamesMixin):
    """Base of the estimators whose network can `encode`.

    The network's `row_loss` judges validation rows.
    """

    _criterion = "row_loss"

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    @documented(ROWS)
    def transform(self, X: Any) -> np.ndarray:
        """Encode rows.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            The code of each row, float32 for float32 rows, else float64. It depends on
            that row alone, to the bit.
        """
        codes, dtype = self._compute("encode", X)
        return codes.astype(dtype, copy=False)


def _decodes(model: "LatentTransformer") -> bool:
    return model._has_decoder()


class LatentTransformer(EncodingTransformer):
    """Base of the estimators whose network can `encode`, `decode` and `reconstruct`.

    The network's `row_score` gives the scores, higher for more normal rows, and
    `split_loss` is the loss of reconstruction with the shares of the columns behind it.
    A subclass that may be without a decoder says so in `_has_decoder`, and is then
    without these methods.
    """

    def _has_decoder(self) -> bool:
        """Return True, or raise AttributeError that says how to get a decoder."""
        return True

    @available_if(_decodes)
    def inverse_transform(self, X: Any) -> np.ndarray:
        """Decode codes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Codes, as `transform` returns them.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows in the units of the training data, with the dtype of `X`.
        """
        check_is_fitted(self)
        codes = check_codes(X, self.n_components_, type(self).__name__)
        rows = self._network.merged("decode", check_rows(codes))
        return self._inputs.restore_rows(rows, codes.dtype)

    @available_if(_decodes)
    @documented(ROWS)
    def reconstruct(self, X: Any) -> np.ndarray:
        """Encode and decode rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            `inverse_transform(transform(X))`, in one pass.
        """
        rows, dtype = self._compute("reconstruct", X)
        return self._inputs.restore_rows(rows, dtype, X)

    @available_if(_decodes)
    @documented(ROWS)
    def score_samples(self, X: Any) -> np.ndarray:
        """Score rows by how normal they are.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Higher is more normal; the class says what the score is. A loss beyond
            single precision counts as 3.4e38.
        """
        return bounded(self._compute("row_score", X)[0], -1.0)

    @available_if(_decodes)
    @documented(ROWS)
    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean of `score_samples`, for model selection.

        Returns
        -------
        float
            Higher is better.
        """
        return float(self.score_samples(X).mean())

    @available_if(_decodes)
    @documented(ROWS)
    def feature_scores(self, X: Any) -> np.ndarray:
        """Split the reconstruction loss of each row over its columns.

        Returns
        -------
        ndarray of shape (n_samples, n_features), float64
            Non-negative; sums over the columns to the reconstruction loss of the row
            but for rounding, which is `-score_samples(X)` where the score is that loss
            alone. The largest entry of a row is the column least as expected.

        Raises
        ------
        ValueError
            If the loss is not a mean of non-negative losses of the columns, as the
            squared, absolute and cross-entropy losses are.
        """
        found = bounded(self._compute("split_loss", X)[0])
        shares = checked_attributions(found, getattr(self, "loss", None))
        likelihood = self._inputs.likelihood_
        if likelihood is None or shares.shape[1] == likelihood.n_cells:
            return shares
        return likelihood.pooled(shares)


def bounded(losses: np.ndarray, sign: float = 1.0) -> np.ndarray:
    """Return losses, or scores with `sign` -1, as float64 in the range of float32.

    What overflowed in the network, to infinity or to NaN, counts as the largest loss.
    """
    worst = sign * LARGEST
    values = losses.astype(np.float64)
    if not np.isfinite(values.sum()):
        values = np.nan_to_num(values, nan=worst, posinf=LARGEST, neginf=-LARGEST)
    return values


def checked_attributions(found: np.ndarray, loss: Any) -> np.ndarray:
    """Return shares of columns, once they are ones.

    Parameters
    ----------
    found : array of shape (n, 1 + n_features)
        As `split_loss` returns it: the loss of each row, then the shares.
    loss : object
        The parameter, for the message.

    Raises
    ------
    ValueError
        If the shares do not sum to the losses, or are negative.
    """
    total, shares = found[:, 0], found[:, 1:]
    known = total < LARGEST
    sums = shares[known].sum(axis=1)
    whole = np.allclose(sums, total[known], rtol=1e-3, atol=1e-6)
    if shares.min() < -1e-6 or not whole:
        raise ValueError(
            f"loss={loss!r} is not a mean of non-negative losses of the columns, so it "
            "cannot be split over them. Use loss='mean_squared_error' for "
            "feature_scores."
        )
    return np.maximum(shares, 0.0)


def summing_to_one(probabilities: np.ndarray) -> np.ndarray:
    """Return rows of float32 probabilities as float64 that sum to 1."""
    exact = probabilities.astype(np.float64)
    total: np.ndarray = exact / exact.sum(axis=1, keepdims=True)
    return total
