"""Outlier detection on sets of ADBench (Han et al. 2022), against peers.

Repeated rows are dropped first. Two protocols:

``one-class``
    Fit on a random half of the normal rows; score the other half and the outliers.
``unsupervised``
    Fit on all rows and score the same rows. Neighbours of a row exclude the row.

Our detectors are told which of the two it is (`novelty`), and nothing else. Columns are
standardised by the rows fitted on. At most 5,000 rows are fitted and
10,000 scored, drawn anew for each seed with the share of outliers kept (in the
unsupervised protocol 5,000 for both). Every detector sees the same rows. A detector
that fails on a set, or takes more than ``--limit`` CPU seconds, is listed, and compared
with the others on the sets that it finished.

The sets are ``DIR/adbench/*.npz`` and ``DIR/mvtec_features/*.npz`` (X, and y with 1 for
outliers), where DIR is given by ``--data`` or by the environment variable SKUNSUP_DATA.
``--sets new`` are ten that came later, ``--sets images`` the features of images. With
``--output`` the results are written after each detector and set, and what the file
already holds is not run again, unless ``--redo`` names its detector::

    python docs/benchmarks/outliers_adbench.py --data DIR --output outliers.json
    python docs/benchmarks/outliers_adbench.py --data DIR --output outliers.json \
        --detectors PyOD-ALAD PyOD-AnoGAN --seeds 0 --limit 60

With `--seeds` and no number, what is stored is printed and nothing is run.
"""

import contextlib
import importlib
import json
import os
import signal
import warnings
from pathlib import Path

import _common
import numpy as np
from _outlier_detectors import DETECTORS, MODULES
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

SEEDS = (0, 1, 2)
PROTOCOLS = ("one-class", "unsupervised")
MOST_FITTED, MOST_SCORED = 5_000, 10_000
KEYS = ("set", "protocol", "seed", "detector")
FOLDERS = ("adbench", "mvtec_features")
# The former defaults of our detectors were chosen on 22 other sets, the present ones by
# leaving groups of all of them out (``outlier_views.py``).
NEW = (
    "11_donors",
    "15_Hepatitis",
    "1_ALOI",
    "21_Lymphography",
    "22_magic.gamma",
    "37_Stamps",
    "38_thyroid",
    "45_wine",
    "4_breastw",
    "7_Cardiotocography",
)
IMAGES = ("bottle", "capsule", "grid", "leather", "pill", "tile", "transistor", "wood")
GROUPS = {"new": NEW, "images": IMAGES}
# Whose best AUROC on a set ours is compared with.
REGRETTED = ("kNN, k=3%", "IsolationForest", "MCD", "ECOD")
OURS, N_BOOTSTRAPS = "AutoencoderDetector", 10_000


def main():
    """Run what is not stored yet, and print the tables."""
    options = parse()
    paths = find_sets(options.data, options.sets)
    records = stored(options.output, options.redo)
    for detector in MODULES.keys() & set(options.detectors):
        importlib.import_module(MODULES[detector])
    for path in paths:
        run_set(path, options, records)
    names = [path.stem for path in paths]
    chosen = [
        record
        for record in records
        if record["set"] in names and record["detector"] in options.detectors
    ]
    for protocol in options.protocols:
        own = [record for record in chosen if record["protocol"] == protocol]
        print(report(protocol, own, options.detectors))


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--sets", nargs="+", help="names without .npz, or a group")
    options.add_argument("--seeds", type=int, nargs="*", default=SEEDS)
    options.add_argument("--protocols", nargs="+", choices=PROTOCOLS, default=PROTOCOLS)
    options.add_argument("--limit", type=float, default=600, metavar="SECONDS")
    for option, default in (("--detectors", [*DETECTORS]), ("--redo", [])):
        options.add_argument(option, nargs="+", choices=DETECTORS, default=default)
    return options.parse_args()


def find_sets(data, names):
    """Return the files of the sets, smallest first."""
    folder = Path(data or "")
    found = [path for name in FOLDERS for path in (folder / name).glob("*.npz")]
    paths = sorted(found, key=lambda path: path.stat().st_size)
    if data is None or not paths:
        raise SystemExit(
            f"The sets are missing: looked for {folder}/adbench/*.npz. Give the folder "
            "that holds adbench/ with --data DIR or SKUNSUP_DATA."
        )
    names = [each for name in names or () for each in GROUPS.get(name, [name])]
    unknown = set(names) - {path.stem for path in paths}
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
    """Add the records of one set that are missing, and store them."""
    done = {tuple(record[key] for key in KEYS) for record in records}
    with np.load(path) as file:
        X, y = distinct(file["X"].astype(np.float64), file["y"])
    for protocol in options.protocols:
        for seed in options.seeds:
            rows = split(X, y, protocol, seed)
            for detector in options.detectors:
                key = (path.stem, protocol, seed, detector)
                if key in done:
                    continue
                found = run(detector, *rows, options.limit)
                records.append(dict(zip(KEYS, key, strict=True)) | found)
                _common.store(options.output, records=records)


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


def run(detector, X_train, X, y, seed, limit):
    """Return one detector's figures on one split, or why it failed."""
    scores = []
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            stack.enter_context(contextlib.redirect_stdout(None))
            stack.enter_context(time_limit(limit))
            warnings.simplefilter("ignore")
            score = DETECTORS[detector]
            duration = _common.cpu_seconds(
                lambda: scores.append(score(X_train, X, seed))
            )
        auroc = roc_auc_score(y, scores[0])
        precision = average_precision_score(y, scores[0])
    except Exception as error:  # a peer's failure is a result, whatever it is
        return {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
    return {"auroc": auroc, "ap": precision, "seconds": duration}


@contextlib.contextmanager
def time_limit(seconds):
    """Raise TimeoutError in the body when it takes more CPU time, of all threads."""

    def stop(signum, frame):
        raise TimeoutError(f"not finished in {seconds:g} CPU seconds")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def report(protocol, records, detectors):
    """Return means over sets, AUROC of each set, and failures, as Markdown."""
    names = list(dict.fromkeys(record["set"] for record in records))
    groups = grouped(names)
    finished = {d: sets_of(records, d, names) for d in detectors}
    full = [d for d in detectors if len(finished[d]) == len(names)]
    header = ["detector", *(f"{group}, {len(own)}" for group, own in groups.items())]
    header += ["regret: mean", "worst", "CPU seconds", "seeds"]
    best = best_of(records, names)
    means = [
        [
            d,
            *(both(records, d, own) for own in groups.values()),
            *regret(records, d, names, best),
            mean(records, d, names, "seconds"),
            len({record["seed"] for record in records if record["detector"] == d}),
        ]
        for d in full
    ]
    lines = [f"\n{protocol}: mean AUROC / AP\n", _common.table(header, means)]
    for d in detectors:
        if d not in full:
            lines += partial(records, d, finished[d], [d, *full])
    lines += [f"\n{protocol}: {OURS} against each\n", duels(records, finished)]
    for key, title in (("auroc", "AUROC"), ("ap", "AP")):
        sets = [
            [name] + [mean(records, d, [name], key) for d in full] for name in names
        ]
        lines += [f"\n{protocol}: {title}\n", _common.table(["set", *full], sets)]
    failed = [record for record in records if "error" in record]
    keys = ("detector", "set", "seed", "error")
    lines += ["", *(" ".join(str(record[key]) for key in keys) for record in failed)]
    return "\n".join(lines)


def grouped(names):
    """Return the sets of each group that is there, by its name."""
    later = {group: set(own) for group, own in GROUPS.items()}
    groups = {"old": [n for n in names if not any(n in own for own in later.values())]}
    groups |= {group: [n for n in names if n in own] for group, own in later.items()}
    return {group: own for group, own in groups.items() if own}


def best_of(records, names):
    """Return the best AUROC of `REGRETTED` on each set."""
    return {
        name: np.nanmax([mean(records, d, [name], "auroc") for d in REGRETTED])
        for name in names
    }


def regret(records, detector, names, best):
    """Return mean and highest of the best AUROC of a set minus the detector's."""
    lost = [best[name] - mean(records, detector, [name], "auroc") for name in names]
    return float(np.mean(lost)), float(np.max(lost))


def duels(records, finished):
    """Return a table of ours against each detector, on the sets that both finished.

    Sets won and lost, and the mean difference with the interval that holds 95 % of its
    values over sets drawn anew with replacement.
    """
    rng, rows = np.random.default_rng(0), []
    for detector, names in finished.items():
        names = [name for name in names if name in finished.get(OURS, ())]
        if detector == OURS or not names:
            continue
        row = [detector, len(names)]
        for key in ("auroc", "ap"):
            ours, theirs = (
                np.array([mean(records, d, [name], key) for name in names])
                for d in (OURS, detector)
            )
            gain = ours - theirs
            drawn = gain[rng.integers(len(gain), size=(N_BOOTSTRAPS, len(gain)))]
            low, high = np.quantile(drawn.mean(axis=1), (0.025, 0.975))
            row += [
                f"{(gain > 0).sum()} : {(gain < 0).sum()}",
                f"{gain.mean():+.3f} [{low:+.3f}, {high:+.3f}]",
            ]
        rows.append(row)
    header = ["detector", "sets", "AUROC won : lost", "difference"]
    return _common.table([*header, "AP won : lost", "difference"], rows)


def sets_of(records, detector, names):
    """Return the sets that a detector finished with every seed it was given."""
    own = [record for record in records if record["detector"] == detector]
    lost = {record["set"] for record in own if "error" in record}
    ran = {record["set"] for record in own}
    return [name for name in names if name in ran - lost]


def partial(records, detector, names, shown):
    """Return a table of a detector that did not finish all sets, on those it did."""
    if not names:
        return [f"\n{detector} finished no set."]
    rows = [[d, both(records, d, names)] for d in shown]
    title = f"\nThe {len(names)} sets that {detector} finished: {', '.join(names)}\n"
    return [title, _common.table(["detector", "AUROC / AP"], rows)]


def both(records, detector, names):
    """Return mean AUROC and AP as one cell."""
    values = [mean(records, detector, names, key) for key in ("auroc", "ap")]
    return " / ".join(f"{value:.3f}" for value in values)


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
