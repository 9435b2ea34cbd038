"""Ways of learning: what each reaches on the same rows, and what it costs.

Held-out reconstruction error and the time of a fit on scikit-learn's digits: from
random weights, from PCA and layer by layer; in minibatches, with all rows in a step,
and one row at a time through `partial_fit`; for a network of usual depth with ReLUs,
and a deep one of sigmoids. Then models whose groups of parameters take turns: an
adversarial autoencoder and a Wasserstein GAN, with one and with five steps of the
discriminator to one of the others; a GAN is judged by the energy distance between its
samples and the test rows.

Two thirds of the rows are trained on; the test rows are the same for every seed. Each
way is fitted twice and timed the second time, when its programs are compiled. Means and
standard deviations over seeds::

    python docs/benchmarks/ways_of_learning.py --output ways_of_learning.json
"""

import _common
import numpy as np
import quality_codes

SEEDS = (0, 1, 2)
NETWORKS = {
    "relu": {"n_components": 8, "hidden_layer_sizes": (128, 64)},
    "sigmoid": {
        "n_components": 8,
        "hidden_layer_sizes": (64, 48, 32, 24, 16),
        "activation": "sigmoid",
        "learning_rate": 1e-2,
    },
}
EPOCHS = 40
WAYS = {
    "minibatches of 32": {},
    'init="pca"': {"init": "pca"},
    'init="layerwise"': {"init": "layerwise"},
    "all rows in a step": {"batch_size": None},
    "all rows in a step, as many steps": {
        "batch_size": None,
        "epochs": None,
        "max_steps": 38 * EPOCHS,
    },
}
ONLINE = "one row at a time, one pass"


def main():
    """Print two tables."""
    options = _common.parser(__doc__)
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    options = options.parse_args()
    results = {}
    for name in options.only:
        measure, table = PARTS[name]
        results[name] = [run for seed in options.seeds for run in measure(seed)]
        print(f"\n{_common.table(*table(results[name]))}\n", flush=True)
    _common.store(options.output, **results)


def rows():
    """Return training and test rows of the digits."""
    X, X_test, _, _ = quality_codes.digits(None, 0)
    return X, X_test


def starting(seed):
    """Yield error and time of each way, for both networks."""
    from skunsup import Autoencoder

    X, X_test = rows()
    for network, shape in NETWORKS.items():
        for way, params in WAYS.items():
            given = {**shape, "epochs": EPOCHS, "random_state": seed, **params}
            model = Autoencoder(**given).fit(X)
            duration = _common.seconds(lambda: model.fit(X))  # noqa: B023
            yield found(network, way, seed, duration, -model.score(X_test))
        stream = Autoencoder(**shape, random_state=seed).partial_fit(X[:1])
        duration = _common.seconds(lambda: online(stream, X[1:]))  # noqa: B023
        yield found(network, ONLINE, seed, duration, -stream.score(X_test))


def online(model, X):
    """Learn from each row as it comes."""
    for row in X:
        model.partial_fit(row[None])


def taking_turns(seed):
    """Yield error and time of models with groups of parameters."""
    from skunsup import GAN, AdversarialAutoencoder

    X, X_test = rows()
    shared = {"n_components": 8, "hidden_layer_sizes": (128, 64), "random_state": seed}
    for n_critic in (1, 5):
        model = AdversarialAutoencoder(**shared, epochs=EPOCHS, n_critic=n_critic)
        model.fit(X)
        duration = _common.seconds(lambda: model.fit(X))  # noqa: B023
        error = np.square(model.reconstruct(X_test) - X_test).mean(dtype=np.float64)
        yield found("AdversarialAutoencoder", n_critic, seed, duration, float(error))
    for n_critic in (1, 5):
        model = GAN(
            **shared,
            adversarial_loss="wasserstein",
            n_critic=n_critic,
            epochs=5 * EPOCHS,
        ).fit(X)
        duration = _common.seconds(lambda: model.fit(X))  # noqa: B023
        yield found("GAN", n_critic, seed, duration, -model.score(X_test))


def found(model, way, seed, duration, error):
    """Describe one fit."""
    return {
        "model": model,
        "way": way,
        "seed": seed,
        "seconds": duration,
        "error": error,
    }


def start_table(runs):
    """Return header and rows: a row a way."""
    header = [""]
    for network in NETWORKS:
        header += [f"{network}: error x 1000", f"{network}: seconds"]
    lines = []
    for way in (*WAYS, ONLINE):
        line = [way]
        for network in NETWORKS:
            line += spread(runs, network, way, 1e3)
        lines.append(line)
    return header, lines


def turn_table(runs):
    """Return header and rows: a row a model and a pace."""
    header = ["", "n_critic", "error", "seconds"]
    pairs = dict.fromkeys((run["model"], run["way"]) for run in runs)
    scales = {"AdversarialAutoencoder": 1e3, "GAN": 1.0}
    return header, [[*pair, *spread(runs, *pair, scales[pair[0]])] for pair in pairs]


def spread(runs, model, way, scale):
    """Return mean and standard deviation of the error, and the mean time."""
    chosen = [run for run in runs if (run["model"], run["way"]) == (model, way)]
    errors = [scale * run["error"] for run in chosen]
    times = [run["seconds"] for run in chosen]
    return f"{np.mean(errors):.2f} ± {np.std(errors):.2f}", float(np.mean(times))


PARTS = {"starts": (starting, start_table), "turns": (taking_turns, turn_table)}


if __name__ == "__main__":
    main()
