"""The variational autoencoder."""

import numpy as np

from skunsup._fit_data import FitData
from skunsup._networks import Architecture, Network
from skunsup._parameters import parameters
from skunsup._training import FittedNetwork, as_rows
from skunsup.models._conditional import (
    N_PRIOR,
    gibbs_rows,
    posterior,
    prior_codes,
    resampled_codes,
)
from skunsup.models._fitted_prior import (
    FittedPriorParameters,
    fitted_setting,
)
from skunsup.models._latent import LatentTransformer
from skunsup.models._mixture_prior import MixturePriorSampler
from skunsup.models._mixture_start import mixture_values
from skunsup.models._parts import decoder_part, encoder_part
from skunsup.models._variational_network import VariationalNetwork
from skunsup.models._variational_parameters import (
    LIKELIHOODS,
    VariationalParameters,
    check_likelihood,
)


@parameters
class VariationalAutoencoder(
    MixturePriorSampler, LatentTransformer, FittedPriorParameters, VariationalParameters
):
    """Autoencoder with a normal distribution of codes, which can generate rows.

    The encoder gives each row a normal distribution of codes, the decoder each code a
    distribution of rows, and training maximises a lower bound of the log-likelihood
    [1]_. Codes then follow a standard normal distribution, from which `sample` draws.
    `score_samples` is that bound, in nats. With a linear network this is probabilistic
    PCA (isotropic noise) or factor analysis (diagonal noise).

    With `n_clusters` codes follow a mixture of normal distributions, which is learned
    as well [2]_ (VaDE): `predict` gives the component of a row, and `sample` draws from
    the mixture. The start is an autoencoder of the same layers that is trained as long
    with a fifth of the cells set to 0, and a `sklearn.mixture.GaussianMixture` of its
    codes.

    Attributes
    ----------
    weights_ : ndarray of shape (n_clusters,)
        Shares of the components of the mixture.
    means_, covariances_ : ndarray of shape (n_clusters, n_components)
        Means of the components, and variances of each column.
    noise_variance_ : ndarray of shape (n_features,)
        Variance of each column given the code, of the Gaussian likelihood; of a table,
        in units of the standardised column, NaN for categories.
    history_ : dict of str to list of float
        One entry an epoch: `loss`, its terms `reconstruction` (minus the mean
        log-likelihood) and `kl` (weighted), the weight `beta`, and `val_loss` if rows
        were held out.

    See Also
    --------
    Autoencoder : The same without a distribution of codes.
    sklearn.decomposition.FactorAnalysis : The linear case.

    References
    ----------
    .. [1] Kingma & Welling, "Auto-encoding variational Bayes", ICLR 2014.
    .. [2] Jiang, Zheng, Tan, Tang & Zhou, "Variational deep embedding: An unsupervised
       and generative approach to clustering", IJCAI 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skunsup import VariationalAutoencoder
    >>> X = StandardScaler().fit_transform(load_iris().data)
    >>> model = VariationalAutoencoder(n_components=2, epochs=30, random_state=0)
    >>> model.fit_transform(X).shape
    (150, 2)
    >>> model.sample(3, random_state=0).shape
    (3, 4)
    """

    @property
    def noise_variance_(self) -> np.ndarray:
        """Variance of each column given the code, NaN where it is no number."""
        variance = self._network.value("variance").astype(np.float64)
        if self._inputs.likelihood_ is None:
            return variance
        real = self._inputs.likelihood_.real
        known = np.full_like(variance, np.nan)
        known[real] = variance[real]
        return known

    def _architecture(self, data: FitData) -> Architecture:
        last = LIKELIHOODS[self.likelihood]
        if last != "linear":
            check_likelihood(self.likelihood, *data.inputs.value_range(data.rows))
        encoder = encoder_part(self, data.inputs, per_component=2)
        n_components = encoder.n_outputs // 2
        parts = {
            "encoder": encoder,
            "decoder": decoder_part(self, n_components, data.inputs, last),
        }
        fixed = self.noise_variance
        settings = {
            "n_features": data.n_features,
            "n_components": n_components,
            "distribution": self.likelihood,
            "noise_variance": fixed if isinstance(fixed, str) else float(fixed),
            "beta": float(self.beta),
            "n_importance_samples": self.n_importance_samples,
            "n_clusters": None if self.n_clusters is None else int(self.n_clusters),
            **fitted_setting(self, n_components),
        }
        return self._made(VariationalNetwork, parts, settings, n_components, data)

    def _start_values(
        self,
        architecture: Architecture,
        network: Network,
        data: FitData,
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        values = architecture.initial_values(network, rng)
        steps = np.array(self.warmup_epochs * self._steps_per_epoch(data))
        architecture.put_own(network, values, warmup_steps=steps)
        if self.n_clusters is None:
            return values
        plan, recipes = self._plan(data, stopping=False), self._optimizer_configs()
        return mixture_values(architecture, network, values, data, recipes, plan, rng)

    def _code_draws(
        self, network: FittedNetwork, rows: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        mean, deviation = posterior(network, rows)
        return mean + deviation * rng.standard_normal(mean.shape)

    def _complete_rows(
        self, rows: np.ndarray, observed: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        if self.likelihood == "multinomial":
            raise ValueError(
                "likelihood='multinomial' is for rows of counts as a whole, of which "
                "no cells can be missing or given. Use likelihood='gaussian'."
            )
        network = self._network
        if self._inputs.likelihood_ is not None:  # the encoder sees what is missing
            codes = resampled_codes(network, rows, rng)
            return self._observed(network.compute("decode", as_rows(codes)), rng)
        codes = self._prior().sample(N_PRIOR, rng)
        means = network.compute("decode", as_rows(codes))
        gaussian = self.likelihood == "gaussian"
        variance = self.noise_variance_ if gaussian else means.var(axis=0)
        start = prior_codes(codes, means, variance, rows, observed, rng)

        def noisy(means: np.ndarray) -> np.ndarray:
            return self._observed(means, rng)

        return gibbs_rows(network, rows, observed, start, noisy, rng)

    def _observed(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        variance = self.noise_variance_ * (self.likelihood == "gaussian")
        likelihood = self._inputs.likelihood_
        if likelihood is not None:
            return likelihood.sample(rows, variance, rng)
        if self.likelihood != "gaussian":
            return rows
        return rows + rng.standard_normal(rows.shape) * np.sqrt(variance)
