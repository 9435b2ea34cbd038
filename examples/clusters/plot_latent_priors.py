"""
Reduce rows to codes of a given shape
=====================================

An :class:`~skunsup.AdversarialAutoencoder` compresses digits to two numbers. A
discriminator makes these codes follow a distribution of your choice: here a bell, a
ring of ten petals and a spiral. No labels are used. Because the distribution is known,
every point of it can be decoded to a digit.

As a script it saves its figure in the folder that the command line names:
``python examples/clusters/plot_latent_priors.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from skunsup import AdversarialAutoencoder
from skunsup.inspection import EmbeddingDisplay

X, y = load_digits(return_X_y=True)
X = X / 16
train, test = np.arange(len(X)) < 1400, np.arange(len(X)) >= 1400

# %%
# Three priors
# ------------
# Only ``prior`` differs. The discriminator learns half as fast as the rest, so that it
# does not become too strong.

PRIORS = ("gaussian", "mixture", "swiss-roll")
models = {
    prior: AdversarialAutoencoder(
        2,
        prior=prior,
        adversarial_weight=0.3,
        hidden_layer_sizes=(256, 256),
        learning_rate=2e-3,
        discriminator_learning_rate=1e-3,
        batch_size=64,
        epochs=150,
        random_state=0,
    ).fit(X[train])
    for prior in PRIORS
}

print("prior       error x 1000  5-NN accuracy  told from draws")
for prior, model in models.items():
    codes = model.transform(X)
    error = np.square(model.reconstruct(X[test]) - X[test]).mean()
    neighbours = KNeighborsClassifier(5).fit(codes[train], y[train])
    told = np.mean(
        [model.history_[f"accuracy_{side}"][-1] for side in ("real", "fake")]
    )
    print(
        f"{prior:12}{1e3 * error:12.1f}{neighbours.score(codes[test], y[test]):15.1%}"
        f"{told:17.1%}"
    )

# %%
# The last column says how often the discriminator is right: near 50 % it cannot tell
# codes from draws of the prior.
#
# Where the digits went
# ---------------------
# Above, codes of all digits. Below,
# digits decoded from points of the prior: the quantiles of the bell, the petals from
# the middle outwards, the spiral from end to end.


def bell(n):
    """An n x n grid of quantiles of the standard normal distribution."""
    at = norm.ppf((np.arange(n) + 0.5) / n)
    return np.stack(np.meshgrid(at, at[::-1]), axis=-1)


def petals(n):
    """A row for each of the ten petals, from 2.5 to 5.5 along its axis."""
    angle = np.arange(10)[:, None] * 2 * np.pi / 10
    radius = np.linspace(2.5, 5.5, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)


def spiral(n):
    """The spiral from its inner to its outer end, n points a row."""
    t = np.linspace(1.5, 4.5, n * 10).reshape(10, n) * np.pi
    return np.stack([t * np.cos(t), t * np.sin(t)], axis=-1) / (1.5 * np.pi)


GRIDS = {"gaussian": bell(10), "mixture": petals(10), "swiss-roll": spiral(10)}


def draw_grid(axis, model, grid):
    """Digits decoded from a grid of codes, as one picture."""
    rows, columns, _ = grid.shape
    digits = model.inverse_transform(grid.reshape(-1, 2)).reshape(-1, 8, 8)
    tiles = np.pad(digits, ((0, 0), (1, 1), (1, 1))).reshape(rows, columns, 10, 10)
    picture = tiles.transpose(0, 2, 1, 3).reshape(10 * rows, 10 * columns)
    axis.imshow(picture, cmap="gray_r", vmin=0, vmax=1)
    axis.set(xticks=[], yticks=[])


figure, axes = plt.subplots(
    2, 3, figsize=(12, 8.2), num="latent_priors", layout="constrained"
)
for (prior, model), (above, below) in zip(models.items(), axes.T, strict=True):
    EmbeddingDisplay.from_estimator(model, X, y, ax=above, size=6)
    above.set(title=prior, xlabel="", ylabel="", xticks=[], yticks=[], aspect="equal")
    if prior != PRIORS[-1]:
        above.get_legend().remove()
    draw_grid(below, model, GRIDS[prior])
figure.suptitle("Digits on two numbers each, which follow the prior asked for")

# %%
# Run as a script, save the figure.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
