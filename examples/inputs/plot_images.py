"""
Encode images so that shifts matter little
==========================================

With ``inputs=Images()`` the same :class:`~skunsup.Autoencoder` takes images as they
are, here scikit-learn's digits, and encodes them by convolutions. ``shift`` moves the
images that the encoder sees in training, and the decoder must restore the unmoved
images. So the code depends on the digit and less on its place.

As a script it saves its figures in the folder that the command line names:
``python examples/inputs/plot_images.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from skunsup import Autoencoder, Images
from skunsup.inspection import ReconstructionDisplay

digits = load_digits()
images = np.uint8(digits.images * 15.9)  # bytes, as image files have them
train, test, y_train, y_test = train_test_split(
    images, digits.target, stratify=digits.target, random_state=0
)
shifted = np.roll(test, 1, axis=2)  # one pixel to the right

# %%
# Three codes of eight numbers
# ----------------------------
# The autoencoders take the bytes as they are; PCA gets them flat.

settings = {"n_components": 8, "max_steps": 3000, "epochs": None, "random_state": 0}
settings |= {"learning_rate_schedule": "cosine", "learning_rate": 3e-3}
models = {
    "PCA": PCA(8),
    "convolutional": Autoencoder(inputs=Images(), **settings),
    "with shifts": Autoencoder(inputs=Images(shift=0.15), **settings),
}


def prepared(name, images):
    """Return images in the form that a model takes."""
    return images.reshape(len(images), -1) / 255 if name == "PCA" else images


accuracies = {}
for name, model in models.items():
    codes = model.fit(prepared(name, train)).transform(prepared(name, train))
    neighbours = KNeighborsClassifier(5).fit(codes, y_train)
    accuracies[name] = [
        neighbours.score(model.transform(prepared(name, new)), y_test)
        for new in (test, shifted)
    ]
    print(
        f"{name:14} 5 nearest neighbours in the code: {accuracies[name][0]:.3f}, "
        f"of shifted digits {accuracies[name][1]:.3f}"
    )

# %%
# What they restore
# -----------------
# The model that learned with shifts puts a shifted digit back in its place.

figure, axes = plt.subplots(2, 2, figsize=(11, 4.6), num="images", layout="constrained")
for line, name in zip(axes, ("convolutional", "with shifts"), strict=True):
    for axis, (what, rows) in zip(
        line, {"test images": test, "shifted": shifted}.items(), strict=True
    ):
        ReconstructionDisplay.from_estimator(
            models[name], rows[:8], ax=axis, cmap="gray_r"
        )
        axis.set_title(f"{name}, {what}", pad=4)
        axis.set_xticks([])

# %%
# Neighbours of shifted digits
# ----------------------------

bars, axis = plt.subplots(num="images_neighbours", figsize=(6, 3))
place = np.arange(len(models))
for offset, at, label in ((-0.2, 0, "test images"), (0.2, 1, "shifted by a pixel")):
    heights = [accuracies[name][at] for name in models]
    drawn = axis.bar(place + offset, heights, 0.38, label=label)
    axis.bar_label(drawn, fmt="%.2f")
axis.set(xticks=place, xticklabels=models, ylim=(0, 1.3), ylabel="5-NN accuracy")
axis.legend(loc="upper left", ncols=2, frameon=False)
axis.spines[["top", "right"]].set_visible(False)
bars.tight_layout()

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
