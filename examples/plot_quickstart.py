"""
Clusters and outliers among handwritten digits
==============================================

An :class:`~skunsup.Autoencoder` squeezes each digit, 64 pixels, into a few numbers: its
code. This example

1. tunes the network without labels, by :class:`~sklearn.model_selection.GridSearchCV`;
2. clusters the codes with k-means, and compares the clusters with those of k-means on
   principal components and on the pixels;
3. finds the digits that look least like digits, and the pixels that give them away.

As a script it saves its figures as PNG files in the current directory, or in the one
named on the command line: ``python examples/plot_quickstart.py figures``.
"""

import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
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

from skunsup import Autoencoder, AutoencoderDetector

X, y = load_digits(return_X_y=True)

# %%
# Tune without labels
# -------------------
# ``score`` is minus the reconstruction error, so a search needs no scorer: it compares
# networks by how well they rebuild digits that they were not trained on. More
# components always rebuild better, so the rest is tuned at a width of 10, and the next
# section shows several widths.
#
# The pixels are scaled by their range. Dividing them by their standard deviation would
# blow up those at the edge, which are almost always empty, and harm every method below.

pipeline = make_pipeline(MinMaxScaler(), Autoencoder(10, batch_size=64, random_state=0))
search = GridSearchCV(
    pipeline,
    {
        "autoencoder__hidden_layer_sizes": [(128, 64), (512,)],
        "autoencoder__init": ["random", "pca"],
        "autoencoder__learning_rate": [1e-3, 3e-3],
    },
    cv=3,
)
start = time.perf_counter()
search.fit(X)
seconds = time.perf_counter() - start

variance = MinMaxScaler().fit_transform(X).var(axis=0).mean()
print("hidden layers  init    learning rate  variance lost on unseen digits")
for at in np.argsort(-search.cv_results_["mean_test_score"]):
    layers, init, rate = search.cv_results_["params"][at].values()
    lost = -search.cv_results_["mean_test_score"][at] / variance
    print(f"{layers!s:13}  {init:6}  {rate:13}  {lost:6.1%}")
n_fits = search.n_splits_ * len(search.cv_results_["params"]) + 1
print(f"{n_fits} fits in {seconds:.0f} s")

# %%
# Cluster
# -------
# K-means looks for ten clusters in codes of several widths, five times each with other
# random numbers. Labels only judge the result: by the adjusted Rand index (ARI), by
# normalised mutual information (NMI), and by the accuracy when each cluster is named
# after a digit of its own, in the way that suits them best.

SIZES = (2, 4, 6, 10, 16)
SEEDS = range(5)


def accuracy(labels, clusters):
    """Share of rows in the right cluster under the best one-to-one naming."""
    counts = contingency_matrix(labels, clusters)
    return counts[linear_sum_assignment(counts, maximize=True)].sum() / len(labels)


METRICS = {
    "ARI": adjusted_rand_score,
    "NMI": normalized_mutual_info_score,
    "accuracy": accuracy,
}


def autoencoder(n_components, seed):
    """The tuned pipeline with another width and other random numbers."""
    return clone(search.best_estimator_).set_params(
        autoencoder__n_components=n_components, autoencoder__random_state=seed
    )


def principal_components(n_components, seed):
    """The same pipeline with PCA in the place of the network."""
    return make_pipeline(MinMaxScaler(), PCA(n_components, random_state=seed))


def cluster(make):
    """Metrics of k-means after the steps `make(seed)`, a row for each seed."""
    rows = []
    for seed in SEEDS:
        model = make_pipeline(make(seed), KMeans(10, n_init=10, random_state=seed))
        with threadpool_limits(1):  # threads would only wait for each other
            clusters = model.fit_predict(X)
        rows.append([metric(y, clusters) for metric in METRICS.values()])
    return np.array(rows)


pixels = cluster(lambda seed: MinMaxScaler())
results = {
    name: {size: cluster(lambda seed: make(size, seed)) for size in SIZES}  # noqa: B023
    for name, make in (("Autoencoder", autoencoder), ("PCA", principal_components))
}


def table_row(name, rows):
    """One line: mean and standard deviation of each metric over the seeds."""
    cells = zip(rows.mean(axis=0), rows.std(axis=0), strict=True)
    return f"{name:27}" + "   ".join(f"{mean:.3f} ± {std:.3f}" for mean, std in cells)


print(" " * 27 + "   ".join(f"{metric:13}" for metric in METRICS))
print(table_row("KMeans on 64 pixels", pixels))
for size in SIZES:
    for name, by_size in results.items():
        print(table_row(f"KMeans on {name}({size})", by_size[size]))

# %%
# At every width the codes give better clusters than as many principal components. PCA
# comes up to the raw pixels as it keeps more and more of them; four numbers from the
# network do better than all 64 pixels. At six k-means settles on different clusters
# from seed to seed, as the long bars show.

BLUE, ORANGE, GREY = "#1f6fb4", "#e07b1a", "#555555"


def draw_metric(axis, column):
    """Mean and spread of one metric against the width of the code."""
    for (name, by_size), colour, marker in zip(
        results.items(), (BLUE, ORANGE), "os", strict=True
    ):
        values = np.array([by_size[size][:, column] for size in SIZES])
        axis.errorbar(
            SIZES,
            values.mean(axis=1),
            values.std(axis=1),
            color=colour,
            marker=marker,
            capsize=3,
            label=f"k-means on {name} codes",
        )
    axis.axhline(
        pixels[:, column].mean(), color=GREY, ls="--", label="k-means on 64 pixels"
    )
    axis.set_title([*METRICS][column])
    axis.set_xticks(SIZES)
    axis.set_xlabel("n_components")
    axis.grid(axis="y", alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)


figure, axes = plt.subplots(
    1, 3, figsize=(11, 3.8), num="digits_clusters", layout="constrained"
)
for column, axis in enumerate(axes):
    draw_metric(axis, column)
figure.suptitle("Ten clusters of digits against their labels, 5 seeds, mean ± std")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)

# %%
# Two components make a map. Each point is a digit; neither method has seen the labels,
# which only give the colour.

COLOURS = plt.get_cmap("tab10").colors


def draw_map(axis, title, codes):
    """Scatter two-dimensional codes, with each digit written at its median."""
    axis.scatter(*codes.T, c=[COLOURS[label] for label in y], s=7, alpha=0.6, lw=0)
    for label in range(10):
        axis.text(
            *np.median(codes[y == label], axis=0),
            str(label),
            ha="center",
            va="center",
            size=11,
            weight="bold",
            color="white",
            bbox={"boxstyle": "circle,pad=0.2", "fc": COLOURS[label], "ec": "white"},
        )
    axis.set(title=title, xticks=[], yticks=[])
    axis.margins(0.03)


figure, axes = plt.subplots(
    1, 2, figsize=(10, 5), num="digits_maps", layout="constrained"
)
draw_map(axes[0], "PCA", principal_components(2, 0).fit_transform(X))
draw_map(axes[1], "Autoencoder", autoencoder(2, 0).fit_transform(X))
figure.suptitle("Digits on two numbers each")

# %%
# Find outliers
# -------------
# :class:`~skunsup.AutoencoderDetector` calls a digit an outlier when autoencoders
# rebuild it badly and its neighbours are far. Here it flags one digit in a hundred.
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
scaled = detector[:-1].transform(X)
blame = detector[-1].feature_scores(scaled)
rebuilt = detector[-1].estimator_.reconstruct(scaled)
n_flagged = (detector.predict(X) == -1).sum()
worst = detector.score_samples(X).argsort()[:8]
print(f"{n_flagged} of {len(X)} digits flagged; the worst are rows {worst.tolist()}")


def draw_digit(axis, pixels):
    """Ink in black on white."""
    axis.imshow(pixels.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
    axis.set(xticks=[], yticks=[])


def draw_blame(axis, pixels, shares):
    """The digit, with its most guilty pixels in red."""
    draw_digit(axis, 0.5 * pixels)
    heat = np.nan_to_num(shares).reshape(8, 8)
    heat = heat / max(heat.max(), np.finfo(float).tiny)
    axis.imshow(np.ones((8, 8)), cmap="Reds", vmin=0, vmax=1.3, alpha=heat)


figure, axes = plt.subplots(
    3, len(worst), figsize=(11, 4.6), num="digits_outliers", layout="constrained"
)
for column, row in zip(axes.T, worst, strict=True):
    draw_digit(column[0], scaled[row])
    draw_digit(column[1], rebuilt[row])
    draw_blame(column[2], scaled[row], blame[row])
    column[0].set_title(f"labelled {y[row]}", size=10)
for axis, name in zip(axes[:, 0], ("digit", "rebuilt", "to blame"), strict=True):
    axis.set_ylabel(name, size=11)
figure.suptitle("The digits least like digits, and the pixels to blame")

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
