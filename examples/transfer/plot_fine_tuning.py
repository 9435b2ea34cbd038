"""
Classify with few labels
========================

Rows are cheap and labels are not. Here there are 1198 digits to learn from, and few of
each class have a label. An :class:`~skunsup.Autoencoder` learns from all rows what
digits look like. Then :func:`~skunsup.fine_tune` takes its encoder, puts a softmax
behind it, and learns from the rows with labels. The example

1. compares that with the same network from random weights and with logistic regression
   on the pixels, from 3 to 30 labels a class;
2. shows what the encoder has learned before it sees the first label;
3. searches, with cross-validation on the labelled rows, whether to keep the encoder as
   it is.

As a script it saves its figures in the folder that the command line names:
``python examples/transfer/plot_fine_tuning.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split

from skunsup import Autoencoder, fine_tune
from skunsup.inspection import EmbeddingDisplay

pixels, digit = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(
    (pixels / 16).astype(np.float32), digit, test_size=1 / 3, random_state=0
)

# %%
# Learn from all rows without labels
# ----------------------------------
# Strong noise on the input makes the encoder learn what belongs together instead of a
# copy: it has to restore the clean digit. The code is wide, since nothing has to be
# compressed.

pretrained = Autoencoder(
    128,
    hidden_layer_sizes=(512,),
    noise="gaussian",
    noise_level=0.5,
    batch_size=64,
    epochs=80,
    random_state=0,
).fit(X)

# %%
# The network it is compared with is the same before its first step. A step of no size
# leaves the random weights as they are.

blank = clone(pretrained)
blank.set_params(epochs=1, batch_size=None, learning_rate=1e-12).fit(X)

# %%
# Learn from few rows with labels
# -------------------------------
# ``freeze=True`` trains the softmax alone. Three draws of the labelled rows for each
# number of labels; the test rows are always the same 599.

N_LABELS = (3, 10, 30)
SEEDS = range(3)


def labelled(n_labels, seed):
    """Numbers of `n_labels` rows of each class."""
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(np.flatnonzero(y == label)) for label in range(10)]
    return np.concatenate([of_class[:n_labels] for of_class in rows])


MODELS = {
    "pretrained encoder, frozen": fine_tune(
        pretrained, freeze=True, learning_rate=2e-2, epochs=25, random_state=0
    ),
    "network from scratch": fine_tune(blank, epochs=25, random_state=0),
    "logistic regression on pixels": LogisticRegression(max_iter=2000),
}


def accuracies(model, n_labels):
    """Accuracy on the test rows, for each draw of labels."""
    known = [labelled(n_labels, seed) for seed in SEEDS]
    return [clone(model).fit(X[i], y[i]).score(X_test, y_test) for i in known]


results = {
    name: np.array([accuracies(model, n) for n in N_LABELS])
    for name, model in MODELS.items()
}
print(f"{'labels a class':31}" + "".join(f"{n:>14}" for n in N_LABELS))
for name, by_number in results.items():
    cells = (f"{row.mean():8.1%} ± {row.std():.1%}" for row in by_number)
    print(f"{name:31}" + "".join(cells))

BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#555555"
figure, axis = plt.subplots(
    figsize=(7, 4.2), num="fine_tuning_labels", layout="constrained"
)
for (name, by_number), colour, marker in zip(
    results.items(), (BLUE, ORANGE, GREY), "os^", strict=True
):
    axis.errorbar(
        N_LABELS,
        by_number.mean(axis=1),
        by_number.std(axis=1),
        color=colour,
        marker=marker,
        capsize=3,
        label=name,
    )
axis.set(
    xscale="log",
    xlabel="labelled rows a class",
    ylabel="accuracy on unseen digits",
    title="1198 digits, few of them labelled; mean ± std of 3 draws",
)
axis.set_xticks(N_LABELS, N_LABELS)
axis.minorticks_off()
axis.grid(axis="y", alpha=0.3)
axis.spines[["top", "right"]].set_visible(False)
axis.legend(frameon=False, loc="lower right")

# %%
# What the encoder knows before the first label
# ---------------------------------------------
# The codes of the test rows on their first two principal components, and those of the
# network that has learned nothing. Labels only give the colour.

figure, axes = plt.subplots(
    1, 2, figsize=(11, 5), num="fine_tuning_codes", layout="constrained"
)
for axis, title, model in zip(
    axes,
    ("Random weights", "Trained without labels"),
    (blank, pretrained),
    strict=True,
):
    EmbeddingDisplay.from_estimator(model, X_test, y_test, ax=axis, annotate=True)
    axis.set(title=title, xticks=[], yticks=[])
figure.suptitle("Codes of unseen digits, before any label was used")

# %%
# Freeze or not?
# --------------
# A search sets the parameters by the names that scikeras gives them.

known = labelled(30, 0)
search = GridSearchCV(
    fine_tune(pretrained, learning_rate=3e-3, epochs=15, random_state=0),
    {"model__freeze": [True, False]},
    cv=2,
).fit(X[known], y[known])
print(search.best_params_, f"{search.score(X_test, y_test):.1%} on unseen digits")

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
