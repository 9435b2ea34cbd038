"""Names of codes."""

from typing import Any

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.utils.validation import check_is_fitted

from skunsup._estimator._template import DeepEstimator
from skunsup.inputs import Dense


class CodeNamesMixin(ClassNamePrefixFeaturesOutMixin, DeepEstimator):
    """Names the columns of codes after the class."""

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Get the names of the columns that `transform` returns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of `X`, which must be those of `fit`. Of texts,
            sequences and images, which are not columns, they are not checked.

        Returns
        -------
        ndarray of shape (n_components,), object
            The name of the class in lower case and a number, as "autoencoder0".

        Raises
        ------
        ValueError
            If there are other columns than in `fit`.
        """
        check_is_fitted(self)
        named = hasattr(self, "feature_names_in_")
        columns = input_features if named or isinstance(self._inputs, Dense) else None
        names: np.ndarray = super().get_feature_names_out(columns)
        return names
