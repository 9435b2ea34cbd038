"""Parts that a recipe of ours builds layer by layer."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from skunsup._networks._building import building


class Initializer:
    """Start values of the layers of a part.

    Layers are built with kernels of zeros where their values do not matter: JAX
    compiles a program for each shape of random ones.

    Parameters
    ----------
    rng : numpy.random.Generator or None
        Draws the values; None for zeros.
    """

    def __init__(self, rng: np.random.Generator | None = None) -> None:
        self.rng = rng

    @property
    def kernel(self) -> Any:
        """Glorot-uniform kernels (Glorot & Bengio 2010, eq. 16)."""
        return "zeros" if self.rng is None else _Drawn(self._glorot)

    @property
    def recurrent(self) -> Any:
        """Blocks of orthogonal kernels (Saxe, McClelland & Ganguli 2014)."""
        return "zeros" if self.rng is None else _Drawn(self._orthogonal)

    def scaled(self, gain: float) -> Any:
        """Normal kernels that scale their input by `gain`.

        Their standard deviation is `gain` by the root of the number of inputs (He et
        al. 2015, section 2.2).
        """
        if self.rng is None:
            return "zeros"
        return _Drawn(lambda shape: self._normal(shape, gain))

    def fixed(self, values: np.ndarray) -> Any:
        """These values."""
        return "zeros" if self.rng is None else _Drawn(lambda shape: values)

    def _normal(self, shape: tuple[int, ...], gain: float) -> np.ndarray:
        assert self.rng is not None
        return self.rng.normal(0.0, gain / np.sqrt(shape[0]), shape)

    def _glorot(self, shape: tuple[int, ...]) -> np.ndarray:
        assert self.rng is not None
        field = int(np.prod(shape[:-2]))
        limit = np.sqrt(6.0 / (field * (shape[-2] + shape[-1])))
        return self.rng.uniform(-limit, limit, shape)

    def _orthogonal(self, shape: tuple[int, ...]) -> np.ndarray:
        assert self.rng is not None
        n, width = shape
        drawn = self.rng.standard_normal((-(-width // n), n, n))
        return np.concatenate(list(np.linalg.qr(drawn)[0]), axis=1)[:, :width]


class _Drawn(keras.initializers.Initializer):
    """An initialiser that calls a function of the shape."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        return ops.convert_to_tensor(self.draw(shape).astype(np.float32))

    def clone(self) -> "_Drawn":
        return self


@dataclass(frozen=True)
class BuiltSpec(ABC):
    """Base of the parts that a few numbers describe; hashable.

    A subclass is a frozen dataclass, whose fields say everything about `make`, with
    `n_inputs` and `n_outputs` as any part.
    """

    regularized: ClassVar[bool] = False

    @abstractmethod
    def make(self, start: Initializer) -> keras.Model:
        """Return the layers as a new Keras model, with the start values of `start`."""

    def build(self) -> keras.Model:
        """Return a new model with weights of no importance."""
        with building():
            return self.make(Initializer())

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Start values of the variables of the model that `build` returns."""
        with building():
            model = self.make(Initializer(rng))
        return [np.array(ops.convert_to_numpy(v.value)) for v in model.variables]
