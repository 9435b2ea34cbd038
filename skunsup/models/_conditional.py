"""Draws of missing cells from a variational autoencoder, given the others."""

from collections.abc import Callable

import numpy as np

from skunsup._training import FittedNetwork, as_rows

N_DRAWS = 100  # codes a row, of which one is chosen by its weight
N_PRIOR = 2000  # codes of the prior, of which one is chosen to start from
N_STEPS = 30
CHUNK_ROWS = 500
SMALLEST_VARIANCE = 1e-4


def resampled_codes(
    network: FittedNetwork, rows: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw a code of each row from about p(z | what was observed).

    Of draws from the encoder's distribution one is chosen by its importance weight
    (Mattei & Frellsen 2019, section 3.2). For networks whose encoder sees what is
    missing.

    Parameters
    ----------
    network : FittedNetwork
        With a `VariationalNetwork`.
    rows : array of shape (n, n_columns), float32
        Rows with missing cells.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    array of shape (n, n_components), float32
    """
    found = []
    for start in range(0, len(rows), CHUNK_ROWS):
        part = rows[start : start + CHUNK_ROWS]
        mean, deviation = posterior(network, part)
        noise = rng.standard_normal((len(part), N_DRAWS, mean.shape[1]), np.float32)
        codes = mean[:, None] + deviation[:, None] * noise
        flat = codes.reshape(-1, mean.shape[1])
        pairs = np.concatenate([np.repeat(part, N_DRAWS, axis=0), flat], axis=1)
        weight = network.compute("log_weight", as_rows(pairs)).reshape(-1, N_DRAWS)
        found.append(codes[np.arange(len(part)), drawn_by_weight(weight, rng)])
    return np.concatenate(found)


def gibbs_rows(
    network: FittedNetwork,
    rows: np.ndarray,
    observed: np.ndarray,
    start: np.ndarray,
    noisy: Callable[[np.ndarray], np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw the columns that were not observed, by a Markov chain for each row.

    A code is proposed by the encoder, given the row as it is filled in now, and
    accepted as Metropolis and Hastings do; then the cells are drawn given the code
    (Metropolis within Gibbs: Mattei & Frellsen 2018, section 3.2, which corrects the
    pseudo-Gibbs sampler of Rezende, Mohamed & Wierstra 2014, appendix F).

    Parameters
    ----------
    network : FittedNetwork
        With a `VariationalNetwork`.
    rows : array of shape (n, n_columns), float32
        Observed columns.
    observed : array of bool, shape (n, n_columns)
        Which they are.
    start : array of shape (n, n_components), float32
        Codes to start from.
    noisy : callable
        Draws rows of which the decoder gave the means.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    array of shape (n, n_columns), float32
    """
    codes = start
    for step in range(N_STEPS + 1):
        drawn = noisy(network.compute("decode", as_rows(codes)))
        filled = np.where(observed, rows, drawn).astype(np.float32)
        if step == N_STEPS:
            break
        mean, deviation = posterior(network, filled)
        noise = rng.standard_normal(mean.shape, np.float32)
        proposed = (mean + deviation * noise).astype(np.float32)
        gain = log_weight(network, filled, proposed)
        gain = gain - log_weight(network, filled, codes)
        accepted = np.log(rng.random(len(rows))) < gain
        codes = np.where(accepted[:, None], proposed, codes)
    return filled


def prior_codes(
    codes: np.ndarray,
    means: np.ndarray,
    variance: np.ndarray,
    rows: np.ndarray,
    observed: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Choose a code of the prior for each row, by the likelihood of what was observed.

    Parameters
    ----------
    codes, means : arrays of shape (m, n_components) and (m, n_columns)
        Draws of the prior, and the rows that they are decoded to.
    variance : array of shape (n_columns,)
        Of the rows around `means`.
    rows, observed : arrays of shape (n, n_columns)
        Rows, and which of their columns were observed.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    array of shape (n, n_components), float32
    """
    scale = 1.0 / np.sqrt(np.maximum(variance, SMALLEST_VARIANCE))
    found = []
    for start in range(0, len(rows), CHUNK_ROWS):
        at = slice(start, start + CHUNK_ROWS)
        x, known = rows[at] * scale, observed[at].astype(float)
        y = means * scale
        squares = known @ (y * y).T - 2.0 * (known * x) @ y.T
        found.append(codes[drawn_by_weight(-0.5 * squares, rng)])
    return np.concatenate(found)


def posterior(
    network: FittedNetwork, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return means and standard deviations of the codes of rows."""
    both = network.compute("posterior", as_rows(rows))
    mean, log_variance = np.split(both, 2, axis=1)
    return mean, np.exp(0.5 * log_variance)


def log_weight(
    network: FittedNetwork, rows: np.ndarray, codes: np.ndarray
) -> np.ndarray:
    """Log of the importance weight of a code of each row."""
    pairs = np.concatenate([rows, codes], axis=1)
    return network.compute("log_weight", as_rows(pairs)).astype(np.float64)


def drawn_by_weight(log_weight: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a column of each row, by the logarithms of weights (Gumbel's trick)."""
    found: np.ndarray = np.argmax(log_weight + rng.gumbel(size=log_weight.shape), 1)
    return found
