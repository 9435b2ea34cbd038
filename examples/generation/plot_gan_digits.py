"""
Generate digits by a GAN
========================

A :class:`~skunsup.GAN` learns to write digits from noise. This example watches it do
so: the same noise is turned into digits after every few epochs. ``history_`` shows
whether generator or discriminator is too strong. In the end the discriminator's hidden
features serve a linear classifier.

As a script it saves its figures in the folder that the command line names:
``python examples/generation/plot_gan_digits.py figures``.
"""

import sys
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skunsup import GAN
from skunsup.inspection import HistoryDisplay, SamplesDisplay

X, y = load_digits(return_X_y=True)
X = X / 16
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# Watch it learn
# --------------
# With ``warm_start=True`` each ``fit`` continues where the last one stopped, so samples
# can be drawn in between. ``sample`` with one ``random_state`` starts from the same
# noise each time.

model = GAN(
    hidden_layer_sizes=(256, 128),
    activation="leaky_relu",
    optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
    batch_size=64,
    warm_start=True,
    random_state=0,
)
LOOKS = (1, 5, 20, 60, 150, 300)
snapshots, done = [], 0
for epochs in LOOKS:
    model.set_params(epochs=epochs - done).fit(X_train)
    snapshots.append(model.sample(10, random_state=1))
    done = epochs
    print(
        f"after {epochs:3} epochs: energy distance {-model.score(X_test):.3f}, "
        f"spread of samples {model.history_['spread'][-1]:.2f}"
    )


def draw_row(axis, digits, label):
    """Digits side by side."""
    tiles = np.pad(digits.reshape(-1, 8, 8), ((0, 0), (0, 0), (1, 1)))
    tiles = tiles.transpose(1, 0, 2).reshape(8, -1)
    axis.imshow(tiles, cmap="gray_r", vmin=0, vmax=1)
    axis.set(xticks=[], yticks=[])
    axis.set_ylabel(label, rotation=0, ha="right", va="center")


figure, axes = plt.subplots(
    len(LOOKS) + 1, 1, figsize=(8, 6), num="gan_digits", layout="constrained"
)
for axis, digits, epochs in zip(axes, snapshots, LOOKS, strict=False):
    draw_row(axis, digits, f"{epochs} epochs" if epochs > 1 else "1 epoch")
draw_row(axes[-1], X_train[:10], "real")
figure.suptitle("The same ten draws of noise, from epoch to epoch")

# %%
# Generator and discriminator
# ---------------------------
# If the discriminator is always right, the generator learns nothing more. If it is
# right half of the time, it cannot distinguish samples from digits. ``spread`` is the
# standard deviation of the samples relative to the data's. If it falls towards 0 the
# generator has collapsed to a few digits, and ``fit`` warns.

display = HistoryDisplay.from_estimator(model)
display.ax_[1].axhline(0.5, color="0.5", ls=":")
display.figure_.set_label("gan_history")

# %%
# Thirty draws below thirty digits.

display = SamplesDisplay.from_estimator(
    model, X_train, n_samples=30, random_state=0, image_shape=(8, 8), cmap="gray_r"
)
display.figure_.set_label("gan_samples")

# %%
# What the discriminator saw
# --------------------------
# To distinguish real from generated digits, the discriminator had to learn features of
# digits, without labels. A linear classifier on these features is compared with one on
# as many principal components, and with one on the pixels.

n_features = model.transform(X_test).shape[1]
for name, features in (
    (f"GAN.transform, {n_features} features", model),
    ("PCA, 64 components", PCA(64).fit(X_train)),
    ("64 pixels", None),
):
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    rows = (
        [X_train, X_test]
        if features is None
        else map(features.transform, (X_train, X_test))
    )
    seen, unseen = rows
    accuracy = probe.fit(seen, y_train).score(unseen, y_test)
    print(f"linear classifier on {name:28} {accuracy:.1%}")

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
