"""Rows and scores of `AutoencoderDetector`, chosen by leaving sets out.

For each set the detector is fitted to the rows that each way of trimming keeps, and
each of its scores kept; sums of tail probabilities of any of them are then cheap to
compare. The sets are dealt into four groups. Four times the best rule of three groups
is chosen, by the mean of AUROC and average precision, and its figures on the fourth
are reported. A choice that is not the same each time is no default.

The ways to trim, to 80 % of the rows:

``none``
    all rows are kept;
``forest``
    those that an isolation forest finds the least outlying;
``forest, neighbours``
    those nearest to their neighbour 20 among these. The detector does this, but its
    forest keeps 60 %, since a dense group of a fifth of the rows hides otherwise;
``three, thrice``
    those that neighbour 20, covariance and columns together find the least outlying,
    three times anew from the rows kept last, starting from the medians of columns.

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
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score

SEEDS = (0, 1, 2)
N_GROUPS = 4
MOST_REFERENCE = 1_000
SUPPORT, ROUNDS, FARTHEST = 0.8, 3, 5.0
NEIGHBORS = (5, 20, 0.03)
SCORING = ("residual", "neighbors", "covariance", "columns")
DEFAULT = "residual + neighbors 20 + covariance; forest, neighbours"
FORMER = "residual + neighbors 20 + covariance; three, thrice"


def main():
    """Compute what is missing, and print the comparison and the choice."""
    options = parser(__doc__)
    options.add_argument("--peers", type=Path, metavar="FILE.json")
    options = options.parse_args()
    figures = {name: figures_of(options, name) for name in cached(options, scores_of)}
    print(report(figures, peers_of(options.peers, [*figures])))
    print(rotation(figures))


def parser(text):
    """Return a parser of the sets, the seeds and the folder of scores."""
    options = _common.parser(text)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--cache", type=Path, required=True, metavar="FOLDER")
    options.add_argument("--sets", nargs="+", help="file names without .npz")
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    return options


def cached(options, scores_of):
    """Store the scores that are missing, and return the names of the sets."""
    warnings.simplefilter("ignore")
    options.cache.mkdir(parents=True, exist_ok=True)
    paths = find_sets(options.data, options.sets)
    for seed, path in itertools.product(options.seeds, paths):
        file = options.cache / f"{path.stem}.{seed}.npz"
        if not file.exists():
            np.savez_compressed(file, **scores_of(path, seed))
    return [path.stem for path in paths]


def scores_of(path, seed):
    """Return labels, and the scores of each view, as float32."""
    with np.load(path) as file:
        X, y = distinct(file["X"].astype(np.float64), file["y"])
    X, _, y, _ = split(X, y, "unsupervised", seed)
    found = {
        f"{name}; {trimming}": np.float32(values)
        for trimming, keep in TRIMMINGS.items()
        for name, values in views_of(X, keep(X, seed), seed).items()
    }
    return {"y": y} | found


def views_of(X, kept, seed):
    """Return the scores of a detector one by one, and neighbours of other numbers."""
    from skunsup import AutoencoderDetector
    from skunsup._training import as_rows
    from skunsup.outliers._ensemble import is_among
    from skunsup.outliers._neighbors import Neighbors
    from skunsup.outliers._scales import Scales

    detector = AutoencoderDetector(scoring=SCORING, random_state=seed)
    detector._kept = lambda *given: kept
    detector.fit(X)
    parts = dict(zip(SCORING, detector._score.parts, strict=True))
    rows = as_rows(np.float32(X))
    view = detector._ensemble_scorer.output(rows, slice(None))
    reference = is_among(view.hashes, parts.pop("neighbors").own)
    for k in NEIGHBORS:
        parts[f"neighbors {k}"] = Neighbors(k, Scales).fit(view, reference)
    return {name: score.anomaly(view) for name, score in parts.items()}


def fitted_views(detector, X):
    """Fit a detector, and return each of its scores of the rows.

    Also its view of the rows, which of them it keeps, and which are the reference.
    """
    from skunsup._training import as_rows

    told, own = {}, detector._kept

    def noted(rows, weight, drawn, inputs):
        told["kept"], told["drawn"] = own(rows, weight, drawn, inputs), drawn
        return told["kept"]

    detector._kept = noted
    detector.fit(X)
    view = detector._ensemble_scorer.output(as_rows(np.float32(X)), slice(None))
    scores = [part.anomaly(view) for part in detector._score.parts]
    return scores, view, told["kept"], told["drawn"]


def all_rows(X, seed):
    """Keep all rows."""
    return np.ones(len(X), bool)


def by_forest(X, seed):
    """Keep what an isolation forest finds the least outlying."""
    return lowest(-IsolationForest(random_state=seed).fit(X).score_samples(X))


def by_forest_and_neighbors(X, seed):
    """Keep what is near to neighbours among what a forest keeps."""
    from skunsup.outliers._neighbors import Neighbors
    from skunsup.outliers._scales import Scales

    view = plain_view(X)
    drawn = np.random.default_rng(seed).permutation(len(X))[:MOST_REFERENCE]
    score = Neighbors(20, Scales).fit(view.part(drawn), by_forest(X[drawn], seed))
    return lowest(score.anomaly(view))


def thrice(X, seed):
    """Keep what neighbours, covariance and columns find normal, three times anew."""
    from skunsup.outliers._columns import Columns
    from skunsup.outliers._combined import Sum
    from skunsup.outliers._neighbors import Neighbors
    from skunsup.outliers._scales import Scales
    from skunsup.outliers._scores import Covariance

    view = plain_view(X)
    drawn = np.random.default_rng(seed).permutation(len(X))[:MOST_REFERENCE]
    part, score = view.part(drawn), Sum(Neighbors(20, Scales), Covariance(), Columns())
    kept = lowest(from_medians(view.x[drawn]))
    for _ in range(ROUNDS):
        kept = lowest(score.fit(part, kept).anomaly(part))
    return lowest(score.fit(part, kept).anomaly(view))


def from_medians(x):
    """Return the mean square over columns of robust standard scores."""
    centred = x - np.median(x, axis=0)
    spread, usual = 1.4826 * np.median(np.abs(centred), axis=0), x.std(axis=0)
    spread = np.where(spread > 0.1 * usual, spread, usual)
    scores = centred / np.where(spread > 0, spread, 1.0)
    return np.minimum(scores**2, FARTHEST**2).mean(axis=1)


def plain_view(X):
    """Return rows without networks."""
    from skunsup.outliers._ensemble import EnsembleScorer

    return EnsembleScorer([], None, None).view(np.float32(X))


def lowest(scores):
    """Return the mask of the lowest scores."""
    return scores <= np.quantile(scores, SUPPORT)


TRIMMINGS = {
    "none": all_rows,
    "forest": by_forest,
    "forest, neighbours": by_forest_and_neighbors,
    "three, thrice": thrice,
}


def rules():
    """Candidates: the scores added up, by name."""
    neighbors = [f"neighbors {k}" for k in NEIGHBORS]
    kinds = [["residual"], neighbors, ["covariance"], ["columns"]]
    found = {}
    for names in itertools.product(*([*kind, None] for kind in kinds)):
        names = [name for name in names if name is not None]
        for trimming in TRIMMINGS if names else ():
            keys = [f"{name}; {trimming}" for name in names]
            found[f"{' + '.join(names)}; {trimming}"] = keys
    return found


def figures_of(options, name):
    """Return AUROC and AP of each rule on one set, means over seeds."""
    seeds = [stored(options.cache / f"{name}.{seed}.npz") for seed in options.seeds]
    figures = {}
    tails = [
        {key: tail(scores[key]) for key in scores if key != "y"} for scores in seeds
    ]
    for rule, keys in rules().items():
        found = [
            both(scores["y"], sum(own[key] for key in keys))
            for scores, own in zip(seeds, tails, strict=True)
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
    """Content of a file of the cache."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def tail(scores):
    """Return minus the log of the share of rows with a higher score."""
    return -np.log1p(-rankdata(scores) / (len(scores) + 1))


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
    """Choice on three groups and its figures on the fourth."""
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
            for rule in (chosen, DEFAULT, FORMER)
        ]
        total.append(cells)
        rows.append([group + 1, chosen, *(f"{a:.3f} / {p:.3f}" for a, p in cells)])
    means = [f"{a:.3f} / {p:.3f}" for a, p in np.mean(total, axis=0)]
    header = [
        "left out",
        "chosen on the others",
        "its AUROC / AP there",
        DEFAULT,
        FORMER,
    ]
    return "\n" + _common.table(header, [*rows, ["mean", "", *means]])


if __name__ == "__main__":
    main()
