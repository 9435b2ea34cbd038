"""The variational autoencoder."""

import math
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from skunsup._estimator import FitData
from skunsup._networks import (
    Architecture,
    Network,
    RealLoss,
    noise_state,
    normal,
    with_shares,
)
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import StrOptions, integers, reals
from skunsup.models._latent import LatentTransformer
from skunsup.models._parameters import CodeParameters
from skunsup.models._parts import decoder_part, encoder_part
from skunsup.models._sampler import Sampler

LOG_VARIANCES = (-10.0, 10.0)
SMALLEST_VARIANCE = 1e-4
TINY = 1e-7
# Activation of the decoder's output, by likelihood.
LIKELIHOODS = {"gaussian": "linear", "bernoulli": "sigmoid", "multinomial": "softmax"}
DECAY = 0.95
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


@keras.saving.register_keras_serializable(package="skunsup")
class VariationalNetwork(Network):
    """Encoder to a normal distribution of codes, decoder to one of rows.

    Objective: minus the evidence lower bound, mean of -log p(x | z) + beta KL(q(z | x),
    N(0, 1)) with one z drawn for each row (Kingma & Welling 2014, eq. 7 and 10).

    Parameters
    ----------
    encoder : keras.Model
        Rows to 2 `n_components` numbers: means and log-variances.
    decoder : keras.Model
        Codes to the means of rows.
    n_features, n_components : int
        Widths of rows and of codes.
    likelihood : {"gaussian", "bernoulli", "multinomial"}
        Distribution of a row given its code.
    noise_variance : {"diagonal", "isotropic"} or float
        Variance of the Gaussian likelihood: followed, for each column or for all
        together, by a moving average of its best value (Rybkin, Daniilidis & Levine
        2021, section 3.2), or fixed.
    beta : float
        Weight of the KL term.
    n_importance_samples : int or None
        Draws a row of the importance-weighted bound; None for the plain one.
    """

    own_terms = ("reconstruction", "kl")
    own_metrics = ("beta",)

    defaults: ClassVar[dict[str, Any]] = {
        "likelihood": "gaussian",
        "noise_variance": "diagonal",
        "beta": 1.0,
        "n_importance_samples": None,
    }

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        noise_variance = self.settings["noise_variance"]
        self.noise_state = noise_state()
        fixed = 1.0 if isinstance(noise_variance, str) else noise_variance
        plain = self.settings["n_features"]
        n_cells = plain if self.cells is None else self.cells.n_cells
        self.variance = self._state("variance", (n_cells,), fixed)
        self.steps = self._state("steps", (), 0.0)
        self.warmup_steps = self._state("warmup_steps", (), 0.0)
        rng = np.random.default_rng(0)
        n_components = self.settings["n_components"]
        self.pairs = opposite_pairs(n_components, rng)
        n_draws = self.settings["n_importance_samples"] or 1
        draws = rng.standard_normal((n_draws, n_components))
        self.draws = draws.astype(np.float32)

    def _state(self, name: str, shape: tuple[int, ...], value: float) -> Any:
        constant = keras.initializers.Constant(value)
        return self.add_weight(
            name=name, shape=shape, initializer=constant, trainable=False
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
            beta * ops.mean(kl_divergence(mean, log_variance)),
            beta,
        ]

    def encode(self, x: Any) -> Any:
        """Means of the codes of rows."""
        return self._posterior(x, training=False)[0]

    def decode(self, code: Any) -> Any:
        """Means of the rows of codes."""
        return self.rows(self.decoder(code, training=False))

    def reconstruct(self, x: Any) -> Any:
        """Rows of the mean codes of rows."""
        return self.decode(self.encode(x))

    def row_loss(self, x: Any) -> Any:
        """What training minimises, of each row, without drawing."""
        nll, kl = self._bound(x)
        return nll + self.settings["beta"] * kl

    def row_score(self, x: Any) -> Any:
        """Lower bound of the log-density of each row."""
        if self.settings["n_importance_samples"] is not None:
            return self._importance_weighted(x)
        nll, kl = self._bound(x)
        return -nll - kl

    def split_loss(self, x: Any) -> Any:
        """Minus the log-likelihood at the mean code, then what each cell adds to it.

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

    def _nll(self, x: Any, output: Any) -> Any:
        """Minus the log-likelihood of each cell."""
        return self._cell_losses(x, output, self._real_nll)

    def _cell_losses(self, x: Any, output: Any, real: RealLoss) -> Any:
        if self.cells is None:
            return real(x, output, slice(None))
        return self.cells.losses(x, output, real)

    def _real_nll(self, x: Any, output: Any, at: Any) -> Any:
        excess = self._excess(x, output, at)
        if self.settings["likelihood"] != "gaussian":
            return excess
        variance = _picked(self.variance, at)
        return 0.5 * (math.log(2 * math.pi) + ops.log(variance)) + excess

    def _excess(self, x: Any, output: Any, at: Any) -> Any:
        """Minus the log-likelihood of real cells, without the Gaussian's constant."""
        x = ops.broadcast_to(x, ops.shape(output))
        if self.settings["likelihood"] == "bernoulli":
            return ops.binary_crossentropy(x, output)
        if self.settings["likelihood"] == "multinomial":
            return -x * ops.log(output + TINY)
        variance = _picked(self.variance, at)
        return 0.5 * ops.square(x - output) / variance

    def _follow_variance(self, x: Any, output: Any) -> None:
        kind = self.settings["noise_variance"]
        if not isinstance(kind, str) or self.settings["likelihood"] != "gaussian":
            return
        square = self._cell_losses(x, output, lambda x, y, _: ops.square(x - y))
        error, old = ops.mean(square, axis=0), ops.convert_to_tensor(self.variance)
        observed = None if self.cells is None else self.cells.observed(x)
        share = ops.ones_like(error) if observed is None else ops.mean(observed, axis=0)
        if kind == "isotropic":
            real = slice(None) if self.cells is None else self.cells.real
            error, share = (
                ops.ones_like(v) * ops.mean(_picked(v, real)) for v in (error, share)
            )
        error = ops.where(share > 0, error / ops.maximum(share, TINY), old)
        error = ops.stop_gradient(error)
        moved = DECAY * old + (1.0 - DECAY) * error
        self.variance.assign(ops.maximum(moved, SMALLEST_VARIANCE))

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
        kl = kl_divergence(mean[:, 0], log_variance[:, 0])
        return ops.mean(self._nll_at(x, z), axis=-1), kl

    def _importance_weighted(self, x: Any) -> Any:
        """Importance-weighted bound over fixed draws (Burda et al. 2016, eq. 8)."""
        z, mean, log_variance = self._codes_at(x, self.draws)
        zero = ops.zeros_like(z)
        log_weight = log_normal(z, zero, zero) - log_normal(z, mean, log_variance)
        log_weight = log_weight - self._nll_at(x, z)
        return ops.logsumexp(log_weight, axis=-1) - math.log(len(self.draws))


def _picked(values: Any, at: slice | np.ndarray) -> Any:
    """Entries of a vector at a slice or at an array of places."""
    values = ops.convert_to_tensor(values)
    return values[at] if isinstance(at, slice) else ops.take(values, at, axis=0)


def check_likelihood(likelihood: str, low: float, high: float) -> None:
    """Raise ValueError where data in [low, high] cannot have that likelihood."""
    largest = 1.0 if likelihood == "bernoulli" else np.inf
    if low < 0 or high > largest:
        needed = "values in [0, 1]" if largest == 1.0 else "counts, from 0 up"
        raise ValueError(
            f"likelihood={likelihood!r} needs {needed}, but X holds values from "
            f"{low:g} to {high:g}. Scale X with MinMaxScaler() in a Pipeline, or use "
            "likelihood='gaussian'."
        )


@parameters
class VariationalParameters(CodeParameters):
    """Likelihood and prior.

    Parameters
    ----------
    n_components : int
        Width of the code. None means 2, or half of what an own `encoder` returns.
    likelihood : {"gaussian", "bernoulli", "multinomial"}
        Distribution of a row given its code. "bernoulli" is for X in [0, 1]; the
        decoder then ends in a sigmoid, and `sample` returns probabilities.
        "multinomial" is for counts, and for weights such as tf-idf, of words or items
        [4]_; the decoder ends in a softmax, and what it returns are proportions.
    noise_variance : {"diagonal", "isotropic"} or float
        Variance of the Gaussian likelihood, in squared units of X: learned for each
        column or for all together [3]_, or fixed. Learned ones stay above 0.0001.
    beta : float
        Weight of the KL term; more asks for codes that are more independent [1]_.
    warmup_epochs : int
        Epochs over which the weight of the KL term rises from near 0 to `beta`.
    n_importance_samples : int
        None makes `score_samples` the evidence lower bound; a number the tighter
        importance-weighted bound with so many draws a row [2]_. The draws are fixed.
    early_stopping : bool
        Hold out `validation_fraction` of the distinct rows (or take `X_val` of `fit`),
        stop when their loss no longer falls, and keep the best weights. The loss is
        minus the lower bound with the KL term weighted by `beta`, without drawing.
    encoder, decoder : keras.Model or callable
        Own networks for either half: an unfitted Keras model, or a callable that
        returns one. An encoder is called with (n_features, 2 n_components) and returns
        means and log-variances side by side, a decoder with (n_components, n_features).
        They are copied and trained from fresh weights, fixed by `random_state`.

    References
    ----------
    .. [1] Higgins et al., "beta-VAE: Learning basic visual concepts with a constrained
       variational framework", ICLR 2017.
    .. [2] Burda, Grosse & Salakhutdinov, "Importance weighted autoencoders", ICLR 2016.
    .. [3] Rybkin, Daniilidis & Levine, "Simple and effective VAE training with
       calibrated decoders", ICML 2021.
    .. [4] Liang, Krishnan, Hoffman & Jebara, "Variational autoencoders for
       collaborative filtering", WWW 2018, section 2.2.
    """

    likelihood: str = parameter("gaussian", [StrOptions(set(LIKELIHOODS))])
    noise_variance: str | float = parameter(
        "diagonal",
        [StrOptions({"diagonal", "isotropic"}), reals(0, None, "neither")],
    )
    beta: float = parameter(1.0, [reals(0, None, "left")])
    warmup_epochs: int = parameter(0, [integers(0)])
    n_importance_samples: int | None = parameter(None, [integers(1), None])


@parameters
class VariationalAutoencoder(Sampler, LatentTransformer, VariationalParameters):
    """Autoencoder with a normal distribution of codes, which can generate rows.

    The encoder gives each row a normal distribution of codes, the decoder each code a
    distribution of rows, and training maximises a lower bound of the log-likelihood
    [1]_. Codes then follow a standard normal distribution, from which `sample` draws.
    `score_samples` is that bound, in nats. With a linear network this is probabilistic
    PCA (isotropic noise) or factor analysis (diagonal noise).

    Attributes
    ----------
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
        if self._layout.cells is None:
            return variance
        real = self._layout.cells.real
        known = np.full_like(variance, np.nan)
        known[real] = variance[real]
        return known

    def _architecture(self, data: FitData) -> Architecture:
        last = LIKELIHOODS[self.likelihood]
        if last != "linear":
            check_likelihood(self.likelihood, *data.layout.value_range(data.rows))
        encoder = encoder_part(self, data.layout, per_component=2)
        n_components = encoder.n_outputs // 2
        parts = {
            "encoder": encoder,
            "decoder": decoder_part(self, n_components, data.layout, last),
        }
        fixed = self.noise_variance
        settings = {
            "n_features": data.n_features,
            "n_components": n_components,
            "likelihood": self.likelihood,
            "noise_variance": fixed if isinstance(fixed, str) else float(fixed),
            "beta": float(self.beta),
            "n_importance_samples": self.n_importance_samples,
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
        steps = -(-data.sample.n_draws // (self.batch_size or data.sample.n_draws))
        places = {v.name: i for i, v in enumerate(network.variables)}
        warmup = np.array(self.warmup_epochs * steps, np.float32)
        values[places["warmup_steps"]] = warmup
        return values

    def _observed(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        variance = self.noise_variance_ * (self.likelihood == "gaussian")
        cells = self._layout.cells
        if cells is not None:
            return cells.drawn(rows, variance, rng)
        if self.likelihood != "gaussian":
            return rows
        return rows + rng.standard_normal(rows.shape) * np.sqrt(variance)
