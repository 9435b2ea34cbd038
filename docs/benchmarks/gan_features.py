"""Accuracy of a linear classifier on the discriminator's features.

Test accuracy of logistic regression on standardised features: the last hidden layer
of `GAN` (`transform`, Radford et al. 2016), as many principal components, all pixels,
and the last hidden layer of an untrained discriminator. scikit-learn's digits (the
same third held out for every seed) and MNIST (10,000 training rows drawn anew for each
seed, 2,000 of the test rows), pixels in [0, 1]. The GAN sees no labels. Its
parameters are near those of `generation.py` and were tried once on the digits with
``--tune``, which measures on a fifth of the training rows instead, and never on MNIST.
Mean ± deviation over seeds.

MNIST is read from ``DIR/mnist/mnist.npz``, where DIR is given by ``--data`` or by the
environment variable SKUNSUP_DATA. With ``--output`` the figures are stored after each
seed, and what the file holds is not run again::

    python docs/benchmarks/gan_features.py --only digits
    python docs/benchmarks/gan_features.py --data DIR --output gan_features.json
"""

import json
import os
import warnings

import _common
import numpy as np
import quality_codes
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

SEEDS = (0, 1, 2)
N_TESTED = 2_000
FEATURES = 256
PARAMETERS = {
    "n_components": 32,
    "hidden_layer_sizes": (256, FEATURES),
    "activation": "leaky_relu",
    "batch_size": 128,
}
EPOCHS = {"digits": 200, "mnist": 60}
BETA_1, LEARNING_RATE = 0.5, 5e-4


def main():
    """Print one table a data set."""
    options = parse()
    runs = stored(options)
    for name in options.only or quality_codes.LOADERS:
        for seed in options.seeds:
            if (name, seed) not in {(run["data"], run["seed"]) for run in runs}:
                runs += measure(name, seed, options)
                _common.store(options.output, parameters=PARAMETERS, runs=runs)
    print(report(runs))


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--only", nargs="+", choices=list(quality_codes.LOADERS))
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--tune", action="store_true", help="never use the test rows")
    return options.parse_args()


def stored(options):
    """Return the runs of an earlier call."""
    if options.output is None or not options.output.is_file():
        return []
    return json.loads(options.output.read_text())["runs"]


def measure(name, seed, options):
    """Return the accuracy of each kind of features with one seed."""
    X_train, X_test, y_train, y_test = quality_codes.LOADERS[name](options.data, seed)
    if options.tune:
        X_train, X_test, y_train, y_test = train_test_split(
            X_train, y_train, test_size=0.2, stratify=y_train, random_state=seed
        )
    X_test, y_test = X_test[:N_TESTED], y_test[:N_TESTED]
    found = []
    for kind, make in KINDS.items():
        features = make(name, seed, X_train)
        duration = _common.seconds(lambda model=features: model.fit(X_train))
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # separable features never converge
            probe.fit(features.transform(X_train), y_train)
        accuracy = probe.score(features.transform(X_test), y_test)
        record = {"data": name, "seed": seed, "features": kind}
        found.append(record | {"accuracy": accuracy, "seconds": duration})
    return found


def gan(name, seed, X, **changes):
    """Return the GAN."""
    import keras

    from skunsup import GAN

    adam = keras.optimizers.Adam(LEARNING_RATE, beta_1=BETA_1)
    given = PARAMETERS | {"optimizer": adam, "epochs": EPOCHS[name]} | changes
    return GAN(random_state=seed, **given)


def untrained(name, seed, X):
    """Return a GAN with a learning rate too small to change a weight."""
    return gan(name, seed, X, learning_rate=1e-12, epochs=1)


def pca(name, seed, X):
    """Return as many components, or as many as there are."""
    return PCA(min(FEATURES, X.shape[1]), random_state=seed)


def pixels(name, seed, X):
    """Return the rows as they are."""
    return FunctionTransformer()


KINDS = {"GAN": gan, "untrained GAN": untrained, "PCA": pca, "pixels": pixels}


def report(runs):
    """Return the table: a row a data set."""
    rows = []
    for name in dict.fromkeys(run["data"] for run in runs):
        row = [name]
        for kind in KINDS:
            own = [r for r in runs if (r["data"], r["features"]) == (name, kind)]
            values = [100 * run["accuracy"] for run in own]
            row.append(f"{np.mean(values):.2f} ± {np.std(values):.2f}")
        rows.append(row)
    return _common.table(["test accuracy, %", *KINDS], rows)


if __name__ == "__main__":
    main()
