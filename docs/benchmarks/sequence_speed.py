"""Milliseconds a step of an autoencoder of steps takes, here and by hand.

"text": 640 rows of 104 tokens out of 5,000, an embedding of 64, and four dilated
convolutions of 64 filters, the default; "gru": the same rows with gated recurrent units
of 64. "sequence": 2,560 rows of 50 steps of one number, and such units. All: a dense
layer of 64, a code of 2, and the mirror image; Adam. By hand it is one XLA program for
an epoch, Adam written out. Each subject runs in its own process, where fits that differ
in the number of epochs are timed: their difference by the number of steps is shown,
in wall time and in the time of processors, which other work on the machine moves less.

Run it on an otherwise idle machine::

    python docs/benchmarks/sequence_speed.py --output sequence_speed.json
"""

import json
import time

import _common
import _objectives
import _peers
import _xla_loops
import numpy as np

N_ROWS = {"text": 640, "gru": 640, "sequence": 2_560}
LENGTH = {"text": 104, "gru": 104, "sequence": 50}
OBJECTIVES = {
    "text": _objectives.ConvolvedWords,
    "gru": _objectives.Words,
    "sequence": _objectives.Waves,
}
LOOPS = {"tensorflow": _xla_loops.TensorFlowLoop, "jax": _xla_loops.JAXLoop}
FEW, MANY = 1, 3  # epochs


def main():
    """Measure one subject in this process, or all in processes of their own."""
    options = _common.parser(__doc__)
    _common.add_subject_options(options, SUBJECTS, repeats=3)
    options.add_argument("--batch", type=int, nargs="+", default=[32, 128])
    options = options.parse_args()
    if options.subject:
        print(json.dumps(measure(options)))
        return
    runs = []
    for batch_size in options.batch:
        found = _common.run_each(
            __file__,
            options.only or SUBJECTS,
            [f"--batch={batch_size}", f"--repeats={options.repeats}"],
            lambda subject: subject.rsplit("-", 1)[-1],
            options.threads,
        )
        runs += [{"batch": batch_size} | run for run in found]
    print(report(runs))
    _common.store(options.output, runs=runs)


def measure(options):
    """Time fits of few epochs and of many."""
    kind = options.subject.split("-")[0]
    (batch_size,) = options.batch
    X = rows(kind)
    fits = [SUBJECTS[options.subject](kind, batch_size, n) for n in (FEW, MANY)]
    for fit in fits:
        fit(X)
    steps = (MANY - FEW) * -(-len(X) // batch_size)
    times = [[clocks(fit, X) for fit in fits] for _ in range(options.repeats)]
    taken = np.diff(np.median(times, axis=0), axis=0)[0] * 1e3 / steps
    return dict(zip(("milliseconds", "processor"), taken.tolist(), strict=True))


def clocks(fit, X):
    """Return seconds on the wall and of all processors."""
    wall, processor = time.perf_counter(), time.process_time()
    fit(X)
    return time.perf_counter() - wall, time.process_time() - processor


def rows(kind):
    """Return ids of tokens as frequent as words are, or sine waves."""
    rng = np.random.default_rng(0)
    shape = (N_ROWS[kind], LENGTH[kind])
    if kind != "sequence":
        weight = 1.0 / np.arange(1, _objectives.Words.n_tokens)
        ids = 1 + rng.choice(len(weight), shape, p=weight / weight.sum())
        return ids.astype(np.float32)
    phase, speed = rng.uniform(0, 6, shape[0]), rng.uniform(0.2, 0.8, shape[0])
    waves = np.sin(phase[:, None] + speed[:, None] * np.arange(shape[1]))
    return waves.astype(np.float32)


def ours(kind, batch_size, epochs):
    """Return the fit of an Autoencoder."""
    from skunsup import Autoencoder, Sequences, Text

    kinds = {
        "text": Text(sequence_length=LENGTH["text"]),
        "gru": Text(sequence_length=LENGTH["gru"], layer="gru"),
        "sequence": Sequences(sequence_shape=(LENGTH["sequence"], 1)),
    }
    model = Autoencoder(
        2, inputs=kinds[kind], batch_size=batch_size, epochs=epochs, random_state=0
    )
    if kind == "sequence":
        return model.fit
    return lambda X: model.fit([" ".join(map(str, ids)) for ids in X.astype(int)])


def loop(kind, batch_size, epochs):
    """Return the fit of a loop by hand."""
    import keras

    task = _peers.Task(batch_size=batch_size, epochs=epochs, n_components=2)
    return LOOPS[keras.config.backend()](task, OBJECTIVES[kind]).fit


SUBJECTS = {
    f"{kind}-{name}-{backend}": make
    for kind in OBJECTIVES
    for backend in LOOPS
    for name, make in (("skunsup", ours), ("loop", loop))
}


def report(runs):
    """Return the table: ours and the loop by hand, by either clock."""
    header = ["rows", "batch", "backend", "clock", "skunsup, ms a step"]
    header += ["XLA loop by hand", "times the loop"]
    lines = []
    for batch_size in dict.fromkeys(run["batch"] for run in runs):
        for kind in OBJECTIVES:
            for backend in LOOPS:
                for clock in ("milliseconds", "processor"):
                    own, by_hand = (
                        _common.best(
                            [
                                r
                                for r in runs
                                if r["batch"] == batch_size
                                and r["subject"] == f"{kind}-{name}-{backend}"
                            ],
                            clock,
                        )
                        for name in ("skunsup", "loop")
                    )
                    lines.append(
                        [kind, batch_size, backend, clock, own, by_hand, own / by_hand]
                    )
    return _common.table(header, lines)


if __name__ == "__main__":
    main()
