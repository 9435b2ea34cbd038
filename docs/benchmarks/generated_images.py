"""Drawn images of digits, judged by a network that was trained on their labels.

Sets: the digits of scikit-learn (8 x 8 pixels, 1,000 training images and 797 held-out
ones) and MNIST (28 x 28, 10,000 training images drawn by the seed and 2,000 of the test
images). Models see pixels in [0, 1] and no label. `GaussianMixture` sees the 64 or 128
leading principal components, which explain more than it can learn, and has as many
components as explain a fifth of the training images best.

The judge is a fully connected network of 256 and 64 units, trained once on the labels
of all images that are not held out. Figures, on as many drawn images as are held out:

- unsure: one minus the mean of its largest probability, and ``error``, how far that is
  from the same figure of the held-out images: blurred images and mixtures of two
  digits make it large.
- Frechet: distance of normal distributions with the means and covariances of its last
  hidden layer (Heusel et al. 2017, whose network is another), divided by the mean
  variance of its units on held-out images. 0 is best; training images show what chance
  leaves.
- nearer: share of drawn images that are nearer to a training image than to any of as
  many held-out ones, in pixels (0.5 is no copying).

Mean ± deviation over seeds. Seconds are CPU time of one core, with compiling. The
folder that holds mnist/ is given by ``--data`` or by SKUNSUP_DATA::

    python docs/benchmarks/generated_images.py --data DIR --output FILE.json
"""

import functools
import os
import time
import warnings

import _common
import _generators
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.neural_network import MLPClassifier

from skunsup.metrics import copying_report, frechet_distance

SEEDS, N_MNIST, N_HELD_OUT = (0, 1, 2), 10_000, 2_000
N_JUDGED = 20_000  # training images of the judge, at most
FIGURES = ("unsure", "error", "Frechet", "nearer", "seconds")
METHODS = (
    "training rows",
    "GaussianMixture",
    "VariationalAutoencoder",
    _generators.FITTED,
    "GAN",
    "DiffusionModel",
)
OF_MNIST = _generators.PARAMETERS["mnist"]
PARAMETERS = {
    "mnist": OF_MNIST,
    "digits": {
        "VariationalAutoencoder": {"n_components": 16},
        _generators.FITTED: {"n_components": 16, "fitted_prior": True},
        "GAN": OF_MNIST["GAN"] | {"epochs": 300},
        "DiffusionModel": {},
    },
}


def digits(data, seed):
    """Return training and held-out pixels, and pixels and labels for the judge."""
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    X, y = (X[order] / 16).astype(np.float32), y[order]
    return X[:1000], X[1000:], X[:1000], y[:1000]


def mnist(data, seed):
    """Return training and held-out pixels, and pixels and labels for the judge."""
    with np.load(os.path.join(data, "mnist/mnist.npz")) as file:
        parts = [file[name] for name in ("x_train", "x_test", "y_train")]
    X, held_out = [(x.reshape(len(x), -1) / 255).astype(np.float32) for x in parts[:2]]
    order = np.random.default_rng(seed).permutation(len(X))[:N_MNIST]
    held = np.random.default_rng(0).permutation(len(held_out))[:N_HELD_OUT]
    return X[order], held_out[held], X[:N_JUDGED], parts[2][:N_JUDGED]


LOADERS = {"digits": digits, "mnist": mnist}


def main():
    """Measure each method on each set in a process of its own, then print tables."""
    options = parse()
    if options.subject:
        _common.answer(options, measure)
        return
    runs = _common.run_pairs(__file__, options, options.methods)
    for name in options.only:
        chosen = [run for run in runs if run["set"] == name]
        print(f"\n{name}\n\n{report(chosen)}", flush=True)


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--only", nargs="+", choices=LOADERS, default=[*LOADERS])
    options.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--subject", help="SET:METHOD, in this process")
    given = options.parse_args()
    if given.data is None and "mnist" in given.only:
        raise SystemExit("Give the folder of the data with --data DIR or SKUNSUP_DATA.")
    return given


def measure(name, method, seed, data):
    """Return the figures of one fit."""
    warnings.simplefilter("ignore")
    train, held_out, *_ = LOADERS[name](data, seed)
    start = time.process_time()
    sample = learner(name, method)(train, seed)
    seconds = time.process_time() - start
    drawn = np.clip(sample(len(held_out)), 0.0, 1.0).astype(np.float32)
    known = judge(name, data)
    unsure = [
        1.0 - known.predict_proba(x).max(axis=1).mean() for x in (drawn, held_out)
    ]
    found, real = features(known, drawn), features(known, held_out)
    distance = frechet_distance(real, found, standardize=False)
    report = copying_report(drawn, train, held_out, standardize=False)
    return {
        "set": name,
        "method": method,
        "seed": seed,
        "unsure": float(unsure[0]),
        "error": float(abs(unsure[0] - unsure[1])),
        "Frechet": float(distance / real.var(axis=0).mean()),
        "nearer": report.share_nearer_to_training,
        "seconds": seconds,
    }


def learner(name, method):
    """Return the function that learns a generator from images."""
    if method == "GaussianMixture":
        return mixture
    if method in _generators.PEERS:
        return _generators.PEERS[method]
    return _generators.own(method, PARAMETERS[name][method])


def mixture(X, seed):
    """Mix Gaussians of principal components."""
    space = PCA(min(128, X.shape[1]), svd_solver="covariance_eigh").fit(X)
    sample = _generators.mixture(space.transform(X), seed)
    return lambda n: space.inverse_transform(sample(n))


@functools.cache
def judge(name, data):
    """Return the network that was trained on the labels of a set."""
    *_, X, y = LOADERS[name](data, 0)
    return MLPClassifier((256, 64), max_iter=30, random_state=0).fit(X, y)


def features(network, X):
    """Return the last hidden layer of the judge."""
    layers = zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True)
    for weights, biases in layers:
        X = np.maximum(X @ weights + biases, 0.0)
    return X.astype(np.float64)


def report(runs):
    """Return the table: a row a method."""
    rows = []
    for method in dict.fromkeys(run["method"] for run in runs):
        own = [run for run in runs if run["method"] == method]
        row = [method]
        for key in FIGURES:
            values = [run[key] for run in own]
            row.append(f"{np.mean(values):.3g} ± {np.std(values):.2g}")
        rows.append(row)
    return _common.table(["method", *FIGURES], rows)


if __name__ == "__main__":
    main()
