"""Variational autoencoders whose codes follow a mixture: clusters, densities, draws."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skunsup import VariationalAutoencoder
from skunsup.models._gaussian import (
    LearnedMixture,
    Mixture,
    kl_divergence,
    log_mixture,
    mixture_divergence,
)

from .estimators import SMALL as OF_CHECKS
from .helpers import array, on_torch_or_asked, tensor, unchanged

SMALL = {"hidden_layer_sizes": (32,), "batch_size": 32, "epochs": 25}


@pytest.fixture(scope="module")
def groups():
    """Four far groups of ten columns, and which row is of which."""
    X, y = make_blobs(240, 10, centers=4, random_state=0)
    return StandardScaler().fit_transform(X).astype(np.float32), y


@pytest.fixture(scope="module")
def model(groups):
    return mixed(4).fit(groups[0])


def mixed(n_clusters, **changes):
    return VariationalAutoencoder(
        2, n_clusters=n_clusters, random_state=0, **{**SMALL, **changes}
    )


def drawn_mixture(k, d, seed=0):
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(k))
    return weights, rng.normal(size=(k, d)), rng.normal(size=(k, d))


def as_tensors(weights, means, log_variances):
    return Mixture(tensor(np.log(weights)), tensor(means), tensor(log_variances))


# Equations ---------------------------------------------------------------------------


def test_density_of_a_mixture():
    weights, means, log_variances = drawn_mixture(3, 2)
    z = np.random.default_rng(1).normal(size=(5, 2))
    each = norm.pdf(z[:, None], means, np.exp(0.5 * log_variances)).prod(axis=-1)
    found = array(log_mixture(tensor(z), as_tensors(weights, means, log_variances)))
    np.testing.assert_allclose(found, np.log(each @ weights), rtol=1e-4)


def test_divergence_is_the_least_over_shares_of_components():
    weights, means, log_variances = drawn_mixture(3, 2)
    rng = np.random.default_rng(1)
    mean, log_variance = rng.normal(size=(2, 4, 2))
    found = array(
        mixture_divergence(
            tensor(mean),
            tensor(log_variance),
            as_tensors(weights, means, log_variances),
        )
    )
    ratio = np.exp(log_variance[:, None] - log_variances)
    far = np.square(mean[:, None] - means) / np.exp(log_variances)
    each = 0.5 * (ratio + far - 1 - log_variance[:, None] + log_variances).sum(axis=-1)
    best = weights * np.exp(-each)
    best /= best.sum(axis=1, keepdims=True)
    at_best = (best * (each + np.log(best / weights))).sum(axis=1)
    np.testing.assert_allclose(found, at_best, rtol=1e-4)
    for other in rng.dirichlet(np.ones(3), 20):
        at_other = (other * (each + np.log(other / weights))).sum(axis=1)
        assert (found <= at_other + 1e-4).all()


def test_one_standard_component_is_the_usual_prior():
    mean, log_variance = np.random.default_rng(0).normal(size=(2, 5, 3))
    usual = Mixture(tensor([0.0]), tensor(np.zeros((1, 3))), tensor(np.zeros((1, 3))))
    pair = tensor(mean), tensor(log_variance)
    found, expected = mixture_divergence(*pair, usual), kl_divergence(*pair)
    np.testing.assert_allclose(array(found), array(expected), rtol=1e-4)


def test_draws_have_the_moments_of_the_mixture():
    weights, means, log_variances = drawn_mixture(3, 2)
    variances = np.exp(log_variances)
    drawn = LearnedMixture(weights, means, variances).sample(
        50_000, np.random.default_rng(0)
    )
    mean = weights @ means
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.05)
    square = weights @ (variances + means**2)
    np.testing.assert_allclose(np.square(drawn).mean(axis=0), square, rtol=0.05)


# What is learned ---------------------------------------------------------------------


def test_components_are_the_groups(model, groups):
    X, y = groups
    assert adjusted_rand_score(y, model.predict(X)) > 0.9
    np.testing.assert_allclose(model.weights_, 0.25, atol=0.05)


def test_training_moves_the_mixture(model, groups):
    still = mixed(4, learning_rate=1e-12).fit(groups[0])
    assert np.abs(model.means_ - still.means_).max() > 0.01
    assert np.abs(model.covariances_ / still.covariances_ - 1).max() > 0.01


def test_a_mixture_describes_groups_better_than_one_distribution(model, groups):
    X = groups[0]
    assert model.score(X) > mixed(None).fit(X).score(X) + 0.2


def test_the_tighter_bound_is_higher(model, groups):
    X = groups[0]
    tighter = mixed(4, n_importance_samples=200).fit(X)
    assert tighter.score(X) > model.score(X)


def test_samples_lie_in_the_groups(model, groups):
    X, y = groups
    centres = np.stack([X[y == i].mean(axis=0) for i in range(4)])
    drawn = model.sample(400, random_state=0)
    distance = np.linalg.norm(drawn[:, None] - centres, axis=-1)
    counts = np.bincount(distance.argmin(axis=1), minlength=4)
    assert counts.min() > 60
    assert np.median(distance.min(axis=1)) < 1.5


# Contract ----------------------------------------------------------------------------


def test_probabilities_are_shares(model, groups):
    shares = model.predict_proba(groups[0])
    assert shares.shape == (240, 4)
    assert shares.dtype == np.float64
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)


def test_weights_are_repeated_rows(groups):
    X = groups[0][:100]
    times = np.random.default_rng(0).integers(0, 3, len(X))
    short = {"epochs": 3}
    weighted = mixed(3, **short).fit(X, sample_weight=times)
    repeated = mixed(3, **short).fit(np.repeat(X, times, axis=0))
    np.testing.assert_array_equal(weighted.transform(X), repeated.transform(X))


def test_without_clusters_there_is_no_predict():
    model = mixed(None)
    assert not hasattr(model, "predict")
    assert not hasattr(model, "predict_proba")
    assert not hasattr(model, "weights_")


def test_more_clusters_than_rows():
    X = np.random.default_rng(0).normal(size=(5, 3))
    model = mixed(6)
    with unchanged(model), pytest.raises(ValueError, match="n_clusters=6, but X has 5"):
        model.fit(X)


def test_fewer_distinct_rows_than_clusters():
    X = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    model = mixed(5, epochs=3).fit(X)
    assert np.isfinite(model.predict_proba(X)).all()


@on_torch_or_asked
@parametrize_with_checks(
    [VariationalAutoencoder(n_clusters=4, random_state=0)],
)
def test_scikit_learn_check(estimator, check):
    given = {k: v for k, v in OF_CHECKS.items() if k in estimator.get_params()}
    check(estimator.set_params(**given))
