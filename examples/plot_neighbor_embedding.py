"""
A map of digits that takes new ones
===================================

A :class:`~skunsup.NeighborEmbedding` with two components lays digits out so that
neighbours are near. Unlike t-SNE it is a network, so digits that it has not seen find
their places too. Labels are used for the colours alone.

As a script it saves its figure as a PNG file in the current directory, or in the one
named on the command line: ``python examples/plot_neighbor_embedding.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from skunsup import Images, NeighborEmbedding

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.25, random_state=0
)

# %%
# Two maps
# --------
# Rows of 64 pixels are images of 8 x 8, of which training sees shifted, turned and
# zoomed views.

maps = {
    "PCA": PCA(2),
    "NeighborEmbedding": NeighborEmbedding(2, inputs=Images((8, 8)), random_state=0),
}
places = {
    name: (model.fit_transform(X_train), model.transform(X_test))
    for name, model in maps.items()
}

# %%
# How many new digits are of the kind that most of their five neighbours are of?

accuracy = {
    name: KNeighborsClassifier(5).fit(train, y_train).score(test, y_test)
    for name, (train, test) in places.items()
}
print({name: round(share, 3) for name, share in accuracy.items()})

# %%
# Training digits are small points, new ones are large.

figure, axes = plt.subplots(
    1, 2, figsize=(10, 5), layout="constrained", num="neighbor_embedding"
)
for axis, (name, (train, test)) in zip(axes, places.items(), strict=True):
    axis.scatter(*train.T, c=y_train, cmap="tab10", s=2, alpha=0.5)
    points = axis.scatter(*test.T, c=y_test, cmap="tab10", s=12)
    axis.set(title=f"{name}: {accuracy[name]:.0%} of new digits", xticks=[], yticks=[])
figure.colorbar(points, ax=axes, ticks=range(10), label="Digit")

# %%
# Run as a script, save the figure.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
