"""Adversarial autoencoders on MNIST: the prior, clusters, and few labels.

10,000 training rows drawn anew for each seed, the 10,000 test rows, pixels in [0, 1].
Three questions, after Makhzani et al. 2015 (arXiv:1511.05644):

- prior: does the code of held-out rows follow its prior? Energy distance between codes
  and as many draws from a standard normal, squared, beside that of two sets of draws,
  for the `AdversarialAutoencoder`, the same untrained, and an `Autoencoder`;
- clusters: error of `AAEClustering` with 16 and 30 clusters, each named after its most
  certain test row as in the paper, or after the majority of its training rows, beside
  `KMeans`, where the most certain row is the nearest to the centre;
- labels: error of `AAEClassifier` with 100 and 1000 labels, as many of each digit,
  beside `LogisticRegression` on the same labels.

``--tune`` measures on a fifth of the training rows instead and leaves the test rows
alone. MNIST is read from ``DIR/mnist/mnist.npz``::

    python docs/benchmarks/aae_mnist.py --data DIR --output aae_mnist.json
"""

import os

import _common
import numpy as np
from quality_codes import mnist
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

SEEDS = (0, 1, 2)
CLUSTERS = (16, 30)
LABELS = (100, 1000)
ROWS = 2000  # of each sample that the energy distance compares
COMMON = {"batch_size": 100, "hidden_layer_sizes": (256, 128), "epochs": 25}
ADAM = {"class_name": "Adam", "config": {"learning_rate": 1e-3, "beta_1": 0.5}}
CLUSTERING = {"optimizer": ADAM, "discriminator_layer_sizes": (128, 64)}
CLASSIFIER = {
    "optimizer": ADAM,
    "n_components": 10,
    "noise_level": 0.3,
    "label_weight": 4.0,
    "discriminator_layer_sizes": (128, 64),
}
PAPER = {
    "16 clusters": 9.55,
    "30 clusters": 4.10,
    "100 labels": 1.9,
    "1000 labels": 1.6,
}


def main():
    """Print one table a question."""
    options = parse()
    found = []
    for name in options.only or QUESTIONS:
        for seed in options.seeds:
            for run in QUESTIONS[name](seed, options):
                print(run, flush=True)
                found.append({"question": name, "seed": seed} | run)
    print("\n" + report(found))
    settings = {"common": COMMON, "clustering": CLUSTERING, "classifier": CLASSIFIER}
    _common.store(options.output, settings=settings, runs=found)


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--only", nargs="+", choices=list(QUESTIONS))
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--epochs", type=int, default=COMMON["epochs"])
    options.add_argument("--tune", action="store_true", help="never use the test rows")
    return options.parse_args()


def rows(seed, options):
    """Return training and test rows and digits."""
    X_train, X_test, y_train, y_test = mnist(options.data, seed)
    if options.tune:
        X_train, X_test, y_train, y_test = train_test_split(
            X_train, y_train, test_size=0.2, stratify=y_train, random_state=seed
        )
    return X_train, X_test, y_train, y_test


def prior(seed, options):
    """Yield how far codes of test rows are from a standard normal."""
    from skunsup import AdversarialAutoencoder, Autoencoder

    X_train, X_test, *_ = rows(seed, options)
    shared = COMMON | {"n_components": 2, "random_state": seed}
    shared["epochs"] = options.epochs
    models = {
        "AdversarialAutoencoder": AdversarialAutoencoder(**shared),
        "the same, untrained": AdversarialAutoencoder(
            **shared | {"epochs": 1, "learning_rate": 1e-12}
        ),
        "Autoencoder": Autoencoder(**shared),
    }
    rng = np.random.default_rng(seed)
    draws, more = rng.standard_normal((2, ROWS, 2))
    for name, model in models.items():
        code = model.fit(X_train).transform(X_test[:ROWS])
        yield result(name, "energy distance", energy_distance(code, draws))
    yield result("two sets of draws", "energy distance", energy_distance(draws, more))


def energy_distance(a, b):
    """Return the squared energy distance of two samples (Szekely & Rizzo 2013)."""
    within = cdist(a, a).mean() + cdist(b, b).mean()
    return float(2 * cdist(a, b).mean() - within)


def clusters(seed, options):
    """Yield the errors of clusters that were given names."""
    from skunsup import AAEClustering

    X_train, X_test, y_train, y_test = rows(seed, options)
    shared = COMMON | CLUSTERING | {"random_state": seed, "epochs": options.epochs}
    for k in CLUSTERS:
        for name, model in {
            "AAEClustering": AAEClustering(k, init_weight=0.0, **shared),
            "KMeans": KMeans(k, n_init=4, random_state=seed),
        }.items():
            seen = model.fit(X_train).labels_
            found, sure = model.predict(X_test), certainty(model, X_test)
            majority = named(seen, y_train, np.ones(len(seen)), found)
            surest = named(found, y_test, sure, found, one=True)
            yield result(name, f"{k} clusters", 100 * np.mean(surest != y_test))
            yield result(
                name, f"{k} clusters, majority", 100 * np.mean(majority != y_test)
            )


def certainty(model, X):
    """Certainty of a model about the cluster of each row."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(X).max(axis=1)
    return -model.transform(X).min(axis=1)


def named(clusters, y, weight, found, one=False):
    """Return the digit after which each cluster in `found` is named."""
    names = np.full(clusters.max(initial=found.max()) + 1, -1)
    for cluster in np.unique(clusters):
        members = np.flatnonzero(clusters == cluster)
        if one:
            names[cluster] = y[members[weight[members].argmax()]]
        else:
            names[cluster] = np.bincount(y[members], weight[members]).argmax()
    return names[found]


def labels(seed, options):
    """Yield the errors of classifiers that saw few labels."""
    from skunsup import AAEClassifier

    X_train, X_test, y_train, y_test = rows(seed, options)
    shared = COMMON | CLASSIFIER | {"random_state": seed, "epochs": options.epochs}
    for n in LABELS:
        chosen, _ = train_test_split(
            np.arange(len(y_train)), train_size=n, stratify=y_train, random_state=seed
        )
        known = np.full(len(y_train), -1)
        known[chosen] = y_train[chosen]
        model = AAEClassifier(**shared).fit(X_train, known)
        error = 100 * (1 - model.score(X_test, y_test))
        yield result("AAEClassifier", f"{n} labels", error)
        linear = LogisticRegression(max_iter=1000).fit(X_train[chosen], y_train[chosen])
        error = 100 * (1 - linear.score(X_test, y_test))
        yield result("LogisticRegression", f"{n} labels", error)


QUESTIONS = {"prior": prior, "clusters": clusters, "labels": labels}


def result(method, figure, value):
    """Return one figure of one method."""
    return {"method": method, "figure": figure, "value": float(value)}


def report(runs):
    """Return the table: a row a figure and method."""
    lines = {}
    for run in runs:
        lines.setdefault((run["figure"], run["method"]), []).append(run["value"])
    body = [
        [
            figure,
            method,
            f"{np.mean(v):.3g} ± {np.std(v):.2g}",
            len(v),
            PAPER.get(figure),
        ]
        for (figure, method), v in lines.items()
    ]
    header = ["", "method", "error, % (or distance)", "seeds", "paper, 60,000 rows"]
    return _common.table(header, body)


if __name__ == "__main__":
    main()
