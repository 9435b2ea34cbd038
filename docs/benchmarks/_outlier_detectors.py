"""The subjects of the outlier benchmark: each says how outlying rows are.

A detector is called with the rows to fit, the rows to score (None for the training
rows themselves) and a seed, and returns one number a row, higher for more outlying.
"""

import importlib
from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata
from sklearn.covariance import EllipticEnvelope
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.svm import OneClassSVM

PCA_VARIANCE = 0.9
MOST_COVARIED = 300  # columns; the robust covariance of more does not finish


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


def knn(k: float) -> Callable:
    """Return the scorer by the distance to neighbour `k` (Ramaswamy et al. 2000).

    A fraction is one of the training rows.
    """

    def score(X_train, X, seed):
        n = k if k >= 1 else max(1, round(k * len(X_train)))
        return NearestNeighbors(n_neighbors=n).fit(X_train).kneighbors(X)[0][:, -1]

    return score


def robust_covariance(X_train, X, seed):
    """Score by the distance from the minimum covariance determinant's centre."""
    if X_train.shape[1] > MOST_COVARIED:
        raise ValueError(f"more than {MOST_COVARIED} columns")
    model = EllipticEnvelope(random_state=seed).fit(X_train)
    return -model.score_samples(X_train if X is None else X)


def pca_error(X_train, X, seed):
    """Score by the reconstruction error of nine tenths of the variance."""
    model = PCA(PCA_VARIANCE, svd_solver="full").fit(X_train)
    X = X_train if X is None else X
    return ((model.inverse_transform(model.transform(X)) - X) ** 2).mean(axis=1)


def average_of_ranks(X_train, X, seed):
    """Score by the mean rank among the scores of five detectors of different kinds."""
    scores = [DETECTORS[name](X_train, X, seed) for name in FIVE]
    return np.mean([rankdata(each) for each in scores], axis=0)


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


def skunsup(name: str, **params: object) -> Callable:
    """Return the scorer of one of ours, with all but `params` at its default.

    It is told whether the rows to fit are known to be normal, as the protocol says.
    """

    def score(X_train, X, seed):
        cls = getattr(importlib.import_module("skunsup"), name)
        model = cls(novelty=X is not None, random_state=seed, **params).fit(X_train)
        return -model.score_samples(X_train if X is None else X)

    return score


FIVE = ("kNN, k=5", "LOF", "IsolationForest", "ECOD", "HBOS")
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
    "PyOD-LUNAR": ("pyod.models.lunar", "LUNAR", {}),
    "PyOD-SO_GAAL": ("pyod.models.so_gaal", "SO_GAAL", {}),
    "PyOD-ALAD": ("pyod.models.alad", "ALAD", {}),
    "PyOD-AnoGAN": ("pyod.models.anogan", "AnoGAN", {}),
}
DETECTORS: dict[str, Callable] = {
    "IsolationForest": isolation_forest,
    "LOF": lof,
    "OneClassSVM": one_class_svm,
    "kNN, k=1": knn(1),
    "kNN, k=5": knn(5),
    "kNN, k=3%": knn(0.03),
    "MCD": robust_covariance,
    "ECOD": pyod("pyod.models.ecod", "ECOD"),
    "PCA": pca_error,
    "COPOD": pyod("pyod.models.copod", "COPOD"),
    "HBOS": pyod("pyod.models.hbos", "HBOS"),
    "INNE": pyod("pyod.models.inne", "INNE", random_state=0),
    "average of ranks of five": average_of_ranks,
    **{name: pyod(module, cls, **given) for name, (module, cls, given) in PYOD.items()},
    **{name: skunsup(name) for name in OURS},
    "AutoencoderDetector, residual": skunsup("AutoencoderDetector", scoring="residual"),
    # Which no network has a part in.
    "AutoencoderDetector, neighbors": skunsup(
        "AutoencoderDetector", scoring="neighbors", n_estimators=1, max_steps=1
    ),
    "AutoencoderDetector, reconstruction": skunsup(
        "AutoencoderDetector", scoring="reconstruction"
    ),
}
# Imported before anything is timed.
MODULES = {
    **{name: module for name, (module, _, _) in PYOD.items()},
    **dict.fromkeys(OURS, "skunsup.outliers"),
}
