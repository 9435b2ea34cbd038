"""Converters of skl2onnx for the estimators of skunsup."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from sklearn.base import is_regressor

from skunsup import inputs, models, outliers
from skunsup._estimator import DeepEstimator
from skunsup.models._clusterer import Clusterer
from skunsup.onnx._graph import DOUBLE, FLOAT, ML_OPSET, ONNX_OPSET, Graph
from skunsup.onnx._images import image_features
from skunsup.onnx._kinds import network_rows
from skunsup.onnx._methods import METHODS, RowsIn, decoded, kind_of_data, label_type
from skunsup.onnx._scores import View, anomaly
from skunsup.onnx._series import times_of
from skunsup.onnx._skl2onnx_private import (
    parsed,
    register_converter,
    register_shape_calculator,
)
from skunsup.outliers._base import Detector
from skunsup.outliers._flat import FlatDetector
from skunsup.preprocessing import SlidingWindows, TokenVectorizer
from skunsup.transfer import PretrainedFeatures
from skunsup.transfer._tuning import FineTuned

DETECTION = ("predict", "decision_function", "score_samples")
WINDOWS = "SkunsupWindows"
NO_CODES = (
    "DiffusionModel cannot be exported to ONNX: its sampler draws from random noise, "
    "and its scores are made of rows column by column. Use sample and score_samples in "
    "Python, or export a VariationalAutoencoder."
)
NO_WORDS = (
    "TokenVectorizer cannot be exported to ONNX, whose operations do not strip "
    "punctuation or split texts as it does. Call transform in Python, and export what "
    "follows it, which takes its rows of numbers."
)
NO_STEP = (
    "{name} cannot be exported to ONNX as a step of its own. Give it to a model, as "
    "inputs={name}(...), or call transform in Python and export what follows it."
)
REFUSED = {
    models.DiffusionModel: NO_CODES,
    TokenVectorizer: NO_WORDS,
    inputs.Inputs: NO_STEP,
}
LABELLING = (Clusterer, models.AAEClassifier, models.AAEClustering, FineTuned)
LABELS = {
    np.int64: Int64TensorType,
    np.float64: DoubleTensorType,
    None: StringTensorType,
}
LARGEST = 1.7976931348623157e308


def default_methods(estimator: Any) -> tuple[str, ...]:
    """Methods of an estimator that a file has where none are asked for."""
    if isinstance(estimator, Detector):
        return DETECTION
    if isinstance(estimator, LABELLING):
        known = offered(estimator)
        return tuple(name for name in ("predict", "predict_proba") if name in known)
    return ("transform",)


def offered(estimator: Any) -> tuple[str, ...]:
    """Return the methods of an estimator that a file can hold."""
    if isinstance(estimator, Detector):
        return DETECTION
    own = tuple(name for name in METHODS if hasattr(estimator, name))
    back = ("inverse_transform",) if hasattr(estimator, "inverse_transform") else ()
    return own + back


def refuse(model: Any) -> None:
    """Raise NotImplementedError for an estimator that has no nodes."""
    for kind, message in REFUSED.items():
        if isinstance(model, kind):
            raise NotImplementedError(message.format(name=type(model).__name__))


def _parse(
    scope: Any, model: Any, variables: list[Any], custom_parsers: Any = None
) -> Any:
    """Declare an operator with an output for each method that is asked for.

    Raises
    ------
    NotImplementedError
        If the model draws rows and has no code, or is a kind of data.
    """
    refuse(model)
    options = scope.get_options(model, {"methods": None}, fail=False) or {}
    asked = options.get("methods") or ("transform",)
    if isinstance(model, Detector):
        asked = options.get("methods") or DETECTION
    given = list(variables)
    if isinstance(model, outliers.SeriesDetector):
        cut = scope.declare_local_operator(WINDOWS, model)
        cut.inputs = given
        width = model.window_length * model.n_features_in_
        cut.outputs.append(
            scope.declare_local_variable("windows", DoubleTensorType([None, width]))
        )
        found = parsed(scope, model.estimator_, cut.outputs, custom_parsers)
        given = [found[-1], *given]
    if isinstance(model, outliers.OutlierDetector):
        found = parsed(scope, model.estimator_, given, custom_parsers)
        given = [found[-1]]
    operator = scope.declare_local_operator(_alias(type(model)), model)
    operator.inputs = given
    for method in asked:
        kind = _type_of(model, method, given[0].type)
        operator.outputs.append(scope.declare_local_variable(method, kind))
    operator.skunsup_methods = tuple(asked)
    return operator.outputs


def _alias(kind: type) -> str:
    return f"Skunsup{kind.__name__}"


def _type_of(model: Any, method: str, given: Any) -> Any:
    """Return the type and shape of what a method gives."""
    if method in ("decision_function", "score_samples"):
        return DoubleTensorType([None])
    if method == "predict":
        if is_regressor(model):
            return DoubleTensorType([None] if model._flat else [None, model.n_outputs_])
        return LABELS[label_type(model)]([None])
    if method == "predict_proba":
        return DoubleTensorType([None, None])
    double = not isinstance(given, FloatTensorType)
    kind = DoubleTensorType if double else FloatTensorType
    width = kind_of_data(model).n_columns_
    width = model._n_features_out if method == "transform" else width
    return kind([None, width])


def _shapes(operator: Any) -> None:
    """Nothing to infer: the parser has declared all."""


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of an estimator."""
    model, x = operator.raw_operator, operator.inputs[0]
    graph = Graph(scope.get_unique_variable_name)
    methods = operator.skunsup_methods
    double = not isinstance(x.type, FloatTensorType)
    if isinstance(model, Detector):
        found = _detected(model, graph, operator.inputs)
    elif methods == ("inverse_transform",):
        codes = graph.cast(x.full_name, FLOAT)
        rows = decoded(model, graph, codes, model.n_components_)
        found = {methods[0]: graph.cast(rows, DOUBLE) if double else rows}
    else:
        rows_in = _rows_in(model, graph, operator.inputs)
        found = {method: METHODS[method](model, rows_in) for method in methods}
    for method, output in zip(methods, operator.outputs, strict=True):
        graph.named(found[method], output.full_name)
    _put(container, graph)


def _rows_in(model: Any, graph: Graph, given: Sequence[Any]) -> RowsIn:
    """Return the rows of a network out of what a model is given."""
    kind = kind_of_data(model)
    double = not isinstance(given[0].type, FloatTensorType)
    return RowsIn(graph, network_rows(kind, graph, given), kind.n_columns_, double)


def _detected(model: Any, graph: Graph, given: Sequence[Any]) -> dict[str, str]:
    """Scores, scores around the threshold and labels of a detector."""
    if isinstance(model, FlatDetector):
        rows = _rows_in(model.estimator_, graph, given)
        scorer = model._ensemble_scorer
        view = View(rows, list(scorer.networks), scorer.likelihood)
        rounded = graph.cast(anomaly(view, model._score), FLOAT)
        scores = graph.node("Neg", [graph.cast(rounded, DOUBLE)])
    else:
        scores = graph.reshape(graph.cast(given[0].full_name, DOUBLE), -1)
    if isinstance(model, outliers.SeriesDetector):
        times = times_of(model, graph, given[1].full_name)
        scores = times.point_scores(scores, model.method)
    decision = graph.node("Sub", [scores, graph.doubles(float(model.offset_))])
    ends = (graph.doubles(-LARGEST), graph.doubles(LARGEST))
    decision = graph.node("Clip", [decision, *ends])
    low = graph.node("Less", [decision, graph.doubles(0.0)])
    numbers = (graph.constant(-1, "int64"), graph.constant(1, "int64"))
    label = graph.node("Where", [low, *numbers])
    return dict(zip(DETECTION, (label, decision, scores), strict=True))


def _cut(scope: Any, operator: Any, container: Any) -> None:
    """Cut a series into windows, in front of a detector."""
    graph, x = Graph(scope.get_unique_variable_name), operator.inputs[0].full_name
    series = graph.cast(x, DOUBLE)
    windows = times_of(operator.raw_operator, graph, series).cut(series)
    graph.named(windows, operator.outputs[0].full_name)
    _put(container, graph)


def _window_shape(operator: Any) -> None:
    """Windows have the type of the series."""
    model, given = operator.raw_operator, operator.inputs[0].type
    shape = [model.window_length, model.n_features_in_]
    shape = [int(np.prod(shape))] if model.flatten else shape
    operator.outputs[0].type = type(given)([None, *shape])


def _windows(scope: Any, operator: Any, container: Any) -> None:
    """Cut a series into windows, as a step of its own."""
    graph, x = Graph(scope.get_unique_variable_name), operator.inputs[0].full_name
    model = operator.raw_operator
    windows = times_of(model, graph, x).cut(x, flat=bool(model.flatten))
    graph.named(windows, operator.outputs[0].full_name)
    _put(container, graph)


def _feature_shape(operator: Any) -> None:
    """Features of a network that others have trained."""
    single = isinstance(operator.inputs[0].type, FloatTensorType)
    kind = FloatTensorType if single else DoubleTensorType
    operator.outputs[0].type = kind([None, operator.raw_operator.n_components_])


def _features(scope: Any, operator: Any, container: Any) -> None:
    graph, x = Graph(scope.get_unique_variable_name), operator.inputs[0]
    found = image_features(operator.raw_operator, graph, x)
    if not isinstance(x.type, FloatTensorType):
        found = graph.cast(found, DOUBLE)
    graph.named(found, operator.outputs[0].full_name)
    _put(container, graph)


def _put(container: Any, graph: Graph) -> None:
    """Give nodes and constants to skl2onnx."""
    container.nodes.extend(graph.nodes)
    container.initializers.extend(graph.constants)
    versions = {"": ONNX_OPSET, "ai.onnx.ml": ML_OPSET}
    for node in graph.nodes:
        found = (node.domain, versions[node.domain])
        container.node_domain_version_pair_sets.add(found)


def _estimators() -> Sequence[type]:
    """Return the classes whose methods are outputs of their own."""
    found = [kind for kind in vars(models).values() if isinstance(kind, type)]
    found = [kind for kind in found if issubclass(kind, DeepEstimator)]
    detectors = [getattr(outliers, name) for name in outliers.__all__]
    # Loaded with scikeras, which takes a second and is not needed otherwise.
    tuned = sys.modules.get("skunsup.transfer._tuned")
    tuning = [tuned.FineTunedClassifier, tuned.FineTunedRegressor] if tuned else []
    kinds = [kind for kind in vars(inputs).values() if isinstance(kind, type)]
    kinds = [kind for kind in kinds if issubclass(kind, inputs.Inputs)]
    return [*found, *detectors, *tuning, *kinds, TokenVectorizer]


TRANSFORMERS: dict[type, tuple[Any, Any]] = {
    SlidingWindows: (_window_shape, _windows),
    PretrainedFeatures: (_feature_shape, _features),
}


def register() -> None:
    """Tell skl2onnx of the estimators of skunsup."""
    register_converter(WINDOWS, _cut, overwrite=True)
    register_shape_calculator(WINDOWS, _shapes, overwrite=True)
    for kind, (shape, convert) in TRANSFORMERS.items():
        update_registered_converter(kind, _alias(kind), shape, convert, overwrite=True)
    for kind in _estimators():
        update_registered_converter(
            kind,
            _alias(kind),
            _shapes,
            _convert,
            parser=_parse,
            options={"methods": None},
            overwrite=True,
        )
