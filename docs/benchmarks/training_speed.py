"""Microseconds a training step takes, here and elsewhere.

10,000 x 64 Gaussian float32 rows, network 64-64-32-8-32-64-64 (relu, linear code
and output), Adam at 1e-3, minibatches of 32 and 256. Each subject fits once to
build, trace and compile; then whole fits of 10 epochs are timed and the median is
divided by the number of minibatches. Each subject runs in its own process, once
with the libraries' own number of threads and once with one; the faster is shown.

Run it on an otherwise idle machine::

    python docs/benchmarks/training_speed.py --output training_speed.json
    python docs/benchmarks/training_speed.py --only skunsup-jax xla-loop-jax
"""

import json

import _common
import _peers
import _xla_loops

N_ROWS, N_FEATURES, EPOCHS = 10_000, 64, 10
PASSED_ON = ("rows", "epochs", "repeats")
REFERENCES = ("skunsup-tensorflow", "skunsup-jax")

_peers.PEERS.update(_xla_loops.LOOPS)
SUBJECTS = [name for name in _peers.PEERS if name != "pca"]


def main():
    """Measure one subject in this process, or all in processes of their own."""
    options = _common.parser(__doc__)
    _common.add_subject_options(options, SUBJECTS, repeats=5)
    options.add_argument("--batch", type=int, nargs="+", default=[32, 256])
    options.add_argument("--rows", type=int, default=N_ROWS)
    options.add_argument("--epochs", type=int, default=EPOCHS)
    options = options.parse_args()
    if options.subject:
        print(json.dumps(measure(options)))
        return
    passed = [f"--{key}={getattr(options, key)}" for key in PASSED_ON]
    runs = []
    for batch_size in options.batch:
        found = _common.run_each(
            __file__,
            options.only or SUBJECTS,
            [f"--batch={batch_size}", *passed],
            _peers.backend,
            options.threads,
        )
        runs += [{"batch": batch_size} | run for run in found]
    print(report(runs, options.batch))
    _common.store(options.output, rows=options.rows, epochs=options.epochs, runs=runs)


def measure(options):
    """Time repeated fits of one subject at one batch size."""
    (batch_size,) = options.batch
    task = _peers.Task(batch_size=batch_size, epochs=options.epochs)
    peer = _peers.load(options.subject)(task)
    X = _peers.gaussian(options.rows, N_FEATURES)
    peer.fit(X)
    steps = options.epochs * -(-options.rows // batch_size)
    fits = [_common.seconds(lambda: peer.fit(X)) for _ in range(options.repeats)]
    micros = [1e6 * fit / steps for fit in fits]
    return {"microseconds": sorted(micros)[len(micros) // 2], "all": micros}


def report(runs, batch_sizes):
    """Return the table: a row a subject, beside it how many times skunsup's time."""
    header, columns = ["subject"], []
    for batch_size in batch_sizes:
        header += [f"batch {batch_size}, µs a step"]
        header += [f"times {name}" for name in REFERENCES]
        columns.append(fastest(run for run in runs if run["batch"] == batch_size))
    rows = []
    for subject in dict.fromkeys(run["subject"] for run in runs):
        row = [subject]
        for micros in columns:
            references = [micros.get(name, float("nan")) for name in REFERENCES]
            row += [micros[subject], *(micros[subject] / r for r in references)]
        rows.append(row)
    return _common.table(header, rows)


def fastest(runs):
    """Return the microseconds of each subject at its better thread setting."""
    runs = list(runs)
    subjects = {run["subject"] for run in runs}
    return {
        name: _common.best((r for r in runs if r["subject"] == name), "microseconds")
        for name in subjects
    }


if __name__ == "__main__":
    main()
