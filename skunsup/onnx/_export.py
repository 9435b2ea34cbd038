"""Whole pipelines as ONNX models."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import skl2onnx
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skunsup._estimator import DeepEstimator
from skunsup.inputs import Dense
from skunsup.onnx._converters import default_methods, offered, refuse, register
from skunsup.onnx._graph import ONNX_OPSET
from skunsup.onnx._images import image_type
from skunsup.onnx._kinds import input_types
from skunsup.onnx._methods import kind_of_data
from skunsup.outliers import OutlierDetector, SeriesDetector
from skunsup.outliers._base import Detector
from skunsup.outliers._flat import FlatDetector
from skunsup.transfer import PretrainedFeatures
from skunsup.transfer._tuning import FineTuned

register()


def to_onnx(
    estimator: Any,
    X: Any = None,
    *,
    methods: Sequence[str] | None = None,
    options: dict[int, Any] | None = None,
) -> Any:
    """Export a fitted estimator, Pipeline or ColumnTransformer to ONNX.

    The model takes float64 numbers, (n_rows, n_features), as its input "X", and
    has one output for each method, of that name. Any onnxruntime runs it, without
    Python packages of machine learning.

    Parameters
    ----------
    estimator : object
        A fitted estimator of skunsup, or one of scikit-learn with such in it, as
        far as skl2onnx knows its steps.
    X : array-like or DataFrame, default=None
        A few rows, which say how wide X is and what types its columns have. Of a
        DataFrame each column is an input of its own name, numbers as float64. None
        means `estimator.n_features_in_` numbers.
    methods : sequence of str, default=None
        Methods of the last step of skunsup, among "predict", "predict_proba",
        "transform", "score_samples", "decision_function" and "reconstruct"; or
        "inverse_transform" alone, whose input is codes. None means what the kind
        of estimator is for: "predict", "decision_function" and "score_samples" of a
        detector, "predict" and "predict_proba" of clusterers and classifiers,
        "transform" of others.
    options : dict, default=None
        Further options of `skl2onnx.to_onnx`, for other steps.

    Returns
    -------
    onnx.ModelProto
        Write it with ``path.write_bytes(model.SerializeToString())``.

    Raises
    ------
    NotImplementedError
        If something cannot be exported; the message names it.
    ValueError
        If a method is not one of the last step, or `X` lacks columns.

    See Also
    --------
    skl2onnx.to_onnx : The same, with more settings.

    Notes
    -----
    Labels are those of the estimator, and scores agree within 1e-6 of their size, or
    of the largest one where they change sign. Networks compute in float32, with sums of
    products in float64, and all else in float64.
    Every row counts as a new one. A detector of several networks judges a row that
    it was trained on by those that did not see it; the file judges it by all.

    Examples
    --------
    >>> import numpy as np
    >>> from skunsup import AutoencoderDetector
    >>> from skunsup.onnx import to_onnx
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> detector = AutoencoderDetector(max_steps=20, random_state=0).fit(X)
    >>> model = to_onnx(detector)
    >>> [output.name for output in model.graph.output]
    ['predict', 'decision_function', 'score_samples']
    """
    check_is_fitted(estimator)
    last = _last(estimator)
    refuse(_first(estimator))
    if isinstance(last, FineTuned):
        register()  # its class is there by now
    ours = isinstance(last, DeepEstimator | Detector | FineTuned)
    wanted = _wanted(last, methods) if ours else None
    found: dict[int, Any] = dict(options or {})
    if wanted is not None:
        found[id(last)] = {"methods": wanted}
    found |= _scored(estimator)
    types = _input_types(estimator, X, wanted, last)
    return skl2onnx.to_onnx(
        estimator,
        initial_types=types,
        options=found,
        target_opset=ONNX_OPSET,
    )


def _last(estimator: Any) -> Any:
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def _first(estimator: Any) -> Any:
    """The estimator that reads X."""
    while isinstance(estimator, Pipeline | OutlierDetector):
        pipeline = isinstance(estimator, Pipeline)
        estimator = estimator.steps[0][1] if pipeline else estimator.estimator_
    return estimator


def _wanted(last: Any, methods: Sequence[str] | None) -> tuple[str, ...]:
    if methods is None:
        return default_methods(last)
    known = offered(last)
    for method in methods:
        if method not in known:
            raise ValueError(
                f"methods holds {method!r}, but {type(last).__name__} can be exported "
                f"with {', '.join(known)}."
            )
    if "inverse_transform" in methods and len(methods) > 1:
        raise ValueError(
            f"methods={list(methods)!r}, but 'inverse_transform' takes codes and the "
            "others rows. Export it to a file of its own."
        )
    return tuple(methods)


def _scored(estimator: Any) -> dict[int, Any]:
    """Return the options that make what a detector is around give its scores."""
    last = _last(estimator)
    if not isinstance(last, OutlierDetector | SeriesDetector):
        return {}
    inner = _last(last.estimator_)
    if isinstance(inner, DeepEstimator | Detector):
        return {id(inner): {"methods": ("score_samples",)}, **_scored(inner)}
    return {id(inner): {"score_samples": True}}


def _input_types(
    estimator: Any, X: Any, wanted: tuple[str, ...] | None, last: Any
) -> list[tuple[str, Any]]:
    first = _first(estimator)
    model = first.estimator_ if isinstance(first, FlatDetector) else first
    if wanted == ("inverse_transform",):
        return [("X", DoubleTensorType([None, last.n_components_]))]
    if isinstance(model, PretrainedFeatures) and model.image_size_ is not None:
        return [("X", image_type(model, X))]
    if isinstance(model, DeepEstimator | FineTuned):
        kind = kind_of_data(model)
        if not isinstance(kind, Dense):
            return input_types(kind, X)
    if X is not None and not hasattr(first, "transformers_"):
        _check_width(estimator, X)
    if X is not None and hasattr(X, "dtypes") and hasattr(X, "columns"):
        return [(str(name), _column_type(X[name])) for name in X.columns]
    if X is None:
        return [("X", DoubleTensorType([None, estimator.n_features_in_]))]
    array = np.asarray(X)
    array = array[:, None] if array.ndim == 1 else array  # a series
    single = array.dtype == np.float32
    kind = FloatTensorType if single else DoubleTensorType
    return [("X", kind([None, *array.shape[1:]]))]


def _check_width(estimator: Any, X: Any) -> None:
    """Raise ValueError where a table has other columns than that of `fit`."""
    found, expected = np.shape(X), getattr(estimator, "n_features_in_", None)
    if len(found) == 2 and expected is not None and found[1] != expected:
        raise ValueError(
            f"X has {found[1]} columns, but {type(estimator).__name__} was fitted to "
            f"{expected}. Give a few rows with all columns."
        )


def _column_type(column: Any) -> Any:
    pandas_like = hasattr(column.dtype, "kind")
    kind = (column if pandas_like else column.to_numpy()).dtype.kind
    if kind in "iub":
        return Int64TensorType([None, 1])
    return DoubleTensorType([None, 1]) if kind == "f" else StringTensorType([None, 1])
