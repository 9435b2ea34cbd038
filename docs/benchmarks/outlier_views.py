"""Which scores `AutoencoderDetector` adds up: chosen by leaving whole sets out.

For each set the detector is fitted to all rows and each of its scores kept; sums of
tail probabilities of any of them are then cheap to compare. The sets are dealt into
four groups. Four times the best rule of three groups is chosen, by the mean of AUROC
and average precision, and its figures on the fourth are reported. A choice that is not
the same each time is no default.

The sets are ``DIR/adbench/*.npz`` and ``DIR/mvtec_features/*.npz``, with the rows of
``outliers_adbench.py`` in its unsupervised protocol. Scores are stored in a folder, and
what it holds is not computed again::

    python docs/benchmarks/outlier_views.py --data DIR --cache FOLDER
"""

import itertools
import os
import warnings
from pathlib import Path

import _common
import numpy as np
from _outlier_detectors import DETECTORS
from outliers_adbench import distinct, find_sets, split
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_auc_score

SEEDS = (0, 1, 2)
N_GROUPS = 4
SUPPORTS = (0.8, 0.6)
PEERS = ("kNN, k=3%", "IsolationForest", "MCD", "ECOD")
VIEWS = ("residual", "neighbors", "plain neighbors", "covariance", "columns")
DEFAULT = "residual + neighbors + covariance + columns, 0.8"


def main():
    """Compute what is missing, and print the comparison and the choice."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--cache", type=Path, required=True, metavar="FOLDER")
    options.add_argument("--sets", nargs="+", help="file names without .npz")
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options = options.parse_args()
    warnings.simplefilter("ignore")
    options.cache.mkdir(parents=True, exist_ok=True)
    paths = find_sets(options.data, options.sets)
    for seed, path in itertools.product(options.seeds, paths):
        stored = options.cache / f"{path.stem}.{seed}.npz"
        if not stored.exists():
            np.savez_compressed(stored, **scores_of(path, seed))
    figures = {path.stem: figures_of(options, path.stem) for path in paths}
    print(report(figures))
    print(rotation(figures))


def scores_of(path, seed):
    """Return labels, and the scores of each view and peer, as float32."""
    with np.load(path) as file:
        X, y = distinct(file["X"].astype(np.float64), file["y"])
    X, _, y, _ = split(X, y, "unsupervised", seed)
    found = {"y": y}
    for support in SUPPORTS:
        for name, values in views_of(X, support, seed).items():
            found[f"{name}, {support:g}"] = values
    for peer in PEERS:
        try:
            found[peer] = DETECTORS[peer](X, None, seed)
        except ValueError as error:  # MCD with many columns
            print(f"{path.stem}, {peer}: {error}")
    return {name: np.float32(values) for name, values in found.items()}


def views_of(X, support, seed):
    """Return the scores of a detector one by one, and their sum as it has it."""
    from skunsup import AutoencoderDetector
    from skunsup._training import as_rows
    from skunsup.outliers._ensemble import is_among
    from skunsup.outliers._neighbors import Neighbors
    from skunsup.outliers._scales import Deviations

    detector = AutoencoderDetector(support_fraction=support, random_state=seed).fit(X)
    names = ("residual", "neighbors", "covariance", "columns")
    parts = dict(zip(names, detector._score.parts, strict=True))
    view = detector._view(as_rows(np.float32(X)), slice(None))
    reference = is_among(view.hashes, parts["neighbors"].own)
    parts["plain neighbors"] = Neighbors(0.03, Deviations).fit(view, reference)
    found = {name: score.anomaly(view) for name, score in parts.items()}
    return found | {"as fitted": -detector.score_samples(X)}


def rules():
    """Return the sums to choose from: name and the scores in them."""
    found = {}
    for support in SUPPORTS:
        for n in range(1, len(VIEWS) + 1):
            for names in itertools.combinations(VIEWS, n):
                if not {"neighbors", "plain neighbors"} <= set(names):
                    keys = [f"{name}, {support:g}" for name in names]
                    found[f"{' + '.join(names)}, {support:g}"] = keys
    return found


def figures_of(options, name):
    """Return AUROC and AP of each rule and peer on one set, means over seeds."""
    seeds = [stored(options.cache / f"{name}.{seed}.npz") for seed in options.seeds]
    figures = {}
    alone = {peer: [peer] for peer in PEERS}
    fitted = {f"as fitted, {s:g}": [f"as fitted, {s:g}"] for s in SUPPORTS}
    for rule, keys in (rules() | fitted | alone).items():
        found = [
            both(scores["y"], sum(tail(scores[key]) for key in keys))
            for scores in seeds
            if scores.keys() >= set(keys)
        ]
        if found:
            figures[rule] = np.mean(found, axis=0)
    return figures


def stored(path):
    """Return what a file of the cache holds."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def tail(scores):
    """Return minus the log of the share of rows with a higher score."""
    return -np.log1p(-rankdata(scores) / (len(scores) + 1))


def both(y, scores):
    """Return AUROC and average precision."""
    return roc_auc_score(y, scores), average_precision_score(y, scores)


def report(figures):
    """Return a table of all rules and peers: mean AUROC, AP and regret."""
    best = {
        name: max(own[peer][0] for peer in PEERS if peer in own)
        for name, own in figures.items()
    }
    everyone = dict.fromkeys(rule for own in figures.values() for rule in own)
    rows = []
    for rule in everyone:
        names = [name for name in figures if rule in figures[name]]
        auroc, precision = np.mean([figures[name][rule] for name in names], axis=0)
        regret = [best[name] - figures[name][rule][0] for name in names]
        rows.append([rule, len(names), *map(float, (auroc, precision))])
        rows[-1] += [float(np.mean(regret)), float(max(regret))]
    rows.sort(key=lambda row: -row[2] - row[3])
    header = ["", "sets", "AUROC", "AP", "regret: mean", "worst"]
    return _common.table(header, rows)


def rotation(figures):
    """Return what is chosen on three groups and its figures on the fourth."""
    names, choices = sorted(figures), [*rules()]
    rows, total = [], []
    for group in range(N_GROUPS):
        held = names[group::N_GROUPS]
        others = [name for name in names if name not in held]
        merit = {
            rule: np.mean([figures[name][rule] for name in others]) for rule in choices
        }
        chosen = max(merit, key=merit.get)
        cells = [
            np.mean([figures[name][rule] for name in held], axis=0)
            for rule in (chosen, DEFAULT)
        ]
        total.append(cells)
        rows.append([group + 1, chosen, *(f"{a:.3f} / {p:.3f}" for a, p in cells)])
    means = [f"{a:.3f} / {p:.3f}" for a, p in np.mean(total, axis=0)]
    header = ["left out", "chosen on the others", "its AUROC / AP there", DEFAULT]
    return "\n" + _common.table(header, [*rows, ["mean", "", *means]])


if __name__ == "__main__":
    main()
