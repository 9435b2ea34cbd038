"""Normal distributions of codes: densities, divergences and points to average over."""

import math
from typing import Any

import numpy as np
from keras import ops

N_PAIRS = 4


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
