"""Clusters of images, texts and tables, beside the pipelines that people use.

Accuracy under the best one-to-one assignment of clusters to classes (noise counts as
wrong) on the rows of the fit and on held-out rows, normalised mutual information of the
former, and processor seconds of the fit and of the labels of the held-out rows. Each
fit has a process of its own with one thread; its imports are not counted, compilation
is. The number of classes is given, labels are used for nothing but the table, and all
methods have one setting for all sets of a kind.

MNIST: 10,000 training images drawn anew for each seed (`mnist`), or all 60,000
(`mnist60k`), the 10,000 test images held out; `mnist_rows` is the former for methods
that are not told of images. Fashion-MNIST, optdigits: their own splits. All others: a
quarter of the rows held out, drawn anew for each seed with equal shares of classes.
Images are divided by their largest value. Texts are the 100 leading components of
tf-idf, scaled to length 1. Columns of tables are standardised, categories are
one-hot, rows with missing values are left out.

``--cache FILE.json`` keeps results and takes what is in it instead of a new run, also
of one that stopped. ClustPy's models run by the interpreter ``--clustpy PATH``, in
whose environment it is installed; without it they are left out::

    python docs/benchmarks/clusters.py --data DIR --cache clusters.json
"""

import argparse
import csv
import gzip
import json
import os
import sys
import time
from pathlib import Path

import _common
import numpy as np
from _clusterers import OURS, PEERS, Task, load
from scipy.optimize import linear_sum_assignment
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.metrics import normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix
from sklearn.model_selection import train_test_split

SEEDS = (0, 1, 2)
METHODS = OURS | PEERS
FIGURES = ("train", "held out", "NMI", "fit", "predict")


def main():
    """Print one table a data set."""
    options = parse()
    if options.subject:
        name, seed, method = options.subject
        print(json.dumps(measure(name, int(seed), method, Path(options.data))))
        return
    runs = [
        {"data": name, "seed": seed} | run
        for name in options.sets
        for seed in options.seeds
        for method in options.methods
        for run in found(name, seed, method, options)
    ]
    for name in options.sets:
        print(f"\n{name}\n\n{report(runs, name)}")
    _common.store(options.output, runs=runs)


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    options.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--cache", type=Path, metavar="FILE.json")
    options.add_argument("--clustpy", metavar="PATH", help="interpreter with ClustPy")
    options.add_argument(
        "--limit", type=float, default=1800, help="seconds that a fit may take"
    )
    options.add_argument(
        "--together",
        action="store_true",
        help="run all in this process: quicker, but only the first fit compiles",
    )
    options.add_argument("--subject", nargs=3, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.data is None:
        raise SystemExit("Give the folder of the data with --data DIR or SKUNSUP_DATA.")
    return given


def found(name, seed, method, options):
    """Figures of methods, from the cache or from a process of their own."""
    key = f"{name}/{method}/{seed}"
    cache = read(options.cache)
    if key not in cache:
        if method.startswith("ClustPy") and options.clustpy is None:
            return []
        if options.together:
            result = measure(name, seed, method, Path(options.data))
        else:
            result = in_child(name, seed, method, options)
        failed = [{"method": method, **result}] if "error" in result else None
        cache = read(options.cache)  # others may have written meanwhile
        cache[key] = failed or result["runs"]
        write(options.cache, cache)
    return cache[key]


def in_child(name, seed, method, options):
    """Figures of methods in a process of their own, or their error."""
    foreign = method.startswith("ClustPy")
    return _common.run_child(
        __file__,
        ["--data", options.data, "--subject", name, seed, method],
        threads="one",
        interpreter=options.clustpy if foreign else sys.executable,
        limit=options.limit,
    )


def read(path):
    """Return the cached results by set, method and seed."""
    return json.loads(path.read_text()) if path and path.is_file() else {}


def write(path, results):
    """Store the results by set, method and seed."""
    if path is not None:
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(results, indent=0))
        partial.replace(path)


def measure(name, seed, method, folder):
    """Fit the methods of a subject to one set and judge their clusters."""
    X, y, new, target, shape = SETS[name](folder, seed)
    if name in TEXTS:
        X, new = components(X, new, seed)
    task = Task(len(np.unique(y)), seed, shape)
    load(method)
    before = time.process_time()
    runs, rest = [], 0.0
    for called, labels, predict in METHODS[method](X, task):
        fit = time.process_time() - before - rest
        start = time.process_time()
        guesses = predict(new)
        predicting = time.process_time() - start
        runs.append(judged(called, y, labels, target, guesses))
        runs[-1] |= {"fit": fit, "predict": predicting}
        rest += time.process_time() - start
    return {"runs": runs}


def judged(method, y, labels, target, guesses):
    """Figures of one clustering."""
    return {
        "method": method,
        "train": accuracy(y, labels),
        "held out": accuracy(target, guesses),
        "NMI": float(normalized_mutual_info_score(y, labels)),
    }


def accuracy(y, labels):
    """Share of rows in the cluster of their class, one cluster a class."""
    known = labels >= 0
    if not known.any():
        return 0.0
    pairs = contingency_matrix(y[known], labels[known])
    return float(pairs[linear_sum_assignment(-pairs)].sum() / len(y))


def own_split(path, draw=None):
    """Return a loader of images that come in two parts.

    Parameters
    ----------
    path : str
        Where they are in the folder of data.
    draw : int or None
        How many of the rows to train on are drawn; None for all of them.
    """

    def load(folder, seed):
        file = archive(folder, path)
        X, y = images(file["x_train"]), file["y_train"]
        new, target = images(file["x_test"]), file["y_test"]
        if len(X) < len(new):  # of the 12,000 here, 10,000 are those to learn from
            X, y, new, target = new, target, X, y
        if draw is not None:
            chosen = np.random.default_rng(seed).permutation(len(X))[:draw]
            X, y = X[chosen], y[chosen]
        return X, y, new, target, file["x_train"].shape[1:3]

    return load


def without_shape(load):
    """Return a loader that does not tell that rows are images."""
    return lambda folder, seed: (*load(folder, seed)[:4], None)


def photographs(path):
    """Return a loader of images that come in one part."""

    def load(folder, seed):
        file = archive(folder, path)
        X = file["X" if "X" in file else "x"]
        return (*divided(images(X), file["y"], seed), (32, 32))

    return load


def archive(folder, path):
    """Return the arrays of a file."""
    if not (folder / path).is_file():
        raise SystemExit(f"Data are missing: looked for {folder / path}.")
    with np.load(folder / path) as file:
        return {key: file[key] for key in file}


def images(X):
    """Return images as rows of float32 in [0, 1]."""
    return (X.reshape(len(X), -1) / X.max()).astype(np.float32)


def divided(X, y, seed):
    """Hold out a quarter of the rows."""
    split = train_test_split(X, y, test_size=0.25, stratify=y, random_state=seed)
    X, new, y, target = split
    return X, y, new, target


def digits(folder, seed):
    """Return scikit-learn's digits."""
    bunch = load_digits()
    return (*divided(images(bunch.data), bunch.target, seed), (8, 8))


def texts(name):
    """Return a loader of texts."""

    def load(folder, seed):
        rows = read_table(folder / name / f"{name}.csv.gz")
        written = [f"{row.get('title', '')} {row['text']}".strip() for row in rows]
        classes = np.unique([row["label"] for row in rows], return_inverse=True)[1]
        return (*divided(written, classes, seed), None)

    return load


def read_table(path):
    """Return the lines of a table by column."""
    if not path.is_file():
        raise SystemExit(f"Data are missing: looked for {path}.")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def components(texts, new, seed):
    """Return 100 components of tf-idf, of mean square 1."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer

    words = TfidfVectorizer(
        min_df=3, max_df=0.5, sublinear_tf=True, stop_words="english"
    )
    lsa = make_pipeline(words, TruncatedSVD(100, random_state=seed), Normalizer())
    X = lsa.fit_transform(texts)
    return [np.float32(10 * rows) for rows in (X, lsa.transform(new))]


def bundled(loader):
    """Return a loader of a table of scikit-learn."""
    return lambda folder, seed: table(*loader(return_X_y=True), seed)


def outlier_table(path):
    """Return a loader of a table with two classes."""

    def load(folder, seed):
        file = archive(folder, path)
        return table(file["X"], file["y"].astype(int), seed)

    return load


def penguins(folder, seed):
    """Return the measures of penguins of three species."""
    measures = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
    rows = read_table(folder / "seaborn_mixed" / "penguins.csv.gz")
    whole = [row for row in rows if all(row[name] for name in measures)]
    X = np.array([[float(row[name]) for name in measures] for row in whole])
    species = np.unique([row["species"] for row in whole], return_inverse=True)[1]
    return table(X, species, seed)


def table(X, y, seed):
    """Hold out a quarter of the rows, and standardise columns by the others."""
    from sklearn.preprocessing import StandardScaler

    X, y, new, target = divided(X, y, seed)
    scaler = StandardScaler().fit(X)
    X, new = (np.float32(scaler.transform(rows)) for rows in (X, new))
    return X, y, new, target, None


MNIST = own_split("mnist/mnist.npz", 10_000)
TEXTS = ("bbc", "sms")
SETS = {
    "mnist": MNIST,
    "mnist_rows": without_shape(MNIST),
    "fashion": own_split("fashion_mnist/fashion_mnist_12k.npz"),
    "optdigits": own_split("optdigits/optdigits.npz"),
    "digits": digits,
    "coil20": photographs("coil20/coil20.npz"),
    "orl_faces": photographs("orl_faces/orl_faces.npz"),
    "bbc": texts("bbc_news"),
    "sms": texts("sms_spam"),
    "wine": bundled(load_wine),
    "breast_cancer": bundled(load_breast_cancer),
    "penguins": penguins,
    "iris": bundled(load_iris),
    "breastw": outlier_table("adbench/4_breastw.npz"),
    "ionosphere": outlier_table("adbench/18_Ionosphere.npz"),
    "spambase": outlier_table("adbench/35_SpamBase.npz"),
    "mnist60k": own_split("mnist/mnist.npz"),
}


def report(runs, name):
    """Return the table of a data set: a row a method."""
    rows = []
    for method in dict.fromkeys(r["method"] for r in runs if r["data"] == name):
        mine = [r for r in runs if (r["data"], r["method"]) == (name, method)]
        whole = [run for run in mine if "error" not in run]
        if not whole:
            rows.append([method, *["-"] * len(FIGURES)])
            continue
        cells = [spread([run[figure] for run in whole]) for figure in FIGURES[:3]]
        times = [
            float(np.mean([run[figure] for run in whole])) for figure in FIGURES[3:]
        ]
        rows.append([method, *cells, *times])
    header = ["", *FIGURES[:3], "fit, s", "predict, s"]
    return _common.table(header, rows)


def spread(values):
    """Write mean and standard deviation."""
    return f"{np.mean(values):.3f} ± {np.std(values):.3f}"


if __name__ == "__main__":
    main()
