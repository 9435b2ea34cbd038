"""ONNX nodes of the operations of `keras.ops`."""

from skunsup.onnx._activations import ACTIVATIONS
from skunsup.onnx._elementwise import ELEMENTWISE
from skunsup.onnx._handlers import Handler
from skunsup.onnx._pooling import POOLING
from skunsup.onnx._reductions import REDUCTIONS
from skunsup.onnx._shapes import SHAPES

HANDLERS: dict[str, Handler] = {
    **ELEMENTWISE,
    **ACTIVATIONS,
    **REDUCTIONS,
    **SHAPES,
    **POOLING,
}
