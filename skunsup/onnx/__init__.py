"""ONNX models of estimators and whole pipelines; needs the extra `skunsup[onnx]`."""

import skunsup._keras_import  # noqa: F401

try:
    from skunsup.onnx._converters import register
    from skunsup.onnx._export import to_onnx
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"ONNX models need the package {error.name}, which is not installed. Install "
        "it: pip install 'skunsup[onnx]'.",
        name=error.name,
    ) from error

__all__ = ["register", "to_onnx"]
