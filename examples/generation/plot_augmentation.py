"""
More rows for a small class
===========================

A classifier that has seen twenty malignant tumours and two hundred benign ones misses
many of the malignant ones that it meets later. This example learns the small class with
a :class:`~skunsup.VariationalAutoencoder` in a :class:`~sklearn.pipeline.Pipeline`,
draws new rows from it until the classes are balanced, and trains on both.

As a script it saves its figure in the folder that the command line names:
``python examples/generation/plot_augmentation.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skunsup import VariationalAutoencoder

X, y = load_breast_cancer(return_X_y=True)
malignant = y == 0
N_SMALL, N_LARGE, SEEDS = 20, 200, range(5)

# %%
# Learn the small class
# ---------------------
# The generator is a pipeline like any other: scale, then learn. New rows come from the
# last step and go back through the first. Twenty rows do not bear a deep network, so
# encoder and decoder have no hidden layers; all rows make one minibatch.


def generator(rows, seed):
    """Pipeline that has learned the distribution of `rows`."""
    model = VariationalAutoencoder(
        8,
        hidden_layer_sizes=(),
        learning_rate=5e-3,
        batch_size=None,
        epochs=1000,
        random_state=seed,
    )
    return make_pipeline(StandardScaler(), model).fit(rows)


def generated(rows, n, seed):
    """`n` new rows like `rows`, in their units."""
    pipeline = generator(rows, seed)
    return pipeline[0].inverse_transform(pipeline[-1].sample(n, random_state=seed))


# %%
# Does it help?
# -------------
# Three classifiers, each trained on the table as it is, with the small class repeated
# ten times over, and with generated rows in the place of the repetitions. All other
# rows are for testing. Five different draws of the table.

CLASSIFIERS = {
    "5 nearest neighbours": KNeighborsClassifier(5),
    "random forest": RandomForestClassifier(200, random_state=0),
    "logistic regression": LogisticRegression(max_iter=2000),
}


def split(seed):
    """Rows of a small and of a large class to train on; all others to test on."""
    rng = np.random.default_rng(seed)
    few = rng.permutation(np.flatnonzero(malignant))
    many = rng.permutation(np.flatnonzero(~malignant))
    test = np.concatenate([few[N_SMALL:], many[N_LARGE:]])
    return X[few[:N_SMALL]], X[many[:N_LARGE]], test


def judge(classifier, small, large, test):
    """Share of malignant tumours found, and balanced accuracy."""
    rows = np.concatenate([small, large])
    labels = np.arange(len(rows)) < len(small)
    model = make_pipeline(StandardScaler(), classifier).fit(rows, labels)
    found = model.predict(X[test])
    recall = found[malignant[test]].mean()
    return recall, balanced_accuracy_score(malignant[test], found)


results = {name: {} for name in CLASSIFIERS}
for seed in SEEDS:
    small, large, test = split(seed)
    n_missing = N_LARGE - N_SMALL
    tables = {
        "as it is": small,
        "repeated": np.tile(small, (N_LARGE // N_SMALL, 1)),
        "generated": np.concatenate([small, generated(small, n_missing, seed)]),
    }
    for name, classifier in CLASSIFIERS.items():
        for kind, rows in tables.items():
            scores = judge(classifier, rows, large, test)
            results[name].setdefault(kind, []).append(scores)

print(f"{'':22}{'small class':13}{'malignant found':>17}{'balanced accuracy':>19}")
for name, by_kind in results.items():
    for kind, scores in by_kind.items():
        recall, balanced = np.mean(scores, axis=0)
        print(f"{name:22}{kind:13}{recall:17.1%}{balanced:19.1%}")

# %%
# With generated rows every classifier finds more malignant tumours than with the table
# as it is. Repeating the rows does as much for neighbours and for the logistic
# regression, which count rows, and nothing for the forest, which learns the same twenty
# points by heart; generated rows help all three.
#
# On the left, where the new rows lie: among the malignant tumours that nobody has seen
# yet, on the first two principal components of all.

BLUE, ORANGE, GREY = "#1f6fb4", "#e07b1a", "#b8b8b8"
plane = make_pipeline(StandardScaler(), PCA(2)).fit(X)
small, large, test = split(0)
unseen = X[test][malignant[test]]

figure, axes = plt.subplots(
    1, 2, figsize=(12, 4.6), num="augmentation", layout="constrained"
)
for rows, label, colour, marker, size in (
    (large, "benign", "#d5e3ef", "o", 10),
    (unseen, "malignant, unseen", GREY, "o", 12),
    (generated(small, N_LARGE - N_SMALL, 0), "generated", ORANGE, "x", 22),
    (small, "malignant, learned from", BLUE, "o", 34),
):
    axes[0].scatter(
        *plane.transform(rows).T, s=size, color=colour, marker=marker, label=label
    )
axes[0].set(title="Twenty tumours, and 180 more like them", xticks=[], yticks=[])
axes[0].legend(loc="upper right", frameon=False)

width = 0.26
for offset, (kind, colour) in enumerate(
    (("as it is", GREY), ("repeated", BLUE), ("generated", ORANGE))
):
    values = np.array([[r for r, _ in results[name][kind]] for name in CLASSIFIERS])
    axes[1].bar(
        np.arange(len(CLASSIFIERS)) + (offset - 1) * width,
        values.mean(axis=1),
        width,
        yerr=values.std(axis=1),
        color=colour,
        capsize=3,
        label=f"small class {kind}",
    )
axes[1].set(title="Share of unseen malignant tumours found", ylim=(0.5, 1.05))
axes[1].set_xticks(range(len(CLASSIFIERS)), CLASSIFIERS)
axes[1].legend(loc="upper center", ncols=3, frameon=False, fontsize="small")
for axis in axes:
    axis.spines[["top", "right"]].set_visible(False)

# %%
# Run as a script, save the figure.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
