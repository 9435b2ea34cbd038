"""Promises of thresholds and probabilities of a detector, and what they keep.

On the sets of ``outliers_adbench.py``, with its splits:

- false alarms: the share of new normal rows that ``contamination="auto"`` flags, after
  a fit on normal rows with ``novelty=True``, for several numbers of networks;
- reliability: among training rows with such an `outlier_probability`, the share of
  outliers, in the unsupervised protocol, with ``contamination="auto"`` and with the
  share of outliers for `contamination`. All sets count alike; ``--figure`` draws it.

The sets are ``DIR/adbench/*.npz``, see ``outliers_adbench.py``::

    python docs/benchmarks/outlier_threshold.py --data DIR --output threshold.json
    python docs/benchmarks/outlier_threshold.py --data DIR --sets new images --priors
"""

import os
import warnings
from itertools import pairwise

import _common
import numpy as np
from outliers_adbench import SEEDS, distinct, find_sets, grouped, split

SUBJECTS = {
    "4 networks, half of the rows each (default)": {},
    "4 networks, all rows": {"max_samples": 1.0},
    "1 network": {"n_estimators": 1},
}
EDGES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
NAMES = {
    "auto": 'contamination="auto"',
    "share": "contamination the share of outliers",
}
PRIORS = tuple(NAMES)


def main():
    """Measure each set, and print the tables."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--sets", nargs="+", help="names without .npz, or a group")
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument(
        "--subjects", nargs="+", choices=SUBJECTS, default=[*SUBJECTS], metavar="NAME"
    )
    options.add_argument(
        "--priors", nargs="*", choices=PRIORS, default=PRIORS, help="of reliability"
    )
    options.add_argument("--figure", metavar="FILE.png")
    options = options.parse_args()
    warnings.simplefilter("ignore")
    alarms, reliability = [], []
    for path in find_sets(options.data, options.sets):
        with np.load(path) as file:
            X, y = distinct(file["X"].astype(np.float64), file["y"])
        for seed in options.seeds:
            alarms += false_alarms(path.stem, X, y, seed, options.subjects)
            reliability += [observed(path.stem, X, y, seed, p) for p in options.priors]
        _common.store(options.output, alarms=alarms, reliability=reliability)
    print(report(alarms))
    if reliability:
        print(curve(reliability, options.priors))
    if options.figure:
        draw(reliability, options.figure)


def false_alarms(name, X, y, seed, subjects):
    """Return the share of new normal rows flagged, a record a subject."""
    from skunsup import AutoencoderDetector

    X_train, X_test, y_test, _ = split(X, y, "one-class", seed)
    records = []
    for subject in subjects:
        detector = AutoencoderDetector(
            novelty=True, random_state=seed, **SUBJECTS[subject]
        )
        flagged = detector.fit(X_train).predict(X_test) == -1
        records.append(
            {
                "set": name,
                "subject": subject,
                "rows": len(X_train),
                "false": float(flagged[y_test == 0].mean()),
                "found": float(flagged[y_test == 1].mean()),
            }
        )
    return records


def observed(name, X, y, seed, prior):
    """Return rows, outliers and mean `outlier_probability` in each of its bins."""
    from skunsup import AutoencoderDetector

    X_train, _, y_train, _ = split(X, y, "unsupervised", seed)
    share = float(np.clip(y_train.mean(), 1e-3, 0.5))
    detector = AutoencoderDetector(
        contamination=share if prior == "share" else prior, random_state=seed
    )
    probability = detector.fit(X_train).outlier_probability(X_train)
    place, count = np.digitize(probability, EDGES[1:-1]), len(EDGES) - 1
    totals = {"rows": None, "outliers": y_train, "probability": probability}
    return {"set": name, "prior": prior} | {
        key: np.bincount(place, weight, minlength=count).tolist()
        for key, weight in totals.items()
    }


def report(alarms):
    """Return the table of false alarms, over the sets of each group."""
    groups = grouped([*dict.fromkeys(record["set"] for record in alarms)])
    rows = []
    for subject in dict.fromkeys(record["subject"] for record in alarms):
        for group, names in groups.items():
            own = [
                record
                for record in alarms
                if record["subject"] == subject and record["set"] in names
            ]
            rates = [
                np.mean([record["false"] for record in own if record["set"] == name])
                for name in names
            ]
            found = np.mean([record["found"] for record in own])
            figures = (np.mean(rates), np.median(rates), np.max(rates), found)
            sets = f"{group}, {len(names)}"
            rows.append([subject, sets, *(float(100 * v) for v in figures)])
    header = ["", "sets", "false alarms, %: mean", "median set", "worst set"]
    return _common.table([*header, "found, %"], rows)


def binned(reliability, prior):
    """Return share of the rows, mean probability and share of outliers, by bin."""
    own = [r for r in reliability if r["prior"] == prior]
    for i in range(len(EDGES) - 1):
        held = np.mean([r["rows"][i] / sum(r["rows"]) for r in own])
        filled = [r for r in own if r["rows"][i]]
        means = [
            float(np.mean([r[key][i] / r["rows"][i] for r in filled]))
            for key in ("probability", "outliers")
        ]
        yield held, *means


def curve(reliability, priors):
    """Return the table of probabilities and what they meant."""
    columns = [list(binned(reliability, prior)) for prior in priors]
    rows = [
        [
            f"{low:g} to {high:g}",
            *(100 * v for bins in cells for v in (bins[0], bins[2])),
        ]
        for (low, high), *cells in zip(pairwise(EDGES), *columns, strict=True)
    ]
    header = ["outlier_probability"]
    for name in (NAMES[prior] for prior in priors):
        header += [f"{name}: rows, %", "outliers among them, %"]
    return _common.table(header, rows)


def draw(reliability, path):
    """Draw the share of outliers over the probability."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(5, 4.5), layout="constrained")
    axis.plot([0, 1], [0, 1], color="grey", ls=":", label="calibrated")
    for prior, label, colour in (
        ("share", "contamination: the share of outliers", "#1f6fb4"),
        ("auto", 'contamination="auto"', "#c8352b"),
    ):
        _, probability, outliers = np.array(list(binned(reliability, prior))).T
        axis.plot(probability, outliers, "o-", color=colour, label=label)
    n_sets = len({record["set"] for record in reliability})
    axis.set(xlabel="outlier_probability", ylabel="share of outliers", xlim=(0, 1))
    axis.set(ylim=(0, 1), title=f"{n_sets} sets of ADBench, training rows")
    axis.legend(frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
