"""The network and the weights that parameters of `PretrainedFeatures` ask for."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from skunsup.transfer._backbone import Backbone, Named, cut, named, read_model
from skunsup.transfer._images import ImageBatches

KEPT = ("auto", "imagenet")


@dataclass(frozen=True)
class NetworkChoice:
    """A network, its weights and the size of its images, as `PretrainedFeatures` says.

    Parameters
    ----------
    model, weights, layer, image_shape, image_size
        See `PretrainedFeatures`.
    """

    model: str | os.PathLike | keras.Model
    weights: str | os.PathLike | None
    layer: str | None
    image_shape: Sequence[int] | None
    image_size: Sequence[int] | None

    def network(self) -> Named | keras.Model:
        """Return the network that `model` asks for: a description, or the model."""
        if isinstance(self.model, keras.Model):
            network = self.model
        elif _is_path(self.model):
            network = read_model(Path(self.model))
        else:
            weights = "imagenet" if self.weights in KEPT else None
            return named(str(self.model), weights, self._size(), self.layer)
        if self.weights == "imagenet":
            raise ValueError(
                "weights='imagenet' are for networks by name, such as "
                "model='MobileNetV2', but model is your own. Use weights='auto' for "
                "those that it has."
            )
        return network if self.layer is None else cut(network, self.layer)

    def takes_rows(self, network: keras.Model) -> bool:
        """Return True if a Keras model takes rows of numbers and no images."""
        if not network.built:
            return self.image_shape is None
        shapes = [tuple(x.shape) for x in getattr(network, "inputs", None) or ()]
        if len(shapes) != 1 or len(shapes[0]) not in (2, 4):
            raise ValueError(
                f"model takes inputs of shapes {shapes}, but expected one: rows, shape "
                "(None, columns), or images, (None, height, width, channels)."
            )
        return len(shapes[0]) == 2

    def input_form(
        self, network: keras.Model, images: ImageBatches
    ) -> tuple[tuple[int, int], int]:
        """Return height, width and channels that an own model takes."""
        if not network.built:
            raise ValueError(
                "model is not built, so nothing says what images it takes. Let it "
                "begin with keras.Input((height, width, channels))."
            )
        found, wanted = images.shape(), tuple(network.inputs[0].shape[1:])
        size = self._size() or tuple(
            w or f for w, f in zip(wanted[:2], found[:2], strict=True)
        )
        if any(w not in (None, s) for w, s in zip(wanted[:2], size, strict=True)):
            raise ValueError(
                f"image_size={self.image_size!r}, but model takes images of "
                f"{wanted[:2]}. Leave image_size out."
            )
        return (int(size[0]), int(size[1])), int(wanted[2] or found[2])

    def backbone(
        self, network: Named | keras.Model, rng: np.random.Generator
    ) -> Backbone:
        """Return a copy of the network, with weights loaded, kept or drawn."""
        path = self.source
        if isinstance(network, Named):
            if self.weights is not None:
                file = path if isinstance(path, Path) else None
                source = network if file is None else None
                return Backbone(network.load(file), own=True, source=source)
            return Backbone(network.load(), own=True).fresh(rng)
        backbone = Backbone(network, own=False)
        if isinstance(path, Path):
            return backbone.loaded(path)
        return backbone.fresh(rng) if path is None else backbone

    @property
    def source(self) -> Path | str | None:
        """The file to load weights from, "auto" or "imagenet", or None for none."""
        if self.weights is None or self.weights in KEPT:
            return self.weights
        return Path(self.weights)

    def _size(self) -> tuple[int, int] | None:
        given = self.image_size
        if given is None:
            return None
        size = tuple(given)
        if len(size) != 2 or not all(
            isinstance(s, int | np.integer) and s > 0 for s in size
        ):
            raise ValueError(
                f"image_size={given!r}, but expected (height, width), whole numbers "
                "above 0."
            )
        return (int(size[0]), int(size[1]))


def _is_path(model: str | os.PathLike) -> bool:
    return not isinstance(model, str) or "." in model or os.sep in model
