"""Features of images by networks that others have trained, as ONNX nodes."""

from typing import Any

import numpy as np
from keras import KerasTensor, ops
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    UInt8TensorType,
)

from skunsup.onnx._graph import FLOAT, Graph
from skunsup.onnx._walk import emit
from skunsup.transfer import PretrainedFeatures
from skunsup.transfer._rows import RowFeatures
from skunsup.transfer._runner import PooledModel


def image_type(model: PretrainedFeatures, X: Any) -> Any:
    """Return the type of images as the network takes them, or as `X` has them."""
    found = model._features
    shape = found.image_shape or (*found.form.size, found.form.channels)
    if X is None:
        shape = shape if found.image_shape is None else (int(np.prod(shape)),)
        return DoubleTensorType([None, *shape])
    array = np.asarray(X)
    kinds = {np.dtype(np.uint8): UInt8TensorType, np.dtype(np.float32): FloatTensorType}
    return kinds.get(array.dtype, DoubleTensorType)([None, *array.shape[1:]])


def image_features(model: PretrainedFeatures, graph: Graph, given: Any) -> str:
    """Return the features of rows or images, float32.

    Parameters
    ----------
    model : PretrainedFeatures
        Fitted.
    graph : Graph
        Gets the nodes.
    given : object
        A variable of skl2onnx: rows, or images of the size of the network.

    Raises
    ------
    NotImplementedError
        If images are of another size, or an operation is not known.
    """
    found = model._features
    rows = graph.cast(given.full_name, FLOAT)
    if isinstance(found, RowFeatures):
        width = int(given.type.shape[1])
        return emit(graph, found.network.model(), "features", rows, width)
    shape = found.image_shape or _shape(given.type.shape[1:])
    if tuple(shape[:2]) != tuple(found.form.size):
        raise NotImplementedError(
            f"PretrainedFeatures scales images of {shape[0]} x {shape[1]} pixels to "
            f"{found.form.size[0]} x {found.form.size[1]}, which cannot be exported to "
            "ONNX. Scale them beforehand, and pass such images as X to to_onnx."
        )
    width = int(np.prod(shape))
    path: Any = ImagePath(found, tuple(shape))
    return emit(graph, path, "features", graph.reshape(rows, -1, width), width)


def _shape(found: Any) -> tuple[int, ...]:
    return tuple(found) if len(found) == 3 else (*found, 1)


class ImagePath:
    """From flat images to features, as a network has it.

    Parameters
    ----------
    features : ImageFeatures
        Its network, and what is done to images before it.
    shape : (int, int, int)
        Height, width and channels of the images.
    """

    n_members = 1

    def __init__(self, features: Any, shape: tuple[int, ...]) -> None:
        self.form, self.shape = features.form, shape
        self.pooled = PooledModel(features.model(), features.pooling)

    def features(self, rows: KerasTensor) -> KerasTensor:
        """Return features of rows of pixels."""
        images = ops.reshape(rows, (-1, *self.shape))
        if self.shape[-1] == 1 and self.form.channels > 1:
            images = ops.repeat(images, self.form.channels, axis=-1)
        if self.form.preprocess is not None:
            images = self._preprocessed(images)
        return self.pooled.call(images)

    def _preprocessed(self, images: KerasTensor) -> KerasTensor:
        try:
            return self.form.preprocess(images)
        except Exception as error:
            raise NotImplementedError(
                f"preprocessing={self.form.preprocess!r}, which takes no symbolic "
                f"tensors ({type(error).__name__}: {error})"
            ) from error
