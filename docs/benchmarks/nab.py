"""Anomalies in the series of the Numenta Anomaly Benchmark, against peers on windows.

Each series (Lavin & Ahmad 2015) is cut into windows of ``--width`` time points, every
detector sees the same standardised windows, and a time point's score is the mean over
the windows around it. Judged by AUROC and average precision (AP) over time points
inside and outside the labelled anomaly windows. No point adjustment: finding one point
of a labelled window does not count as finding all. Two protocols:

``unsupervised``
    Fit on the windows of the whole series and score the same.
``past``
    Fit on the windows of the first 15 % of the series, at most 750 time points, NAB's
    probationary period, which holds no labelled anomaly; score what follows. Our
    detectors are told that these rows are normal (`novelty`).

Nothing is tuned: one width for all series, and all detectors at their defaults. Series
without a labelled anomaly are left out. Either protocol takes a core up to 15 minutes;
without `--protocols` only the first is run.

The series are in ``DIR/nab/nab.csv.gz`` (series, timestamp, value, in_window), where
DIR is given by ``--data`` or by the environment variable SKUNSUP_DATA::

    python docs/benchmarks/nab.py --data DIR --output nab.json
    python docs/benchmarks/nab.py --data DIR --protocols past
"""

import csv
import gzip
import importlib
import os
import warnings
from pathlib import Path

import _common
import numpy as np
from _outlier_detectors import DETECTORS, MODULES
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

FAMILIES = ("realKnownCause", "realAWSCloudwatch", "realTraffic")
PROTOCOLS = ("unsupervised", "past")
SEEDS = (0, 1, 2)
WIDTH = 32
PAST, MOST_PAST = 0.15, 750
COMPARED = (
    "IsolationForest",
    "LOF",
    "kNN, k=5",
    "kNN, k=3%",
    "PCA",
    "VAEDetector",
    "AutoencoderDetector",
)
UNSEEDED = {"LOF", "kNN, k=5", "kNN, k=3%", "PCA"}


def main():
    """Print one table for each protocol."""
    options = parse()
    series = load(options.data, options.families)
    for detector in MODULES.keys() & set(options.detectors):
        importlib.import_module(MODULES[detector])
    runs = []
    for protocol in options.protocols:
        found = [
            run
            for name, (values, labels) in series.items()
            for run in measure(name, values, labels, protocol, options)
        ]
        print(f"\n{protocol}: mean AUROC / AP of time points\n")
        print(report(found, options), flush=True)
        runs += found
    _common.store(options.output, width=options.width, runs=runs)


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--families", nargs="+", default=FAMILIES)
    options.add_argument(
        "--protocols", nargs="+", choices=PROTOCOLS, default=PROTOCOLS[:1]
    )
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--width", type=int, default=WIDTH)
    options.add_argument(
        "--detectors", nargs="+", choices=DETECTORS, default=COMPARED, metavar="NAME"
    )
    return options.parse_args()


def load(data, families):
    """Return values and labels of each series of the families that has an anomaly."""
    path = Path(data or "") / "nab" / "nab.csv.gz"
    if data is None or not path.is_file():
        raise SystemExit(
            f"The series are missing: looked for {path}. Give the folder that holds "
            "nab/nab.csv.gz with --data DIR or SKUNSUP_DATA."
        )
    series = {}
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            if row["series"].split("/")[0] in families:
                points = series.setdefault(row["series"], [])
                points.append((float(row["value"]), int(row["in_window"])))
    arrays = {name: np.array(points).T for name, points in series.items()}
    return {
        name: (values, labels == 1)
        for name, (values, labels) in arrays.items()
        if labels.any()
    }


def measure(name, values, labels, protocol, options):
    """Yield the figures of each detector and seed on one series."""
    from skunsup import SlidingWindows

    windows = SlidingWindows(options.width, pad=False)
    rows = windows.fit_transform(values)
    n_past = 0
    if protocol == "past":
        n_past = min(round(PAST * len(values)), MOST_PAST)
        if labels[:n_past].any():
            raise ValueError(f"{name}: an anomaly in the first {n_past} time points")
    fitted = rows[: n_past - options.width + 1] if n_past else rows
    scaler = StandardScaler().fit(fitted)
    fitted, scored = scaler.transform(fitted), scaler.transform(rows)
    for detector in options.detectors:
        seeds = options.seeds[:1] if detector in UNSEEDED else options.seeds
        for seed in seeds:
            scores = []
            score, X = DETECTORS[detector], scored if n_past else None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # such as LOF's of equal rows
                duration = _common.seconds(
                    lambda: scores.append(score(fitted, X, seed))  # noqa: B023
                )
            anomaly = windows.point_scores(scores[0])[n_past:]
            yield {
                "series": name,
                "protocol": protocol,
                "detector": detector,
                "seed": seed,
                "auroc": float(roc_auc_score(labels[n_past:], anomaly)),
                "ap": float(average_precision_score(labels[n_past:], anomaly)),
                "seconds": duration,
            }


def report(runs, options):
    """Return a table: a row a detector, a column a family."""
    names = list(dict.fromkeys(run["series"] for run in runs))
    families = {
        family: [name for name in names if name.startswith(f"{family}/")]
        for family in options.families
    }
    groups = {"all": names} | families
    header = ["detector", *(f"{group}, {len(own)}" for group, own in groups.items())]
    rows = []
    for detector in options.detectors:
        own = [run for run in runs if run["detector"] == detector]
        cells = [
            " / ".join(cell(own, names, key) for key in ("auroc", "ap"))
            for names in groups.values()
        ]
        seconds = float(np.mean([run["seconds"] for run in own]))
        rows.append([detector, *cells, seconds])
    return _common.table([*header, "seconds a series"], rows)


def cell(runs, names, key):
    """Return the mean over series, and its standard deviation over seeds."""
    seeds = sorted({run["seed"] for run in runs})
    means = [
        np.mean([r[key] for r in runs if r["seed"] == seed and r["series"] in names])
        for seed in seeds
    ]
    spread = f" ± {np.std(means):.3f}" if len(seeds) > 1 else ""
    return f"{np.mean(means):.3f}{spread}"


if __name__ == "__main__":
    main()
