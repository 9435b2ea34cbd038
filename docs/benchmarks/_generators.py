"""The generators of rows that `generation.py` compares.

Each is a function of (X, seed) that learns from the rows X and returns a function
from a number to so many new rows. `MODULES` names what must be imported before
anything is timed.
"""

import numpy as np
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KernelDensity

N_MIXED = (5, 10, 20, 40, 80)
BANDWIDTHS = np.geomspace(0.02, 2.0, 13)
FITTED = "VariationalAutoencoder, fitted prior"
IMAGES = (  # which see pixels of MNIST
    "VariationalAutoencoder",
    "AdversarialAutoencoder",
    "WassersteinAutoencoder",
    "GAN",
    "BiGAN",
)
OWN = (*IMAGES, FITTED, "DiffusionModel")
MODULES = dict.fromkeys(OWN, "skunsup.models") | {
    "CTGAN": "ctgan",
    "TVAE": "ctgan",
    "Gaussian copula": "copulas.multivariate",
    "ForestDiffusion": "ForestDiffusion",
}
ADAM = {"optimizer": {"class_name": "Adam", "config": {"beta_1": 0.5}}}
GAME = ADAM | {"activation": "leaky_relu", "learning_rate": 5e-4, "batch_size": 128}
PARAMETERS: dict[str, dict[str, dict]] = {  # chosen with --tune
    "adult": {
        "VariationalAutoencoder": {
            "n_components": 6,
            "hidden_layer_sizes": (128, 128, 128),
            "noise_variance": "isotropic",
            "learning_rate_schedule": "cosine",
            "epochs": 150,
        },
        "AdversarialAutoencoder": {"n_components": 6, "batch_size": 64},
        "WassersteinAutoencoder": {
            "n_components": 6,
            "batch_size": 64,
            "mmd_weight": 30.0,
        },
        "GAN": GAME | {"hidden_layer_sizes": (128, 128), "epochs": 60},
        "BiGAN": GAME
        | {"n_components": 6, "hidden_layer_sizes": (128, 128), "epochs": 60},
    },
    "pendigits": {
        "VariationalAutoencoder": {
            "n_components": 16,
            "hidden_layer_sizes": (256, 256, 256),
            "noise_variance": "isotropic",
            "learning_rate_schedule": "cosine",
            "epochs": 200,
        },
        "AdversarialAutoencoder": {
            "n_components": 8,
            "hidden_layer_sizes": (256, 128),
            "batch_size": 64,
        },
        "WassersteinAutoencoder": {
            "n_components": 8,
            "hidden_layer_sizes": (256, 128),
            "batch_size": 64,
            "mmd_weight": 200.0,
        },
        "GAN": GAME
        | {"n_components": 32, "hidden_layer_sizes": (256, 256), "epochs": 150},
        "BiGAN": GAME
        | {"n_components": 16, "hidden_layer_sizes": (256, 256), "epochs": 150},
    },
    "mnist": {
        "VariationalAutoencoder": {
            "n_components": 16,
            "hidden_layer_sizes": (256, 128),
            "noise_variance": "isotropic",
            "batch_size": 64,
            "epochs": 30,
        },
        "AdversarialAutoencoder": {
            "n_components": 16,
            "hidden_layer_sizes": (256, 128),
            "spectral_normalization": True,
            "adversarial_weight": 0.1,
            "batch_size": 64,
            "epochs": 30,
        },
        "WassersteinAutoencoder": {
            "n_components": 16,
            "hidden_layer_sizes": (256, 128),
            "mmd_weight": 30.0,
            "batch_size": 64,
            "epochs": 30,
        },
        "GAN": GAME
        | {"n_components": 64, "hidden_layer_sizes": (256, 256), "epochs": 60},
        "BiGAN": GAME  # not tried before
        | {"n_components": 32, "hidden_layer_sizes": (256, 256), "epochs": 40},
    },
}


def own(name, parameters):
    """Return the function of one of our families."""

    def learn(X, seed):
        import skunsup

        family = name.partition(",")[0]
        model = getattr(skunsup, family)(random_state=seed, **parameters)
        model.fit(X.astype(np.float32))
        return lambda n: model.sample(n, random_state=seed)

    return learn


def resample(X, seed):
    """Draw from the training rows: what a generator that only copies would reach."""
    rng = np.random.default_rng(seed)
    return lambda n: X[rng.permutation(len(X))[:n]]


def mixture(X, seed):
    """Mix as many Gaussians as explain a fifth of the rows best, held out."""
    rest, held = train_test_split(X, test_size=0.2, random_state=seed)
    tried = [
        GaussianMixture(n, reg_covar=1e-3, random_state=seed).fit(rest)
        for n in N_MIXED
        if n * 10 <= len(rest)
    ]
    best = max(tried, key=lambda model: model.score(held))
    model = best.fit(X)
    return lambda n: shuffled(model.sample(n)[0], seed)


def kernel_density(X, seed):
    """Smooth the rows by the bandwidth that explains a fifth of them best."""
    rest, held = train_test_split(X, test_size=0.2, random_state=seed)
    tried = [KernelDensity(bandwidth=width).fit(rest) for width in BANDWIDTHS]
    best = max(tried, key=lambda model: model.score(held[:1000]))
    model = best.fit(X)
    return lambda n: model.sample(n, random_state=seed)


def shuffled(rows, seed):
    """Return rows in random order, since a mixture samples them by component."""
    return rows[np.random.default_rng(seed).permutation(len(rows))]


def conditional(name):
    """Return the function of a model of the ctgan package, at its defaults."""

    def learn(X, seed):
        import ctgan
        import pandas as pd

        model = getattr(ctgan, name)(enable_gpu=False)
        model.set_random_state(seed)
        np.random.seed(seed)  # noqa: NPY002 - its transformer draws from there
        model.fit(pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])]))
        return lambda n: model.sample(n).to_numpy()

    return learn


def copula(X, seed):
    """Join margins of the best of several families by a Gaussian copula."""
    import copulas.multivariate
    import pandas as pd

    model = copulas.multivariate.GaussianMultivariate(random_state=seed)
    model.fit(pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])]))
    return lambda n: model.sample(n).to_numpy()


def forest(X, seed):
    """Match flows by gradient boosting (Jolicoeur-Martineau et al. 2024)."""
    from ForestDiffusion import ForestDiffusionModel

    whole = np.flatnonzero((np.rint(X) == X).all(axis=0)).tolist()
    model = ForestDiffusionModel(
        X.astype(float), duplicate_K=10, int_indexes=whole, n_jobs=1, seed=seed
    )
    return lambda n: model.generate(batch_size=n)


PEERS = {
    "training rows": resample,
    "GaussianMixture": mixture,
    "KernelDensity": kernel_density,
    "CTGAN": conditional("CTGAN"),
    "TVAE": conditional("TVAE"),
    "Gaussian copula": copula,
    "ForestDiffusion": forest,
}

for name in PARAMETERS:
    PARAMETERS[name][FITTED] = PARAMETERS[name]["VariationalAutoencoder"] | {
        "fitted_prior": True
    }
    PARAMETERS[name]["DiffusionModel"] = {}
PARAMETERS["mnist"][FITTED] |= {
    "batch_size": 128,
    "learning_rate": 2e-3,
    "learning_rate_schedule": "cosine",
}
PARAMETERS["mnist"]["DiffusionModel"] = {"max_steps": 8000}
