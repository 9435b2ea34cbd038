"""Tails by which sums of scores count rows beyond what is usual, compared.

`AutoencoderDetector` adds up tail probabilities of scores. Among the reference rows
that it keeps they are ranks, beyond the highest they grow with the logarithm of the
score. Here the residual, neighbour 20 and the covariance are added up with other tails:

``exponential``
    from a quantile of the rows kept, by 1 for each mean excess over it;
``ranks of all``
    ranks among all reference rows, also those that are left out;
``exponential, of all``
    from a quantile of these, by 1 for each median excess over log 2;
``neighbors exponential``
    from the median of the rows kept, of neighbour 20 alone.

The sets are those of ``outliers_adbench.py`` and the series of ``nab.py``, one seed.
Four times the best tail of three groups of sets and of series is chosen, by the mean of
AUROC and average precision, and its figures on the fourth are reported. Scores are
stored in a folder, and what it holds is not computed again::

    python docs/benchmarks/outlier_tails.py --data DIR --cache FOLDER --seeds 0
"""

import _common
import nab
import numpy as np
from outlier_views import N_GROUPS, both, cached, fitted_views, parser, stored
from outliers_adbench import distinct, grouped, split
from sklearn.preprocessing import StandardScaler

VIEWS = ("residual", "neighbors", "covariance")


def main():
    """Compute what is missing, and print the comparison and the choice."""
    options = parser(__doc__).parse_args()
    names = sorted(cached(options, scores_of))
    files = [options.cache / f"{name}.{options.seeds[0]}.npz" for name in names]
    tables = np.array([figures_of(stored(file)) for file in files])
    series = np.array([figures_of(stored(file)) for file in cached_series(options)])
    print(report(names, tables, series))
    print(rotation(tables, series))


def scores_of(path, seed):
    """Return labels and the scores of each view of one set."""
    with np.load(path) as file:
        X, y = distinct(file["X"].astype(np.float64), file["y"])
    X, _, y, _ = split(X, y, "unsupervised", seed)
    return {"y": y} | views_of(X, seed)


def cached_series(options):
    """Store the scores of windows that are missing, and return the files."""
    from skunsup import SlidingWindows

    files = []
    for name, (values, labels) in nab.load(options.data, nab.FAMILIES).items():
        file = options.cache / f"{name.replace('/', '__')}.npz"
        files.append(file)
        if not file.exists():
            rows = SlidingWindows(nab.WIDTH, pad=False).fit_transform(values)
            views = views_of(StandardScaler().fit_transform(rows), options.seeds[0])
            np.savez_compressed(file, labels=labels, **views)
    return files


def views_of(X, seed):
    """Rows that are kept, those of the reference, and the scores."""
    from skunsup import AutoencoderDetector

    scores, _, kept, drawn = fitted_views(AutoencoderDetector(random_state=seed), X)
    found = zip(VIEWS, map(np.float32, scores), strict=True)
    return {"kept": kept, "drawn": drawn, **dict(found)}


def ranked(values, reference):
    """Return the tail that the detector has."""
    from skunsup.outliers._tails import Tail

    return Tail(reference)(values)


def exponential(values, reference, start, middle=np.mean):
    """Return ranks up to a quantile, and an exponential tail from there."""
    at = np.quantile(reference, start)
    excess = reference[reference > at] - at
    scale = (middle(excess) if len(excess) else at) or 1.0
    return (
        ranked(np.minimum(values, at), reference) + np.maximum(values - at, 0) / scale
    )


def half_life(excess):
    """Return the mean of an exponential distribution by the median."""
    return np.median(excess) / np.log(2)


TAILS = {
    "the default": lambda v, u, e, name: ranked(v, u),
    "ranks of all": lambda v, u, e, name: ranked(v, e),
    **{
        f"exponential from {q}": lambda v, u, e, name, q=q: exponential(v, u, q)
        for q in (0.5, 0.8, 0.9)
    },
    **{
        f"exponential from {q}, of all": lambda v, u, e, name, q=q: exponential(
            v, e, q, half_life
        )
        for q in (0.5, 0.8, 0.9)
    },
    "neighbors exponential": lambda v, u, e, name: (
        exponential(v, u, 0.5) if name == "neighbors" else ranked(v, u)
    ),
}


def figures_of(scores):
    """Return AUROC and AP of each tail, of the time points if it is a series."""
    drawn = np.zeros(len(scores["kept"]), bool)
    drawn[scores["drawn"]] = True
    series = "labels" in scores
    labels = scores["labels" if series else "y"]
    among, figures = drawn & scores["kept"].astype(bool), []
    for tail in TAILS.values():
        total = np.zeros(len(drawn))
        for name in VIEWS:
            values = scores[name].astype(np.float64)
            total += tail(values, values[among], values[drawn], name)
        if series:
            counts = np.convolve(np.ones(len(total)), np.ones(nab.WIDTH))
            total = np.convolve(total, np.ones(nab.WIDTH)) / counts
        figures.append(both(labels, total))
    return figures


def report(names, tables, series):
    """Return a table: a row a tail, mean AUROC / AP."""
    groups = [tables[np.isin(names, own)] for own in grouped(names).values()]
    means = [own.mean(axis=0) for own in (*groups, tables, series)]
    rows = [[tail, *(cell(own[at]) for own in means)] for at, tail in enumerate(TAILS)]
    return _common.table(["", *grouped(names), "all tables", "series"], rows)


def rotation(tables, series):
    """Choice on three groups and its figures on the fourth."""
    rows = []
    for group in range(N_GROUPS):
        held = [np.arange(len(own)) % N_GROUPS == group for own in (tables, series)]
        parts = [(own, at) for own, at in zip((tables, series), held, strict=True)]
        merit = sum(own[~at].mean(axis=(0, 2)) for own, at in parts)
        chosen = merit.argmax()
        cells = [
            cell(own[at].mean(axis=0)[which])
            for which in (chosen, 0)
            for own, at in parts
        ]
        rows.append([group + 1, [*TAILS][chosen], *cells])
    header = ["left out", "chosen on the others", "tables", "series"]
    header += ["the default: tables", "series"]
    return "\n" + _common.table(header, rows)


def cell(figures):
    """Return AUROC and AP as text."""
    return " / ".join(f"{value:.3f}" for value in figures)


if __name__ == "__main__":
    main()
