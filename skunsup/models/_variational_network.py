"""The network of the variational autoencoder: its bound and its likelihoods."""

import math
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from skunsup._networks import (
    fitted_prior,
    noise_state,
    normal,
    with_shares,
)
from skunsup.models._cell_likelihood import LikelihoodNetwork
from skunsup.models._gaussian import (
    LOG_VARIANCES,
    Mixture,
    kl_divergence,
    log_mixture,
    log_normal,
    log_softmax,
    mixture_divergence,
    opposite_pairs,
)


@keras.saving.register_keras_serializable(package="skunsup")
class VariationalNetwork(LikelihoodNetwork):
    """Encoder to a normal distribution of codes, decoder to one of rows.

    Objective: minus the evidence lower bound, mean of -log p(x | z) + beta KL(q(z | x),
    N(0, 1)) with one z drawn for each row (Kingma & Welling 2014, eq. 7 and 10). With
    clusters, a mixture of normal distributions takes the place of N(0, 1), which is
    trained as well (Jiang, Zheng, Tan, Tang & Zhou 2017).

    Parameters
    ----------
    encoder : keras.Model
        Rows to 2 `n_components` numbers: means and log-variances.
    decoder : keras.Model
        Codes to the means of rows.
    n_features, n_components : int
        Widths of rows and of codes.
    beta : float
        Weight of the KL term.
    n_importance_samples : int or None
        Draws a row of the importance-weighted bound; None for the plain one.
    n_clusters : int or None
        Components of the mixture; None for N(0, 1).
    fitted_prior : (int, int) or None
        As `skunsup._networks.fitted_prior` takes it: of a prior that takes the place of
        the others in scores and draws after training.
    distribution, noise_variance
        As of `LikelihoodNetwork`.
    """

    own_terms = ("reconstruction", "kl")
    own_metrics = ("beta",)

    defaults: ClassVar[dict[str, Any]] = {
        **LikelihoodNetwork.defaults,
        "beta": 1.0,
        "n_importance_samples": None,
        "n_clusters": None,
        "fitted_prior": None,
    }

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.noise_state = noise_state()
        self.variance = self._variance()
        self.steps = self._state("steps", (), 0.0)
        self.warmup_steps = self._state("warmup_steps", (), 0.0)
        rng = np.random.default_rng(0)
        n_components = self.settings["n_components"]
        self.pairs = opposite_pairs(n_components, rng)
        n_draws = self.settings["n_importance_samples"] or 1
        draws = rng.standard_normal((n_draws, n_components))
        self.draws = draws.astype(np.float32)
        self.fitted = fitted_prior(self)
        k = self.settings["n_clusters"]
        if k is not None:
            self.mixture_logits = self.add_weight(name="mixture_logits", shape=(k,))
            self.mixture_means, self.mixture_log_variances = (
                self.add_weight(name=f"mixture_{name}", shape=(k, n_components))
                for name in ("means", "log_variances")
            )

    def loss_terms(self, x: Any) -> list[Any]:
        """Minus the log-likelihood and the weighted KL term, then the weight."""
        mean, log_variance = self._posterior(self.seen(x), training=True)
        noise = normal(ops.shape(mean), self.noise_state)
        z = mean + ops.exp(0.5 * log_variance) * noise
        output = self.decoder(z, training=True)
        self._follow_variance(x, output)
        beta = self.settings["beta"] * self._warmed()
        return [
            ops.mean(ops.sum(self._nll(x, output), axis=-1)),
            beta * ops.mean(self._divergence(mean, log_variance)),
            beta,
        ]

    def encode(self, x: Any) -> Any:
        """Means of the codes of rows."""
        return self._posterior(x, training=False)[0]

    def posterior(self, x: Any) -> Any:
        """Means of the codes of rows, then the log-variances."""
        return ops.concatenate(self._posterior(x, training=False), axis=-1)

    def log_weight(self, pairs: Any) -> Any:
        """Log of p(x, z) / q(z | x), of rows x with codes z behind them.

        The importance weight of a code (Burda et al. 2016, eq. 7). Cells that are
        missing in x do not count.
        """
        d = self.settings["n_features"]
        x, z = pairs[..., :d], pairs[..., d:]
        mean, log_variance = self._posterior(x, training=False)
        nll = ops.sum(self._nll(x, self.decoder(z, training=False)), axis=-1)
        return self._log_prior(z) - log_normal(z, mean, log_variance) - nll

    def row_loss(self, x: Any) -> Any:
        """Objective of each row, without drawing."""
        nll, kl = self._bound(x)
        return nll + self.settings["beta"] * kl

    def row_score(self, x: Any) -> Any:
        """Lower bound of the log-density of each row."""
        if self.settings["n_importance_samples"] is not None:
            return self._importance_weighted(x)
        if self.fitted is not None:
            return self._fitted_bound(x)
        nll, kl = self._bound(x)
        return -nll - kl

    def split_loss(self, x: Any) -> Any:
        """Minus the log-likelihood at the mean code, then the part of each cell.

        Without the Gaussian's constant, so non-negative.
        """
        output = self.decoder(self.encode(x), training=False)
        shares = self._cell_losses(x, output, self._excess)
        return with_shares(ops.sum(shares, axis=-1), shares)

    def call(self, x: Any, training: bool = False) -> Any:
        """Reconstruct, as Keras users expect of the model."""
        mean, _ = self._posterior(x, training)
        return self.rows(self.decoder(mean, training=training))

    def _posterior(self, x: Any, training: bool) -> list[Any]:
        mean, log_variance = ops.split(self.encoder(x, training=training), 2, axis=-1)
        return [mean, ops.clip(log_variance, *LOG_VARIANCES)]

    def _mixture(self) -> Mixture:
        """Return the prior of the codes."""
        logits, means, log_variances = (
            ops.convert_to_tensor(variable)
            for variable in (
                self.mixture_logits,
                self.mixture_means,
                self.mixture_log_variances,
            )
        )
        log_variances = ops.clip(log_variances, *LOG_VARIANCES)
        return Mixture(log_softmax(logits), means, log_variances)

    def _divergence(self, mean: Any, log_variance: Any) -> Any:
        """KL divergence of the distribution of each row's code from the prior."""
        if self.settings["n_clusters"] is None:
            return kl_divergence(mean, log_variance)
        return mixture_divergence(mean, log_variance, self._mixture())

    def _log_prior(self, z: Any) -> Any:
        """Log-density of the prior at codes."""
        if self.fitted is not None:
            return self.fitted.log_density(z)
        if self.settings["n_clusters"] is None:
            zero = ops.zeros_like(z)
            return log_normal(z, zero, zero)
        return log_mixture(z, self._mixture())

    def _warmed(self) -> Any:
        """Share of `beta` that applies after the steps so far."""
        steps = ops.convert_to_tensor(self.steps) + 1.0
        self.steps.assign(steps)
        return ops.minimum(1.0, steps / (1.0 + self.warmup_steps))

    def _codes_at(self, x: Any, points: np.ndarray) -> tuple[Any, ...]:
        """Codes of each row at the standardised `points`: shape (n, points, k)."""
        mean, log_variance = (v[:, None] for v in self._posterior(x, training=False))
        z = mean + ops.exp(0.5 * log_variance) * ops.convert_to_tensor(points)
        return z, mean, log_variance

    def _nll_at(self, x: Any, z: Any) -> Any:
        """Minus the log-likelihood of each row at its codes, shape (n, points)."""
        flat = self.decoder(ops.reshape(z, (-1, z.shape[-1])), training=False)
        output = ops.reshape(flat, (-1, z.shape[1], flat.shape[-1]))
        return ops.sum(self._nll(x[:, None], output), axis=-1)

    def _bound(self, x: Any) -> tuple[Any, Any]:
        """Expected loss over fixed pairs of opposite draws, and the KL divergence."""
        z, mean, log_variance = self._codes_at(x, self.pairs)
        kl = self._divergence(mean[:, 0], log_variance[:, 0])
        return ops.mean(self._nll_at(x, z), axis=-1), kl

    def _fitted_bound(self, x: Any) -> Any:
        """Lower bound with the fitted prior, over the same draws."""
        z, mean, log_variance = self._codes_at(x, self.pairs)
        log_ratio = self._log_prior(z) - log_normal(z, mean, log_variance)
        return ops.mean(log_ratio - self._nll_at(x, z), axis=-1)

    def _importance_weighted(self, x: Any) -> Any:
        """Importance-weighted bound over fixed draws (Burda et al. 2016, eq. 8)."""
        z, mean, log_variance = self._codes_at(x, self.draws)
        log_weight = self._log_prior(z) - log_normal(z, mean, log_variance)
        log_weight = log_weight - self._nll_at(x, z)
        return ops.logsumexp(log_weight, axis=-1) - math.log(len(self.draws))
