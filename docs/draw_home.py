"""Draw the picture of the home page.

python docs/draw_home.py docs/_static/home.png
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from sklearn.datasets import load_digits

from skunsup import (
    AutoencoderDetector,
    Images,
    NeighborClustering,
    NeighborEmbedding,
    VariationalAutoencoder,
)

SIDE = (8, 8)


def draw_map(ax, images):
    """Places of digits in a map, by cluster, with a typical digit of each cluster."""
    places = NeighborEmbedding(2, inputs="images", random_state=0).fit_transform(images)
    model = NeighborClustering(10, inputs="images", random_state=0).fit(images)
    ax.scatter(*places.T, c=model.labels_, cmap="tab10", s=5, linewidths=0)
    for row, cluster in zip(
        model.cluster_representatives_,
        model.labels_[model.cluster_representatives_],
        strict=True,
    ):
        middle = np.median(places[model.labels_ == cluster], axis=0)
        box = OffsetImage(images[row], zoom=2.4, cmap="gray_r")
        edge = {"edgecolor": plt.colormaps["tab10"](cluster), "linewidth": 2}
        ax.add_artist(AnnotationBbox(box, middle, pad=0.1, bboxprops=edge))
    ax.set_title("Map and clusters, without labels")


def draw_grid(ax, images, title, n_columns):
    """Images side by side, with white between them."""
    images = np.pad(images, [(0, 0), (1, 1), (1, 1)])
    rows = [
        np.hstack(images[i : i + n_columns]) for i in range(0, len(images), n_columns)
    ]
    ax.imshow(np.vstack(rows), cmap="gray_r", vmin=0, vmax=1)
    ax.set_title(title)


def main(path):
    """Fit and draw."""
    images = load_digits().images / 16
    X = images.reshape(-1, 64)
    scores = AutoencoderDetector(random_state=0).fit(X).score_samples(X)
    vae = VariationalAutoencoder(
        10,
        inputs=Images(SIDE, filters=()),
        hidden_layer_sizes=(256,),
        noise_variance="isotropic",
        warmup_epochs=10,
        epochs=100,
        random_state=0,
    ).fit(X)
    codes = np.random.default_rng(0).normal(size=(25, 10))
    drawn = vae.inverse_transform(codes).reshape(-1, *SIDE)
    figure, axes = plt.subplots(
        1, 3, figsize=(13, 4.6), layout="constrained", width_ratios=[1.25, 1, 1]
    )
    draw_map(axes[0], images)
    draw_grid(axes[1], images[np.argsort(scores)[:25]], "Outliers among them", 5)
    draw_grid(axes[2], np.clip(drawn, 0, 1), "New digits, generated", 5)
    for ax in axes:
        ax.set(xticks=[], yticks=[])
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main(sys.argv[1])
