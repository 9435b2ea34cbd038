"""
How many kinds of digits
========================

:class:`~skunsup.NeighborClustering` groups images so that neighbours share a cluster.
This example leaves the number of clusters open, looks at the groups that come out, and
asks the network about digits that it has not seen.

As a script it saves its figures in the folder that the command line names:
``python examples/clusters/plot_neighbor_clustering.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from skunsup import NeighborClustering

images, digit = load_digits(return_X_y=True)
images = images.reshape(-1, 8, 8) / 16
order = np.random.default_rng(0).permutation(len(images))
images, digit = images[order], digit[order]
known, new = images[:1500], images[1500:]

# %%
# Leave the number open
# ---------------------
# Numbers from 5 to 15 are tried. One is chosen by what the cluster of a row says of the
# clusters of its neighbours, less a price for each more cluster. No labels are used;
# they are written beside the clusters afterwards.

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
# A typical digit of each, and the rows of which the network is least sure: these lie
# between two clusters.


def draw_digits(axes, images, titles):
    """Ink in black on white."""
    for axis, image, title in zip(axes, images, titles, strict=True):
        axis.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        axis.set(xticks=[], yticks=[])
        axis.set_title(title, size=9)


typical = model.cluster_representatives_
chances = model.predict_proba(known)
doubtful = chances.max(axis=1).argsort()[: model.n_clusters_]
first, second = chances.argsort(axis=1)[:, :-3:-1].T
figure, axes = plt.subplots(
    2, model.n_clusters_, figsize=(11, 3), num="digits_typical", layout="constrained"
)
draw_digits(axes[0], known[typical], [f"cluster {k}" for k in range(len(typical))])
draw_digits(
    axes[1], known[doubtful], [f"in {first[i]} or {second[i]}?" for i in doubtful]
)
figure.suptitle("Typical digits of the clusters, and digits between two of them")

# %%
# New rows
# --------
# The network tells the cluster of a new image in one pass, from the same code that
# :meth:`~skunsup.NeighborClustering.transform` gives. Two principal components show it.

kind = np.array(
    [
        np.bincount(digit[:1500][model.labels_ == cluster]).argmax()
        for cluster in range(model.n_clusters_)
    ]
)
right = kind[model.predict(new)] == digit[1500:]
print(f"{right.mean():.1%} of {len(new)} new digits are in a cluster of their kind")

code = PCA(2).fit(model.transform(known))
COLOURS = plt.get_cmap("tab20").colors
figure, axis = plt.subplots(figsize=(6, 5), num="digits_code", layout="constrained")
for rows, marker, size in ((known, ".", 20), (new, "x", 18)):
    places = code.transform(model.transform(rows))
    colours = [COLOURS[k] for k in model.predict(rows)]
    axis.scatter(*places.T, c=colours, marker=marker, s=size, lw=0.7)
axis.set(xticks=[], yticks=[], title="Two components of the code; crosses are new rows")

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
