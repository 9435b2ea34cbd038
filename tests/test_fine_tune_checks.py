"""scikit-learn's own checks on what `fine_tune` returns.

An encoder fixes the columns, and the checks bring rows of many widths. So a source for
these columns is fitted in front of the code under test.
"""

from unittest.mock import patch

import numpy as np
from sklearn.datasets import load_iris
from sklearn.utils.estimator_checks import parametrize_with_checks

from skunsup import Autoencoder, fine_tune
from skunsup.transfer import _tuning
from skunsup.transfer._tuned import FineTunedClassifier, FineTunedRegressor

from .helpers import on_torch_or_asked

pytestmark = on_torch_or_asked
SOURCE = Autoencoder(4, hidden_layer_sizes=(16,), epochs=1, random_state=0)
LEARNING = {"epochs": 12, "optimizer__learning_rate": 0.02, "random_state": 0}


# Of classes that are scikeras's: nothing that inherits them can be otherwise.
EXPECTED = {
    "check_estimator_tags_renamed": "BaseWrapper of scikeras defines _more_tags.",
    "check_mixin_order": "Mixins of scikeras's wrappers stand behind BaseEstimator.",
}


class OnAnyRows:
    """Starts from an autoencoder of as many columns as `fit` is given."""

    def _learn(self, X, *args, **kwargs):
        taken = _tuning.fitted_encoder

        def fitted(_):
            shape = X.shape if hasattr(X, "shape") else np.asarray(X).shape
            width = shape[1] if len(shape) == 2 else 1
            return taken(SOURCE.fit(np.random.default_rng(0).normal(size=(50, width))))

        with patch.object(_tuning, "fitted_encoder", fitted):
            return super()._learn(X, *args, **kwargs)


class Classifier(OnAnyRows, FineTunedClassifier):
    """Classifier under test."""


class Regressor(OnAnyRows, FineTunedRegressor):
    """Regressor under test."""


@parametrize_with_checks(
    [Classifier("fitted later", **LEARNING), Regressor("fitted later", **LEARNING)],
    expected_failed_checks=lambda _: EXPECTED,
    xfail_strict=True,
)
def test_scikit_learn_check(estimator, check):
    check(estimator)


def test_what_is_checked_is_what_fine_tune_returns():
    source = Autoencoder(2, epochs=1).fit(load_iris().data)
    for task, cls in {
        "classification": FineTunedClassifier,
        "regression": FineTunedRegressor,
    }.items():
        assert type(fine_tune(source, task=task)) is cls
