"""Features of images by a network, a batch at a time."""

from collections.abc import Iterator
from typing import Any

import joblib
import keras
import numpy as np
from keras import ops
from sklearn.base import BaseEstimator

from skunsup._interrupts import interrupts_put_off
from skunsup._networks import own_code_explained
from skunsup._training._backend import backend
from skunsup.inputs.images import LIMITS, FileLimits
from skunsup.transfer._backbone import Backbone
from skunsup.transfer._images import ImageBatches, ImageForm, Shape, image_batches


class ImageFeatures:
    """A network of images, and how to bring images to it.

    Parameters
    ----------
    backbone : Backbone
        The network.
    form : ImageForm
        What it takes.
    pooling : {"avg", "max"} or None
        What becomes of maps.
    batch_size : int
        Images of a batch.
    image_shape : (int, int, int) or None
        Of images in rows.
    limits : FileLimits
        What image files may hold.
    """

    limits = LIMITS  # of what was pickled without them

    def __init__(
        self,
        backbone: Backbone,
        form: ImageForm,
        pooling: str | None,
        batch_size: int,
        image_shape: Shape | None,
        limits: FileLimits,
    ) -> None:
        self.backbone, self.form, self.pooling = backbone, form, pooling
        self.batch_size, self.image_shape = batch_size, image_shape
        self.limits = limits
        self._runner: ImageRunner | None = None
        shape = (None, *form.size, form.channels)
        pooled = PooledModel(backbone.model(), pooling)
        with own_code_explained(lambda: {"model": backbone.model()}):
            self.n_outputs = int(pooled(keras.KerasTensor(shape)).shape[-1])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width that images are scaled to."""
        return self.form.size

    @property
    def digest(self) -> str:
        """Identity of these features."""
        own = (self.backbone.digest, self.form.digest, self.pooling)
        return str(joblib.hash(own))

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_runner": None}

    def model(self) -> keras.Model:
        """Return the network, for the caller to keep."""
        return self.backbone.model()

    def read(
        self, estimator: BaseEstimator, X: Any
    ) -> tuple[Any, ImageBatches, np.dtype]:
        """Return the identity of `X`, its images, and the dtype of features."""
        images = image_batches(estimator, X, self.image_shape, self.limits, reset=False)
        return images, images, images.dtype

    def compute(self, images: ImageBatches) -> np.ndarray:
        """Return the features of images, (n, n_outputs), float32."""
        if self._runner is None:
            model = self.backbone.model()
            self._runner = ImageRunner(model, self.pooling, self.batch_size)
        return self._runner.run(images, self.form)


class ImageRunner:
    """Computes features of images in batches of one shape.

    An image's features do not depend on the others in its batch, to the bit. Batches
    have one shape, the last being filled up, which is enough on JAX. torch computes
    products of matrices as the engine does. Kernels of TensorFlow round by the place in
    the batch; there, without a GPU, the images of a batch go through the network one by
    one, which costs little.

    Parameters
    ----------
    network : keras.Model
        From images to maps or rows of numbers.
    pooling : {"avg", "max"} or None
        What becomes of maps.
    batch_size : int
        Images of a batch.
    """

    def __init__(
        self, network: keras.Model, pooling: str | None, batch_size: int
    ) -> None:
        name = keras.backend.backend()
        self.batch_size = batch_size
        self.alone = name == "tensorflow" and not _has_gpu()
        self.model = PooledModel(network, pooling, alone=self.alone)
        # XLA is many times slower than TensorFlow's own depthwise convolutions.
        self.model.compile(jit_compile=False if name == "tensorflow" else "auto")
        self.compute = self._exactly if name == "torch" else self._by_keras

    def run(self, images: ImageBatches, form: ImageForm) -> np.ndarray:
        """Return the features of all images, (n, n_outputs), float32."""
        return np.concatenate(list(self._batches(images, form)))

    def _batches(self, images: ImageBatches, form: ImageForm) -> Iterator[np.ndarray]:
        for start in range(0, images.n, self.batch_size):
            batch = images.take(start, min(start + self.batch_size, images.n), form)
            if self.alone and len(batch) < self.batch_size:
                yield from (self.compute(batch[i : i + 1]) for i in range(len(batch)))
                continue
            last = np.repeat(batch[-1:], self.batch_size - len(batch), axis=0)
            yield self.compute(np.concatenate([batch, last]))[: len(batch)]

    def _by_keras(self, batch: np.ndarray) -> np.ndarray:
        with interrupts_put_off(), own_code_explained(self._made_of):
            return np.asarray(self.model.predict_on_batch(batch), np.float32)

    def _exactly(self, batch: np.ndarray) -> np.ndarray:
        def function(_: Any, rows: Any) -> Any:
            return self.model(ops.reshape(rows, batch.shape), training=False)

        block = batch.reshape(1, len(batch), -1)
        no_weights = backend().on_device(np.empty(0, np.float32))
        with own_code_explained(self._made_of):
            score = backend().compile_scorer(function, 0, block.shape)
            return score(no_weights, block, 1)[0]

    def _made_of(self) -> dict[str, Any]:
        return {"model": self.model.network}


@keras.saving.register_keras_serializable(package="skunsup")
class PooledModel(keras.Model):
    """A network with its maps pooled to one number each.

    Parameters
    ----------
    network : keras.Model
        From images to maps or rows of numbers.
    pooling : {"avg", "max"} or None
        The mean or the largest of each map; None for all of it.
    alone : bool, default=False
        Whether each image goes through the network on its own.
    """

    def __init__(
        self,
        network: keras.Model,
        pooling: str | None,
        alone: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.network, self.pooling, self.alone = network, pooling, alone

    def call(self, images: Any, training: bool = False) -> Any:
        """Return rows of numbers."""
        if not self.alone:
            return self._pooled(images)
        return ops.map(lambda image: self._pooled(image[None])[0], images)

    def _pooled(self, images: Any) -> Any:
        maps = self.network(images, training=False)
        if len(maps.shape) == 2:
            return maps
        if self.pooling is None:
            return ops.reshape(maps, (-1, int(np.prod(maps.shape[1:]))))
        pool = ops.mean if self.pooling == "avg" else ops.max
        return pool(maps, axis=tuple(range(1, len(maps.shape) - 1)))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "network": keras.saving.serialize_keras_object(self.network),
            "pooling": self.pooling,
            "alone": self.alone,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "PooledModel":
        network = keras.saving.deserialize_keras_object(config.pop("network"))
        return cls(network, **config)


def _has_gpu() -> bool:
    return any("gpu" in device.lower() for device in keras.distribution.list_devices())
