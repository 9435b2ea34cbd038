"""The network of the diffusion model: its loss and its sampler."""

import math
from functools import partial
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops
from scipy.special import ndtri

from skunsup._networks import Network, noise_state, normal, uniform
from skunsup.models._diffusion_categories import Categories
from skunsup.models._diffusion_noise import (
    HIGHEST,
    LOWEST,
    drawn_within,
    heun_step,
    linear_part,
    noise_level,
    normal_quantile,
)

LOG_MEAN, LOG_SPREAD = -1.0, 1.4  # of sigma in training
N_LEVELS = 8  # of noise, by which rows are judged


@keras.saving.register_keras_serializable(package="skunsup")
class DiffusionNetwork(Network):
    """A network that tells data from noise at each level of noise.

    Its input is scores of numbers with noise, expected scores of categories given those
    with noise, a state for each cell (1 for given without noise, 0 for to be drawn, -1
    for missing) and the level of noise.

    Rows of training hold, for `n_real` numbers, the lower and the upper end of the
    interval of scores that they stand for; the scores of categories; and 1 for each
    observed cell.

    Parameters
    ----------
    denoiser : keras.Model
        Scores with noise, states and the level of noise to scores.
    n_real : int
        How many numbers a row has.
    cells : tuple of int
        Which cell each score belongs to.
    drawn : bool
        Whether some interval is not a single number.
    given_share : float
        Share of the rows in which cells are given.
    """

    own_terms = ("denoising",)
    defaults: ClassVar[dict[str, Any]] = {"drawn": False, "given_share": 0.0}

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.cells = np.array(self.settings["cells"], np.int32)
        self.n_scores, self.n_cells = len(self.cells), int(self.cells.max()) + 1
        self.noise_state = noise_state()
        n_real = self.settings["n_real"]
        add = partial(self.add_weight, initializer="ones", trainable=False)
        self.scale = add(name="scale", shape=(self.n_scores,))
        self.deviation = add(name="spread", shape=(n_real,))
        self.share = add(name="share", shape=(self.n_scores - n_real,))
        sizes = np.bincount(self.cells[n_real:] - n_real)
        self.categories = Categories(sizes, self.share)
        levels = (np.arange(N_LEVELS) + 0.5) / N_LEVELS
        sigmas = np.exp(LOG_MEAN + LOG_SPREAD * ndtri(levels))
        self.levels = sigmas.astype(np.float32)[:, None]
        noise = np.random.default_rng(0).standard_normal((N_LEVELS, self.n_scores))
        self.noise = noise.astype(np.float32)

    def loss_terms(self, x: Any) -> list[Any]:
        """Mean loss of unobserved cells at random noise (Karras et al. 2022).

        With sigma log-normal, C = 1 / sqrt(1 + sigma^2) and S = sigma C, the target of
        a number is C z - S x for scores x and noise z, and its loss the squared error;
        that of a category is the cross-entropy (Dieleman et al. 2022).
        """
        n = ops.shape(x)[0]
        share = uniform((n, self.settings["n_real"]), self.noise_state)
        clean, observed = self.scores(x, share)
        place = ops.cast(ops.arange(n), "float32")[:, None]
        strata = (place + uniform((n, 1), self.noise_state)) / n
        quantile = normal_quantile(ops.clip(strata, 1e-6, 1 - 1e-6))
        sigma = ops.exp(LOG_MEAN + LOG_SPREAD * quantile)
        sigma = ops.clip(sigma, LOWEST, HIGHEST)
        state = self.states(observed, n)
        noise = normal((n, self.n_scores), self.noise_state)
        errors, wanted = self.errors(clean, noise, sigma, state)
        return [ops.sum(errors) / ops.maximum(ops.sum(wanted), 1.0)]

    def states(self, observed: Any, n: Any) -> Any:
        """States of the cells of a minibatch, some of them given."""
        share = self.settings["given_share"]
        if not share:
            return observed - 1.0
        chance = uniform((n, 1), self.noise_state) / share  # of a cell to be given
        hit = uniform((n, self.n_cells), self.noise_state) > chance
        return observed - 1.0 + observed * ops.cast(hit, "float32")

    def errors(self, clean: Any, noise: Any, sigma: Any, state: Any) -> tuple[Any, Any]:
        """Losses of cells, 0 where the state is not 0; and 1 where it is.

        They are squared errors of numbers and cross-entropies of categories.
        """
        c = ops.rsqrt(1.0 + sigma * sigma)
        s = sigma * c
        numbers, logs = self.found(c * clean + s * noise, clean, sigma, state)
        r = self.settings["n_real"]
        losses = ops.square(numbers - (c * noise - s * clean)[:, :r])
        if self.categories.runs:
            crossed = self.categories.cross_entropies(clean[:, r:], logs)
            losses = ops.concatenate([losses, *crossed], axis=-1)
        wanted = ops.cast(ops.abs(state) < 0.5, "float32")
        return wanted * losses, wanted

    def found(self, noisy: Any, clean: Any, sigma: Any, state: Any) -> tuple[Any, Any]:
        """Target of numbers, and logarithms of the probabilities of categories.

        `clean` counts where it is given. The network sees categories by the scores that
        are expected given their own noisy ones, and these are added to its output as
        logits, so that it has only to learn what the other cells say.
        """
        r = self.settings["n_real"]
        categories = self.categories
        own = categories.own_logits(noisy[:, r:], sigma)
        seen = noisy
        if categories.runs:
            expected = categories.expected(categories.log_probabilities(own))
            seen = ops.concatenate([seen[:, :r], expected], axis=-1)
        by_score = ops.take(state, self.cells, axis=-1)
        seen = ops.where(by_score > 0.5, clean, seen)
        seen = ops.where(by_score < -0.5, ops.zeros_like(seen), seen)
        level = 0.25 * ops.log(sigma) * ops.ones_like(state[:, :1])
        out = self.denoiser(ops.concatenate([seen, state, level], axis=-1))
        known, scale = linear_part(sigma, self.deviation)
        numbers = known * noisy[:, :r] + scale * out[:, :r]
        return numbers, categories.log_probabilities(own + out[:, r:])

    def velocity(self, noisy: Any, given: Any, sigma: Any, state: Any) -> Any:
        """Slope of scores with noise; `given` counts where the state is 1."""
        numbers, logs = self.found(noisy, given, sigma, state)
        if not self.categories.runs:
            return numbers
        c = ops.rsqrt(1.0 + sigma * sigma)
        r = self.settings["n_real"]
        clean = self.categories.expected(logs)
        hot = (c * noisy[:, r:] - clean) / (sigma * c)
        return ops.concatenate([numbers, hot], axis=-1)

    def scores(self, x: Any, share: Any) -> tuple[Any, Any]:
        """Scores of rows, quantiles `share` of their intervals; observed cells."""
        r = self.settings["n_real"]
        found = x[:, :r]
        if self.settings["drawn"]:
            found = drawn_within(found, x[:, r : 2 * r], share)
        end = r + self.n_scores
        found = ops.concatenate([found, x[:, 2 * r : end]], axis=-1)
        return found * self.scale, x[:, end:]

    def generate(self, x: Any) -> Any:
        """Scores of rows drawn from noise, by Heun's method (Karras et al. 2022).

        A row of `x` holds the noise, what is given of the scores, the states of the
        cells and the number of steps.
        """
        k = self.n_scores
        given, state = x[:, k : 2 * k] * self.scale, x[:, 2 * k : -1]
        n_steps = ops.cast(x[0, -1], "int32")

        def slope(y: Any, sigma: Any) -> Any:
            return self.velocity(y, given, sigma, state)

        def level(i: Any) -> Any:
            return noise_level(ops.cast(i, "float32") / x[0, -1])

        def step(i: Any, y: Any) -> Any:
            now, then = level(i), level(i + 1)
            length = ops.arctan(then) - ops.arctan(now)
            return heun_step(slope, y, now, then, length)

        y = ops.fori_loop(0, n_steps, step, x[:, :k])
        last = self.velocity(y, given, ops.convert_to_tensor(LOWEST), state)
        c = 1.0 / math.sqrt(1.0 + LOWEST**2)
        found = c * y - LOWEST * c * last
        by_score = ops.take(state, self.cells, axis=-1)
        return ops.where(by_score > 0.5, given, found) / self.scale

    def denoised(self, x: Any) -> Any:
        """Expected scores of numbers with noise, whose level is the last column."""
        noisy, sigma = x[:, :-1], x[:, -1:]
        nothing = ops.zeros_like(noisy)
        slope = self.velocity(noisy, nothing, sigma, nothing)
        c = ops.rsqrt(1.0 + sigma * sigma)
        return c * (noisy - sigma * slope)

    def row_loss(self, x: Any) -> Any:
        """Mean loss of the cells of each row at fixed noise of several levels."""
        clean, observed = self.scores(x, 0.5)

        def at_levels(values: Any) -> Any:
            return ops.reshape(values, (-1, values.shape[-1]))

        ones = ops.ones((N_LEVELS, 1, 1))
        noise = ops.convert_to_tensor(self.noise)[:, None] * ops.ones_like(clean)
        sigma = ops.convert_to_tensor(self.levels)[:, None] * ops.ones_like(x[:, :1])
        given = (ones * clean, noise, sigma, ones * (observed - 1.0))
        errors, wanted = self.errors(*map(at_levels, given))
        n = ops.maximum(ops.sum(wanted, axis=-1), 1.0)
        of_levels = ops.reshape(ops.sum(errors, axis=-1) / n, (N_LEVELS, -1))
        return ops.mean(of_levels, axis=0)

    def call(self, x: Any, training: bool = False) -> Any:
        """Output of the network, for its own input."""
        return self.denoiser(x, training=training)
