"""
Cluster digits, and find the number of clusters
===============================================

:class:`~skunsup.NeighborClustering` groups images so that neighbours share a cluster.
This example lets the estimator choose the number of clusters and shows the groups. It
also predicts the clusters of digits that the network has not seen.

As a script it saves its figures in the folder that the command line names:
``python examples/clusters/plot_neighbor_clustering.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skunsup import NeighborClustering
from skunsup.inspection import ClusterDisplay, EmbeddingDisplay

images, digit = load_digits(return_X_y=True)
images = images.reshape(-1, 8, 8) / 16
order = np.random.default_rng(0).permutation(len(images))
images, digit = images[order], digit[order]
known, new = images[:1500], images[1500:]

# %%
# Leave the number open
# ---------------------
# Numbers from 5 to 15 are tried. The cluster of a row should predict the clusters of
# its neighbours. So the number is chosen by their mutual information, less a term that
# grows with the number of clusters. No labels are used; they are shown beside the
# clusters afterwards.

model = NeighborClustering(range(5, 16), inputs="images", random_state=0).fit(known)

print(f"{model.n_clusters_} clusters")
print("cluster  rows  digits in it")
for cluster in range(model.n_clusters_):
    inside = digit[:1500][model.labels_ == cluster]
    values, counts = np.unique(inside, return_counts=True)
    largest = np.argsort(-counts)[:3]
    names = ", ".join(f"{counts[i]} of {values[i]}" for i in largest)
    print(f"{cluster:7}  {len(inside):4}  {names}")

# %%
# A typical digit of each cluster, and the rows whose cluster is least certain: they lie
# between two clusters.

display = ClusterDisplay.from_estimator(model, known, cmap="gray_r")
display.ax_.set_title("Typical digits of the clusters", pad=30)
display.figure_.set_label("digits_typical")

chances = model.predict_proba(known)
doubtful = chances.max(axis=1).argsort()[:8]
for row in doubtful:
    first, second = chances[row].argsort()[:-3:-1]
    print(f"row {row:4}: cluster {first} ({chances[row, first]:.2f}) or {second}")

# %%
# New rows
# --------
# The network predicts the cluster of a new image in one pass, from the same code that
# :meth:`~skunsup.NeighborClustering.transform` gives. The plot shows two principal
# components of the codes, with some digits at their places.

kind = np.array(
    [
        np.bincount(digit[:1500][model.labels_ == cluster]).argmax()
        for cluster in range(model.n_clusters_)
    ]
)
right = kind[model.predict(new)] == digit[1500:]
print(f"{right.mean():.1%} of {len(new)} new digits are in a cluster of their kind")

display = EmbeddingDisplay.from_estimator(
    model, new, "predict", thumbnails=True, cmap="gray_r"
)
display.ax_.set_title("New digits in the code, framed by cluster")
display.figure_.set_label("digits_code")

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
