"""Embeddings and maps beside UMAP's: neighbours kept, and classes of new rows.

Accuracy of the five nearest neighbours among codes of the training rows for held-out
rows; trustworthiness (15 neighbours, of 3,000 training rows drawn at random); and
processor seconds of the fit and of the codes of the held-out rows. Each fit has a
process of its own with one thread; its imports are not counted, compilation is.
Defaults throughout; ours are told which rows are images. Data as in `clusters.py`::

    python docs/benchmarks/embeddings.py --data DIR --components 2 10
"""

import argparse
import json
import os
import time
from pathlib import Path

import _common
import numpy as np
from clusters import SETS, TEXTS, components, read, spread, write
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier

SEEDS = (0, 1, 2)
FIGURES = ("5-NN", "trustworthiness", "fit, s", "transform, s")
JUDGED_ROWS, NEIGHBORS = 3_000, 15


def neighbor_embedding(n_components, shape, seed):
    """Return ours."""
    from skunsup import Images, NeighborEmbedding

    inputs = None if shape is None else Images(shape, filters=())
    return NeighborEmbedding(n_components, inputs=inputs, random_state=seed)


def umap(n_components, shape, seed):
    """Return UMAP with its defaults."""
    from umap import UMAP

    return UMAP(n_components=n_components, random_state=seed, n_jobs=1)


def pca(n_components, shape, seed):
    """Return PCA."""
    from sklearn.decomposition import PCA

    return PCA(n_components, random_state=seed)


METHODS = {"NeighborEmbedding": neighbor_embedding, "UMAP": umap, "PCA": pca}


def main():
    """Print one table a data set and number of components."""
    options = parse()
    if options.subject:
        print(json.dumps(measure(*options.subject, Path(options.data))))
        return
    runs = {}
    for name in options.sets:
        for width in options.components:
            for method in options.methods:
                found = [
                    run(name, width, method, seed, options) for seed in options.seeds
                ]
                runs.setdefault((name, width), {})[method] = found
    for (name, width), found in runs.items():
        print(f"\n{name}, {width} components\n\n{report(found)}")


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--sets", nargs="+", choices=SETS, default=DEFAULT_SETS)
    options.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    options.add_argument("--components", type=int, nargs="+", default=(2, 10))
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--cache", type=Path, metavar="FILE.json")
    options.add_argument("--subject", nargs=4, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.data is None:
        raise SystemExit("Give the folder of the data with --data DIR or SKUNSUP_DATA.")
    return given


DEFAULT_SETS = ("mnist", "fashion", "digits")


def run(name, width, method, seed, options):
    """Return the figures of a fit, from the cache or from a process of its own."""
    key = f"{name}/{width}/{method}/{seed}"
    cache = read(options.cache)
    if key not in cache:
        arguments = ["--data", options.data, "--subject", name, width, method, seed]
        cache[key] = _common.run_child(__file__, arguments, threads="one")
        if "error" not in cache[key]:
            write(options.cache, cache)
    return cache[key]


def measure(name, width, method, seed, folder):
    """Fit a method and judge its codes."""
    width, seed = int(width), int(seed)
    X, y, new, target, shape = SETS[name](folder, seed)
    if name in TEXTS:
        X, new = components(X, new, seed)
    model = METHODS[method](width, shape, seed)
    before = time.process_time()
    codes = model.fit_transform(X)
    fitted = time.process_time()
    others = model.transform(new)
    done = time.process_time()
    told = KNeighborsClassifier(5).fit(codes, y).score(others, target)
    some = np.random.default_rng(seed).permutation(len(X))[:JUDGED_ROWS]
    kept = trustworthiness(X[some], codes[some], n_neighbors=NEIGHBORS)
    return dict(zip(FIGURES, (told, kept, fitted - before, done - fitted), strict=True))


def report(found):
    """Return a table: a row a method."""
    rows = []
    for method, runs in found.items():
        whole = [each for each in runs if "error" not in each]
        if not whole:
            rows.append([method, *["-"] * len(FIGURES)])
            continue
        cells = [spread([each[name] for each in whole]) for name in FIGURES[:2]]
        times = [np.mean([each[name] for each in whole]) for name in FIGURES[2:]]
        rows.append([method, *cells, f"{times[0]:.1f}", f"{times[1]:.2f}"])
    return _common.table(["", *FIGURES], rows)


if __name__ == "__main__":
    main()
