"""Few labels among many rows: classifiers behind a `NeighborEmbedding` of MNIST.

10,000 training images drawn anew for each seed, of which 100 or 1,000 have a label, and
the 10,000 test images. The embedding is learned from all training images without a
label, and so is a `NeighborClustering` into ten clusters, with its defaults and with
the layers of the embedding. Then each classifier learns from the codes of one of them:

- `LogisticRegression`, of the labelled codes;
- `AAEClassifier`, of all codes, scaled by `StandardScaler`;
- `LabelSpreading` of scikit-learn, of all codes;
- `fine_tune`, whose network begins as the embedding: frozen, of the labelled images;
  all of it, of the labelled images; and all of it, of all images with the labels that
  `LabelSpreading` gives them.

``--methods`` names some of them. Beside them logistic regression on the pixels. Test
error in %, mean and standard deviation over seeds, and processor seconds of the fit,
imports not counted; those of the embedding are the same for all. ``--tune`` judges by a
fifth of the training images instead, which are then not trained on: the parameters
below were chosen so, on seed 10. ``--cache DIR`` keeps the fitted models, and takes
those that it has instead of a new fit.

MNIST is read from ``DIR/mnist/mnist.npz``::

    python docs/benchmarks/few_labels.py --data DIR --output few_labels.json
"""

import os
import pickle
import time
from functools import partial
from pathlib import Path

import _common
import numpy as np
from quality_codes import mnist
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import LabelSpreading

SEEDS = (0, 1, 2)
LABELS = (100, 1000)
EMBEDDING = {"n_components": 32, "hidden_layer_sizes": (512, 512)}
SPREADING = {"kernel": "knn", "n_neighbors": 15, "alpha": 0.9, "max_iter": 300}
ADVERSARIAL = {
    "n_components": 10,
    "hidden_layer_sizes": (64,),
    "batch_size": 100,
    "epochs": 30,
}


def main():
    """Print the table."""
    options = parse()
    runs = []
    for seed in options.seeds:
        for run in measure(seed, options):
            print(run, flush=True)
            runs.append({"seed": seed} | run)
    print("\n" + report(runs))
    settings = {
        "embedding": EMBEDDING,
        "spreading": SPREADING,
        "adversarial": ADVERSARIAL,
    }
    _common.store(options.output, settings=settings, runs=runs)


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--tune", action="store_true", help="never use the test rows")
    options.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    options.add_argument("--cache", type=Path, metavar="DIR")
    return options.parse_args()


def measure(seed, options):
    """Yield the error of each classifier with each number of labels."""
    X, X_test, y, y_test = mnist(options, seed)
    if options.tune:
        X, X_test, y, y_test = train_test_split(
            X, y, test_size=0.2, stratify=y, random_state=seed
        )
    methods = {name: METHODS[name] for name in options.methods}
    models, judged = {}, {"pixels": (X, X_test)}
    for name in dict.fromkeys(source for _, source, _ in methods.values()):
        models[name], duration = fitted(name, X, seed, options)
        yield {"method": name, "labels": 0, "error": np.nan, "seconds": duration}
        judged[name] = models[name].transform(X), models[name].transform(X_test)
    for n in LABELS:
        chosen, _ = train_test_split(
            np.arange(len(y)), train_size=n, stratify=y, random_state=seed
        )
        known = np.full(len(y), -1)
        known[chosen] = y[chosen]
        for method, (make, source, on_codes) in methods.items():
            rows, new = judged[source if on_codes else "pixels"]
            fit = partial(make, models[source], rows, judged[source][0], known, seed)
            model, duration = timed(fit)
            error = 100 * (1 - model.score(new, y_test))
            yield {"method": method, "labels": n, "error": error, "seconds": duration}


def fitted(name, X, seed, options):
    """Return a model of all rows, from the cache or fitted, and its seconds."""
    path = None
    if options.cache:
        tuned_on = "_tune" if options.tune else ""
        path = options.cache / f"{name.replace('`', '')}_{seed}{tuned_on}.pkl"
    if path and path.is_file():
        return pickle.loads(path.read_bytes())
    found = timed(partial(SOURCES[name], X, seed))
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(found))
    return found


def timed(call):
    """Result of a call, and its processor seconds."""
    start = time.process_time()
    return call(), time.process_time() - start


def embedded(X, seed):
    """Return the embedding of all rows."""
    from skunsup import Images, NeighborEmbedding

    images = Images((28, 28), filters=())
    return NeighborEmbedding(inputs=images, random_state=seed, **EMBEDDING).fit(X)


def clustered(X, seed, **parameters):
    """Return the clusters of all rows, which have codes too."""
    from skunsup import Images, NeighborClustering

    images = Images((28, 28), filters=())
    model = NeighborClustering(10, inputs=images, random_state=seed, **parameters)
    return model.fit(X)


def linear(embedding, rows, codes, known, seed):
    """Fit logistic regression to labelled rows."""
    labelled = known >= 0
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return model.fit(rows[labelled], known[labelled])


def adversarial(embedding, rows, codes, known, seed):
    """Fit an `AAEClassifier` to codes, with and without labels."""
    from skunsup import AAEClassifier

    model = AAEClassifier(random_state=seed, **ADVERSARIAL)
    return make_pipeline(StandardScaler(), model).fit(codes, known)


def spread(embedding, rows, codes, known, seed):
    """Spread labels over the graph of codes."""
    return LabelSpreading(**SPREADING).fit(codes, known)


def tuned(freeze, **parameters):
    """Return a method: fine-tuning of labelled rows."""

    def method(embedding, rows, codes, known, seed):
        from skunsup import fine_tune

        model = fine_tune(embedding, freeze=freeze, random_state=seed, **parameters)
        return model.fit(rows[known >= 0], known[known >= 0])

    return method


def taught(embedding, rows, codes, known, seed):
    """Fine-tune to the labels that spreading gives to all rows."""
    from skunsup import fine_tune

    labels = spread(embedding, rows, codes, known, seed).transduction_
    return fine_tune(embedding, epochs=5, random_state=seed).fit(rows, labels)


SOURCES = {
    "`NeighborEmbedding`": embedded,
    "`NeighborClustering`": clustered,
    "`NeighborClustering`, 512-512": partial(clustered, **EMBEDDING),
}
EMBEDDED, CLUSTERED, WIDE = SOURCES
METHODS = {
    "pixels, `LogisticRegression`": (linear, EMBEDDED, False),
    "codes, `LogisticRegression`": (linear, EMBEDDED, True),
    "codes, `AAEClassifier`": (adversarial, EMBEDDED, True),
    "codes, `LabelSpreading`": (spread, EMBEDDED, True),
    "`fine_tune`, frozen": (
        tuned(True, learning_rate=1e-2, epochs=60),
        EMBEDDED,
        False,
    ),
    "`fine_tune`": (tuned(False, epochs=20), EMBEDDED, False),
    "`fine_tune` to spread labels": (taught, EMBEDDED, False),
    "codes of clusters, `LogisticRegression`": (linear, CLUSTERED, True),
    "codes of clusters, `AAEClassifier`": (adversarial, CLUSTERED, True),
    "codes of clusters, `LabelSpreading`": (spread, CLUSTERED, True),
    "codes of clusters, 512-512, `LogisticRegression`": (linear, WIDE, True),
    "codes of clusters, 512-512, `AAEClassifier`": (adversarial, WIDE, True),
    "codes of clusters, 512-512, `LabelSpreading`": (spread, WIDE, True),
}


def report(runs):
    """Return the table: a row a method."""
    rows = []
    for method in dict.fromkeys(run["method"] for run in runs):
        row, seconds = [method], []
        for n in LABELS:
            keys = ((method, n), (method, 0))
            mine = [run for run in runs if (run["method"], run["labels"]) in keys]
            errors = [run["error"] for run in mine]
            known = not np.isnan(errors).any()
            row.append(
                f"{np.mean(errors):.2f} ± {np.std(errors):.2f}" if known else "-"
            )
            seconds += [run["seconds"] for run in mine]
        rows.append([*row, float(np.mean(seconds))])
    return _common.table(["", *(f"{n} labels" for n in LABELS), "seconds"], rows)


if __name__ == "__main__":
    main()
