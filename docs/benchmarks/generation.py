"""Rows that are generated against rows that are held out, for ours and for peers.

Sets: the six numeric columns of adult, all columns of pendigits (ADBench's, without
its outliers), and MNIST. At most 10,000 training rows and 2,000 held-out rows, which
are those of the set itself where it has any and else the same for every seed.

What a method sees: CTGAN, TVAE and DiffusionModel the columns as they are, which they
transform themselves; all others standardised columns, on adult, where most cells of a
column can be 0, after a QuantileTransformer to normal margins. On MNIST: our families
pixels in [0, 1], DiffusionModel and peers the first 32 principal components of these,
which cost them less time and are what is measured.
Generated columns of the tables are clipped to the ranges of the training rows, and
rounded where these are whole numbers.

Figures, by `skunsup.metrics`, on 2,000 held-out and 2,000 generated rows, standardised
(MNIST: 32 principal components), by columns and components of the training rows:
precision, recall, density and coverage with 5 neighbours (Naeem et al. 2020); the AUROC
of gradient boosting over 3 folds that tells them apart (Lopez-Paz & Oquab 2017; 0.5 is
best); and ``nearer``, the share of generated rows that are nearer to a training row
than to any of as many held-out rows (0.5 is no copying). Seconds are of one core. Mean
± deviation over seeds.

Peers are run if they can be imported: CTGAN and TVAE (ctgan), the Gaussian copula with
margins of its own choice (copulas), and ForestDiffusion, with 10 noisy copies of each
row in place of 100, which would take hours.

One method is ahead of another on a set if its mean coverage is higher, its AUROC
nearer to 0.5, and its fit takes less time. That was said before a figure was seen.

Each method runs in a process of its own, whose first fit compiles, and keeps its rows
in ``--samples``; what is there, or in the file of ``--output``, is not run again.
``--tune`` puts rows that are neither trained on nor held out in the place of the
held-out ones: choose the parameters with it, without ``--output``.
The folder that holds adult/, adbench/ and mnist/ is given by ``--data`` or by the
environment variable SKUNSUP_DATA::

    python docs/benchmarks/generation.py --data DIR --samples DIR --output FILE.json
    python docs/benchmarks/generation.py --data DIR --samples DIR --only adult --tune
"""

import importlib
import json
import os
import time
import warnings
from pathlib import Path

import _common
import _generators
import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    QuantileTransformer,
    StandardScaler,
)

from skunsup import metrics

SEEDS = (0, 1, 2)
MOST_FITTED, N_COMPARED, N_NEIGHBORS, N_SCORES = 10_000, 2_000, 5, 32
AS_THEY_ARE = (
    "CTGAN",
    "TVAE",
    "Gaussian copula",
    "ForestDiffusion",
    "DiffusionModel",
)
FIGURES = (
    "precision",
    "recall",
    "density",
    "coverage",
    "auroc",
    "nearer",
    "seconds",
)


def adult(data, seed):
    """Return the rows of adult's training part and those of its test part."""
    import pandas as pd

    frame = pd.read_csv(found(data, "adult/adult.csv.gz"))
    numeric = frame.select_dtypes("number").to_numpy(float)
    part = frame["part"].to_numpy()
    return numeric[part == "train"], numeric[part == "test"]


def pendigits(data, seed):
    """Return two parts of the normal rows."""
    with np.load(found(data, "adbench/28_pendigits.npz")) as file:
        rows = file["X"][file["y"] == 0]
    rows = rows[np.random.default_rng(0).permutation(len(rows))]
    return rows[N_COMPARED:], rows[:N_COMPARED]


def mnist(data, seed):
    """Return the pixels of the training and of the test part."""
    with np.load(found(data, "mnist/mnist.npz")) as file:
        parts = file["x_train"], file["x_test"]
    return [(part.reshape(len(part), -1) / 255).astype(np.float32) for part in parts]


LOADERS = {"adult": adult, "pendigits": pendigits, "mnist": mnist}


def main():
    """Generate in processes of their own what is not there yet, then compare."""
    options = parse()
    if options.subject:
        generate_all(*options.subject.split(":"), options)
        print(json.dumps({}))
        return
    runs = stored(options.output)
    for name in options.only:
        for method in options.methods:
            done = {(r["set"], r["method"], r["seed"]) for r in runs}
            seeds = [s for s in options.seeds if (name, method, s) not in done]
            runs += run(name, method, seeds, options)
            _common.store(options.output, parameters=_generators.PARAMETERS, runs=runs)
        chosen = [run for run in runs if run["set"] == name]
        print(f"\n{name}\n\n{report(chosen)}", flush=True)


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--samples", type=Path, required=True, metavar="DIR")
    options.add_argument("--only", nargs="+", choices=LOADERS, default=[*LOADERS])
    names = [*_generators.PEERS, *_generators.OWN]
    options.add_argument("--methods", nargs="+", choices=names, default=names)
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--tune", action="store_true", help="never use held-out rows")
    options.add_argument("--subject", help="SET:METHOD, in this process")
    return options.parse_args()


def stored(path):
    """Return the figures of an earlier call."""
    if path is None or not path.is_file():
        return []
    return json.loads(path.read_text())["runs"]


def found(data, name):
    """Return the path of a file of the data folder."""
    path = Path(data or "") / name
    if data is None or not path.is_file():
        raise SystemExit(
            f"{name} is missing: looked for {path}. Give the folder that holds it with "
            "--data DIR or SKUNSUP_DATA."
        )
    return path


def split(name, seed, options):
    """Return training rows drawn by the seed and the rows to compare with."""
    X, held_out = LOADERS[name](options.data, seed)
    X = X[np.random.default_rng(seed).permutation(len(X))]
    if options.tune:
        X, held_out = X[N_COMPARED:], X[:N_COMPARED]
    chosen = np.random.default_rng(0).permutation(len(held_out))[:N_COMPARED]
    return X[:MOST_FITTED].astype(np.float32), held_out[chosen].astype(np.float32)


def run(name, method, seeds, options):
    """Return the figures of one method, a record a seed that worked."""
    paths = {s: kept(name, method, s, options) for s in seeds}
    missing = [seed for seed, path in paths.items() if not path.is_file()]
    if missing:
        passed = ["--data", options.data, "--samples", options.samples]
        passed += ["--seeds", *missing, *(["--tune"] if options.tune else [])]
        subject = ["--subject", f"{name}:{method}", *passed]
        _common.run_child(__file__, subject, "jax", "one")
    records = []
    for seed, path in paths.items():
        if path.is_file():
            with np.load(path) as file:
                rows, seconds = file["rows"], float(file["seconds"])
            record = {"set": name, "method": method, "seed": seed, "seconds": seconds}
            records.append(record | compare(name, seed, rows, options))
    return records


def kept(name, method, seed, options):
    """File of the generated rows."""
    tune = "-tune" if options.tune else ""
    return options.samples / f"{name}-{method.replace(' ', '-')}-{seed}{tune}.npz"


def generate_all(name, method, options):
    """Fit one method in this process with each seed and keep what it generates."""
    warnings.simplefilter("ignore")
    if method in _generators.MODULES:
        importlib.import_module(_generators.MODULES[method])
    learn = _generators.PEERS.get(method)
    if learn is None:
        learn = _generators.own(method, _generators.PARAMETERS[name][method])
    options.samples.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        rows, seconds = generate(name, method, seed, learn, options)
        path = kept(name, method, seed, options)
        np.savez_compressed(path, rows=rows.astype(np.float32), seconds=seconds)


def generate(name, method, seed, learn, options):
    """Return generated rows in the units of the data, and the seconds of the fit."""
    X, _ = split(name, seed, options)
    space = input_space(name, method)
    start = time.process_time()
    sample = learn(space.fit_transform(X), seed)
    seconds = time.process_time() - start
    return space.inverse_transform(sample(N_COMPARED)), seconds


def input_space(name, method):
    """Return the transformer to what the method sees."""
    if method == "training rows":
        return FunctionTransformer()
    if name == "mnist":
        family = method.partition(",")[0]
        return FunctionTransformer() if family in _generators.IMAGES else scores()
    if method in AS_THEY_ARE:
        return FunctionTransformer()
    if name == "adult":
        margins = QuantileTransformer(output_distribution="normal", random_state=0)
        return make_pipeline(margins, StandardScaler())
    return StandardScaler()


def scores():
    """Return the transformer to principal components."""
    return PCA(N_SCORES, svd_solver="covariance_eigh")


def observable(rows, X):
    """Keep to the ranges of the columns of X, and to whole numbers where X does."""
    whole = (np.rint(X) == X).all(axis=0)
    return np.clip(np.where(whole, np.rint(rows), rows), X.min(axis=0), X.max(axis=0))


def compare(name, seed, rows, options):
    """Distances of generated rows from held-out ones."""
    X, real = split(name, seed, options)
    space = (scores() if name == "mnist" else StandardScaler()).fit(X)
    rows = rows if name == "mnist" else observable(rows, X)
    train, real, fake = (space.transform(part) for part in (X, real, rows))
    n = min(len(real), len(fake))
    real, fake = real[:n], fake[:n]
    measures = metrics.prdc(real, fake, n_neighbors=N_NEIGHBORS, standardize=False)
    auroc = metrics.two_sample_auroc(real, fake, random_state=seed)
    report = metrics.copying_report(fake, train, real, standardize=False)
    return measures | {"auroc": auroc, "nearer": report.share_nearer_to_training}


def report(runs):
    """Return the table: a row a method."""
    rows = []
    for method in dict.fromkeys(run["method"] for run in runs):
        own = [run for run in runs if run["method"] == method]
        row = [method, len(own)]
        for key in FIGURES:
            values = [run[key] for run in own]
            row.append(f"{np.mean(values):.3g} ± {np.std(values):.2g}")
        rows.append(row)
    return _common.table(["method", "seeds", *FIGURES], rows)


if __name__ == "__main__":
    main()
