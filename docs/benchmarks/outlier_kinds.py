"""Kinds of outliers that detectors find: local, global, in groups, by dependence.

After the synthetic study of ADBench (Han et al. 2022, section 3.2 and appendix C). A
Gaussian mixture is fitted to a real table, which gives normal rows of its shape. With
these are mixed

``local``
    rows of the mixture with covariances 5 times as large;
``global``
    rows uniform within 1.1 times the range of each column;
``group, far``
    rows of the mixture with means 5 times as far from the centre;
``group, near``
    one dense group in a random direction, four standard deviations away in each column;
``groups, three``
    three such groups in three directions;
``dependency``
    rows whose columns are drawn independently of each other, each as it is among the
    normal rows. Here the mixture has many components, which depend in curved ways.

The tables are those that scikit-learn comes with, so nothing is downloaded. In each set
of 1,000 rows 5, 10 or 20 % are outliers. Detectors are at their defaults, on
standardised columns, unsupervised: fitted to all rows, and scoring these::

    python docs/benchmarks/outlier_kinds.py --output kinds.json
"""

import warnings

import _common
import numpy as np
from _outlier_detectors import DETECTORS
from sklearn import datasets
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

SEEDS = (0, 1, 2)
SHARES = (0.05, 0.1, 0.2)
N_ROWS = 1_000
MOST_COMPONENTS = 5
CURVED = 20  # components of a mixture whose columns depend in curved ways
LOCAL, RANGE, FAR, NEAR = 5.0, 1.1, 5.0, 4.0
TABLES = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast_cancer": datasets.load_breast_cancer,
    "diabetes": datasets.load_diabetes,
    "linnerud": datasets.load_linnerud,
}
COMPARED = (
    "kNN, k=5",
    "kNN, k=3%",
    "LOF",
    "IsolationForest",
    "MCD",
    "OneClassSVM",
    "ECOD",
    "PCA",
    "AutoencoderDetector",
)


def main():
    """Print a table: a row a detector, a column a kind."""
    options = _common.parser(__doc__)
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--shares", type=float, nargs="+", default=SHARES)
    options.add_argument("--tables", nargs="+", choices=TABLES, default=[*TABLES])
    options.add_argument("--kinds", nargs="+", choices=KINDS, default=[*KINDS])
    options.add_argument(
        "--detectors", nargs="+", choices=DETECTORS, default=COMPARED, metavar="NAME"
    )
    options = options.parse_args()
    runs = [
        run
        for table in options.tables
        for kind in options.kinds
        for share in options.shares
        for seed in options.seeds
        for run in measure(table, kind, share, seed, options.detectors)
    ]
    _common.store(options.output, runs=runs)
    print("AUROC: mean over tables, shares and seeds\n")
    print(report(runs, options, lambda run: run["kind"], options.kinds))
    print("\nBy share of outliers, mean over kinds\n")
    print(report(runs, options, lambda run: run["share"], options.shares))


def measure(table, kind, share, seed, detectors):
    """Return a record for each detector."""
    X, y = make(table, kind, share, seed)
    X = StandardScaler().fit_transform(X)
    runs = []
    for detector in detectors:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scores = DETECTORS[detector](X, None, seed)
        runs.append(
            {
                "table": table,
                "kind": kind,
                "share": share,
                "seed": seed,
                "detector": detector,
                "auroc": float(roc_auc_score(y, scores)),
            }
        )
    return runs


def make(table, kind, share, seed, n_rows=N_ROWS):
    """Return shuffled rows of one set, and which are outliers."""
    rng = np.random.default_rng(seed)
    rows = StandardScaler().fit_transform(TABLES[table]().data)
    mixture = fitted(rows, CURVED if kind == "dependency" else None, seed)
    n_outliers = round(share * n_rows)
    normal = drawn(mixture, n_rows - n_outliers, rng)
    outliers = KINDS[kind](mixture, normal, n_outliers, rng)
    order = rng.permutation(n_rows)
    y = np.repeat([0, 1], [n_rows - n_outliers, n_outliers])
    return np.concatenate([normal, outliers])[order], y[order]


def fitted(rows, n_components, seed):
    """Return a Gaussian mixture of rows, by BIC where no number is given."""
    numbers = range(1, MOST_COMPONENTS + 1) if n_components is None else [n_components]
    covariance = "full" if n_components is None else "spherical"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mixtures = [
            GaussianMixture(
                min(n, len(rows)), covariance_type=covariance, random_state=seed
            ).fit(rows)
            for n in numbers
        ]
    return min(mixtures, key=lambda mixture: mixture.bic(rows))


def drawn(mixture, n, rng, scale=1.0, away=1.0):
    """Draw rows, with covariances and distances from the centre times a factor."""
    d = mixture.means_.shape[1]
    covariances = mixture.covariances_
    if covariances.ndim == 1:
        covariances = covariances[:, None, None] * np.eye(d)
    centre = mixture.weights_ @ mixture.means_
    means = centre + away * (mixture.means_ - centre)
    place = rng.choice(len(means), size=n, p=mixture.weights_)
    roots = np.linalg.cholesky(scale * covariances + 1e-9 * np.eye(d))
    noise = np.einsum("nij,nj->ni", roots[place], rng.standard_normal((n, d)))
    return means[place] + noise


def local(mixture, normal, n, rng):
    """Return rows around the same places, more widely spread."""
    return drawn(mixture, n, rng, scale=LOCAL)


def anywhere(mixture, normal, n, rng):
    """Return rows uniform in a box around the normal ones."""
    low, high = normal.min(axis=0), normal.max(axis=0)
    margin = (RANGE - 1.0) / 2 * (high - low)
    return rng.uniform(low - margin, high + margin, size=(n, normal.shape[1]))


def far_groups(mixture, normal, n, rng):
    """Return rows of groups farther out."""
    return drawn(mixture, n, rng, away=FAR)


def groups(n_groups):
    """Return the maker of rows in dense groups near the normal ones."""

    def make(mixture, normal, n, rng):
        d, spread = normal.shape[1], normal.std(axis=0)
        signs = rng.choice([-1.0, 1.0], size=(n_groups, d))
        place = rng.integers(n_groups, size=n)
        noise = 0.5 * rng.standard_normal((n, d))
        return normal.mean(axis=0) + spread * (NEAR * signs[place] + noise)

    return make


def independent(mixture, normal, n, rng):
    """Return rows whose columns know nothing of each other."""
    drawn_from = rng.integers(len(normal), size=(n, normal.shape[1]))
    return np.take_along_axis(normal, drawn_from, axis=0)


KINDS = {
    "local": local,
    "global": anywhere,
    "group, far": far_groups,
    "group, near": groups(1),
    "groups, three": groups(3),
    "dependency": independent,
}


def report(runs, options, key, columns):
    """Return a table of mean AUROC, with ours over the best peer's below it."""
    rows = [
        [
            detector,
            *(
                float(
                    np.mean(
                        [
                            run["auroc"]
                            for run in runs
                            if run["detector"] == detector and key(run) == column
                        ]
                    )
                )
                for column in columns
            ),
        ]
        for detector in options.detectors
    ]
    return _common.table(["detector", *map(str, columns)], rows)


if __name__ == "__main__":
    main()
