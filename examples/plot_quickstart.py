"""
Quickstart: cluster digits, and find outliers among them
========================================================

1. :class:`~skunsup.NeighborClustering` finds ten clusters of digits, beside k-means on
   the pixels, on principal components and on UMAP's embedding, where that is installed.
2. An :class:`~skunsup.Autoencoder` compresses each digit, 64 pixels, to a few numbers:
   its code. It is tuned by :class:`~sklearn.model_selection.GridSearchCV` without
   labels. A code of two numbers is a map.
3. :class:`~skunsup.AutoencoderDetector` finds the digits that look least like digits,
   and the pixels that show it.

As a script it saves its figures in the folder that the command line names:
``python examples/plot_quickstart.py figures``.
"""

import sys
import time
from importlib.util import find_spec
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from joblib import Parallel, delayed, parallel_config
from scipy.optimize import linear_sum_assignment
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from threadpoolctl import threadpool_limits

from skunsup import Autoencoder, AutoencoderDetector, Images, NeighborClustering
from skunsup.inspection import (
    ClusterDisplay,
    EmbeddingDisplay,
    FeatureScoresDisplay,
    ReconstructionDisplay,
)

X, y = load_digits(return_X_y=True)
X = X / 16  # pixels from 0 to 1

# %%
# Cluster
# -------
# Each method looks for ten clusters, three times with other random numbers. Labels are
# used for the measures alone. These are the adjusted Rand index (ARI), normalised
# mutual information (NMI) and accuracy. For the accuracy each cluster is named after a
# digit of its own, by the best assignment. ``Images`` says that a row is an image, so
# that the network sees digits shifted and turned a little.

SEEDS = range(3)


def accuracy(labels, clusters):
    """Share of rows in the right cluster under the best one-to-one naming."""
    counts = contingency_matrix(labels, clusters)
    return counts[linear_sum_assignment(counts, maximize=True)].sum() / len(labels)


METRICS = {
    "ARI": adjusted_rand_score,
    "NMI": normalized_mutual_info_score,
    "accuracy": accuracy,
}


def k_means(*steps):
    """A function of a seed that makes k-means behind `steps`."""

    def make(seed):
        made = [step(seed) for step in steps]
        return make_pipeline(*made, KMeans(10, n_init=10, random_state=seed))

    return make


def neighbors(seed):
    """Clusters of neighbours among images."""
    return NeighborClustering(10, inputs=Images((8, 8)), random_state=seed)


METHODS = {
    "KMeans on 64 pixels": k_means(),
    "KMeans on PCA(10)": k_means(lambda seed: PCA(10, random_state=seed)),
}
if find_spec("umap"):
    from umap import UMAP

    METHODS["KMeans on UMAP(10)"] = k_means(
        lambda seed: UMAP(n_components=10, random_state=seed, n_jobs=1)
    )
METHODS["NeighborClustering"] = neighbors


def fitted(make):
    """Models of one method, one for each seed."""
    return [make(seed).fit(X) for seed in SEEDS]


def judged(models):
    """Metrics of the clusters of models, a row for each."""
    clusters = [model.predict(X) for model in models]
    return np.array([[m(y, c) for m in METRICS.values()] for c in clusters])


with threadpool_limits(1):  # a core for each of two methods at a time
    fits = Parallel(2, prefer="threads")(map(delayed(fitted), METHODS.values()))
models = dict(zip(METHODS, fits, strict=True))
results = {name: judged(each) for name, each in models.items()}

print(" " * 21 + "   ".join(f"{metric:13}" for metric in METRICS))
for name, rows in results.items():
    cells = zip(rows.mean(axis=0), rows.std(axis=0), strict=True)
    print(f"{name:21}" + "   ".join(f"{mean:.3f} ± {std:.3f}" for mean, std in cells))

# %%
# K-means cuts the pixels into ten round pieces, and principal components do not change
# that. Clusters of neighbours may have any shape.

BLUE, GREY = "#1f6fb4", "#9a9a9a"

figure, axis = plt.subplots(
    figsize=(8, 2.8), num="digits_clusters", layout="constrained"
)
for place, (name, rows) in enumerate(results.items()):
    colour = BLUE if name == "NeighborClustering" else GREY
    found = rows[:, -1]
    axis.barh(place, found.mean(), xerr=found.std(), color=colour, capsize=3)
axis.set_yticks(range(len(results)), results)
axis.invert_yaxis()
axis.set(xlim=(0, 1), xlabel="accuracy of ten clusters, 3 seeds, mean ± std")
axis.spines[["top", "right"]].set_visible(False)

# %%
# A display shows the row in the middle of each cluster.

display = ClusterDisplay.from_estimator(
    models["NeighborClustering"][0], X, cmap="gray_r"
)
display.ax_.set_title("A typical digit of each cluster", pad=30)
display.figure_.set_label("digits_representatives")

# %%
# Tune without labels
# -------------------
# ``score`` is minus the reconstruction error, so a search needs no scorer. It compares
# networks by how well they restore digits that they were not trained on. More
# components always restore better, so the rest is tuned at a width of 10.
#
# The pixels are scaled by their range. Dividing them by their standard deviation would
# enlarge those at the edge, which are almost always empty, and harm every method below.

pipeline = make_pipeline(MinMaxScaler(), Autoencoder(10, batch_size=64, random_state=0))
search = GridSearchCV(
    pipeline,
    {
        "autoencoder__hidden_layer_sizes": [(128, 64), (256,)],
        "autoencoder__init": ["random", "pca"],
    },
    cv=3,
)
start = time.perf_counter()
with threadpool_limits(1), parallel_config("threading", n_jobs=2):
    search.fit(X)
seconds = time.perf_counter() - start

variance = MinMaxScaler().fit_transform(X).var(axis=0).mean()
print("hidden layers  init    variance lost on unseen digits")
for at in np.argsort(-search.cv_results_["mean_test_score"]):
    layers, init = search.cv_results_["params"][at].values()
    lost = -search.cv_results_["mean_test_score"][at] / variance
    print(f"{layers!s:13}  {init:6}  {lost:6.1%}")
n_fits = search.n_splits_ * len(search.cv_results_["params"]) + 1
print(f"{n_fits} fits in {seconds:.0f} s")

# %%
# Two components make a map. Each point is a digit; neither method has seen the labels,
# which only give the colour.

figure, axes = plt.subplots(
    1, 2, figsize=(10, 5), num="digits_maps", layout="constrained"
)
two = clone(search.best_estimator_).set_params(autoencoder__n_components=2)
maps = {"PCA": make_pipeline(MinMaxScaler(), PCA(2)), "Autoencoder": two}
for axis, (title, model) in zip(axes, maps.items(), strict=True):
    EmbeddingDisplay.from_estimator(model.fit(X), X, y, ax=axis, annotate=True)
    axis.set(title=title, xticks=[], yticks=[])
figure.suptitle("Digits on two numbers each")

# %%
# Find outliers
# -------------
# :class:`~skunsup.AutoencoderDetector` calls a digit an outlier when autoencoders
# restore it badly and its neighbours are far. Here it flags one digit in a hundred.
# ``feature_scores`` shares out the score of each digit among its pixels.

detector = make_pipeline(
    MinMaxScaler(),
    AutoencoderDetector(
        contamination=0.01,
        n_components=10,
        **{
            name.removeprefix("autoencoder__"): value
            for name, value in search.best_params_.items()
        },
        random_state=0,
    ),
).fit(X)
n_flagged = (detector.predict(X) == -1).sum()
worst = detector.score_samples(X).argsort()[:8]
print(f"{n_flagged} of {len(X)} digits flagged; the worst are rows {worst.tolist()}")

# %%
# The digits least like digits, what the network makes of them, and the pixels to blame.

figure, axes = plt.subplots(
    2, 1, figsize=(9, 4.6), num="digits_outliers", layout="constrained"
)
options = {"rows": worst, "image_shape": (8, 8), "cmap": "gray_r"}
ReconstructionDisplay.from_estimator(detector, X, ax=axes[0], **options)
FeatureScoresDisplay.from_estimator(detector, X, ax=axes[1], **options)

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
