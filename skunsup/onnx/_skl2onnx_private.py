"""The one door to skl2onnx's private API.

Whatever changes in it between releases is fixed here and nowhere else.
"""

from skl2onnx._parse import _parse_sklearn as parsed
from skl2onnx.common._registration import (
    register_converter,
    register_shape_calculator,
)

__all__ = ["parsed", "register_converter", "register_shape_calculator"]
