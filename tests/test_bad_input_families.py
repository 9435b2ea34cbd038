"""Bad input to models with a prior or a discriminator: refused, changing nothing."""

import copy

import keras
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skunsup import (
    GAN,
    AdversarialAutoencoder,
    BiGAN,
    VariationalAutoencoder,
    WassersteinAutoencoder,
)

from .helpers import unchanged
from .test_bad_input import RAISED, Case, D, X, dense, fails

SMALL = {
    "n_components": 2,
    "hidden_layer_sizes": (8,),
    "epochs": 1,
    "random_state": 0,
}
CLASSES = {
    cls.__name__: cls
    for cls in (
        AdversarialAutoencoder,
        BiGAN,
        GAN,
        VariationalAutoencoder,
        WassersteinAutoencoder,
    )
}
VAE = ["VariationalAutoencoder"]
PRIORED = ["AdversarialAutoencoder", "WassersteinAutoencoder"]
ADVERSARIAL = ["AdversarialAutoencoder", "BiGAN", "GAN"]
CODED = [name for name in CLASSES if name != "GAN"]


@pytest.fixture(scope="module")
def fitted():
    return {name: cls(**SMALL).fit(X) for name, cls in CLASSES.items()}


@pytest.fixture(params=[False, True], ids=["unfitted", "fitted"])
def start(request, fitted):
    """Give an estimator of a class, unfitted or fitted before, with parameters."""

    def estimator(name, params):
        if not request.param:
            return CLASSES[name](**{**SMALL, **params})
        return copy.deepcopy(fitted[name]).set_params(**params)

    return estimator


def no_rng(n):
    return np.zeros((n, 2))


def returning(make):
    return lambda n, rng: make(n)


def prior(words, make, error=ValueError):
    given = {"prior": make if make in (fails, no_rng) else returning(make)}
    return Case(f"prior= .. {words}", error, given, kinds=PRIORED)


ASKED = "called with (n_samples=4096, rng), returned"
WANTED = "must return 4096 rows of 2 finite numbers, one for each component"
NOT_A_NUMBER = "returned what is no finite float32"

PRIORS = {
    "unknown": Case(
        "'prior' .. 'mixture' .. Got 'gauss'", params={"prior": "gauss"}, kinds=PRIORED
    ),
    "three columns": prior(
        f"{ASKED} shape (4096, 3). .. {WANTED}", lambda n: np.zeros((n, 3))
    ),
    "one axis": prior(f"{ASKED} shape (4096,). .. {WANTED}", np.zeros),
    "ten rows": prior(f"shape (10, 2). .. {WANTED}", lambda n: np.zeros((10, 2))),
    "text": prior("dtype <U1. .. must", lambda n: np.full((n, 2), "a"), TypeError),
    "complex": prior("dtype complex128", lambda n: np.full((n, 2), 1j), TypeError),
    "objects": prior("dtype object", lambda n: np.full((n, 2), None), TypeError),
    "NaN": prior(f"{NOT_A_NUMBER} .. {WANTED}", lambda n: np.full((n, 2), np.nan)),
    "infinity": prior(NOT_A_NUMBER, lambda n: np.full((n, 2), np.inf)),
    "beyond float32": prior(NOT_A_NUMBER, lambda n: np.full((n, 2), 1e300)),
    "raises": prior(f"{RAISED}: out of luck. .. {WANTED}", fails),
    "signature": prior("raised TypeError .. takes 1", no_rng),
    "mixture of one column": Case(
        "prior='mixture' .. plane .. n_components=1. Use n_components=2",
        params={"prior": "mixture", "n_components": 1},
        kinds=PRIORED,
    ),
    "spiral of one column": Case(
        "prior='swiss-roll' .. n_components=1 .. 'gaussian'",
        params={"prior": "swiss-roll", "encoder": dense(D, 1), "n_components": None},
        kinds=PRIORED,
    ),
}


def number(name, value, kinds, words="[0.0, 3.4e+38]"):
    return Case(
        f"'{name}' .. {words} .. Got {value}", params={name: value}, kinds=kinds
    )


NUMBERS = {
    "adversarial_weight": number("adversarial_weight", -1, PRIORED[:1]),
    "reconstruction_weight": number("reconstruction_weight", -1, ["BiGAN"]),
    "mmd_weight": number("mmd_weight", -0.5, PRIORED[1:]),
    "beta": number("beta", -1, VAE),
    "infinite beta": number("beta", np.inf, VAE),
    "gradient_penalty": number("gradient_penalty", -1, ADVERSARIAL),
    "n_critic": number("n_critic", 0, ADVERSARIAL, "[1, 10000]"),
    "n_critic, too large": number("n_critic", 10**9, ADVERSARIAL, "[1, 10000]"),
    "warmup_epochs": number("warmup_epochs", -1, VAE, "[0, inf)"),
    "n_importance_samples": number("n_importance_samples", 0, VAE, "[1, 100000]"),
    "noise_variance=0": number("noise_variance", 0.0, VAE, "(0.0, 3.4e+38]"),
    "noise_variance": Case(
        "'noise_variance' .. 'isotropic' .. Got 'full'",
        params={"noise_variance": "full"},
        kinds=VAE,
    ),
    "a critic that never trains": number(
        "discriminator_learning_rate", 0, ADVERSARIAL, "(0.0, 3.4e+38]"
    ),
    "spectral_normalization": Case(
        "'spectral_normalization' .. Got 'yes'",
        params={"spectral_normalization": "yes"},
        kinds=ADVERSARIAL,
    ),
}

CHOICES = {
    "adversarial_loss": Case(
        "'adversarial_loss' .. 'hinge' .. Got 'wgan'",
        params={"adversarial_loss": "wgan"},
        kinds=ADVERSARIAL,
    ),
    "likelihood": Case(
        "'likelihood' .. 'bernoulli' .. Got 'poisson'",
        params={"likelihood": "poisson"},
        kinds=VAE,
    ),
    "bernoulli rows below 0": Case(
        "likelihood='bernoulli' needs values in [0, 1] .. from -2 to 1 .. MinMaxScaler "
        ".. likelihood='gaussian'",
        params={"likelihood": "bernoulli"},
        X=np.where(np.arange(90).reshape(30, 3) == 7, -2.0, 1.0),
        kinds=VAE,
    ),
    "bernoulli rows above 1": Case(
        "'bernoulli' .. from 1 to 3",
        params={"likelihood": "bernoulli"},
        kinds=VAE,
        X=np.where(np.arange(90).reshape(30, 3) == 7, 3.0, 1.0),
    ),
    "cross-entropy": Case(
        "loss='binary_crossentropy' needs .. [0, 1] .. MinMaxScaler",
        params={"loss": "binary_crossentropy"},
        kinds=PRIORED,
    ),
    "noise_level": Case(
        "noise_level=1.5 .. 'masking' .. [0, 1]. Lower",
        params={"noise": "masking", "noise_level": 1.5},
        kinds=PRIORED,
    ),
}

NETWORKS = {
    "no hidden layer": Case(
        "hidden_layer_sizes=() leaves the discriminator no hidden layer .. Give "
        "discriminator_layer_sizes",
        params={"hidden_layer_sizes": ()},
        kinds=ADVERSARIAL,
    ),
    "no hidden layer of its own": Case(
        "discriminator_layer_sizes=() leaves the discriminator no hidden layer",
        params={"discriminator_layer_sizes": ()},
        kinds=ADVERSARIAL,
    ),
    "hidden layer without units": Case(
        "discriminator_layer_sizes=[4, 0] holds 0 .. at least 1",
        params={"discriminator_layer_sizes": [4, 0]},
        kinds=ADVERSARIAL,
    ),
    "encoder of odd width": Case(
        "encoder returns 5 columns, but expected 2 for each component .. multiple of 2",
        params={"encoder": dense(D, 5), "n_components": None},
        kinds=VAE,
    ),
    "n_components, not half the encoder's": Case(
        "n_components=3, but encoder returns 4 columns, 2 for each component. Leave "
        "n_components out, or set it to 2",
        params={"encoder": dense(D, 4), "n_components": 3},
        kinds=VAE,
    ),
    "n_components, not the encoder's": Case(
        "n_components=3, but encoder returns 4 columns. Leave .. set it to 4",
        params={"encoder": dense(D, 4), "n_components": 3},
        kinds=[name for name in CODED if name not in VAE],
    ),
    "decoder, other output": Case(
        "decoder returns 5 columns, but X has 3 features .. 3 units",
        params={"decoder": dense(2, 5)},
        kinds=CODED,
    ),
    "decoder, other input": Case(
        "decoder does not accept the 2 columns that encoder returns .. 4 .. take 2",
        params={"decoder": dense(4, D)},
        kinds=CODED,
    ),
    "generator, other output": Case(
        "generator returns 5 columns, but X has 3 features .. 3 units",
        params={"generator": dense(2, 5)},
        kinds=["GAN"],
    ),
    "generator, other input": Case(
        "generator does not accept the 2 columns that the noise has .. 4 .. take 2",
        params={"generator": dense(4, D)},
        kinds=["GAN"],
    ),
    "generator, no model": Case(
        "generator= .. called with (2, 3), returned None. It must",
        TypeError,
        {"generator": lambda n, d: None},
        kinds=["GAN"],
    ),
    "generator, raises": Case(RAISED, params={"generator": fails}, kinds=["GAN"]),
    "discriminator, other input": Case(
        "discriminator does not accept the .. columns that what it judges has .. 7",
        params={"discriminator": dense(7, 4)},
        kinds=ADVERSARIAL,
    ),
    "discriminator, three axes": Case(
        "discriminator must return one row .. shape (2, 2, 2)",
        params={
            "discriminator": lambda n, _: dense(n, 4, keras.layers.Reshape((2, 2)))
        },
        kinds=ADVERSARIAL,
    ),
    "discriminator, no model": Case(
        ", None), returned 'dense'. It must",
        TypeError,
        {"discriminator": lambda n, _: "dense"},
        kinds=ADVERSARIAL,
    ),
    "discriminator, number": Case(
        "'discriminator' .. Got 3", params={"discriminator": 3}, kinds=ADVERSARIAL
    ),
}


@pytest.mark.parametrize(
    ("kind", "case"),
    [
        pytest.param(kind, case, id=f"{group}, {name}-{kind}")
        for group, cases in {
            "prior": PRIORS,
            "number": NUMBERS,
            "choice": CHOICES,
            "network": NETWORKS,
        }.items()
        for name, case in cases.items()
        for kind in case.kinds
    ],
)
def test_fit_refuses(start, kind, case):
    estimator = start(kind, case.params)
    with unchanged(estimator), pytest.raises(case.error, match=case.pattern):
        estimator.fit(case.X)


@pytest.mark.parametrize("n_samples", [0, -1, 1.5, 2.0, "3", None, np.nan, [3]])
@pytest.mark.parametrize("kind", CLASSES)
def test_sample_refuses(fitted, kind, n_samples):
    words = r"n_samples=.*, but expected a whole number of rows .* at least 1"
    with unchanged(fitted[kind]), pytest.raises(ValueError, match=words):
        fitted[kind].sample(n_samples)


@pytest.mark.parametrize("kind", CLASSES)
def test_sample_refuses_a_random_state(fitted, kind):
    with unchanged(fitted[kind]), pytest.raises(ValueError, match="random_state='one'"):
        fitted[kind].sample(3, random_state="one")


@pytest.mark.parametrize("kind", CLASSES)
def test_sample_before_fit(kind):
    estimator = CLASSES[kind](**SMALL)
    with unchanged(estimator), pytest.raises(NotFittedError, match=f"This {kind}"):
        estimator.sample()


def exhausted(n, rng):
    if n < 100:
        raise ZeroDivisionError("out of luck")
    return rng.normal(size=(n, 2))


def test_sample_refuses_what_the_prior_gives_later():
    model = WassersteinAutoencoder(**{**SMALL, "prior": exhausted}).fit(X)
    words = r"n_samples=3, rng\), raised ZeroDivisionError"
    with unchanged(model), pytest.raises(ValueError, match=words):
        model.sample(3)


@pytest.mark.parametrize("kind", CLASSES)
def test_methods_refuse_rows(fitted, kind):
    model, bad = fitted[kind], X.copy()
    bad[5, 1] = np.nan
    for method in ("transform", "score_samples", "score"):
        with (
            unchanged(model),
            pytest.raises(ValueError, match="NaN in row 5, column 1"),
        ):
            getattr(model, method)(bad)
        with unchanged(model), pytest.raises(ValueError, match=r"2 features.*3"):
            getattr(model, method)(X[:, :2])


@pytest.mark.parametrize("kind", ADVERSARIAL)
def test_going_on_with_another_discriminator_is_refused(fitted, kind):
    model = copy.deepcopy(fitted[kind]).set_params(discriminator_layer_sizes=(5,))
    with unchanged(model), pytest.raises(ValueError, match="describe another network"):
        model.partial_fit(X)
