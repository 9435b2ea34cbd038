"""Outlier detection on tabular sets of ADBench (Han et al. 2022), against peers.

Repeated rows are dropped first. Two protocols:

``one-class``
    Fit on a random half of the normal rows; score the other half and the outliers.
``unsupervised``
    Fit on all rows and score the same rows. Neighbours of a row exclude the row.

Columns are standardised by the rows fitted on. At most 5,000 rows are fitted and
10,000 scored, drawn anew for each seed with the share of outliers kept (in the
unsupervised protocol 5,000 for both). Every detector sees the same rows. A detector
that fails on a set is listed, and the means are taken over the sets that every
chosen detector finished.

The sets are ``DIR/adbench/*.npz`` (X, and y with 1 for outliers), where DIR is given
by ``--data`` or by the environment variable SKUNSUP_DATA. With ``--output`` the
results are written after each set, and what the file already holds is not run
again, unless ``--redo`` names its detector::

    python docs/benchmarks/outliers_adbench.py --data DIR --output outliers.json
    python docs/benchmarks/outliers_adbench.py --data DIR --output outliers.json \
        --redo skunsup
"""

import importlib
import json
import os
import warnings
from pathlib import Path

import _common
import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

SEEDS = (0, 1, 2)
PROTOCOLS = ("one-class", "unsupervised")
MOST_FITTED, MOST_SCORED = 5_000, 10_000
N_NEIGHBORS, PCA_VARIANCE = 5, 0.9
PARAMETERS: dict[str, object] = {}  # the defaults
# The defaults of AutoencoderDetector were chosen on these, with seed 10.
LOOKED_AT = (
    "6_cardio",
    "14_glass",
    "18_Ionosphere",
    "30_satellite",
    "39_vertebral",
    "40_vowels",
    "44_Wilt",
    "47_yeast",
)


def isolation_forest(X_train, X, seed):
    """Score by the depth at which random trees isolate a row."""
    forest = IsolationForest(random_state=seed).fit(X_train)
    return -forest.score_samples(X_train if X is None else X)


def lof(X_train, X, seed):
    """Score by the local outlier factor of 20 neighbours."""
    model = LocalOutlierFactor(novelty=X is not None).fit(X_train)
    return -(model.negative_outlier_factor_ if X is None else model.score_samples(X))


def one_class_svm(X_train, X, seed):
    """Score by a one-class support vector machine."""
    model = OneClassSVM().fit(X_train)
    return -model.score_samples(X_train if X is None else X)


def knn(X_train, X, seed):
    """Score by the distance to the fifth neighbour (Ramaswamy et al. 2000)."""
    model = NearestNeighbors(n_neighbors=N_NEIGHBORS).fit(X_train)
    return model.kneighbors(X)[0][:, -1]


def pca_error(X_train, X, seed):
    """Score by the reconstruction error of nine tenths of the variance."""
    model = PCA(PCA_VARIANCE, svd_solver="full").fit(X_train)
    X = X_train if X is None else X
    return np.square(model.inverse_transform(model.transform(X)) - X).mean(axis=1)


def pyod(X_train, X, seed):
    """Score by PyOD's AutoEncoder at its defaults."""
    from pyod.models.auto_encoder import AutoEncoder

    model = AutoEncoder(random_state=seed, verbose=0).fit(X_train)
    return model.decision_function(X_train if X is None else X)


def skunsup(X_train, X, seed):
    """Score by ours."""
    from skunsup import AutoencoderDetector

    model = AutoencoderDetector(random_state=seed, **PARAMETERS).fit(X_train)
    return -model.score_samples(X_train if X is None else X)


# Each returns how outlying the rows X are; with None, the training rows.
DETECTORS = {
    "IsolationForest": isolation_forest,
    "LOF": lof,
    "OneClassSVM": one_class_svm,
    "kNN": knn,
    "PCA": pca_error,
    "PyOD": pyod,
    "skunsup": skunsup,
}
# Imported before anything is timed.
MODULES = {"PyOD": "pyod.models.auto_encoder", "skunsup": "skunsup.outliers"}


def main():
    """Run what is not stored yet, a set at a time, and print the tables."""
    options = parse()
    paths = find_sets(options.data, options.sets)
    records = stored(options.output, options.redo)
    for detector in MODULES.keys() & set(options.detectors):
        importlib.import_module(MODULES[detector])
    for path in paths:
        records += run_set(path, options, records)
        _common.store(options.output, parameters=PARAMETERS, records=records)
    names = [path.stem for path in paths]
    chosen = [
        record
        for record in records
        if record["set"] in names
        and record["detector"] in options.detectors
        and record["seed"] in options.seeds
    ]
    for protocol in options.protocols:
        own = [record for record in chosen if record["protocol"] == protocol]
        print(report(protocol, own, options.detectors))


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--sets", nargs="+", help="file names without .npz")
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--protocols", nargs="+", choices=PROTOCOLS, default=PROTOCOLS)
    for option, default in (("--detectors", [*DETECTORS]), ("--redo", [])):
        options.add_argument(option, nargs="+", choices=DETECTORS, default=default)
    return options.parse_args()


def find_sets(data, names):
    """Return the files of the sets, smallest first."""
    folder = Path(data or "") / "adbench"
    paths = sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_size)
    if data is None or not paths:
        raise SystemExit(
            f"The sets are missing: looked for {folder}/*.npz. Give the folder that "
            "holds adbench/ with --data DIR or SKUNSUP_DATA."
        )
    unknown = set(names or ()) - {path.stem for path in paths}
    if unknown:
        raise SystemExit(f"No such sets in {folder}: {', '.join(sorted(unknown))}.")
    return [path for path in paths if not names or path.stem in names]


def stored(path, redo):
    """Return the records of an earlier run but for the detectors to run again."""
    if path is None or not path.is_file():
        return []
    records = json.loads(path.read_text())["records"]
    return [record for record in records if record["detector"] not in redo]


def run_set(path, options, records):
    """Return the records of one set that are not stored yet."""
    keys = ("set", "protocol", "seed", "detector")
    done = {tuple(record[key] for key in keys) for record in records}
    with np.load(path) as file:
        X, y = distinct(file["X"].astype(np.float64), file["y"])
    new = []
    for protocol in options.protocols:
        for seed in options.seeds:
            rows = split(X, y, protocol, seed)
            for detector in options.detectors:
                key = (path.stem, protocol, seed, detector)
                if key not in done:
                    new.append(dict(zip(keys, key, strict=True)) | run(detector, *rows))
    return new


def distinct(X, y):
    """Drop repeated rows, keeping the first of each."""
    first = np.sort(np.unique(X, axis=0, return_index=True)[1])
    return X[first], y[first]


def split(X, y, protocol, seed):
    """Return standardised training rows, scored rows (None: the same), labels, seed."""
    rng = np.random.default_rng(seed)
    if protocol == "unsupervised":
        rows = subsample(rng.permutation(len(X)), y, MOST_FITTED)
        return StandardScaler().fit_transform(X[rows]), None, y[rows], seed
    normal = rng.permutation(np.flatnonzero(y == 0))
    half = len(normal) // 2
    train = normal[: min(half, MOST_FITTED)]
    rest = rng.permutation(np.r_[normal[half:], np.flatnonzero(y == 1)])
    test = subsample(rest, y, MOST_SCORED)
    scaler = StandardScaler().fit(X[train])
    return scaler.transform(X[train]), scaler.transform(X[test]), y[test], seed


def subsample(rows, y, most):
    """Keep the first rows of each class, at most so many, in the same proportion."""
    if len(rows) <= most:
        return rows
    outliers, normals = rows[y[rows] == 1], rows[y[rows] == 0]
    n_outliers = max(1, round(most * len(outliers) / len(rows)))
    return np.r_[normals[: most - n_outliers], outliers[:n_outliers]]


def run(detector, X_train, X, y, seed):
    """Return one detector's figures on one split, or why it failed."""
    scores = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            score = DETECTORS[detector]
            duration = _common.seconds(lambda: scores.append(score(X_train, X, seed)))
        auroc = roc_auc_score(y, scores[0])
        precision = average_precision_score(y, scores[0])
    except Exception as error:  # a peer's failure is a result, whatever it is
        return {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
    return {"auroc": auroc, "ap": precision, "seconds": duration}


def report(protocol, records, detectors):
    """Return means over sets, AUROC of each set, and failures, as Markdown."""
    failed = [record for record in records if "error" in record]
    lost = {record["set"] for record in failed}
    names = dict.fromkeys(record["set"] for record in records)
    complete = [name for name in names if name not in lost]
    header = ["detector", "AUROC", "AP", "seconds a set", f"sets of {len(names)}"]
    means = [
        [detector]
        + [mean(records, detector, complete, key) for key in ("auroc", "ap", "seconds")]
        + [len(complete)]
        for detector in detectors
    ]
    sets = [
        [name] + [mean(records, detector, [name], "auroc") for detector in detectors]
        for name in names
    ]
    lines = [f"\n{protocol}: means over sets\n", _common.table(header, means)]
    lines += [f"\n{protocol}: AUROC\n", _common.table(["set", *detectors], sets)]
    keys = ("detector", "set", "seed", "error")
    lines += ["", *(" ".join(str(record[key]) for key in keys) for record in failed)]
    return "\n".join(lines)


def mean(records, detector, names, key):
    """Return the mean over sets of the mean over seeds, NaN without any."""
    sets = [
        [
            record[key]
            for record in records
            if (record["set"], record["detector"]) == (name, detector) and key in record
        ]
        for name in names
    ]
    return float(np.mean([np.mean(values) for values in sets if values] or [np.nan]))


if __name__ == "__main__":
    main()
