"""ONNX models of estimators and whole pipelines; needs the extra `skunsup[onnx]`."""

import skunsup._keras_import  # noqa: F401
from skunsup.onnx._converters import register
from skunsup.onnx._export import to_onnx

__all__ = ["register", "to_onnx"]
