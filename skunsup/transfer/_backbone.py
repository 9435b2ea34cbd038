"""Networks that were trained elsewhere: by name, in a file, or as a Keras model."""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._networks import Description, building, check_finite_weights, described
from skunsup._random import global_state_kept

SIZE = 224
# Height and width of images that networks of `keras.applications` were trained on,
# where it is not `SIZE`.
SIZES = {
    "EfficientNetB1": 240,
    "EfficientNetB2": 260,
    "EfficientNetB3": 300,
    "EfficientNetB4": 380,
    "EfficientNetB5": 456,
    "EfficientNetB6": 528,
    "EfficientNetB7": 600,
    "EfficientNetV2B1": 240,
    "EfficientNetV2B2": 260,
    "EfficientNetV2B3": 300,
    "EfficientNetV2L": 480,
    "EfficientNetV2M": 480,
    "EfficientNetV2S": 384,
    "InceptionResNetV2": 299,
    "InceptionV3": 299,
    "NASNetLarge": 331,
    "Xception": 299,
}


class Backbone:
    """A network as its configuration and weights; nothing of a backend is in it.

    Parameters
    ----------
    model : keras.Model
        The network.
    own : bool
        Whether `model` is nobody else's, so that it need not be copied.
    source : Named or None
        Where the weights come from if they need not be pickled.
    """

    def __init__(
        self, model: keras.Model, *, own: bool, source: "Named | None" = None
    ) -> None:
        self.description, self.values = described("model", model), arrays(model)
        check_finite_weights("model", model, self.values)
        self.source = source
        self.digest = _digest(self.description, self.values)
        self._model = model if own else None

    def __getstate__(self) -> dict[str, Any]:
        state = {**vars(self), "_model": None}
        if self.source is not None:
            state["values"] = None
        return state

    def model(self) -> keras.Model:
        """Return the network; the same one at each call."""
        if self._model is None:
            self._model = self._loaded() if self.values is None else self._rebuilt()
        return self._model

    def fresh(self, rng: np.random.Generator) -> "Backbone":
        """Return the same network with random weights that `rng` fixes."""
        with building():
            return Backbone(self._restored(rng), own=True)

    def loaded(self, path: Path) -> "Backbone":
        """Return the same network with the weights in a file.

        Raises
        ------
        ValueError
            If there is no such file, or its weights do not fit.
        """
        model = self._rebuilt()
        load_weights(model, path)
        return Backbone(model, own=True)

    def _rebuilt(self) -> keras.Model:
        with building():
            model = self._restored(np.random.default_rng(0))
        for variable, value in zip(model.variables, self.values, strict=True):
            variable.assign(value)
        return model

    def _restored(self, rng: np.random.Generator) -> keras.Model:
        return self.description.model(rng)

    def _loaded(self) -> keras.Model:
        assert self.source is not None
        model = self.source.load()
        self.values = arrays(model)
        if _digest(self.description, self.values) != self.digest:
            raise ValueError(
                f"weights={self.source.weights!r} of {self.source.name} are others now "
                "than when the features were fitted. Fit anew, or pickle a transformer "
                "with weights=PATH, which holds its weights."
            )
        return model


@dataclass(frozen=True)
class Named:
    """A network of `keras.applications`.

    Parameters
    ----------
    name : str
        Of its function.
    weights : "imagenet" or None
        What to begin with.
    size : (int, int)
        Height and width of images.
    layer : str or None
        Where to cut it; None for before the layers that tell classes.
    """

    name: str
    weights: str | None
    size: tuple[int, int]
    layer: str | None

    @property
    def function(self) -> Callable[..., keras.Model]:
        """Function that builds the network."""
        found: Callable[..., keras.Model] = getattr(keras.applications, self.name)
        return found

    def preprocess(self, images: np.ndarray) -> Any:
        """Turn images in [0, 255] into inputs of the network."""
        module: Any = sys.modules[self.function.__module__]
        return module.preprocess_input(images)

    def load(self, path: Path | None = None) -> keras.Model:
        """Return the network, cut, with the weights in a file if there is one.

        Raises
        ------
        ValueError
            If weights cannot be fetched or do not fit, or it has no such layer.
        """
        errors = []
        for top in (False, True):
            model = self._built(top)
            if top is False and not _has_layer(model, self.layer):
                continue
            try:
                if path is not None:
                    load_weights(model, path)
            except ValueError as error:
                errors.append(error)
                continue
            return self._cut(model)
        raise errors[0]

    def _built(self, top: bool) -> keras.Model:
        arguments = {"include_top": top, "input_shape": (*self.size, 3)}
        try:
            with global_state_kept():
                return self.function(weights=self.weights, **arguments)
        except Exception as error:
            if self.weights is None:
                raise
            raise ValueError(
                f"weights='imagenet' of {self.name} are unavailable ({error}). Keras "
                "fetches them once and keeps them in its folder models. Without a "
                "connection, give weights=PATH of a file with weights, model=PATH of a "
                ".keras file, or weights=None for random ones."
            ) from error

    def _cut(self, model: keras.Model) -> keras.Model:
        if self.layer is not None:
            return cut(model, self.layer)
        maps = [x for x in model.layers if len(x.output.shape) == 4]
        return keras.Model(model.inputs, maps[-1].output, name=self.name)


def named(name: str, weights: str | None, size: Any, layer: str | None) -> Named:
    """Describe a network of `keras.applications`.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    known = [n for n, f in vars(keras.applications).items() if _is_builder(n, f)]
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"model={name!r} is neither a network of keras.applications nor a file."
            f"{hint} Give one of {', '.join(sorted(known))}, a path of a .keras file, "
            "or a Keras model."
        )
    side = SIZES.get(name, SIZE)
    return Named(name, weights, tuple(size) if size else (side, side), layer)


def cut(model: keras.Model, layer: str) -> keras.Model:
    """Return the part of a model up to the output of a layer.

    Raises
    ------
    ValueError
        If it has no such layer, or is not made of layers that follow on each other.
    """
    names = [x.name for x in getattr(model, "layers", [])]
    if layer not in names:
        near = get_close_matches(layer, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"layer={layer!r} is no layer of the model.{hint} It has "
            f"{', '.join(names) or 'none'}."
        )
    try:
        output = model.get_layer(layer).output
        return keras.Model(model.inputs, output, name=model.name)
    except (AttributeError, ValueError) as error:
        raise ValueError(
            f"layer={layer!r} cannot be cut out ({error}). The model must be built, "
            "from keras.Sequential or the functional API, and use the layer once."
        ) from error


def read_model(path: Path) -> keras.Model:
    """Return the Keras model in a file.

    Raises
    ------
    ValueError
        If there is none, or it cannot be read.
    """
    if not path.is_file():
        raise ValueError(f"model={str(path)!r} is no file. Give that of a Keras model.")
    try:
        with global_state_kept():
            return keras.saving.load_model(path, compile=False)
    except Exception as error:
        raise ValueError(
            f"model={str(path)!r} cannot be read ({error}). Expected a file that "
            "model.save('name.keras') wrote; import or register its custom layers "
            "first."
        ) from error


def load_weights(model: keras.Model, path: Path) -> None:
    """Load weights from a file.

    Raises
    ------
    ValueError
        If there is none, or they do not fit or are not finite.
    """
    if not path.is_file():
        raise ValueError(
            f"weights={str(path)!r} is no file. Expected a path of weights that Keras "
            "wrote (.weights.h5, .h5 or .keras), 'imagenet', 'auto' or None."
        )
    try:
        model.load_weights(path)
    except Exception as error:
        raise ValueError(
            f"weights={str(path)!r} do not fit {model.name!r}: {error}"
        ) from error
    check_finite_weights(f"weights={str(path)!r}", model, arrays(model))


def _is_builder(name: str, value: Any) -> bool:
    return callable(value) and name[0].isupper()


def _has_layer(model: keras.Model, layer: str | None) -> bool:
    return layer is None or any(x.name == layer for x in model.layers)


def arrays(model: keras.Model) -> list[np.ndarray]:
    """Return the values of the variables of a model, in order."""
    return [np.array(ops.convert_to_numpy(v.value)) for v in model.variables]


def _digest(description: Description, values: list[np.ndarray]) -> str:
    digest = hashlib.sha256(description.digest.encode())
    for value in values:
        digest.update(value.tobytes())
    return digest.hexdigest()
