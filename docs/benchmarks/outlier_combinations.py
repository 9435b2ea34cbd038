"""Views of different kinds, and ways to combine them, for `AutoencoderDetector`.

A view that errs on other rows than the rest can help or harm. Beside the scores of the
default (residual, neighbour 20, robust covariance) there are

``columns``
    the sum of the tail probabilities of columns;
``normal scores``
    the robust covariance of columns as normal scores where their tails are heavy;
``forest``
    an isolation forest of the rows that are kept;
``subspaces``
    neighbour 20 in twenty random choices of columns, as many as the root of their
    number, added up as tail probabilities;
``neighbors 5``
    neighbour 5.

All learn from the rows that the default keeps. They are put together as tail
probabilities among these: the sum of their negative logarithms (Fisher), the highest of
these (Tippett), and the logarithm of the mean inverse probability, the harmonic mean
(Wilson 2019). Four times the best rule of three groups of sets is chosen and its
figures on the fourth reported, once by AUROC and average precision, once by the
highest regret among the rules that have no lower AUROC and precision than the default.

The sets are those of ``outliers_adbench.py``. Scores are stored in a folder, and what
it holds is not computed again::

    python docs/benchmarks/outlier_combinations.py --data DIR --cache FOLDER
"""

import itertools

import _common
import numpy as np
from _outlier_detectors import DETECTORS
from outlier_views import (
    N_GROUPS,
    both,
    cached,
    fitted_views,
    parser,
    plain_view,
    stored,
)
from outliers_adbench import REGRETTED, distinct, grouped, split
from sklearn.ensemble import IsolationForest

SCORING = ("residual", "neighbors", "covariance", "columns")
VIEWS = (*SCORING, "normal scores", "forest", "subspaces", "neighbors 5")
DEFAULT = "sum of residual, neighbors, covariance"
SIZES = (1, 2, 3, 4, 5)
N_SUBSPACES = 20
SHOWN = 12
WAYS = {
    "sum": lambda tails: tails.sum(axis=1),
    "highest": lambda tails: tails.max(axis=1),
    "harmonic": lambda tails: np.logaddexp.reduce(tails, axis=1),
}


def main():
    """Compute what is missing, and print the comparison and the choice."""
    options = parser(__doc__).parse_args()
    names = sorted(cached(options, scores_of))
    runs = [
        [stored(options.cache / f"{name}.{seed}.npz") for seed in options.seeds]
        for name in names
    ]
    figures = np.array([np.mean([*map(figures_of, own)], axis=0) for own in runs])
    best = np.array([np.max(np.mean([*map(peers_of, own)], axis=0)) for own in runs])
    print(report(names, figures, best))
    print(rotation(figures, best))


def scores_of(path, seed):
    """Return labels, which rows are kept, and the scores of views and peers."""
    with np.load(path) as file:
        X, y = distinct(file["X"].astype(np.float64), file["y"])
    X, _, y, _ = split(X, y, "unsupervised", seed)
    kept, found = views_of(X, seed)
    for peer in REGRETTED:
        try:
            found[peer] = DETECTORS[peer](X, None, seed)
        except ValueError:  # too many columns for MCD
            found[peer] = np.zeros(len(X))
    return {"y": y, "kept": kept} | {k: np.float32(v) for k, v in found.items()}


def views_of(X, seed):
    """Rows that are kept, and the scores of each view."""
    from skunsup import AutoencoderDetector
    from skunsup.outliers._neighbors import Neighbors
    from skunsup.outliers._scales import Scales
    from skunsup.outliers._scores import Covariance

    detector = AutoencoderDetector(scoring=SCORING, random_state=seed)
    scores, view, kept, drawn = fitted_views(detector, X)
    found = dict(zip(SCORING, scores, strict=True))
    reference, among = view.part(drawn), kept[drawn]
    scaled = plain_view(Scales(X[drawn])(X))
    score = Covariance().fit(scaled.part(drawn), among)
    found["normal scores"] = score.anomaly(scaled)
    forest = IsolationForest(random_state=seed).fit(X[kept])
    found["forest"] = -forest.score_samples(X)
    found["subspaces"] = subspaces(X, drawn, among, seed)
    found["neighbors 5"] = Neighbors(5, Scales).fit(reference, among).anomaly(view)
    return kept, found


def subspaces(X, drawn, among, seed):
    """Return the sum of tails of neighbour 20 in random choices of columns."""
    from skunsup.outliers._neighbors import Neighbors
    from skunsup.outliers._scales import Scales
    from skunsup.outliers._tails import Tail

    rng, total = np.random.default_rng(seed), np.zeros(len(X))
    n_columns = max(1, round(X.shape[1] ** 0.5))
    for _ in range(N_SUBSPACES):
        view = plain_view(X[:, rng.permutation(X.shape[1])[:n_columns]])
        score = Neighbors(20, Scales).fit(view.part(drawn), among)
        anomaly = score.anomaly(view)
        total += Tail(anomaly[drawn][among])(anomaly)
    return total


def rules():
    """Return the views of each rule, by its name."""
    subsets = [c for size in SIZES for c in itertools.combinations(VIEWS, size)]
    found = {
        f"{way} of {', '.join(views)}": (way, views)
        for way in WAYS
        for views in subsets
        if way == "sum" or len(views) > 1
    }
    return {DEFAULT: found[DEFAULT]} | found


def figures_of(scores):
    """Return AUROC and AP of each rule on one set and seed."""
    from skunsup.outliers._tails import Tail

    kept = scores["kept"].astype(bool)
    tails = {view: Tail(scores[view][kept])(scores[view]) for view in VIEWS}
    values = [
        WAYS[way](np.stack([tails[v] for v in views], axis=1))
        for way, views in rules().values()
    ]
    return judged(scores["y"], np.stack(values, axis=1))


def judged(y, values):
    """Return AUROC and AP of each column of scores; of equal scores outliers are last.

    As scikit-learn's, but of hundreds of columns at once.
    """
    normal_first = np.argsort(y, kind="stable")
    y, values = y[normal_first], values[normal_first]
    found = y[np.argsort(-values, axis=0, kind="stable")].astype(np.float64)
    hits, place = np.cumsum(found, axis=0), np.arange(1, len(y) + 1)[:, None]
    n_outliers, n_normal = y.sum(), len(y) - y.sum()
    before = ((place - hits) * found).sum(axis=0)
    auroc = 1.0 - before / (n_outliers * n_normal)
    return np.stack([auroc, (hits / place * found).sum(axis=0) / n_outliers], axis=1)


def peers_of(scores):
    """Return the AUROC of each peer."""
    return [both(scores["y"], scores[peer])[0] for peer in REGRETTED]


def report(names, figures, best):
    """Return tables of the rules: the best by each measure."""
    regret = best[:, None] - figures[:, :, 0]
    groups = [np.isin(names, own) for own in grouped(names).values()]
    means = np.array([figures[own].mean(axis=0) for own in groups])
    sound = (means >= means[:, :1]).all(axis=(0, 2))
    order = {
        "By mean AUROC and AP": -figures.mean(axis=0).sum(axis=1),
        "By the highest regret": regret.max(axis=0),
        "By the highest regret, on no group of sets below the default": np.where(
            sound, regret.max(axis=0), np.inf
        ),
    }
    lines, titles = [], [*rules()]
    for title, key in order.items():
        rows = [
            [
                titles[at],
                *(" / ".join(f"{v:.3f}" for v in own[at]) for own in means),
                float(regret[:, at].mean()),
                float(regret[:, at].max()),
            ]
            for at in [0, *np.argsort(key)[:SHOWN]]
            if np.isfinite(key[at]) or at == 0
        ]
        header = ["", *grouped(names), "regret: mean", "worst"]
        lines += [f"\n{title}\n", _common.table(header, rows)]
    return "\n".join(lines)


def rotation(figures, best):
    """Choice on three groups and its figures on the fourth."""
    titles, rows = [*rules()], []
    regret = best[:, None] - figures[:, :, 0]
    for group in range(N_GROUPS):
        held = np.arange(len(figures)) % N_GROUPS == group
        means = figures[~held].mean(axis=0)
        sound = (means >= means[0]).all(axis=1)
        worst = np.where(sound, regret[~held].max(axis=0), np.inf)
        chosen = (0, means.sum(axis=1).argmax(), worst.argmin())
        cells = [
            "{:.3f} / {:.3f}, {:.2f}".format(
                *figures[held, at].mean(axis=0), regret[held, at].max()
            )
            for at in chosen
        ]
        rows.append([group + 1, cells[0]])
        for at, text in zip(chosen[1:], cells[1:], strict=True):
            rows[-1] += [titles[at], text]
    header = ["left out", "default: AUROC / AP, highest regret", "by AUROC and AP"]
    header += ["", "by the highest regret", ""]
    return "\n" + _common.table(header, rows)


if __name__ == "__main__":
    main()
