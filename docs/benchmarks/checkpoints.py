"""Fits that are killed at random moments: do they end equal, and what a file costs.

Each trial forks a process that fits with a checkpoint, kills it by SIGKILL after a
random time, and begins it again until it ends. Its weights, history and codes are
compared to the bit with those of a fit without a checkpoint. The cost is the ratio of
processor time of fits with and without a checkpoint once in ten seconds.

Run it on each backend::

    KERAS_BACKEND=jax python docs/benchmarks/checkpoints.py --trials 20
"""

import hashlib
import os
import signal
import tempfile
import time
from pathlib import Path

import _common
import numpy as np
from sklearn.base import clone

import skunsup

DENSE = {"hidden_layer_sizes": (16,), "batch_size": 32, "random_state": 0}
STOPPING = {"early_stopping": True, "n_iter_no_change": 10_000, "tol": 0.0}
INTERVAL = 0.0  # writes after each block of steps
MODELS = {
    "early stopping": skunsup.Autoencoder(4, epochs=60, **STOPPING, **DENSE),
    "cosine": skunsup.Autoencoder(
        4, epochs=150, learning_rate_schedule="cosine", **DENSE
    ),
    "variational": skunsup.VariationalAutoencoder(4, epochs=150, **DENSE),
    "GAN": skunsup.GAN(4, epochs=60, batch_size=32, random_state=0),
    "several networks": skunsup.AutoencoderDetector(
        n_estimators=4, max_steps=1500, random_state=0
    ),
    "clusters": skunsup.NeighborClustering(4, epochs=40, **DENSE),
}


def main():
    """Print a table of trials, and the cost of writing."""
    options = _common.parser(__doc__)
    options.add_argument("--trials", type=int, default=10)
    options.add_argument("--only", nargs="+", choices=list(MODELS))
    options = options.parse_args()
    rows = []
    for name in options.only or MODELS:
        rows.append([name, *trials(MODELS[name], options.trials)])
        print(*rows[-1], sep=", ", flush=True)
    head = ["fit", "trials", "kills", "equal to the bit"]
    print(_common.table(head, rows))
    ratio = cost()
    print(f"Processor time with a checkpoint in ten seconds: {ratio:.3f}")
    _common.store(options.output, trials=rows, cost=ratio)


def trials(model, n_trials):
    """Return the number of trials, of kills, and of trials that ended equal."""
    began = time.monotonic()
    wanted = fitted_in_child(model, None, None)[0]
    length = time.monotonic() - began
    rng = np.random.default_rng(0)
    n_kills = n_equal = 0
    for _ in range(n_trials):
        with tempfile.TemporaryDirectory() as folder:
            path, found, most = Path(folder) / "fit.npz", None, 1.5 * length
            while found is None:
                limit = rng.uniform(0.2 * length, most)
                found, killed = fitted_in_child(model, path, limit)
                n_kills += killed
                most *= 1.3  # other programs may have come to slow this one down
            n_equal += found == wanted
    return n_trials, n_kills, n_equal


def fitted_in_child(model, path, limit):
    """Fit in a process that is killed after `limit` seconds; return its digest."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, fitted(model, path).encode())
        os._exit(0)
    os.close(write)
    end = None if limit is None else time.monotonic() + limit
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if end is not None and time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            break
        time.sleep(0.01)
    with os.fdopen(read) as pipe:
        found = pipe.read()
    return (found or None), not found


def fitted(model, path):
    """Fit, and return a digest of all that was learned."""
    X = data()
    given = {"checkpoint": path, "checkpoint_interval": INTERVAL}
    model = clone(model).set_params(**given).fit(X)
    digest = hashlib.sha256(repr(model.history_).encode())
    for method in ("transform", "score_samples", "predict"):
        if hasattr(model, method):
            digest.update(np.ascontiguousarray(getattr(model, method)(X)).tobytes())
    return digest.hexdigest()


def data(n=2000):
    """Return rows of 16 columns with a structure of 4 dimensions."""
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(n, 4))
    noise = 0.1 * rng.normal(size=(n, 16))
    return (np.tanh(codes @ rng.normal(size=(4, 16))) + noise).astype(np.float32)


def cost():
    """Ratio of processor time with checkpoints to that without."""
    X = data(20_000)
    model = skunsup.Autoencoder(4, epochs=40, hidden_layer_sizes=(256, 64))
    model.set_params(**STOPPING, random_state=0).fit(X[:2000])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fit.npz"
        ratios = []
        for _ in range(3):
            plain = processor_seconds(clone(model), X)
            kept = clone(model).set_params(checkpoint=path, checkpoint_interval=10)
            ratios.append(processor_seconds(kept, X) / plain)
    return float(np.median(ratios))


def processor_seconds(model, X):
    """Return the processor time of a fit."""
    began = time.process_time()
    model.fit(X)
    return time.process_time() - began


if __name__ == "__main__":
    main()
