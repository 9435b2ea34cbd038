"""Gain from a pretrained encoder for a classifier with few labels.

An `Autoencoder` learns from all training rows without their labels; then its encoder
with a softmax behind it learns from 10, 50 or 100 labelled rows a class: with the
encoder frozen, and with all weights trained. Beside it the same network from random
weights, and logistic regression on the pixels, on the same labelled rows. Accuracy on
the test rows: those of scikit-learn's digits are the same third for every seed; of
MNIST, 10,000 training rows are drawn anew for each seed and all 10,000 test rows are
used. A seed also draws the labelled rows. Means and standard deviations over seeds.

``--tune`` judges by a fifth of the training rows instead, which are then not trained
on, and leaves the test rows alone: choose `PRETRAINING` and `TRAINING` with it, then
run once without it.

MNIST is read from ``DIR/mnist/mnist.npz``, where DIR is given by ``--data`` or by the
environment variable SKUNSUP_DATA::

    python docs/benchmarks/fine_tuning.py --only digits
    python docs/benchmarks/fine_tuning.py --data DIR --output fine_tuning.json
"""

import os

import _common
import numpy as np
import quality_codes
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

LABELS = (10, 50, 100)
SEEDS = {"digits": (0, 1, 2, 3, 4), "mnist": (0, 1, 2)}
# Chosen with --tune.
PRETRAINING = {
    "digits": {
        "n_components": 128,
        "hidden_layer_sizes": (512,),
        "noise": "gaussian",
        "noise_level": 0.5,
        "batch_size": 32,
        "epochs": 200,
    },
    "mnist": {
        "n_components": 128,
        "hidden_layer_sizes": (512,),
        "noise": "gaussian",
        "noise_level": 0.5,
        "batch_size": 128,
        "epochs": 60,
    },
}
TRAINING = {
    "frozen": {"freeze": True, "learning_rate": 1e-2, "epochs": 100},
    "unfrozen": {"freeze": False, "learning_rate": 1e-3, "epochs": 60},
    "scratch": {"freeze": False, "learning_rate": 1e-3, "epochs": 60},
}
TITLES = {
    "pixels": "logistic regression on pixels",
    "scratch": "the network from scratch",
    "frozen": "pretrained, frozen",
    "unfrozen": "pretrained, all trained",
}


def main():
    """Print one table a data set."""
    options = parse()
    runs = []
    for name in options.only or SEEDS:
        found = [
            {"data": name} | run
            for seed in options.seeds or SEEDS[name]
            for run in measure(name, seed, options)
        ]
        print(f"\n{name}\n\n{report(found, options.labels)}", flush=True)
        runs += found
    settings = {"pretraining": PRETRAINING, "training": TRAINING, "tune": options.tune}
    _common.store(options.output, settings=settings, runs=runs)


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--only", nargs="+", choices=list(SEEDS))
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--seeds", type=int, nargs="+")
    options.add_argument("--labels", type=int, nargs="+", default=LABELS)
    options.add_argument("--tune", action="store_true", help="never use the test rows")
    return options.parse_args()


def measure(name, seed, options):
    """Yield the accuracy of each method with each number of labels."""
    X, X_test, y, y_test = quality_codes.LOADERS[name](options.data, seed)
    if options.tune:
        X, X_test, y, y_test = train_test_split(
            X, y, test_size=0.2, stratify=y, random_state=seed
        )
    encoders = pretrained(name, X, seed)
    for n_labels in options.labels:
        known = labelled(y, n_labels, seed)
        for method in TITLES:
            model = made(method, encoders, seed)
            duration = _common.seconds(lambda: model.fit(X[known], y[known]))  # noqa: B023
            yield {
                "method": method,
                "n_labels": n_labels,
                "seed": seed,
                "seconds": duration,
                "accuracy": float(model.score(X_test, y_test)),
            }


def pretrained(name, X, seed):
    """Return the trained model, and the same one before its first step."""
    from skunsup import Autoencoder

    model = Autoencoder(random_state=seed, **PRETRAINING[name])
    still = {"epochs": 1, "batch_size": None, "learning_rate": 1e-12}
    return model.fit(X), clone(model).set_params(**still).fit(X[:100])


def labelled(y, n_labels, seed):
    """Return the numbers of `n_labels` rows of each class."""
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(np.flatnonzero(y == label)) for label in np.unique(y)]
    return np.concatenate([of_class[:n_labels] for of_class in rows])


def made(method, encoders, seed):
    """Return an unfitted classifier."""
    from skunsup import fine_tune

    if method == "pixels":
        return LogisticRegression(max_iter=2000)
    encoder = encoders[1] if method == "scratch" else encoders[0]
    return fine_tune(encoder, random_state=seed, **TRAINING[method])


def report(runs, labels):
    """Return the table: a row a number of labels."""
    rows = []
    for n_labels in labels:
        row = [n_labels]
        for method in TITLES:
            values = [
                100 * run["accuracy"]
                for run in runs
                if (run["method"], run["n_labels"]) == (method, n_labels)
            ]
            row.append(f"{np.mean(values):.1f} ± {np.std(values):.1f}")
        rows.append(row)
    return _common.table(["labels a class", *TITLES.values()], rows)


if __name__ == "__main__":
    main()
