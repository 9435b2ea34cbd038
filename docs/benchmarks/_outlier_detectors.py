"""The subjects of the outlier benchmark: each says how outlying rows are.

A detector is called with the rows to fit, the rows to score (None for the training
rows themselves) and a seed, and returns one number a row, higher for more outlying.
"""

import importlib
from collections.abc import Callable

from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.svm import OneClassSVM

N_NEIGHBORS, PCA_VARIANCE = 5, 0.9


def isolation_forest(X_train, X, seed):
    """Score by the depth at which random trees isolate a row."""
    forest = IsolationForest(random_state=seed).fit(X_train)
    return -forest.score_samples(X_train if X is None else X)


def lof(X_train, X, seed):
    """Score by the local outlier factor of 20 neighbours."""
    model = LocalOutlierFactor(novelty=X is not None).fit(X_train)
    return -(model.negative_outlier_factor_ if X is None else model.score_samples(X))


def one_class_svm(X_train, X, seed):
    """Score by a one-class support vector machine."""
    model = OneClassSVM().fit(X_train)
    return -model.score_samples(X_train if X is None else X)


def knn(X_train, X, seed):
    """Score by the distance to the fifth neighbour (Ramaswamy et al. 2000)."""
    model = NearestNeighbors(n_neighbors=N_NEIGHBORS).fit(X_train)
    return model.kneighbors(X)[0][:, -1]


def pca_error(X_train, X, seed):
    """Score by the reconstruction error of nine tenths of the variance."""
    model = PCA(PCA_VARIANCE, svd_solver="full").fit(X_train)
    X = X_train if X is None else X
    return ((model.inverse_transform(model.transform(X)) - X) ** 2).mean(axis=1)


def pyod(module: str, name: str, **params: object) -> Callable:
    """Return the scorer of a detector of PyOD, with all but `params` at its default."""

    def score(X_train, X, seed):
        import torch

        torch.manual_seed(seed)
        given = dict(params)
        if "random_state" in given:
            given["random_state"] = seed
        if "n_features" in given:
            given["n_features"] = X_train.shape[1]
        model = getattr(importlib.import_module(module), name)(**given).fit(X_train)
        return model.decision_function(X_train if X is None else X)

    return score


def skunsup(name: str) -> Callable:
    """Return the scorer of one of ours, at its defaults."""

    def score(X_train, X, seed):
        cls = getattr(importlib.import_module("skunsup"), name)
        model = cls(random_state=seed).fit(X_train)
        return -model.score_samples(X_train if X is None else X)

    return score


OURS = ("AutoencoderDetector", "VAEDetector", "AAEDetector", "GANDetector")
SEEDED = {"random_state": 0, "verbose": 0}
PYOD = {
    "PyOD-AutoEncoder": ("pyod.models.auto_encoder", "AutoEncoder", SEEDED),
    "PyOD-VAE": ("pyod.models.vae", "VAE", SEEDED),
    "PyOD-DeepSVDD": (
        "pyod.models.deep_svdd",
        "DeepSVDD",
        {**SEEDED, "n_features": 0},
    ),
    "PyOD-SO_GAAL": ("pyod.models.so_gaal", "SO_GAAL", {}),
    "PyOD-ALAD": ("pyod.models.alad", "ALAD", {}),
    "PyOD-AnoGAN": ("pyod.models.anogan", "AnoGAN", {}),
}
DETECTORS: dict[str, Callable] = {
    "IsolationForest": isolation_forest,
    "LOF": lof,
    "OneClassSVM": one_class_svm,
    "kNN": knn,
    "PCA": pca_error,
    **{name: pyod(module, cls, **given) for name, (module, cls, given) in PYOD.items()},
    **{name: skunsup(name) for name in OURS},
}
# Imported before anything is timed.
MODULES = {
    **{name: module for name, (module, _, _) in PYOD.items()},
    **dict.fromkeys(OURS, "skunsup.outliers"),
}
