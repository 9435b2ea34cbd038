"""Objectives, priors and noise against their closed forms in NumPy and SciPy."""

import math

import keras
import numpy as np
import pytest
from keras import layers
from scipy.integrate import quad
from scipy.stats import kstest, multivariate_normal, norm

from skunsup import BiGAN
from skunsup._networks import (
    ADVERSARIAL_LOSSES,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    make_prior,
    noise_state,
    normal,
    uniform,
)
from skunsup._networks._noise import _cosine
from skunsup._training._backend import backend
from skunsup.models._gan_network import GANNetwork
from skunsup.models._gaussian import kl_divergence, log_normal
from skunsup.models._variational_network import VariationalNetwork
from skunsup.models._wasserstein import SCALES, mmd

from .helpers import array, tensor

ROWS = np.random.default_rng(0).normal(size=(5, 3))


# Normal distributions ----------------------------------------------------------------


def divergence(mean, deviation):
    """KL divergence of a normal distribution from N(0, 1), integrated."""
    q = norm(mean, deviation)
    return quad(
        lambda z: q.pdf(z) * (q.logpdf(z) - norm.logpdf(z)),
        mean - 12 * deviation,
        mean + 12 * deviation,
    )[0]


def test_kl_divergence_is_the_integral():
    mean = np.array([[0.0, 1.5], [-2.0, 0.3]])
    log_variance = np.array([[0.0, -1.0], [0.7, -4.0]])
    expected = [
        sum(divergence(m, math.exp(v / 2)) for m, v in zip(*pair, strict=True))
        for pair in zip(mean, log_variance, strict=True)
    ]
    found = array(kl_divergence(tensor(mean), tensor(log_variance)))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_log_normal_is_scipys():
    mean, log_variance = ROWS[::-1] / 2, ROWS / 3
    expected = norm.logpdf(ROWS, mean, np.exp(log_variance / 2)).sum(axis=1)
    found = log_normal(tensor(ROWS), tensor(mean), tensor(log_variance))
    np.testing.assert_allclose(array(found), expected, rtol=1e-4)


# The variational autoencoder ---------------------------------------------------------

VARIANCE = np.array([0.5, 0.2, 1.0])
OFFSET = np.array([0.1, -0.2, 0.3])
# Two columns that are orthogonal in the metric of VARIANCE, so that the posterior
# distribution of a code has independent columns, as the encoder's.
LOADINGS = np.array([[1.0, 0.2], [0.4, -0.4], [0.0, 1.2]])
LOADINGS[2, 0] = -(1.0 * 0.2 / 0.5 + 0.4 * -0.4 / 0.2) / 1.2
POSTERIOR_VARIANCE = 1 / (1 + (LOADINGS**2 / VARIANCE[:, None]).sum(axis=0))


def linear_gaussian(encoder_weights, n_importance_samples=None):
    """The network of x = LOADINGS z + OFFSET + noise, with weights of an encoder."""
    network = VariationalNetwork(
        encoder=keras.Sequential([keras.Input((3,)), layers.Dense(4)]),
        decoder=keras.Sequential([keras.Input((2,)), layers.Dense(3)]),
        n_features=3,
        n_components=2,
        n_importance_samples=n_importance_samples,
    )
    network.encoder.set_weights(encoder_weights)
    network.decoder.set_weights([LOADINGS.T, OFFSET])
    network.variance.assign(tensor(VARIANCE))
    return network


def exact_encoder():
    kernel = LOADINGS / VARIANCE[:, None] * POSTERIOR_VARIANCE
    log_variance = np.log(POSTERIOR_VARIANCE)
    return [
        np.hstack([kernel, np.zeros((3, 2))]),
        np.concatenate([-OFFSET @ kernel, log_variance]),
    ]


def poor_encoder():
    return [np.zeros((3, 4)), np.zeros(4)]


def log_likelihood():
    covariance = LOADINGS @ LOADINGS.T + np.diag(VARIANCE)
    return multivariate_normal(OFFSET, covariance).logpdf(ROWS)


def test_loadings_are_orthogonal():
    product = LOADINGS.T @ np.diag(1 / VARIANCE) @ LOADINGS
    assert product[0, 1] == pytest.approx(0.0, abs=1e-12)


def test_bound_is_tight_for_the_exact_posterior():
    network = linear_gaussian(exact_encoder())
    found = array(network.row_score(tensor(ROWS)))
    np.testing.assert_allclose(found, log_likelihood(), rtol=1e-4)
    np.testing.assert_allclose(-array(network.row_loss(tensor(ROWS))), found, rtol=1e-5)


def test_bound_is_the_expected_one_for_another_posterior():
    """E log p(x | z) under N(0, 1) is that of the mean less half the trace."""
    network = linear_gaussian(poor_encoder())
    trace = (LOADINGS**2 / VARIANCE[:, None]).sum()
    likelihood = multivariate_normal(OFFSET, np.diag(VARIANCE)).logpdf(ROWS)
    found = array(network.row_score(tensor(ROWS)))
    np.testing.assert_allclose(found, likelihood - 0.5 * trace, rtol=1e-4)


@pytest.mark.parametrize("n_samples", [1, 50])
def test_importance_weights_are_constant_for_the_exact_posterior(n_samples):
    network = linear_gaussian(exact_encoder(), n_samples)
    found = array(network.row_score(tensor(ROWS)))
    np.testing.assert_allclose(found, log_likelihood(), rtol=1e-4)


def test_importance_weighted_bound_tightens():
    networks = [linear_gaussian(poor_encoder(), n) for n in (1, 10, 100, 10_000)]
    bounds = [array(n.row_score(tensor(ROWS))) for n in networks]
    gaps = [np.mean(log_likelihood() - bound) for bound in bounds]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 0.2
    assert abs(gaps[-1]) < 0.05


def test_training_loss_is_the_bound():
    """Drawn once for each of many equal rows, against the exact expectation."""
    network = linear_gaussian(exact_encoder())
    network.settings["noise_variance"] = 1.0  # any number: do not follow it
    rows = np.repeat(ROWS[:1], 20_000, axis=0)
    reconstruction, kl, _ = (float(array(v)) for v in network.loss_terms(tensor(rows)))
    assert -reconstruction - kl == pytest.approx(log_likelihood()[0], abs=0.03)


def test_bernoulli_likelihood_is_the_cross_entropy():
    network = VariationalNetwork(
        encoder=keras.Sequential([keras.Input((3,)), layers.Dense(4)]),
        decoder=keras.Sequential([keras.Input((2,)), layers.Dense(3, "sigmoid")]),
        n_features=3,
        n_components=2,
        distribution="bernoulli",
    )
    network.encoder.set_weights(poor_encoder())
    network.decoder.set_weights([np.zeros((2, 3)), OFFSET])
    x, p = np.array([[0.0, 1.0, 0.4]]), 1 / (1 + np.exp(-OFFSET))
    expected = np.sum(x * np.log(p) + (1 - x) * np.log(1 - p))
    found = array(network.row_score(tensor(x)))
    np.testing.assert_allclose(found, [expected], rtol=1e-4)


# Maximum mean discrepancy ------------------------------------------------------------


def slow_mmd(a, b):
    """Tolstikhin et al. 2018, algorithm 2, term by term."""

    def kernel(x, y):
        widths = [2 * len(x) * scale for scale in SCALES]
        return sum(c / (c + np.sum((x - y) ** 2)) for c in widths)

    n, total = len(a), 0.0
    for i in range(n):
        for j in range(n):
            if i != j:
                total += (kernel(a[i], a[j]) + kernel(b[i], b[j])) / (n * (n - 1))
            total -= 2 * kernel(a[i], b[j]) / n**2
    return total


def test_mmd_is_the_double_sum():
    a, b = ROWS, np.random.default_rng(1).normal(size=ROWS.shape) + 1
    assert float(mmd(tensor(a), tensor(b))) == pytest.approx(slow_mmd(a, b), rel=1e-4)


def test_mmd_tells_distributions_apart():
    rng = np.random.default_rng(0)
    a, b, c = (rng.normal(size=(200, 2)) for _ in range(3))
    same, shifted, wide = (
        float(mmd(tensor(a), tensor(other))) for other in (b, c + 1, c * 3)
    )
    assert abs(same) < 0.02
    assert shifted > 0.3
    assert wide > 0.3


def test_mmd_of_single_rows_is_nothing():
    assert float(mmd(tensor(ROWS[:1]), tensor(ROWS[1:2]))) == 0.0


# Adversarial losses ------------------------------------------------------------------

REAL = np.array([-2.0, -0.4, 0.3, 1.5])
FAKE = np.array([-1.7, 0.1, 0.9, 2.5])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


DISCRIMINATOR = {
    "non-saturating": -np.log(sigmoid(REAL)).mean() - np.log(1 - sigmoid(FAKE)).mean(),
    "least-squares": ((REAL - 1) ** 2).mean() / 2 + (FAKE**2).mean() / 2,
    "hinge": np.maximum(0, 1 - REAL).mean() + np.maximum(0, 1 + FAKE).mean(),
    "wasserstein": FAKE.mean() - REAL.mean(),
}
GENERATOR = {
    "non-saturating": -np.log(sigmoid(FAKE)).mean(),
    "least-squares": ((FAKE - 1) ** 2).mean() / 2,
    "hinge": -FAKE.mean(),
    "wasserstein": -FAKE.mean(),
}
ENCODER = {  # wants real pairs to look generated
    "non-saturating": -np.log(1 - sigmoid(REAL)).mean(),
    "least-squares": (REAL**2).mean() / 2,
    "hinge": REAL.mean(),
    "wasserstein": REAL.mean(),
}


@pytest.mark.parametrize("kind", ADVERSARIAL_LOSSES)
def test_adversarial_losses(kind):
    assert f'"{kind}"' in BiGAN.__doc__
    own = discriminator_loss(kind, tensor(REAL), tensor(FAKE))
    assert float(own) == pytest.approx(DISCRIMINATOR[kind], rel=1e-5)
    fooling = generator_loss(kind, tensor(FAKE))
    assert float(fooling) == pytest.approx(GENERATOR[kind], rel=1e-5)
    other_way = generator_loss(kind, tensor(REAL), -1)
    assert float(other_way) == pytest.approx(ENCODER[kind], rel=1e-5)


def test_gradient_penalty_of_slopes():
    slopes = np.array([[3.0, 4.0], [0.0, 1.0], [0.0, 0.0]])
    found = float(gradient_penalty(tensor(slopes)))
    assert found == pytest.approx((16 + 0 + 1) / 3, rel=1e-4)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("between", {0.0: 10.0, 1.0: 0.0, 3.0: 40.0}),
        ("real", {0.0: 0.0, 1.0: 5.0, 3.0: 45.0}),
    ],
)
@pytest.mark.parametrize("slope", [0.0, 1.0, 3.0])
def test_gradient_penalty_of_a_linear_critic(slope, at, expected):
    network = GANNetwork(
        generator=keras.Sequential([keras.Input((2,)), layers.Dense(3)]),
        discriminator=keras.Sequential([keras.Input((3,)), layers.Dense(3)]),
        head=keras.Sequential([keras.Input((3,)), layers.Dense(1)]),
        n_components=2,
        adversarial_loss="wasserstein",
        gradient_penalty=10.0,
        gradient_penalty_at=at,
    )
    network.input_gradient = backend().input_gradient
    network.discriminator.set_weights([np.eye(3), np.zeros(3)])
    unit = np.array([[2.0], [-1.0], [2.0]]) / 3
    network.head.set_weights([slope * unit, np.zeros(1)])
    loss, _ = network.discriminator_terms(tensor(ROWS), tensor(ROWS[::-1]))
    assert float(array(loss)) == pytest.approx(expected[slope], abs=1e-4)


# Priors and noise --------------------------------------------------------------------


def crescent(n, rng):
    angle = np.pi * rng.random(n)
    return np.column_stack([np.cos(angle), np.sin(angle)]) + 0.1 * rng.normal(
        size=(n, 2)
    )


PRIORS = ["gaussian", "uniform", "mixture", "swiss-roll", crescent]
# Mean and standard deviation of a column: of Gaussians (1, 0.3) on a circle of radius
# 4, half of 16 + 1 + 0.09; of the uniform distribution on [-1, 1], a third.
MOMENTS = {
    "gaussian": (0.0, 1.0),
    "uniform": (0.0, math.sqrt(1 / 3)),
    "mixture": (0.0, math.sqrt((16 + 1 + 0.09) / 2)),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_moments_of_priors(name):
    drawn = make_prior(name, 2).sample(20_000, np.random.default_rng(0))
    mean, deviation = MOMENTS[name]
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.05 * deviation)
    np.testing.assert_allclose(drawn.std(axis=0), deviation, rtol=0.02)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.02


@pytest.mark.parametrize("prior", PRIORS)
def test_densities_of_priors_integrate_to_one(prior):
    prior = make_prior(prior, 2)
    half = np.abs(prior.sample(2000, np.random.default_rng(0))).max() + 1
    side = np.linspace(-half, half, 120)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    density = np.exp(array(prior.log_density(tensor(grid))))
    assert density.sum() * (side[1] - side[0]) ** 2 == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("prior", PRIORS)
def test_densities_of_priors_are_high_where_they_are_drawn(prior):
    prior, rng = make_prior(prior, 2), np.random.default_rng(0)
    drawn = prior.sample(500, rng)
    around = rng.uniform(drawn.min(axis=0) - 2, drawn.max(axis=0) + 2, size=(500, 2))
    inside, outside = (array(prior.log_density(tensor(z))) for z in (drawn, around))
    assert inside.mean() > outside.mean() + 1


@pytest.mark.parametrize("name", ["gaussian", "mixture"])
def test_further_columns_of_priors_are_normal(name):
    prior = make_prior(name, 3)
    drawn = prior.sample(2000, np.random.default_rng(0))
    assert kstest(drawn[:, 2], "norm").pvalue > 1e-3
    flat, wide = np.zeros((1, 3)), np.array([[0.0, 0.0, 2.0]])
    fall = prior.log_density(tensor(wide)) - prior.log_density(tensor(flat))
    assert float(fall[0]) == pytest.approx(-2.0, abs=1e-4)


@pytest.mark.parametrize("prior", PRIORS)
def test_both_ways_to_draw_agree(prior):
    prior = make_prior(prior, 2)
    inside = array(prior.draw(3000, noise_state()))
    outside = prior.sample(3000, np.random.default_rng(4))
    assert inside.shape == outside.shape
    for direction in ([1, 0], [0, 1], [1, 1], [1, -1]):
        assert kstest(inside @ direction, outside @ direction).pvalue > 1e-4


def test_noise_is_what_it_is_called():
    state = noise_state()
    flat, bell = (array(kind((4000, 2), state)) for kind in (uniform, normal))
    assert kstest(flat.ravel(), "uniform").pvalue > 1e-3
    assert kstest(bell.ravel(), "norm").pvalue > 1e-3
    assert abs(np.corrcoef(bell.T)[0, 1]) < 0.05


def test_draws_of_steps_and_of_seeds_are_independent():
    states = [noise_state() for _ in range(2)]
    states[1].assign([2, 0, 0])
    drawn = [array(normal((64, 8), s)).ravel() for s in states for _ in range(40)]
    correlation = np.abs(np.corrcoef(drawn)[np.triu_indices(80, 1)])
    assert correlation.max() < 4.5 / math.sqrt(64 * 8)  # of 3,160 normal numbers 3.6
    assert kstest(np.ravel(drawn), "norm").pvalue > 1e-3


def test_a_share_draws_what_the_whole_draws_for_it():
    whole, parts = noise_state(), [noise_state() for _ in range(3)]
    for share, part in enumerate(parts):
        part.assign([1, 0, share])
    for _ in range(2):
        expected = array(normal((6, 5, 2), whole))
        drawn = np.concatenate([array(normal((2, 5, 2), part)) for part in parts])
        np.testing.assert_allclose(drawn, expected, rtol=1e-5)
    np.testing.assert_array_equal(array(parts[2]), [1, 2, 2])


def test_the_cosine_of_noise_is_one():
    turns = np.linspace(0, 1, 10_001, endpoint=False, dtype=np.float32)
    found = array(_cosine(tensor(turns)))
    np.testing.assert_allclose(
        found, np.cos(2 * np.pi * turns.astype(float)), atol=3e-7
    )


def test_random_words_are_those_of_the_published_hash():
    state = noise_state()
    state.assign([123456789, 42, 0])
    seed, count = np.uint32([123456789]), np.uint32([42])
    words = [seed, count, np.arange(100, dtype=np.uint32)]
    x, y, z = (word * np.uint32(1664525) + np.uint32(1013904223) for word in words)
    for _ in range(2):
        x = x + y * z
        y = y + z * x
        z = z + x * y
        final = x
        x, y, z = (word ^ word >> np.uint32(16) for word in (x, y, z))
    np.testing.assert_array_equal(
        array(uniform((50, 2), state)).ravel(), (final >> np.uint32(8)) / 2.0**24
    )
    np.testing.assert_array_equal(array(state), [123456789, 43, 0])
