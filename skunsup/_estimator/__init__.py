"""The one template of every deep estimator, and the functions that others use it by."""

import skunsup._keras_import  # noqa: F401
from skunsup._estimator._access import (
    architecture_of,
    details_html,
    fit_data,
    fit_rows,
    inputs_of,
    learn_rows,
    network_of,
    read_rows,
)
from skunsup._estimator._data import is_trained, same_inputs
from skunsup._estimator._names import CodeNamesMixin
from skunsup._estimator._template import DeepEstimator

__all__ = [
    "CodeNamesMixin",
    "DeepEstimator",
    "architecture_of",
    "details_html",
    "fit_data",
    "fit_rows",
    "inputs_of",
    "is_trained",
    "learn_rows",
    "network_of",
    "read_rows",
    "same_inputs",
]
