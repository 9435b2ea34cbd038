"""What thresholds and probabilities of a detector promise, and what they keep.

On the sets of ``outliers_adbench.py``, with its splits:

- false alarms: the share of new normal rows that ``contamination="auto"`` flags, after
  a fit on normal rows with ``novelty=True``, for several numbers of networks;
- reliability: among training rows with such an `outlier_probability`, the share of
  outliers, in the unsupervised protocol; all sets count alike.

The sets are ``DIR/adbench/*.npz``, see ``outliers_adbench.py``::

    python docs/benchmarks/outlier_threshold.py --data DIR --output threshold.json
"""

import os
import warnings
from itertools import pairwise

import _common
import numpy as np
from outliers_adbench import SEEDS, distinct, find_sets, split

SUBJECTS = {
    "4 networks, half of the rows each (default)": {},
    "4 networks, all rows": {"max_samples": 1.0},
    "1 network": {"n_estimators": 1},
}
EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 1.0)


def main():
    """Measure each set, and print the tables."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--sets", nargs="+", help="file names without .npz")
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options = options.parse_args()
    warnings.simplefilter("ignore")
    alarms, reliability = [], []
    for path in find_sets(options.data, options.sets):
        with np.load(path) as file:
            X, y = distinct(file["X"].astype(np.float64), file["y"])
        for seed in options.seeds:
            alarms += false_alarms(path.stem, X, y, seed)
            reliability.append(observed(path.stem, X, y, seed))
        _common.store(options.output, alarms=alarms, reliability=reliability)
    print(report(alarms))
    print(curve(reliability))


def false_alarms(name, X, y, seed):
    """Return the share of new normal rows flagged, a record a subject."""
    from skunsup import AutoencoderDetector

    X_train, X_test, y_test, _ = split(X, y, "one-class", seed)
    records = []
    for subject, params in SUBJECTS.items():
        detector = AutoencoderDetector(novelty=True, random_state=seed, **params)
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


def observed(name, X, y, seed):
    """Return rows and outliers in each bin of `outlier_probability`."""
    from skunsup import AutoencoderDetector

    X_train, _, y_train, _ = split(X, y, "unsupervised", seed)
    detector = AutoencoderDetector(random_state=seed).fit(X_train)
    place = np.digitize(detector.outlier_probability(X_train), EDGES[1:-1])
    count = len(EDGES) - 1
    return {
        "set": name,
        "share": float(y_train.mean()),
        "rows": np.bincount(place, minlength=count).tolist(),
        "outliers": np.bincount(place, y_train, minlength=count).tolist(),
    }


def report(alarms):
    """Return the table of false alarms over sets."""
    rows = []
    for subject in SUBJECTS:
        own = [record for record in alarms if record["subject"] == subject]
        sets = dict.fromkeys(record["set"] for record in own)
        rates = [
            np.mean([record["false"] for record in own if record["set"] == name])
            for name in sets
        ]
        found = np.mean([record["found"] for record in own])
        quantiles = np.quantile(rates, (0.5, 1.0)).tolist()
        rows.append([subject, *(100 * v for v in (np.mean(rates), *quantiles, found))])
    header = ["", "false alarms, %: mean", "median set", "worst set", "found, %"]
    return _common.table(header, rows)


def curve(reliability):
    """Return the table of probabilities and what they meant."""
    rows = []
    for i, (low, high) in enumerate(pairwise(EDGES)):
        shares = [r["outliers"][i] / r["rows"][i] for r in reliability if r["rows"][i]]
        held = np.mean([r["rows"][i] / sum(r["rows"]) for r in reliability])
        rows.append([f"{low:g} to {high:g}", 100 * held, 100 * float(np.mean(shares))])
    header = ["outlier_probability", "rows, %", "outliers among them, %"]
    return _common.table(header, rows)


if __name__ == "__main__":
    main()
