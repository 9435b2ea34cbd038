"""Every public estimator, found by discovery, with the parameters tests give it."""

import importlib
import inspect
import os
import pkgutil

import keras
from sklearn.base import BaseEstimator
from sklearn.mixture import GaussianMixture
from sklearn.utils import get_tags

import skunsup

PACKAGES = ("inputs", "models", "outliers", "preprocessing", "transfer")
# scikeras patches Keras when it is imported.
NOT_IMPORTED = {"skunsup.transfer._tuned"}
# What stands behind inputs=None, and a base class.
INTERNAL = {"Dense", "FlatDetector"}
# What a constructor cannot do without, or cannot have: weights that must be fetched.
# A check wants as many columns of predict_proba as its data have classes, four.
REQUIRED = {
    "n_clusters": lambda: 4,
    "estimator": lambda: GaussianMixture(
        3, init_params="random_from_data", random_state=0
    ),
    "blocks": lambda: [("numbers", None, ["a"])],
    "model": lambda: keras.Sequential([keras.layers.Dense(4, "tanh")]),
}


# Nearly all the time of scikit-learn's checks goes into compiling a program for each
# shape of data. They are about the contract and not about learning, so small networks
# and few plain steps keep them to minutes. With small minibatches and a number of steps
# in place of epochs, the number of rows makes no shape of its own.
# SKUNSUP_CHECK_DEFAULTS=1 runs the defaults.
SMALL = {
    "hidden_layer_sizes": (),
    "discriminator_layer_sizes": (16,),
    "batch_size": 8,
    "max_steps": 16,
    "n_estimators": 2,
    "spectral_normalization": False,  # by default it makes most of some programs
    "optimizer": {"class_name": "SGD", "config": {"clipvalue": 1.0}},
}
# A detector's network is that of its model, whose programs it shares.
AS_MODEL = {**SMALL, "n_components": 2, "activation": "relu"}
# The classifier must reach an accuracy. The diffusion model has layers beside the
# hidden ones. DEC has an estimator of ours in it, and as many clusters as labels have
# classes that go with sparse rows in a check of `predict_proba`.
LEARNERS = {
    "AAEDetector": {
        **AS_MODEL,
        "noise": None,
        "adversarial_weight": 0.1,
        "density_weight": 1.0,
    },
    "GANDetector": {**AS_MODEL, "reconstruction_weight": 10.0},
    "BiGAN": {**SMALL, "reconstruction_weight": 10.0},
    "VAEDetector": AS_MODEL,
    # Its clusters are checked in `test_mixture_prior.py`.
    "VariationalAutoencoder": {**SMALL, "n_clusters": None},
    "AAEClassifier": {
        **SMALL,
        "hidden_layer_sizes": (16,),
        "learning_rate": 0.05,  # so that 16 steps learn the classes
    },
    "DiffusionModel": {**SMALL, "hidden_layer_sizes": ()},
    "DeepEmbeddedClustering": {
        **SMALL,
        "n_clusters": 4,
        "estimator": skunsup.Autoencoder(
            **{
                name: value
                for name, value in SMALL.items()
                if name in skunsup.Autoencoder().get_params()
            }
        ),
    },
}


def estimator_classes():
    """Concrete estimators that any module of the package defines, by their names."""
    found = {}
    for package in PACKAGES:
        home = importlib.import_module(f"skunsup.{package}")
        for module in pkgutil.walk_packages(home.__path__, f"{home.__name__}."):
            if module.name not in NOT_IMPORTED:
                found |= _defined(importlib.import_module(module.name))
    return [found[name] for name in sorted(found)]


def _model(cls):
    """The model whose network a detector has, or the class itself."""
    return getattr(cls, "_model", cls)


def _defined(module):
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and issubclass(value, BaseEstimator)
        and hasattr(value, "fit")
        and not inspect.isabstract(value)
        and name not in INTERNAL
    }


def public_estimators():
    """One instance of each public estimator class, detectors behind their models.

    Some checks clone and fit without setting a random state, so one is set here.
    """
    classes = sorted(estimator_classes(), key=lambda cls: _model(cls).__name__)
    made = [cls(**_arguments(cls)) for cls in classes]
    # scikit-learn has no checks for estimators of texts, of series or of images.
    return [each for each in made if get_tags(each).input_tags.two_d_array]


def variants():
    """Public estimators that have other methods than with their defaults."""
    decoded = skunsup.NeighborEmbedding
    return [decoded(**_arguments(decoded), reconstruction_weight=1.0)]


def _arguments(cls):
    given = {name: make() for name, make in REQUIRED.items()} | {"random_state": 0}
    if not os.environ.get("SKUNSUP_CHECK_DEFAULTS"):
        given |= LEARNERS.get(cls.__name__, SMALL)
    return {
        name: value
        for name, value in given.items()
        if name in inspect.signature(cls).parameters
    }
