"""Seconds to fit and score 500 x 20, from nothing, the first and the fifth time.

Constructing the estimator, 20 epochs of minibatches of 32 on the network
20-64-32-8-32-64-20, and one scoring of the training rows. The libraries are
imported beforehand; tracing and compiling are not excused. Every round makes a new
object, so the fifth shows what a library keeps between estimators. Each subject
runs in several processes of its own (`--repeats`), with the libraries' own number
of threads and with one; the median over processes at the better setting is shown.

Run it on an otherwise idle machine::

    python docs/benchmarks/small_data.py --output small_data.json
"""

import json

import _common
import _peers
import numpy as np

N_ROWS, N_FEATURES, ROUNDS = 500, 20, 5
SUBJECTS = [name for name in _peers.PEERS if name != "pca"]


def main():
    """Measure one subject in this process, or all in processes of their own."""
    options = _common.parser(__doc__)
    _common.add_subject_options(options, SUBJECTS, repeats=3)
    options.add_argument("--epochs", type=int, default=20)
    options = options.parse_args()
    if options.subject:
        print(json.dumps(measure(options.subject, options.epochs)))
        return
    runs = _common.run_each(
        __file__,
        options.only or SUBJECTS,
        ["--epochs", options.epochs],
        _peers.backend,
        options.threads,
        options.repeats,
    )
    print(report(runs))
    _common.store(options.output, epochs=options.epochs, runs=runs)


def measure(subject, epochs):
    """Time rounds of construct, fit and score."""
    peer = _peers.load(subject)
    task = _peers.Task(batch_size=32, epochs=epochs)
    X = _peers.gaussian(N_ROWS, N_FEATURES)

    def once():
        fitted = peer(task)
        fitted.fit(X)
        fitted.score(X)

    rounds = [_common.seconds(once) for _ in range(ROUNDS)]
    return {"first": rounds[0], "last": rounds[-1], "rounds": rounds}


def report(runs):
    """Return the table: first and fifth round of each subject."""
    subjects = dict.fromkeys(run["subject"] for run in runs)
    rows = [
        [subject, typical(runs, subject, "first"), typical(runs, subject, "last")]
        for subject in subjects
    ]
    return _common.table(["subject", "first, s", "fifth, s"], rows)


def typical(runs, subject, key):
    """Return the median over processes at the better thread setting."""
    medians = [float("nan")]
    for threads in _common.THREADS:
        values = [
            run[key]
            for run in runs
            if (run["subject"], run["threads"]) == (subject, threads) and key in run
        ]
        if values:
            medians.append(float(np.median(values)))
    return float(np.fmin.reduce(medians))


if __name__ == "__main__":
    main()
