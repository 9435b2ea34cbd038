"""
Generate rows for a small class
===============================

A classifier that has seen twenty malignant tumours and two hundred benign ones misses
many of the later malignant ones. This example learns the small class with a
:class:`~skunsup.VariationalAutoencoder` in a :class:`~sklearn.pipeline.Pipeline`. It
draws new rows until the classes are balanced, and trains on both.

As a script it saves its figure in the folder that the command line names:
``python examples/generation/plot_augmentation.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skunsup import VariationalAutoencoder
from skunsup.inspection import EmbeddingDisplay, SamplesDisplay

X, y = load_breast_cancer(return_X_y=True)
malignant = y == 0
N_SMALL, N_LARGE, SEEDS = 20, 200, range(5)

# %%
# Learn the small class
# ---------------------
# The generator is a pipeline like any other: scale, then learn. New rows come from the
# last step and go back through the first. Twenty rows are too few for a deep network,
# so encoder and decoder have no hidden layers; all rows make one minibatch.


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
# Each of three classifiers is trained three times. The first table is as it is, the
# second repeats the small class ten times, the third has generated rows instead. All
# other rows are for testing. Five different draws of the table.

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
# regression, which count rows. It does nothing for the forest, which memorises the same
# twenty points. Generated rows help all three.
#
# On the left, where the new rows lie: among the malignant tumours of the test set, on
# the first two principal components of all.

plane = make_pipeline(StandardScaler(), PCA(2)).fit(X)
small, large, test = split(0)
groups = {
    "benign": large,
    "malignant, unseen": X[test][malignant[test]],
    "generated": generated(small, N_LARGE - N_SMALL, 0),
    "malignant, learned from": small,
}
rows = np.concatenate(list(groups.values()))
names = np.repeat(list(groups), [len(each) for each in groups.values()])
figure, axes = plt.subplots(
    1, 2, figsize=(13, 4.4), num="augmentation", layout="constrained"
)
EmbeddingDisplay.from_estimator(plane, rows, names, ax=axes[0], size=14)
axes[0].set_title("Twenty tumours, and 180 more like them")

means = {
    kind: [np.mean([r for r, _ in results[name][kind]]) for name in CLASSIFIERS]
    for kind in ("as it is", "repeated", "generated")
}
pd.DataFrame(means, index=list(CLASSIFIERS)).plot.barh(
    ax=axes[1], color=["#767676", "#56B4E9", "#0072B2"], width=0.75
)
axes[1].invert_yaxis()
axes[1].set(title="Share of unseen malignant tumours found", xlim=(0.0, 1.0))
axes[1].legend(title="small class", bbox_to_anchor=(1.0, 1.0), frameon=False)
axes[1].spines[["top", "right"]].set_visible(False)

# %%
# Column by column, generated tumours beside the unseen ones that they should resemble.

columns = list(load_breast_cancer().feature_names[:8])
display = SamplesDisplay.from_predictions(
    pd.DataFrame(groups["malignant, unseen"][:, :8], columns=columns),
    groups["generated"][:, :8],
)
display.figure_.set_label("augmentation_margins")

# %%
# Run as a script, save the figure.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
