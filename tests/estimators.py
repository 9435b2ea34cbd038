"""Every public estimator, found by discovery, with the parameters tests give it."""

from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA

import skunsup

# What a constructor cannot do without.
REQUIRED = {"estimator": lambda: PCA(n_components=1)}


def public_estimators():
    """One instance of each public estimator class, in the order of names."""
    classes = [getattr(skunsup, name) for name in sorted(skunsup.__all__)]
    return [
        cls(**{name: make() for name, make in REQUIRED.items() if _takes(cls, name)})
        for cls in classes
        if isinstance(cls, type) and issubclass(cls, BaseEstimator)
    ]


def _takes(cls, name):
    return name in cls._get_param_names()
