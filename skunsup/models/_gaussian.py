"""Normal distributions of codes and mixtures of them: densities and divergences."""

import math
from typing import Any, NamedTuple

import numpy as np
from keras import ops
from scipy.special import softmax

N_PAIRS = 4
LOG_VARIANCES = (-10.0, 10.0)  # of codes and components


def kl_divergence(mean: Any, log_variance: Any) -> Any:
    """KL divergence of normal distributions from N(0, 1) (Kingma & Welling, app. B).

    Parameters
    ----------
    mean, log_variance : tensors of shape (n, k)
        Of independent normal distributions.
    """
    excess = ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance
    return 0.5 * ops.sum(excess, axis=-1)


def log_normal(z: Any, mean: Any, log_variance: Any) -> Any:
    """Log-density of independent normal distributions, summed over the columns."""
    scaled = ops.square(z - mean) * ops.exp(-log_variance)
    return -0.5 * ops.sum(math.log(2 * math.pi) + log_variance + scaled, axis=-1)


class Mixture(NamedTuple):
    """Mixture of k independent normal distributions of codes of width d.

    Parameters
    ----------
    log_weights : tensor of shape (k,)
        Logarithms of the shares of the components.
    means, log_variances : tensors of shape (k, d)
        Of each component.
    """

    log_weights: Any
    means: Any
    log_variances: Any


def log_mixture(z: Any, mixture: Mixture) -> Any:
    """Log-density of a mixture at each code, for any number of axes in front."""
    log_density = log_normal(z[..., None, :], mixture.means, mixture.log_variances)
    return ops.logsumexp(mixture.log_weights + log_density, axis=-1)


def expected_log_joint(mean: Any, log_variance: Any, mixture: Mixture) -> Any:
    """Expected log-density of codes and components, under distributions of codes.

    E[log p(z, c)] for each component c, with z normal (Jiang, Zheng, Tan, Tang & Zhou
    2017, the first two lines of eq. 12).

    Parameters
    ----------
    mean, log_variance : tensors of shape (n, d)
        Of the codes.
    mixture : Mixture
        The prior.

    Returns
    -------
    tensor of shape (n, k)
    """
    at_means = log_normal(mean[:, None], mixture.means, mixture.log_variances)
    ratio = ops.exp(log_variance[:, None] - mixture.log_variances)
    return mixture.log_weights + at_means - 0.5 * ops.sum(ratio, axis=-1)


def mixture_divergence(mean: Any, log_variance: Any, mixture: Mixture) -> Any:
    """KL divergence of codes with their components from a mixture.

    KL(q(z) q(c), p(z, c)) with the q(c) that makes it smallest, a softmax of
    `expected_log_joint`; in place of it Jiang et al. take p(c | z) at a draw of z (eq.
    16). With one standard normal component it is `kl_divergence`.
    """
    entropy = 0.5 * ops.sum(1.0 + math.log(2 * math.pi) + log_variance, axis=-1)
    log_joint = expected_log_joint(mean, log_variance, mixture)
    return -entropy - ops.logsumexp(log_joint, axis=-1)


def log_softmax(x: Any) -> Any:
    """Logarithm of a softmax over the last axis, of which Keras warns where it is 1."""
    return x - ops.logsumexp(x, axis=-1, keepdims=True)


def opposite_pairs(n_components: int, rng: np.random.Generator) -> np.ndarray:
    """Points around 0 whose columns have mean 0 and variance 1, not just in the limit.

    So the mean over them of a quadratic function without mixed terms, such as the loss
    of a linear decoder in its principal axes, is the exact expectation under N(0, 1).

    Parameters
    ----------
    n_components : int
        Number of columns.
    rng : numpy.random.Generator
        Turns the points.

    Returns
    -------
    array of shape (2 N_PAIRS, n_components), float32
    """
    n_blocks = -(-n_components // N_PAIRS)
    drawn = rng.standard_normal((n_blocks, N_PAIRS, N_PAIRS))
    turned = np.concatenate(list(np.linalg.qr(drawn)[0]), axis=1)[:, :n_components]
    half = math.sqrt(N_PAIRS) * turned
    return np.concatenate([half, -half]).astype(np.float32)


class LearnedMixture(NamedTuple):
    """Fitted mixture of normal distributions of codes.

    Parameters
    ----------
    weights : array of shape (k,)
        Of each component, float64; they sum to 1.
    means, variances : arrays of shape (k, n_components)
        Of each component, float64.
    """

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray

    def memberships(self, mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
        """Return the probability of each component, (n, k), given normal codes.

        A softmax of E[log p(z, c)] (Jiang, Zheng, Tan, Tang & Zhou 2017, eq. 12), in
        float64: where codes lie far from all components, it is a small difference of
        large numbers.

        Parameters
        ----------
        mean, log_variance : arrays of shape (n, n_components)
            Of the distribution of each code.
        """
        mean, variance = mean.astype(np.float64), np.exp(np.float64(log_variance))
        log_joint = np.empty((len(mean), len(self.weights)))
        for c, (weight, centre, own) in enumerate(zip(*self, strict=True)):
            scaled = (np.square(mean - centre) + variance) / own
            log_weight = np.log(max(weight, np.finfo(np.float64).tiny))
            log_joint[:, c] = log_weight - 0.5 * (np.log(own) + scaled).sum(axis=1)
        found: np.ndarray = softmax(log_joint, axis=1)
        return found

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return an array of `n` codes, float32."""
        component = rng.choice(len(self.weights), n, p=self.weights)
        noise = rng.standard_normal((n, self.means.shape[1]))
        deviation = np.sqrt(self.variances[component])
        return (self.means[component] + deviation * noise).astype(np.float32)
