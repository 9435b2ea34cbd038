"""Milliseconds to score one row, and 10,000 rows of 64 columns.

Every subject is fitted for one epoch on 10,000 x 64 Gaussian float32 rows with the
network 64-64-32-8-32-64-64 and then scored by its library's own call, input
validation included: `score_samples` (skunsup), `decision_function` (PyOD), and
`predict` alone where there is no score; PCA is projected, reconstructed and
compared. The first calls are not timed; the medians of 200 calls with one row and
20 calls with all rows are. Each subject runs in its own process, with the
libraries' own number of threads and with one; the better is shown.

Run it on an otherwise idle machine::

    python docs/benchmarks/scoring_speed.py --output scoring_speed.json
"""

import json

import _common
import _peers

N_ROWS, N_FEATURES = 10_000, 64
ONE_ROW_CALLS, BULK_CALLS, UNTIMED_CALLS = 200, 20, 3
LEFT_OUT = ("scikeras", "keras-torch", "pyod-plain")
SUBJECTS = [name for name in _peers.PEERS if name not in LEFT_OUT]


def main():
    """Measure one subject in this process, or all in processes of their own."""
    options = _common.parser(__doc__)
    _common.add_subject_options(options, SUBJECTS, repeats=1)
    options.add_argument("--rows", type=int, default=N_ROWS)
    options = options.parse_args()
    if options.subject:
        print(json.dumps(measure(options.subject, options.rows)))
        return
    runs = _common.run_each(
        __file__,
        options.only or SUBJECTS,
        ["--rows", options.rows],
        _peers.backend,
        options.threads,
        options.repeats,
    )
    print(report(runs, options.rows))
    _common.store(options.output, rows=options.rows, runs=runs)


def measure(subject, n_rows):
    """Time one row and all rows, in milliseconds."""
    peer = _peers.load(subject)(_peers.Task(batch_size=256, epochs=1))
    X = _peers.gaussian(n_rows, N_FEATURES)
    peer.fit(X)
    return {
        "one_row": milliseconds(peer, X[:1], ONE_ROW_CALLS),
        "bulk": milliseconds(peer, X, BULK_CALLS),
    }


def milliseconds(peer, X, calls):
    """Return the median duration of scoring X once the first calls are over."""
    for _ in range(UNTIMED_CALLS):
        peer.score(X)
    return 1e3 * _common.median_seconds(lambda: peer.score(X), calls)


def report(runs, n_rows):
    """Return the table: a row a subject."""
    rows = []
    for subject in dict.fromkeys(run["subject"] for run in runs):
        own = [run for run in runs if run["subject"] == subject]
        rows.append([subject, _common.best(own, "one_row"), _common.best(own, "bulk")])
    return _common.table(["subject", "1 row, ms", f"{n_rows:,} rows, ms"], rows)


if __name__ == "__main__":
    main()
