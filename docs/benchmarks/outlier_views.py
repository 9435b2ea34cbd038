"""Which scores `AutoencoderDetector` adds up: chosen by leaving whole sets out.

For each set the detector is fitted to all rows and each of its scores kept; sums of
tail probabilities, and means of ranks, of any of them are then cheap to compare. The
sets are dealt into four groups. Four times the best rule of three groups is chosen, by
the mean of AUROC and average precision, and its figures on the fourth are reported. A
choice that is not the same each time is no default.

The sets are ``DIR/adbench/*.npz`` and ``DIR/mvtec_features/*.npz``, with the rows of
``outliers_adbench.py`` in its unsupervised protocol, whose output says what peers
reach. Scores are stored in a folder, and what it holds is not computed again::

    python docs/benchmarks/outliers_adbench.py --data DIR --output outliers.json
    python docs/benchmarks/outlier_views.py --data DIR --cache FOLDER \
        --peers outliers.json
"""

import itertools
import os
import warnings
from pathlib import Path

import _common
import numpy as np
from outliers_adbench import REGRETTED, best_of, distinct, find_sets, split
from outliers_adbench import stored as records_of
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_auc_score

SEEDS = (0, 1, 2)
N_GROUPS = 4
SUPPORTS = (0.8, 1.0)
NEIGHBORS = (5, 20, 0.03)
SCORING = ("residual", "neighbors", "covariance", "columns")
DEFAULT = "residual + neighbors 20 + covariance, 0.8, sum of tails"


def main():
    """Compute what is missing, and print the comparison and the choice."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--cache", type=Path, required=True, metavar="FOLDER")
    options.add_argument("--peers", type=Path, metavar="FILE.json")
    options.add_argument("--sets", nargs="+", help="file names without .npz")
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options = options.parse_args()
    warnings.simplefilter("ignore")
    options.cache.mkdir(parents=True, exist_ok=True)
    paths = find_sets(options.data, options.sets)
    for seed, path in itertools.product(options.seeds, paths):
        file = options.cache / f"{path.stem}.{seed}.npz"
        if not file.exists():
            np.savez_compressed(file, **scores_of(path, seed))
    figures = {path.stem: figures_of(options, path.stem) for path in paths}
    print(report(figures, peers_of(options.peers, [*figures])))
    print(rotation(figures))


def scores_of(path, seed):
    """Return labels, and the scores of each view, as float32."""
    with np.load(path) as file:
        X, y = distinct(file["X"].astype(np.float64), file["y"])
    X, _, y, _ = split(X, y, "unsupervised", seed)
    found = {
        f"{name}, {support}": np.float32(values)
        for support in SUPPORTS
        for name, values in views_of(X, support, seed).items()
    }
    return {"y": y} | found


def views_of(X, support, seed):
    """Return the scores of a detector one by one, and neighbours of other numbers."""
    from skunsup import AutoencoderDetector
    from skunsup._training import as_rows
    from skunsup.outliers._ensemble import is_among
    from skunsup.outliers._neighbors import Neighbors
    from skunsup.outliers._scales import Scales

    detector = AutoencoderDetector(
        scoring=SCORING, support_fraction=support, random_state=seed
    ).fit(X)
    parts = dict(zip(SCORING, detector._score.parts, strict=True))
    view = detector._view(as_rows(np.float32(X)), slice(None))
    reference = is_among(view.hashes, parts.pop("neighbors").own)
    for k in NEIGHBORS:
        parts[f"neighbors {k}"] = Neighbors(k, Scales).fit(view, reference)
    return {name: score.anomaly(view) for name, score in parts.items()}


def rules():
    """Return what to choose from: name, the scores put together, and how."""
    neighbors = [f"neighbors {k}" for k in NEIGHBORS]
    kinds = [["residual"], neighbors, ["covariance"], ["columns"]]
    found = {}
    for names in itertools.product(*([*kind, None] for kind in kinds)):
        names = [name for name in names if name is not None]
        for support, how in itertools.product(SUPPORTS, COMBINED):
            if len(names) > 1 or (names and how == "sum of tails"):
                keys = [f"{name}, {support}" for name in names]
                found[f"{' + '.join(names)}, {support}, {how}"] = keys, COMBINED[how]
    return found


def figures_of(options, name):
    """Return AUROC and AP of each rule on one set, means over seeds."""
    seeds = [stored(options.cache / f"{name}.{seed}.npz") for seed in options.seeds]
    figures = {}
    for rule, (keys, combined) in rules().items():
        found = [
            both(scores["y"], sum(combined(scores[key]) for key in keys))
            for scores in seeds
        ]
        figures[rule] = np.mean(found, axis=0)
    return figures


def peers_of(path, names):
    """Return the best AUROC of the peers that regret counts, on each set."""
    own = ("unsupervised", REGRETTED)
    records = [
        record
        for record in records_of(path, [])
        if record["protocol"] == own[0] and record["detector"] in own[1]
    ]
    return best_of(records, names) if records else dict.fromkeys(names, np.nan)


def stored(path):
    """Return what a file of the cache holds."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def tail(scores):
    """Return minus the log of the share of rows with a higher score."""
    return -np.log1p(-rankdata(scores) / (len(scores) + 1))


def ranks(scores):
    """Return the share of rows with a lower score."""
    return rankdata(scores) / (len(scores) + 1)


COMBINED = {"sum of tails": tail, "mean of ranks": ranks}


def both(y, scores):
    """Return AUROC and average precision."""
    return roc_auc_score(y, scores), average_precision_score(y, scores)


def report(figures, best):
    """Return a table of all rules: mean AUROC, AP and regret."""
    rows = []
    for rule in rules():
        auroc, precision = np.mean([own[rule] for own in figures.values()], axis=0)
        regret = [best[name] - own[rule][0] for name, own in figures.items()]
        rows.append([rule, float(auroc), float(precision)])
        rows[-1] += [float(np.mean(regret)), float(max(regret))]
    rows.sort(key=lambda row: -row[1] - row[2])
    return _common.table(["", "AUROC", "AP", "regret: mean", "worst"], rows)


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
