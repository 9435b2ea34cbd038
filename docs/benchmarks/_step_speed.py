"""Microseconds of a training step of several subjects, at several batch sizes."""

import json

import _common
import _peers

N_ROWS, N_FEATURES, EPOCHS = 10_000, 64, 10
PASSED_ON = ("rows", "epochs", "repeats")


def main(doc, file, subjects, report, multiples=None):
    """Measure one subject in this process, or all in processes of their own.

    Parameters
    ----------
    doc, file : str
        Of the script.
    subjects : list of str
        Names of what is measured.
    report : callable
        From runs and batch sizes to a table.
    multiples : dict, default=None
        Of subjects that train a multiple of so many epochs.
    """
    options = _common.parser(doc)
    _common.add_subject_options(options, subjects, repeats=5)
    options.add_argument("--batch", type=int, nargs="+", default=[32, 256])
    options.add_argument("--rows", type=int, default=N_ROWS)
    options.add_argument("--epochs", type=int, default=EPOCHS)
    options = options.parse_args()
    if options.subject:
        multiple = (multiples or {}).get(options.subject, 1)
        print(json.dumps(measure(options, multiple)))
        return
    passed = [f"--{key}={getattr(options, key)}" for key in PASSED_ON]
    runs = []
    for batch_size in options.batch:
        found = _common.run_each(
            file,
            options.only or subjects,
            [f"--batch={batch_size}", *passed],
            _peers.backend,
            options.threads,
        )
        runs += [{"batch": batch_size} | run for run in found]
    print(report(runs, options.batch))
    _common.store(options.output, rows=options.rows, epochs=options.epochs, runs=runs)


def measure(options, multiple):
    """Time repeated fits of one subject at one batch size."""
    (batch_size,) = options.batch
    task = _peers.Task(batch_size=batch_size, epochs=options.epochs)
    peer = _peers.load(options.subject)(task)
    X = _peers.gaussian(options.rows, N_FEATURES)
    peer.fit(X)
    epochs = multiple * max(1, round(options.epochs / multiple))
    steps = epochs * -(-options.rows // batch_size)
    fits = [_common.seconds(lambda: peer.fit(X)) for _ in range(options.repeats)]
    micros = [1e6 * fit / steps for fit in fits]
    return {"microseconds": sorted(micros)[len(micros) // 2], "all": micros}
