"""Rows of networks out of the data that each kind of `inputs` reads, as ONNX nodes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
    UInt8TensorType,
)

from skunsup.inputs import Images, Inputs, Sequences, Table
from skunsup.onnx._graph import DOUBLE, FLOAT, INT64, Graph
from skunsup.onnx._quantiles import normal_scores

LARGEST = float(np.finfo(np.float32).max)
NO_LEVELS = (
    "The column {name!r} has categories that are not all strings, booleans or whole "
    "numbers, which ONNX cannot look up. Convert it with astype(str) before fit."
)

Variable = Any  # of skl2onnx: a name and a type


def input_types(kind: Inputs, X: Any) -> list[tuple[str, Any]]:
    """Return names and types of what a model of a kind of data takes.

    Of kinds whose reading ONNX cannot do, texts, series of several lengths and blocks,
    these are rows of numbers as `transform` of the fitted kind gives them.
    """
    if isinstance(kind, Images) and (X is None or np.asarray(X).dtype.kind in "fu"):
        dtype = kind.dtype_ if X is None else np.asarray(X).dtype
        form = kind._form if X is None else np.shape(X)[1:]
        return [("X", _number_type(dtype)([None, *form]))]
    if isinstance(kind, Sequences) and not kind.ragged_:
        return [("X", DoubleTensorType([None, *kind.sequence_shape_]))]
    if isinstance(kind, Table):
        return [_table_type(column) for column in kind.columns_]
    return [("X", DoubleTensorType([None, kind.n_columns_]))]


def _number_type(dtype: Any) -> Any:
    if dtype == np.uint8:
        return UInt8TensorType
    return FloatTensorType if dtype == np.float32 else DoubleTensorType


def _table_type(column: Any) -> tuple[str, Any]:
    kinds = {"number": DoubleTensorType, "boolean": BooleanTensorType}
    words = StringTensorType if _of(column, str) else Int64TensorType
    return str(column.name), kinds.get(column.kind, words)([None, 1])


def _of(column: Any, *kinds: type) -> bool:
    return all(isinstance(level, kinds) for level in column.levels or ())


def network_rows(kind: Inputs, graph: Graph, given: Sequence[Variable]) -> str:
    """Return the name of the float32 rows of a network."""
    if isinstance(kind, Table) and len(given) == len(kind.columns_):
        return _table_rows(kind, graph, [variable.full_name for variable in given])
    x = _joined(graph, given)
    rows = graph.cast(x, FLOAT)
    if isinstance(given[0].type, UInt8TensorType):
        rows = graph.node("Div", [rows, graph.floats(255.0)])
    if len(given[0].type.shape) > 2:
        rows = graph.reshape(rows, -1, kind.n_columns_)
    return rows


def _joined(graph: Graph, given: Sequence[Variable]) -> str:
    if len(given) == 1:
        return str(given[0].full_name)
    parts = [graph.cast(variable.full_name, DOUBLE) for variable in given]
    return graph.node("Concat", parts, axis=1)


def _table_rows(kind: Table, graph: Graph, columns: list[str]) -> str:
    """Return numbers, which of them there are, and categories, as `expanded` does."""
    found = _numbers(kind, graph, [columns[j] for j in kind._numbers])
    likelihood, start = kind.likelihood_, 0
    for k, n, ordered in likelihood.groups:
        for j in kind._categories[start : start + n]:
            code = _code(graph, columns[j], kind.columns_[j])
            compare = "GreaterOrEqual" if ordered else "Equal"
            places = graph.integers(*range(k))
            found.append(graph.cast(graph.node(compare, [code, places]), FLOAT))
        start += n
    return graph.node("Concat", found, axis=1)


def _numbers(kind: Table, graph: Graph, columns: list[str]) -> list[str]:
    if not columns:
        return []
    scale = kind._scale
    x = graph.node("Concat", [graph.cast(name, DOUBLE) for name in columns], axis=1)
    numbers = x
    if scale.quantiles is not None:
        numbers = normal_scores(graph, x, scale.quantiles)
    centred = graph.node("Sub", [numbers, graph.doubles(scale.mean)])
    scaled = graph.node("Div", [centred, graph.doubles(scale.scale)])
    ends = (graph.doubles(-LARGEST), graph.doubles(LARGEST))
    scaled = graph.cast(graph.node("Clip", [scaled, *ends]), FLOAT)
    missing = graph.node("IsNaN", [x])
    filled = graph.node("Where", [missing, graph.floats(0.0), scaled])
    return [filled, graph.cast(graph.node("Not", [missing]), FLOAT)]


def _code(graph: Graph, name: str, column: Any) -> str:
    """Return the place of each value among the categories, (n, 1); -1 for others."""
    if column.kind == "boolean":
        return graph.cast(name, INT64)
    lookup: dict[str, Any] = {"values_int64s": list(range(len(column.levels)))}
    if _of(column, str):
        lookup["keys_strings"] = list(column.levels)
    elif _of(column, int, np.integer):
        lookup["keys_int64s"] = [int(level) for level in column.levels]
    else:
        raise NotImplementedError(NO_LEVELS.format(name=column.name))
    more = {**lookup, "default_int64": -1}
    return graph.node("LabelEncoder", [name], domain="ai.onnx.ml", **more)
