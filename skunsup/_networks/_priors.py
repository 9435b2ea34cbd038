"""Prior distributions of codes: drawn, and their densities, in `keras.ops`."""

import math
from collections.abc import Callable, Hashable
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from skunsup._identity import identity
from skunsup._networks._distances import squared_distances
from skunsup._networks._noise import normal, uniform

PRIORS = ("gaussian", "uniform", "mixture", "swiss-roll")
BANK_ROWS = 4096
DENSITY_ROWS = 1024
EDGE = 0.1
N_MODES = 10
TURNS = (1.5 * math.pi, 4.5 * math.pi)


class Prior:
    """A distribution of codes of `width` columns.

    Subclasses place a row of standard normal numbers, and one uniform number, where
    the distribution has it. So one definition serves compiled training and `sample`.

    Parameters
    ----------
    width : int
        Number of columns.
    """

    name: ClassVar[str]

    def __init__(self, width: int) -> None:
        self.width = width

    @property
    def identity(self) -> Hashable:
        """Identity of the distribution, beside its class."""
        return self.width

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prior):
            return NotImplemented
        return type(self) is type(other) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash((type(self), self.identity))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as Keras saves them."""
        return {"width": self.width}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Prior":
        """Rebuild what `get_config` described."""
        return cls(**config)

    def draw(self, n: Any, state: keras.Variable) -> Any:
        """Return a tensor of `n` rows, inside a program."""
        return self.place(normal((n, self.width), state), uniform((n, 1), state))

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return an array of `n` rows, float32."""
        e = rng.standard_normal((n, self.width), np.float32)
        u = rng.random((n, 1), np.float32)
        placed = self.place(ops.convert_to_tensor(e), ops.convert_to_tensor(u))
        return np.asarray(ops.convert_to_numpy(placed), np.float32)

    def place(self, e: Any, u: Any) -> Any:
        """Turn normal numbers (n, width) and uniform ones (n, 1) into draws."""
        raise NotImplementedError

    def log_density(self, z: Any) -> Any:
        """Logarithm of the density at each row of `z`, in nats."""
        raise NotImplementedError


@keras.saving.register_keras_serializable(package="skunsup")
class GaussianPrior(Prior):
    """Standard normal."""

    name = "gaussian"

    def place(self, e: Any, u: Any) -> Any:
        """The normal numbers themselves."""
        return e

    def log_density(self, z: Any) -> Any:
        """Log-density of a standard normal."""
        constant = 0.5 * self.width * math.log(2 * math.pi)
        return -0.5 * ops.sum(ops.square(z), axis=-1) - constant


@keras.saving.register_keras_serializable(package="skunsup")
class UniformPrior(Prior):
    """Uniform on the cube [-1, 1]; its density has Gaussian edges of width 0.1."""

    name = "uniform"

    def place(self, e: Any, u: Any) -> Any:
        """Twice the normal distribution function, less one."""
        return ops.erf(e / math.sqrt(2.0))

    def log_density(self, z: Any) -> Any:
        """Log-density of the cube, with a tail outside that falls as a Gaussian's."""
        mass = 2.0 + EDGE * math.sqrt(2 * math.pi)
        outside = ops.relu(ops.abs(z) - 1.0) / EDGE
        return -ops.sum(0.5 * ops.square(outside) + math.log(mass), axis=-1)


@keras.saving.register_keras_serializable(package="skunsup")
class MixturePrior(Prior):
    """Ten Gaussians on a circle of radius 4 in the first two columns.

    Each is stretched along the radius, standard deviations 1 and 0.3 (Makhzani et al.
    2015, figure 4); further columns are standard normal.
    """

    name = "mixture"
    _spread = (1.0, 0.3)
    _radius = 4.0

    def place(self, e: Any, u: Any) -> Any:
        """Pick a Gaussian by the uniform number."""
        angle = ops.floor(u * N_MODES) * (2 * math.pi / N_MODES)
        along = self._radius + self._spread[0] * e[:, :1]
        across = self._spread[1] * e[:, 1:2]
        cos, sin = ops.cos(angle), ops.sin(angle)
        plane = [along * cos - across * sin, along * sin + across * cos]
        return ops.concatenate([*plane, e[:, 2:]], axis=-1)

    def log_density(self, z: Any) -> Any:
        """Log-density of the mixture."""
        angle = ops.arange(N_MODES, dtype="float32") * (2 * math.pi / N_MODES)
        cos, sin = ops.cos(angle), ops.sin(angle)
        x, y = z[:, :1], z[:, 1:2]
        along = (x * cos + y * sin - self._radius) / self._spread[0]
        across = (y * cos - x * sin) / self._spread[1]
        constant = math.log(N_MODES * math.prod(self._spread))
        constant += 0.5 * self.width * math.log(2 * math.pi)
        plane = ops.logsumexp(-0.5 * (along**2 + across**2), axis=-1)
        return plane - 0.5 * ops.sum(ops.square(z[:, 2:]), axis=-1) - constant


@keras.saving.register_keras_serializable(package="skunsup")
class BankPrior(Prior):
    """A distribution known by draws of it alone.

    A fixed bank of draws stands for it; its density is a Gaussian kernel estimate with
    Scott's bandwidth (Scott 1992, eq. 6.42) from the first 1024 of them.

    Parameters
    ----------
    bank : array of shape (n, width), float32
        Draws.
    sampler : callable or None
        What gives more of them; None for the bank alone.
    """

    name = "bank"

    def __init__(self, bank: Any, sampler: Callable | None = None) -> None:
        self.bank = np.asarray(bank, np.float32)
        super().__init__(self.bank.shape[1])
        self.sampler = sampler

    @property
    def identity(self) -> Hashable:
        """The sampler, so that fits with one sampler share programs, or the draws."""
        return (self.width, identity(self.sampler or self.bank))

    def get_config(self) -> dict[str, Any]:
        """Draws without the sampler, which Keras cannot save."""
        return {"bank": self.bank.tolist()}

    def place(self, e: Any, u: Any) -> Any:
        """Pick a row of the bank by the uniform number."""
        n = len(self.bank)
        row = ops.minimum(ops.cast(u[:, 0] * n, "int32"), n - 1)
        return ops.take(ops.convert_to_tensor(self.bank), row, axis=0)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return new draws, from the sampler where there is one."""
        if self.sampler is None:
            return self.bank[rng.integers(len(self.bank), size=n)]
        return drawn_by(self.sampler, n, self.width, rng)

    def log_density(self, z: Any) -> Any:
        """Log of a kernel estimate of the density."""
        centres = self.bank[:DENSITY_ROWS]
        n, d = centres.shape
        width = centres.std(axis=0) * n ** (-1.0 / (d + 4)) + 1e-6
        scale = ops.convert_to_tensor((1.0 / width).astype(np.float32))
        placed = ops.convert_to_tensor((centres / width).astype(np.float32))
        distance = squared_distances(z * scale, placed)
        constant = math.log(n) + 0.5 * d * math.log(2 * math.pi)
        constant += float(np.log(width).sum())
        return ops.logsumexp(-0.5 * distance, axis=-1) - constant


def make_prior(prior: str | Callable, width: int) -> Prior:
    """Return the prior that a parameter asks for.

    Parameters
    ----------
    prior : {"gaussian", "uniform", "mixture", "swiss-roll"} or callable
        A callable is called with (n_samples, rng) and returns (n_samples, width) draws.
    width : int
        Number of columns of the code.

    Raises
    ------
    ValueError, TypeError
        If the prior needs another width, or the sampler does not return such draws.
    """
    if callable(prior):
        bank = drawn_by(prior, BANK_ROWS, width, np.random.default_rng(0))
        return BankPrior(bank, prior)
    if prior in ("mixture", "swiss-roll") and width < 2:
        raise ValueError(
            f"prior={prior!r} lies in a plane, but n_components={width}. Use "
            "n_components=2 or more, or prior='gaussian'."
        )
    if prior == "swiss-roll":
        return BankPrior(_swiss_roll(BANK_ROWS, width), None)
    kinds = {kind.name: kind for kind in (GaussianPrior, UniformPrior, MixturePrior)}
    return kinds[prior](width)


def _swiss_roll(n: int, width: int) -> np.ndarray:
    """Draws along a spiral (Makhzani et al. 2015, figure 4), the same in each call."""
    rng = np.random.default_rng(0)
    t = TURNS[0] + (TURNS[1] - TURNS[0]) * rng.random(n)
    roll = np.column_stack([t * np.cos(t), t * np.sin(t)]) / TURNS[0]
    rest = rng.standard_normal((n, width - 2))
    return np.hstack([roll, rest]).astype(np.float32)


def drawn_by(
    sampler: Callable, n: int, width: int, rng: np.random.Generator
) -> np.ndarray:
    """Call a user's sampler and check what it returns."""
    asked = f"prior={sampler!r}, called with (n_samples={n}, rng),"
    hint = f"It must return {n} rows of {width} finite numbers, one for each component."
    try:
        drawn = np.asarray(sampler(n, rng))
    except Exception as error:
        raise ValueError(
            f"{asked} raised {type(error).__name__}: {error}. {hint}"
        ) from error
    if drawn.dtype.kind not in "fiu":
        raise TypeError(f"{asked} returned dtype {drawn.dtype}. {hint}")
    if drawn.shape != (n, width):
        raise ValueError(f"{asked} returned shape {drawn.shape}. {hint}")
    with np.errstate(over="ignore"):
        drawn = drawn.astype(np.float32)
    if not np.isfinite(drawn).all():
        raise ValueError(f"{asked} returned what is no finite float32. {hint}")
    return drawn
