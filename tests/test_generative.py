"""The models that generate rows learn them."""

import warnings

import keras
import numpy as np
import pytest
from sklearn.datasets import make_moons
from sklearn.decomposition import PCA, FactorAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import scale

from skunsup import (
    GAN,
    AdversarialAutoencoder,
    Autoencoder,
    BiGAN,
    VariationalAutoencoder,
    WassersteinAutoencoder,
)

TERMS = {
    AdversarialAutoencoder: ["reconstruction", "discriminator", "adversarial"],
    BiGAN: ["discriminator", "adversarial"],
    GAN: ["discriminator", "generator"],
    VariationalAutoencoder: ["reconstruction", "kl"],
    WassersteinAutoencoder: ["reconstruction", "mmd"],
}
HEALTH = ["accuracy_real", "accuracy_fake", "spread"]
METRICS = {
    AdversarialAutoencoder: HEALTH,
    BiGAN: HEALTH,
    GAN: HEALTH,
    VariationalAutoencoder: ["beta"],
    WassersteinAutoencoder: [],
}
FAMILIES = list(TERMS)
PRIORED = [AdversarialAutoencoder, WassersteinAutoencoder]
PARAMS = {"n_components": 2, "hidden_layer_sizes": (16,), "random_state": 0}


def adam(rate):
    """Adam with less momentum, as a game asks for (Radford et al. 2016)."""
    return keras.optimizers.Adam(rate, beta_1=0.5)


@pytest.fixture(scope="module")
def fitted(blobs):
    """Each family on the blobs, long enough to know them."""
    return {family: family(**PARAMS, epochs=60).fit(blobs) for family in FAMILIES}


def distances(a, b):
    return np.linalg.norm(a[:, None] - b[None], axis=-1)


def energy_distance(a, b):
    """Szekely & Rizzo 2013, equation 5."""
    within = distances(a, a).mean() + distances(b, b).mean()
    return 2 * distances(a, b).mean() - within


# Likelihood --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("noise_variance", "reference"),
    [("isotropic", PCA(2)), ("diagonal", FactorAnalysis(2))],
)
def test_linear_variational_autoencoder_is_a_factor_model(noise_variance, reference):
    """It reaches the maximum of the likelihood, to 0.02 nats a row."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2)) @ rng.normal(size=(2, 5))
    noise = 0.35 if noise_variance == "isotropic" else [0.3, 0.5, 0.4, 0.4, 0.6]
    X += noise * rng.normal(size=X.shape)
    model = VariationalAutoencoder(
        2,
        hidden_layer_sizes=(),
        noise_variance=noise_variance,
        batch_size=100,
        epochs=200,
        learning_rate=keras.optimizers.schedules.CosineDecay(0.02, 800),
        random_state=0,
    ).fit(X)
    best = reference.fit(X).score(X)
    assert best - 0.02 < model.score(X) < best + 0.001
    uninformed = FactorAnalysis(1).fit(X).score(X)
    assert model.score(X) > uninformed + 0.1
    np.testing.assert_allclose(
        model.noise_variance_, reference.noise_variance_, rtol=0.5
    )


def test_importance_weights_tighten_the_bound(blobs):
    params = {**PARAMS, "epochs": 20}
    plain, weighted = (
        VariationalAutoencoder(**params, n_importance_samples=n).fit(blobs)
        for n in (None, 200)
    )
    assert weighted.score(blobs) > plain.score(blobs)
    np.testing.assert_array_equal(weighted.transform(blobs), plain.transform(blobs))


def test_bernoulli_likelihood_gives_probabilities(digits):
    X = digits[:300]
    params = {**PARAMS, "likelihood": "bernoulli", "learning_rate": 0.01}
    model = VariationalAutoencoder(**params, epochs=60).fit(X)
    rows = model.sample(50, random_state=0)
    assert rows.min() >= 0
    assert rows.max() <= 1
    p = np.clip(X.mean(axis=0, dtype=float), 1e-6, 1 - 1e-6)
    constant = np.mean(np.sum(X * np.log(p) + (1 - X) * np.log(1 - p), axis=1))
    assert model.score(X) > constant
    assert np.isfinite(model.feature_scores(X)).all()


def test_warm_up_raises_beta(blobs):
    params = {**PARAMS, "epochs": 6, "beta": 2.0}
    beta = VariationalAutoencoder(**params, warmup_epochs=4).fit(blobs).history_["beta"]
    assert beta == sorted(beta)
    assert beta[0] < 0.5
    assert beta[-1] == pytest.approx(2.0)
    constant = VariationalAutoencoder(**params).fit(blobs).history_["beta"]
    assert constant == pytest.approx([2.0] * 6)


def test_beta_weighs_the_divergence(blobs):
    free, tied = (
        VariationalAutoencoder(**PARAMS, epochs=60, beta=beta).fit(blobs)
        for beta in (0.1, 20.0)
    )
    assert np.square(tied.transform(blobs)).mean() < 0.5 * (
        np.square(free.transform(blobs)).mean()
    )


# Generation --------------------------------------------------------------------------

ANGLES = 2 * np.pi * np.arange(8) / 8
MODES = 1.5 * np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])


def test_gan_covers_a_ring_of_gaussians():
    rng = np.random.default_rng(0)
    X = MODES[rng.integers(8, size=1024)] + 0.05 * rng.normal(size=(1024, 2))
    model = GAN(
        8,
        hidden_layer_sizes=(64, 64),
        adversarial_loss="hinge",
        gradient_penalty=1.0,
        optimizer=adam(0.001),
        batch_size=64,
        epochs=200,
        random_state=0,
    ).fit(X)
    away = distances(model.sample(1000, random_state=0), MODES)
    near = away.min(axis=1) < 0.2
    counts = np.bincount(away.argmin(axis=1)[near], minlength=8)
    assert np.sum(counts >= 20) >= 7
    assert near.mean() > 0.5


@pytest.mark.parametrize(
    ("family", "params"),
    [
        (VariationalAutoencoder, {"n_components": 2, "learning_rate": 0.003}),
        (WassersteinAutoencoder, {"n_components": 1, "learning_rate": 0.003}),
        (
            AdversarialAutoencoder,
            {"n_components": 1, "adversarial_weight": 0.01, "optimizer": adam(0.002)},
        ),
    ],
)
def test_two_moons_are_no_gaussian(family, params):
    train, test = (
        scale(make_moons(500, noise=0.05, random_state=seed)[0]) for seed in (0, 1)
    )
    given = {"hidden_layer_sizes": (64, 64), "batch_size": 50, "random_state": 0}
    model = family(**given, **params, epochs=100).fit(train)
    rng = np.random.default_rng(0)
    gaussian = rng.multivariate_normal(train.mean(axis=0), np.cov(train.T), 500)
    sample = model.sample(500, random_state=0)
    assert energy_distance(sample, test) < energy_distance(gaussian, test)


@pytest.mark.parametrize("family", FAMILIES)
def test_samples_are_rows(fitted, blobs, family):
    model = fitted[family]
    rows = model.sample(7, random_state=0)
    assert rows.shape == (7, blobs.shape[1])
    assert rows.dtype == np.float64
    assert np.isfinite(rows).all()
    np.testing.assert_array_equal(model.sample(7, random_state=0), rows)
    assert not np.array_equal(model.sample(7, random_state=1), rows)
    assert len(np.unique(rows, axis=0)) == 7
    assert model.sample().shape == (1, blobs.shape[1])
    assert model.sample(np.int64(3)).shape == (3, blobs.shape[1])


@pytest.mark.parametrize("family", FAMILIES)
def test_samples_have_the_type_of_the_rows(blobs, family):
    model = family(**PARAMS, epochs=1).fit(blobs.astype(np.float32))
    assert model.sample(3).dtype == np.float32


def test_a_random_state_instance_moves_on(fitted):
    for model in fitted.values():
        state = np.random.RandomState(0)
        first, second = (model.sample(3, random_state=state) for _ in range(2))
        assert not np.array_equal(first, second)


def test_gaussian_likelihood_adds_its_noise_to_samples(blobs):
    loud = VariationalAutoencoder(**PARAMS, epochs=1, noise_variance=100.0).fit(blobs)
    assert loud.sample(500, random_state=0).std() == pytest.approx(10.0, rel=0.1)
    np.testing.assert_array_equal(loud.noise_variance_, 100.0)


# Codes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "params"),
    [
        (VariationalAutoencoder, {}),
        (WassersteinAutoencoder, {}),
        (AdversarialAutoencoder, {"adversarial_weight": 0.01}),
        (BiGAN, {"reconstruction_weight": 10.0, "gradient_penalty": 1.0}),
    ],
)
def test_neighbours_of_codes_are_alike(digits, digit_labels, family, params):
    train, test = digits[:1200], digits[1200:]
    given = {"n_components": 8, "hidden_layer_sizes": (64,), "random_state": 0}
    given.update(params)

    def accuracy(model):
        classifier = KNeighborsClassifier(5)
        classifier.fit(model.transform(train), digit_labels[:1200])
        return classifier.score(model.transform(test), digit_labels[1200:])

    still = {"epochs": 1, "learning_rate": 1e-30}
    untrained = accuracy(family(**given, **still).fit(train))
    trained = accuracy(family(**given, epochs=30).fit(train))
    assert trained > untrained + 0.05


def crescent(n, rng):
    angle = np.pi * rng.random(n)
    arc = np.column_stack([np.cos(angle), np.sin(angle)])
    return 2 * arc + 0.1 * rng.normal(size=(n, 2))


@pytest.mark.parametrize(
    ("prior", "weight"), [("gaussian", 0.03), ("mixture", 0.3), (crescent, 0.03)]
)
def test_adversarial_codes_follow_the_prior(digits, prior, weight):
    X, given = digits[:800], {**PARAMS, "hidden_layer_sizes": (64,), "epochs": 60}
    drawn = WassersteinAutoencoder(**PARAMS, prior=prior, epochs=1).fit(X)
    drawn = drawn._prior().sample(800, np.random.default_rng(0))
    model = AdversarialAutoencoder(
        **given, prior=prior, adversarial_weight=weight, optimizer=adam(0.002)
    )
    codes = [each.fit_transform(X) for each in (model, Autoencoder(**given))]
    ours, plain = (energy_distance(code, drawn) for code in codes)
    assert ours < 0.5 * plain


@pytest.mark.parametrize("family", PRIORED)
def test_codes_of_the_prior_are_what_is_decoded(blobs, family):
    """Samples are rows of draws, and draws of a user's sampler are the user's."""
    model = family(**PARAMS, prior=crescent, epochs=1).fit(blobs)
    rng = np.random.default_rng(3)
    expected = model.inverse_transform(crescent(5, rng))
    np.testing.assert_allclose(model.sample(5, random_state=3), expected, rtol=1e-5)


# Scores ------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_differ(fitted, blobs, family):
    scores = fitted[family].score_samples(blobs)
    assert scores.shape == (60,)
    assert scores.dtype == np.float64
    assert len(np.unique(scores)) == 60


@pytest.mark.parametrize("family", [f for f in FAMILIES if f is not GAN])
def test_strange_rows_score_lower(fitted, blobs, family):
    strange = np.random.default_rng(1).normal(size=(60, 6)) * 3
    scores, others = map(fitted[family].score_samples, (blobs, strange))
    assert np.median(others) < np.quantile(scores, 0.1)


def test_a_gan_scores_what_its_discriminator_thinks(fitted, blobs):
    model, X = fitted[GAN], np.float32(blobs)
    network = model.model_
    logits = keras.ops.convert_to_numpy(network(keras.ops.convert_to_tensor(X)))
    np.testing.assert_allclose(model.score_samples(X), logits, rtol=1e-3, atol=1e-5)
    assert model.transform(X).shape == (60, 16)


# Training ----------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_history_has_terms_and_metrics(fitted, family):
    history = fitted[family].history_
    assert list(history) == ["loss", *TERMS[family], *METRICS[family]]
    total = sum(np.array(history[name]) for name in TERMS[family])
    np.testing.assert_allclose(history["loss"], total, rtol=1e-5, atol=1e-6)
    for name in ("accuracy_real", "accuracy_fake"):
        if name in history:
            assert 0 <= min(history[name]) <= max(history[name]) <= 1
    assert all(len(values) == 60 for values in history.values())


def test_reconstruction_of_pairs_is_a_term_where_it_counts(blobs):
    model = BiGAN(**PARAMS, reconstruction_weight=1.0, epochs=1).fit(blobs)
    assert list(model.history_)[:4] == ["loss", *TERMS[BiGAN], "reconstruction"]


@pytest.mark.parametrize("family", FAMILIES)
def test_early_stopping_keeps_the_best(blobs, family):
    given = {"early_stopping": True, "n_iter_no_change": 3, "tol": 0.01}
    model = family(**PARAMS, **given, epochs=400).fit(blobs, X_val=blobs[:20])
    history = model.history_["val_loss"]
    assert model.n_iter_ == len(history) < 400
    judged = model._compute("row_loss", blobs[:20])[0].mean()
    assert judged == pytest.approx(min(history), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("family", [AdversarialAutoencoder, BiGAN, GAN])
def test_collapse_is_told(family):
    words = r"collapsed: .* in epoch 3 varies 0\.01 times .* 0\.9 times in epoch 2"
    with pytest.warns(ConvergenceWarning, match=words):
        family()._check_health({"spread": [0.5, 0.9, 0.01]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        family()._check_health({"spread": [0.01, 0.9, 0.8]})
        family()._check_health({"spread": [0.05]})
        family()._check_health({"spread": [0.16, 0.27, 0.09]})


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("family", [AdversarialAutoencoder, BiGAN, GAN])
def test_collapse_is_told_by_fit(blobs, family):
    class Flatten(keras.callbacks.Callback):
        """Makes everything equal that is generated, by the end."""

        def on_epoch_begin(self, epoch, logs=None):
            part = getattr(self.model, "generator", None) or self.model.decoder
            for network in (part, getattr(self.model, "encoder", part)):
                if epoch == 2:
                    network.set_weights([0 * w for w in network.get_weights()])

    model = family(**PARAMS, epochs=3, learning_rate=1e-6, callbacks=Flatten())
    with pytest.warns(ConvergenceWarning, match="Training collapsed"):
        model.fit(blobs)
