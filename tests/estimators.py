"""Every public estimator, found by discovery, with the parameters tests give it."""

from inspect import signature

import keras
from sklearn.base import BaseEstimator
from sklearn.mixture import GaussianMixture

import skunsup

# What a constructor cannot do without.
REQUIRED = {
    "estimator": lambda: GaussianMixture(
        3, init_params="random_from_data", random_state=0
    )
}


# Steps are not compiled on torch: fewer epochs keep scikit-learn's checks, which are
# about the contract and not about learning, to minutes.
FEWER = {"epochs": 5} if keras.backend.backend() == "torch" else {}


def public_estimators():
    """One instance of each public estimator class, in the order of names."""
    classes = [getattr(skunsup, name) for name in sorted(skunsup.__all__)]
    estimators = [
        cls
        for cls in classes
        if isinstance(cls, type) and issubclass(cls, BaseEstimator)
    ]
    return [cls(**_arguments(cls)) for cls in estimators]


def _arguments(cls):
    given = {**{name: make() for name, make in REQUIRED.items()}, **FEWER}
    return {
        name: value
        for name, value in given.items()
        if name in signature(cls).parameters
    }
