"""scikit-learn's own checks, on every public estimator, with no expected failure."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from .estimators import public_estimators


@parametrize_with_checks(public_estimators())
def test_scikit_learn_check(estimator, check):
    check(estimator)
