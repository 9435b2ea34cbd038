"""scikit-learn's own checks, on every public estimator, with no expected failure."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from .estimators import public_estimators, variants
from .helpers import on_torch_or_asked


@parametrize_with_checks(public_estimators())
def test_scikit_learn_check(estimator, check):
    check(estimator)


@on_torch_or_asked
@parametrize_with_checks(variants())
def test_scikit_learn_check_of_variants(estimator, check):
    check(estimator)
