"""Priors that are fitted to codes after training."""

import pickle

import keras
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from skunsup import (
    AdversarialAutoencoder,
    Autoencoder,
    BiGAN,
    VariationalAutoencoder,
    WassersteinAutoencoder,
)
from skunsup.metrics import sample_coverage

from .helpers import on_torch_or_asked

SHORT = {"batch_size": 128, "random_state": 0, "learning_rate": 3e-3}
FAMILIES = {
    "ae": Autoencoder,
    "vae": VariationalAutoencoder,
    "aae": AdversarialAutoencoder,
    "wae": WassersteinAutoencoder,
    "bigan": BiGAN,
}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    centres = 2.0 * rng.standard_normal((3, 6))
    return centres[rng.integers(3, size=900)] + 0.3 * rng.standard_normal((900, 6))


@pytest.fixture(scope="module")
def fits(rows):
    def fit(**parameters):
        model = VariationalAutoencoder(
            2, noise_variance="isotropic", epochs=30, **SHORT, **parameters
        )
        return model.fit(rows[:600])

    return fit(), fit(fitted_prior=True)


def test_only_the_prior_changes(fits, rows):
    plain, fitted = fits
    np.testing.assert_array_equal(plain.transform(rows), fitted.transform(rows))
    assert plain.history_ == fitted.history_
    covered = [
        sample_coverage(rows[600:], model.sample(300, random_state=0)) for model in fits
    ]
    assert covered[1] > covered[0] + 0.05
    assert covered[1] > 0.85


def test_the_bound_is_that_of_the_fitted_prior(fits, rows):
    plain, fitted = fits
    assert fitted.score(rows[600:]) > plain.score(rows[600:]) + 0.2
    network = fitted.model_
    both = keras.ops.convert_to_numpy(network.posterior(rows[:20].astype("float32")))
    mean, log_variance = np.split(both.astype(float), 2, axis=1)
    z = mean[:, None] + np.exp(0.5 * log_variance[:, None]) * network.pairs
    own = np.array(
        [
            multivariate_normal(m, np.diag(np.exp(v))).logpdf(codes)
            for m, v, codes in zip(mean, log_variance, z, strict=True)
        ]
    )
    variance = fitted.noise_variance_
    likelihood = np.array(
        [
            multivariate_normal(x, np.diag(variance)).logpdf(
                fitted.inverse_transform(codes)
            )
            for x, codes in zip(rows[:20], z, strict=True)
        ]
    )
    prior = fitted.fitted_prior_.score_samples(z.reshape(-1, 2)).reshape(own.shape)
    expected = (likelihood + prior - own).mean(axis=1)
    np.testing.assert_allclose(fitted.score_samples(rows[:20]), expected, rtol=1e-3)


def test_the_mixture_is_that_of_the_codes(fits, rows):
    mixture = fits[1].fitted_prior_
    assert 3 <= len(mixture.weights_) <= 40
    assert mixture.weights_.sum() == pytest.approx(1)
    given = rows[:600].astype(np.float32)
    both = keras.ops.convert_to_numpy(fits[1].model_.posterior(given))
    codes, log_variance = np.split(both, 2, axis=1)
    spread = np.sqrt(codes.var(axis=0) + np.exp(log_variance).mean(axis=0))
    drawn = fits[1]._prior().sample(4000, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.mean(axis=0), codes.mean(axis=0), atol=0.15)
    np.testing.assert_allclose(drawn.std(axis=0), spread, rtol=0.1)
    with pytest.raises(AttributeError, match="fitted_prior=True"):
        fits[0].fitted_prior_  # noqa: B018


def test_pickles_and_seeds(fits, rows):
    again = pickle.loads(pickle.dumps(fits[1]))
    drawn = fits[1].sample(5, random_state=0)
    np.testing.assert_array_equal(again.sample(5, random_state=0), drawn)
    np.testing.assert_array_equal(
        again.score_samples(rows), fits[1].score_samples(rows)
    )
    second = pickle.loads(pickle.dumps(fits[1])).fit(rows[:600])
    np.testing.assert_array_equal(second.sample(5, random_state=0), drawn)


def test_autoencoders_generate_with_a_fitted_prior_alone(rows):
    assert not hasattr(Autoencoder(), "sample")
    with pytest.raises(AttributeError) as error:
        Autoencoder().sample()
    assert "fitted_prior=True before fit" in str(error.value.__cause__)
    model = Autoencoder(4, fitted_prior=3, epochs=20, **SHORT).fit(rows[:600])
    assert len(model.fitted_prior_.weights_) == 3
    centred = model.sample(600, random_state=0) - rows.mean(axis=0)
    assert np.std(centred) == pytest.approx(np.std(rows - rows.mean(axis=0)), rel=0.1)


@on_torch_or_asked
@pytest.mark.parametrize("family", ["aae", "wae", "bigan"])
def test_other_families(rows, family):
    model = FAMILIES[family](2, fitted_prior=4, max_steps=3, **SHORT).fit(rows)
    assert model.sample(3).shape == (3, 6)
    codes = model.transform(rows)
    expected = model.fitted_prior_.score_samples(codes.astype(np.float64))
    given = keras.ops.convert_to_tensor(codes.astype(np.float32))
    found = keras.ops.convert_to_numpy(model.model_.fitted.log_density(given))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    plain = FAMILIES[family](2, max_steps=3, **SHORT).fit(rows)
    differ = (model.score_samples(rows) != plain.score_samples(rows)).mean()
    assert differ == (0 if family == "bigan" else pytest.approx(1, abs=0.1))


@on_torch_or_asked
def test_streams_fit_it_to_the_last_rows(rows):
    model = Autoencoder(2, fitted_prior=True, **SHORT).partial_fit(rows[:1])
    assert len(model.fitted_prior_.weights_) == 1
    drawn = model.sample(3, random_state=0)
    np.testing.assert_allclose(drawn, np.repeat(drawn[:1], 3, axis=0), atol=0.2)
    model.partial_fit(rows[:300])
    assert len(model.fitted_prior_.weights_) > 1
    assert model.sample(300).std() > 2 * drawn.std(axis=0).max()


@on_torch_or_asked
def test_there_are_no_more_components_than_rows_allow(rows):
    model = Autoencoder(2, fitted_prior=50, max_steps=1, **SHORT).fit(rows[:40])
    assert len(model.fitted_prior_.weights_) == 4
    same = np.ones((30, 6))
    model = Autoencoder(2, fitted_prior=True, max_steps=1, **SHORT).fit(same)
    assert np.isfinite(model.sample(3)).all()


@pytest.mark.parametrize("value", [0, -1, 1001, "gaussian", None, 2.5])
def test_values_that_are_refused(rows, value):
    with pytest.raises(ValueError, match="fitted_prior"):
        VariationalAutoencoder(fitted_prior=value).fit(rows)


@on_torch_or_asked
def test_training_that_goes_on_keeps_the_parameter(rows):
    model = Autoencoder(2, fitted_prior=2, max_steps=1, warm_start=True, **SHORT)
    first = model.fit(rows).sample(3, random_state=0)
    assert (model.fit(rows).sample(3, random_state=0) != first).any()
    with pytest.raises(ValueError, match="another network"):
        model.set_params(fitted_prior=3).fit(rows)
