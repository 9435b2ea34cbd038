"""Methods of estimators as ONNX nodes, from rows to what the method returns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import is_regressor

from skunsup._estimator import inputs_of, network_of
from skunsup._training import FittedNetwork
from skunsup.inputs import Inputs
from skunsup.models import GAN, VariationalAutoencoder
from skunsup.models._clusterer import SoftClusterer
from skunsup.onnx._graph import DOUBLE, Graph
from skunsup.onnx._walk import emit
from skunsup.transfer._tuning import FineTuned

LARGEST = float(np.finfo(np.float32).max)
TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class RowsIn:
    """Rows on their way through a model.

    Parameters
    ----------
    graph : Graph
        Gets the nodes.
    name : str
        Of the float32 rows, as networks see them.
    width : int
        Their columns.
    double : bool
        Whether X is float64, so that codes are float64 too.
    """

    graph: Graph
    name: str
    width: int
    double: bool


def computed(rows: RowsIn, network: FittedNetwork, method: str) -> str:
    """Result of a method of a network, (n, n_members, ...) with several members."""
    return emit(rows.graph, network.model(), method, rows.name, rows.width)


def merged(rows: RowsIn, network: FittedNetwork, method: str) -> str:
    """Return one result of those of members, as `FittedNetwork.merged` does."""
    found = computed(rows, network, method)
    if network.architecture.n_members == 1:
        return found
    if method == "encode":
        width = network.architecture.n_members * network.architecture.n_components
        return rows.graph.reshape(found, -1, width)
    return rows.graph.mean(found, 1)


def fitted_network(model: Any) -> FittedNetwork:
    """Return the network of an estimator with its weights."""
    return model._fitted if isinstance(model, FineTuned) else network_of(model)


def kind_of_data(model: Any) -> Inputs:
    """Return the kind of data that an estimator reads."""
    return model._inputs if isinstance(model, FineTuned) else inputs_of(model)


def transform(model: Any, rows: RowsIn) -> str:
    """Codes of rows; of a GAN the features of the discriminator."""
    method = "features" if isinstance(model, GAN) else "encode"
    codes = merged(rows, fitted_network(model), method)
    return rows.graph.cast(codes, DOUBLE) if rows.double else codes


def reconstruct(model: Any, rows: RowsIn) -> str:
    """Reconstructed rows."""
    found = merged(rows, fitted_network(model), "reconstruct")
    return rows.graph.cast(found, DOUBLE) if rows.double else found


def score_samples(model: Any, rows: RowsIn) -> str:
    """Scores, float64 in the range of float32."""
    graph = rows.graph
    found = graph.cast(merged(rows, fitted_network(model), "row_score"), DOUBLE)
    return graph.node("Clip", [found, graph.doubles(-LARGEST), graph.doubles(LARGEST)])


def predict_proba(model: Any, rows: RowsIn) -> str:
    """Shares of clusters or classes, float64, that sum to 1."""
    graph = rows.graph
    if isinstance(model, VariationalAutoencoder):
        return _memberships(model, rows)
    found = merged(rows, fitted_network(model), _shares_of(model))
    exact = graph.cast(found, DOUBLE)
    return graph.node("Div", [exact, graph.total(exact, -1, keep=True)])


def predict(model: Any, rows: RowsIn) -> str:
    """Most probable clusters or classes, or numbers of a regressor.

    Classes are int64, float64 or strings, as `classes_` are.
    """
    graph = rows.graph
    if is_regressor(model):
        found = graph.cast(merged(rows, fitted_network(model), "outputs"), DOUBLE)
        return graph.reshape(found, -1) if model._flat else found
    shares = predict_proba(model, rows)
    best = graph.node("ArgMax", [shares], axis=1, keepdims=0)
    classes = getattr(model, "classes_", None)
    if classes is None:
        return best
    kind = label_type(model)
    names = graph.strings(classes) if kind is None else graph.constant(classes, kind)
    return graph.take_from(names, best)


def label_type(model: Any) -> Any:
    """Type of the labels of a model in a file; None for strings."""
    classes = getattr(model, "classes_", None)
    if classes is None or classes.dtype.kind in "iub":
        return np.int64
    return np.float64 if classes.dtype.kind == "f" else None


def _shares_of(model: Any) -> str:
    """Return the method of the network that gives shares."""
    if isinstance(model, FineTuned):
        return "outputs"
    if isinstance(model, SoftClusterer):
        return model._probability_method
    return "probabilities"


def _memberships(model: VariationalAutoencoder, rows: RowsIn) -> str:
    """Probabilities of the components of a mixture, as `LearnedMixture` has them."""
    graph, weights, centres = rows.graph, model.weights_, model.means_
    width = centres.shape[1]
    codes = graph.cast(merged(rows, fitted_network(model), "posterior"), DOUBLE)
    codes = graph.reshape(codes, -1, 1, 2 * width)
    mean, log_variance = (
        graph.take(codes, at + np.arange(width), 2) for at in (0, width)
    )
    apart = graph.node("Sub", [mean, graph.doubles(centres)])
    square = graph.node("Mul", [apart, apart])
    spread = graph.node("Add", [square, graph.node("Exp", [log_variance])])
    own = model.covariances_
    scaled = graph.total(graph.node("Div", [spread, graph.doubles(own)]), 2)
    constant = np.log(np.maximum(weights, TINY)) - 0.5 * np.log(own).sum(axis=1)
    half = graph.node("Mul", [scaled, graph.doubles(-0.5)])
    log_joint = graph.node("Add", [half, graph.doubles(constant)])
    return graph.node("Softmax", [log_joint], axis=-1)


# Methods of models by name, in the order in which they are offered.
METHODS: dict[str, Callable[[Any, RowsIn], str]] = {
    "predict": predict,
    "predict_proba": predict_proba,
    "transform": transform,
    "score_samples": score_samples,
    "reconstruct": reconstruct,
}


def decoded(model: Any, graph: Graph, codes: str, width: int) -> str:
    """Rows that codes stand for, float32."""
    network = fitted_network(model)
    m = network.architecture.n_members

    def split(name: str) -> str:
        parts = graph.reshape(name, -1, m, width // m)
        return graph.node("Transpose", [parts], perm=[1, 0, 2])

    each = width // m
    found = emit(graph, network.model(), "decode", codes, each, spread=split)
    return found if m == 1 else graph.mean(found, 1)
