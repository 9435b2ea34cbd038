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

import _common
import _peers
import _step_speed
import _xla_loops

REFERENCES = ("skunsup-tensorflow", "skunsup-jax")

_peers.PEERS.update(_xla_loops.LOOPS)
SUBJECTS = [name for name in _peers.PEERS if name != "pca"]


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
    _step_speed.main(__doc__, __file__, SUBJECTS, report)
