"""Functions by which detectors, transfer, displays and exports use a model.

No module outside of this package reads the private names of a model.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from skunsup._estimator._template import DeepEstimator
from skunsup._fit_data import FitData
from skunsup._networks import Architecture
from skunsup._training import EnsembleConfig, FittedNetwork, Rows
from skunsup.inputs import Inputs


def learn_rows(model: DeepEstimator, X: Any) -> Rows:
    """Validate and read training rows, and learn what they look like.

    With a warm start, what was learned in the last fit stands.

    Parameters
    ----------
    model : DeepEstimator
        Knows the columns of `X` afterwards.
    X : array-like
        As `fit` takes it.

    Returns
    -------
    Rows
        For `fit_rows`.
    """
    return model._learn_first(X)


def fit_rows(
    model: DeepEstimator,
    rows: Rows,
    *,
    sample_weight: Any = None,
    X_val: Any = None,
    members: EnsembleConfig | None = None,
    preliminary: bool = False,
) -> None:
    """Train a model on rows that `learn_rows` read, as `fit` does.

    Parameters
    ----------
    model : DeepEstimator
        The model to train.
    rows : Rows
        The rows.
    sample_weight, X_val : array-like, default=None
        As `fit` takes them.
    members : EnsembleConfig, default=None
        Train several networks side by side; None for one.
    preliminary : bool, default=False
        Whether another model is trained after this one.
    """
    model._fit(rows, None, sample_weight, X_val, members, preliminary=preliminary)


def fit_data(model: DeepEstimator, data: FitData, rng: np.random.Generator) -> None:
    """Train a model on the training data of another, which is trained after it.

    Parameters
    ----------
    model : DeepEstimator
        The model to train, after `same_inputs`.
    data : FitData
        The training data of the other.
    rng : numpy.random.Generator
        Draws what early stopping holds out and all else.
    """
    data = model._with_validation(data, data.rows, None, rng)
    plan = model._plan(data, stopping=model.early_stopping)
    model._train(data, replace(plan, preliminary=True), None, rng)


def architecture_of(model: DeepEstimator, data: FitData) -> Architecture:
    """Return the network that an unfitted model would train on `data`."""
    return model._architecture(data)


def read_rows(model: DeepEstimator, X: Any) -> Rows:
    """Return the rows of `X`, validated against those of the fit."""
    return model._read(X)


def inputs_of(model: DeepEstimator) -> Inputs:
    """Return the fitted kind of data of a model."""
    return model._inputs


def network_of(model: DeepEstimator) -> FittedNetwork:
    """Return the trained network of a fitted model."""
    return model._network


def details_html(model: DeepEstimator) -> str:
    """HTML that a notebook shows for the fitted network of a model."""
    return model._details_html()
