"""Convolutional against dense autoencoders of images, with and without augmentation.

On codes of equal width: held-out reconstruction error (mean squared, a pixel in [0,
1]), accuracy of 5 nearest neighbours, and KMeans with as many clusters as classes,
fitted to the codes of the training images and judged on the held-out ones (accuracy
under the best assignment, NMI, ARI); `AAEClustering` has clusters of its own. All
models see the same images and take the same number of steps, but for it and those that
say otherwise. MNIST: 10,000 training images drawn anew for each seed, 5,000 of the test
images; Fashion-MNIST and optdigits: their own splits; COIL-20 and ORL faces: one half
of each class, drawn anew for each seed. Nothing was chosen on the rows that are
reported: widths and steps, and those of `AAEClustering` and its noise, were looked at
on the last 5,000 training images of MNIST, the noise of the PCA start on another
division of COIL-20 and of the faces.

The data are read from the folder given by ``--data`` or by the environment variable
SKUNSUP_DATA::

    python docs/benchmarks/images.py --data DIR --output images.json
"""

import os
from pathlib import Path

import _common
import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

SEEDS = (0, 1, 2)
N_COMPONENTS = {"coil20": 20, "orl_faces": 40}  # 10 elsewhere: one a class
STEPS = {"mnist": 2000, "fashion_mnist": 2000}  # 1,000 elsewhere
START = {"init": "pca", "noise": "gaussian", "noise_level": 0.05}
CHANGES = {"shift": 0.1, "rotation": 10.0}
DENSE = {"hidden_layer_sizes": (500, 250)}
FIGURES = ("error", "5-NN", "KMeans", "NMI", "ARI")


def main():
    """Print one table a data set."""
    options = parse()
    runs = []
    for name in options.only:
        for seed in options.seeds:
            split = load(name, Path(options.data), seed)
            for method in options.methods:
                run = {"data": name, "method": method, "seed": seed}
                run |= measure(name, method, seed, *split)
                print(run, flush=True)
                runs.append(run)
    for name in options.only:
        shown = _common.table_of_methods(runs, name, options.methods, FIGURES, 4)
        print(f"\n{name}\n\n{shown}")
    _common.store(options.output, runs=runs)


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--only", nargs="+", choices=FILES, default=list(FILES))
    options.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    given = options.parse_args()
    if given.data is None:
        raise SystemExit("Give the folder of the data with --data DIR or SKUNSUP_DATA.")
    return given


FILES = {
    "mnist": "mnist/mnist.npz",
    "fashion_mnist": "fashion_mnist/fashion_mnist_12k.npz",
    "optdigits": "optdigits/optdigits.npz",
    "coil20": "coil20/coil20.npz",
    "orl_faces": "orl_faces/orl_faces.npz",
}


def load(name, folder, seed):
    """Return images and classes to train on and to judge by."""
    path = folder / FILES[name]
    if not path.is_file():
        raise SystemExit(f"{name} is missing: looked for {path}.")
    with np.load(path) as file:
        found = {key: file[key] for key in file}
    if "x_train" not in found:
        X, y = as_bytes(found["X" if "X" in found else "x"]), found["y"]
        halves = train_test_split(X, y, test_size=0.5, stratify=y, random_state=seed)
        return halves[0], halves[2], halves[1], halves[3]
    train, test = np.arange(len(found["x_train"])), np.arange(len(found["x_test"]))
    if name == "mnist":
        train = np.random.default_rng(seed).permutation(train)[:10_000]
        test = test[:5_000]
    return (
        as_bytes(found["x_train"][train]),
        found["y_train"][train],
        as_bytes(found["x_test"][test]),
        found["y_test"][test],
    )


def as_bytes(images):
    """Return images of bytes that use their whole range."""
    return np.uint8(images.astype(np.float64) * (255 / images.max()))


def model(inputs, n_components, steps, seed, **parameters):
    """Return one of ours."""
    from skunsup import Autoencoder

    return Autoencoder(
        n_components,
        inputs=inputs,
        epochs=None,
        max_steps=steps,
        batch_size=128,
        learning_rate_schedule="cosine",
        random_state=seed,
        **parameters,
    )


def dense(*given, start=None, **changes):
    """Return an autoencoder of dense layers."""
    from skunsup import Images

    return model(Images(filters=(), **changes), *given, **DENSE, **(start or {}))


def convolutional(*given, **changes):
    """Return an autoencoder with the convolutions that are the default."""
    from skunsup import Images

    return model(Images(**changes), *given)


def longer(n_components, steps, seed, **changes):
    """Return `dense` with four times the steps."""
    return dense(n_components, 4 * steps, seed, **changes)


def clusters(n_clusters, steps, seed, **changes):
    """Return `AAEClustering` of dense layers, with ten times the steps."""
    from skunsup import AAEClustering, Images

    return AAEClustering(
        n_clusters,
        inputs=Images(filters=(), **changes),
        hidden_layer_sizes=(256, 128),
        discriminator_layer_sizes=(128, 64),
        optimizer={"class_name": "Adam", "config": {"beta_1": 0.5}},
        noise=None,
        epochs=None,
        max_steps=10 * steps,
        batch_size=100,
        random_state=seed,
    )


METHODS = {
    "PCA": None,
    "dense": lambda *given: dense(*given),
    "dense, starts as PCA": lambda *given: dense(*given, start=START),
    "dense, augmented": lambda *given: dense(*given, **CHANGES),
    "dense, four times the steps": lambda *given: longer(*given),
    "dense, augmented, four times the steps": lambda *given: longer(*given, **CHANGES),
    "AAEClustering, dense": lambda *given: clusters(*given),
    "AAEClustering, dense, augmented": lambda *given: clusters(*given, **CHANGES),
    "convolutional": lambda *given: convolutional(*given),
    "convolutional, augmented": lambda *given: convolutional(*given, **CHANGES),
}


def measure(name, method, seed, X, y, new, target):
    """Fit one model and judge its codes."""
    n_components = N_COMPONENTS.get(name, 10)
    if METHODS[method] is None:
        X, new = (images.reshape(len(images), -1) / 255 for images in (X, new))
        fitted = PCA(n_components, random_state=seed)
    else:
        fitted = METHODS[method](n_components, STEPS.get(name, 1000), seed)
    duration = _common.seconds(lambda: fitted.fit(X))
    codes, new_codes = fitted.transform(X), fitted.transform(new)
    scale = 1.0 if METHODS[method] is None else 255.0
    off = (fitted.inverse_transform(new_codes).astype(float) - new) / scale
    if hasattr(fitted, "predict"):
        found = fitted.predict(new)
    else:
        kmeans = KMeans(len(np.unique(y)), n_init=4, random_state=seed).fit(codes)
        found = kmeans.predict(new_codes)
    pairs = contingency_matrix(target, found)
    matched = pairs[linear_sum_assignment(-pairs)].sum()
    neighbours = KNeighborsClassifier(5).fit(codes, y)
    return {
        "seconds": duration,
        "error": float(np.square(off).mean()),
        "5-NN": float(neighbours.score(new_codes, target)),
        "KMeans": float(matched / len(target)),
        "NMI": float(normalized_mutual_info_score(target, found)),
        "ARI": float(adjusted_rand_score(target, found)),
    }


if __name__ == "__main__":
    main()
