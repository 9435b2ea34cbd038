"""Start values of a variational autoencoder whose prior is a mixture."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from skunsup._fit_data import FitData
from skunsup._networks import Architecture, CodePart, Network, check_loss
from skunsup._random import draw_seed
from skunsup._training import (
    FittedNetwork,
    OptimizerConfig,
    Rows,
    TrainingConfig,
    shared_network,
)
from skunsup.models._autoencoder import AutoencoderNetwork
from skunsup.models._clusters import check_rows
from skunsup.models._gaussian_mixture import gaussian_mixture
from skunsup.models._halves import halves_of, with_halves
from skunsup.models._layerwise import train_first
from skunsup.models._parts import LIKELIHOOD_LOSSES

MIXTURE_ROWS = 20_000
N_INIT = 5
RIDGE = 1e-3  # of the variances of components, relative to the mean variance of codes
MASKED = 0.2  # share of the cells that are set to 0 in the input
NARROW = 0.1  # variance of a row's code, relative to that within components


def mixture_values(
    architecture: Architecture,
    network: Network,
    values: list[np.ndarray],
    data: FitData,
    recipes: Sequence[OptimizerConfig],
    plan: TrainingConfig,
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """Train the halves as a denoising autoencoder, and fit a mixture to its codes.

    As Jiang, Zheng, Tan, Tang & Zhou (2017, section 4.3) do.

    Parameters
    ----------
    architecture : Architecture
        Of a `VariationalNetwork` with clusters.
    network, values, data, recipes, plan
        As of `layerwise_values`, for the halves together.
    rng : numpy.random.Generator
        Draws what the halves start from, their minibatches and starts of the mixture.
    """
    k = architecture.settings["n_clusters"]
    check_rows(k, data.sample.n_draws)
    plain = autoencoder(architecture, data)
    built = shared_network(plain)
    start = plain.initial_values(built, rng)
    own_rng = np.random.default_rng(draw_seed(rng))
    trained = train_first(plain, start, recipes, plan, data.rows, data.sample, own_rng)
    drawn = data.sample.draw(min(data.sample.n_draws, MIXTURE_ROWS), rng)
    codes = FittedNetwork(plain, trained).compute("encode", Rows(data.rows.take(drawn)))
    found = fitted_mixture(codes, k, len(np.unique(drawn)), rng)
    halves = halves_of(plain, built, trained)
    _narrow(halves["encoder"][-1], found)
    new = with_halves(architecture, network, values, halves)
    mixture = {f"mixture_{name}": value for name, value in found.items()}
    architecture.put_own(network, new, **mixture)
    return new


def autoencoder(architecture: Architecture, data: FitData) -> Architecture:
    """Return the denoising autoencoder of the halves, whose codes are means."""
    width = architecture.n_components
    kind = LIKELIHOOD_LOSSES[architecture.settings["distribution"]]
    parts = {
        "encoder": CodePart(architecture.parts["encoder"], 1, width),
        "decoder": architecture.parts["decoder"],
    }
    loss = check_loss(kind, data.n_features)
    settings = {"loss": loss, "noise": "masking", "noise_level": MASKED}
    return replace(
        architecture, network=AutoencoderNetwork, parts=parts, settings=settings
    )


def fitted_mixture(
    codes: np.ndarray, k: int, n_distinct: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Fit a Gaussian mixture to codes; with too few of them, some components twice."""
    codes = codes.astype(np.float64)
    scale = float(np.sqrt(codes.var(axis=0).mean())) or 1.0
    model = gaussian_mixture(
        codes / scale,
        min(k, n_distinct),
        draw_seed(rng) % 2**31,
        covariance_type="diag",
        reg_covar=RIDGE,
        n_init=N_INIT,
    )
    return {
        "logits": np.log(np.resize(model.weights_, k) + 1e-6),
        "means": np.resize(model.means_ * scale, (k, codes.shape[1])),
        "log_variances": np.log(
            np.resize(model.covariances_ * scale**2, (k, codes.shape[1]))
        ),
    }


def _narrow(last: np.ndarray, found: dict[str, np.ndarray]) -> None:
    """Let log-variances of codes start below those of components.

    `last` are the last weights of the encoder, which are the biases of its output in
    all but users' own networks; those without are left as they are.
    """
    width = found["means"].shape[1]
    if last.shape == (2 * width,):
        within = np.exp(found["log_variances"]).mean(axis=0)
        last[width:] = np.log(NARROW * within)
