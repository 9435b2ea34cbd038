"""
Draw a map of digits that takes new ones
========================================

A :class:`~skunsup.NeighborEmbedding` with two components makes a map of digits on which
neighbours are near. Unlike t-SNE it is a network, so new digits get places too. With a
decoder, each place of the map is an image. Labels are used for the colours alone.

As a script it saves its figure in the folder that the command line names:
``python examples/clusters/plot_neighbor_embedding.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from skunsup import Images, NeighborEmbedding
from skunsup.inspection import EmbeddingDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.25, random_state=0
)

# %%
# Two maps
# --------
# Rows of 64 pixels are images of 8 x 8. Training sees shifted, turned and zoomed copies
# of them. The last section uses the `reconstruction_weight`.

embedding = NeighborEmbedding(
    2, inputs=Images((8, 8)), reconstruction_weight=0, random_state=0
)
maps = {"PCA": PCA(2), "NeighborEmbedding": embedding}
places = {
    name: (model.fit_transform(X_train), model.transform(X_test))
    for name, model in maps.items()
}

# %%
# How many new digits get the right label from their five neighbours?

accuracy = {
    name: KNeighborsClassifier(5).fit(train, y_train).score(test, y_test)
    for name, (train, test) in places.items()
}
print({name: round(share, 3) for name, share in accuracy.items()})

# %%
# New digits are coloured by label, and some are drawn as images.

figure, axes = plt.subplots(
    1, 2, figsize=(12, 5), layout="constrained", num="neighbor_embedding"
)
for axis, (name, model) in zip(axes, maps.items(), strict=True):
    EmbeddingDisplay.from_estimator(
        model, X_test, y_test, image_shape=(8, 8), cmap="gray_r", ax=axis
    )
    axis.set_title(f"{name}: {accuracy[name]:.0%} of new digits")

# %%
# Digits at places of the map
# ---------------------------
# With a `reconstruction_weight` a decoder learns to restore digits from their places.
# It can also draw digits at empty places. With weight 0 the map is the same as without
# a decoder.

train = places["NeighborEmbedding"][0]
low, high = train.min(axis=0), train.max(axis=0)
n = 14
across, down = (np.linspace(low[i], high[i], n) for i in (0, 1))
grid = np.stack(np.meshgrid(across, down[::-1]), axis=-1).reshape(-1, 2)
pixels = embedding.inverse_transform(grid).reshape(n, n, 8, 8)

error = np.square(embedding.reconstruct(X_test) - X_test).mean()
plain = np.square(X_train.mean(axis=0) - X_test).mean()
print(f"error of a digit restored from two numbers: {error / plain:.0%} of the mean's")

# %%
# On the left the map, on the right digits decoded from the places of a grid over the
# map.

figure, axes = plt.subplots(
    1, 2, figsize=(12, 5), layout="constrained", num="neighbor_decoder"
)
EmbeddingDisplay.from_predictions(train, y_train, ax=axes[0])
limits = {"xlim": (low[0], high[0]), "ylim": (low[1], high[1])}
axes[0].set(title="Places of digits", **limits)
framed = np.pad(pixels, ((0, 0), (0, 0), (1, 1), (1, 1)))
whole = framed.transpose(0, 2, 1, 3).reshape(10 * n, 10 * n)
axes[1].imshow(whole, cmap="gray_r", vmin=0, vmax=1, aspect="auto")
axes[1].set(title="Digits at places", xticks=[], yticks=[])

# %%
# Run as a script, save the figure.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
