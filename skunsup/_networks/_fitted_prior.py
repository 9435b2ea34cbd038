"""Mixtures of normal distributions that are fitted to codes after training."""

import math
from typing import Any, NamedTuple

import numpy as np
from keras import ops

EMPTY = -1e30  # logarithm of the weight of a component that is not there
FITTED_PRIOR = ("fitted_offsets", "fitted_shifts", "fitted_factors")


def fitted_prior(network: Any) -> "FittedPrior | None":
    """Return the variables that `settings["fitted_prior"]` of a network asks for.

    The setting is (components at most, columns of a code), None for no such prior.
    """
    setting = network.settings.get("fitted_prior")
    return None if setting is None else FittedPrior(network, *setting)


class FittedPrior:
    """Variables of a network for such a mixture, and its density.

    A component with mean m and precision P P' has the log-density of a standard normal
    at z P - m P, plus the logarithm of the determinant of P. Offsets hold these
    logarithms with those of the weights, shifts m P, factors P.

    Parameters
    ----------
    network : Network
        Gets the variables.
    n_components : int
        Components of the mixture at most.
    width : int
        Columns of a code.
    """

    def __init__(self, network: Any, n_components: int, width: int) -> None:
        self.n_components, self.width = n_components, width
        shapes = ((n_components,), (n_components, width), (width, n_components, width))
        self.variables = tuple(
            network.add_weight(
                name=name, shape=shape, initializer="zeros", trainable=False
            )
            for name, shape in zip(FITTED_PRIOR, shapes, strict=True)
        )

    def log_density(self, z: Any) -> Any:
        """Log-density of the mixture at codes (..., width), in nats."""
        offsets, shifts, factors = map(ops.convert_to_tensor, self.variables)
        flat = ops.reshape(factors, (self.width, self.n_components * self.width))
        lead = (-1 if size is None else size for size in z.shape[:-1])
        scaled = ops.reshape(
            ops.matmul(z, flat), (*lead, self.n_components, self.width)
        )
        squares = ops.sum(ops.square(scaled - shifts), axis=-1)
        constant = 0.5 * self.width * math.log(2 * math.pi)
        return ops.logsumexp(offsets - 0.5 * squares, axis=-1) - constant


class CodeMixture(NamedTuple):
    """Mixture of normal distributions of codes, as arrays.

    Parameters
    ----------
    weights : array of shape (k,)
        Shares of the components, float64.
    means : array of shape (k, d)
        Of each component, float64.
    factors : array of shape (k, d, d)
        P of each component, whose precision is P P'; upper triangular, float64.
    """

    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return an array of `n` codes, float32."""
        component = rng.choice(len(self.weights), n, p=self.weights)
        noise = rng.standard_normal((n, self.means.shape[1]))
        codes = np.empty_like(noise)
        for k, (mean, factor) in enumerate(zip(self.means, self.factors, strict=True)):
            at = component == k
            codes[at] = mean + np.linalg.solve(factor.T, noise[at].T).T
        return codes.astype(np.float32)

    def variables(self, n_components: int) -> list[np.ndarray]:
        """Return the values of the variables of a `FittedPrior`, float32."""
        k, d = self.means.shape
        offsets = np.full(n_components, EMPTY)
        determinants = np.log(np.abs(np.diagonal(self.factors, axis1=1, axis2=2)))
        offsets[:k] = np.log(self.weights) + determinants.sum(axis=1)
        shifts = np.zeros((n_components, d))
        shifts[:k] = np.einsum("kd,kde->ke", self.means, self.factors)
        factors = np.zeros((d, n_components, d))
        factors[:, :k] = self.factors.transpose(1, 0, 2)
        return [v.astype(np.float32) for v in (offsets, shifts, factors)]

    @classmethod
    def of_variables(cls, values: list[np.ndarray]) -> "CodeMixture":
        """Return the mixture that variables of a `FittedPrior` hold."""
        offsets, shifts, factors = (value.astype(np.float64) for value in values)
        there = offsets > 0.5 * EMPTY
        factor = factors.transpose(1, 0, 2)[there]
        determinants = np.log(np.abs(np.diagonal(factor, axis1=1, axis2=2)))
        logits = offsets[there] - determinants.sum(axis=1)
        weights = np.exp(logits - logits.max())
        means = np.linalg.solve(factor.transpose(0, 2, 1), shifts[there][..., None])[
            ..., 0
        ]
        return cls(weights / weights.sum(), means, factor)
