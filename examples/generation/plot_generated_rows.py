"""
Rows that look real, and rows with given values
===============================================

How good are generated rows? This example compares those of a
:class:`~skunsup.VariationalAutoencoder`, with and without a prior that is fitted to its
codes, with those of :class:`~sklearn.mixture.GaussianMixture`, looks whether any are
copies, draws tumours of one kind, and fills in missing cells by draws.

As a script it saves its figure in the folder that the command line names:
``python examples/generation/plot_generated_rows.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skunsup import Table, VariationalAutoencoder
from skunsup.metrics import copying_report, draw_rows, prdc, two_sample_auroc

data = load_breast_cancer(as_frame=True)
tumours = data.data.iloc[:, :10]
tumours = tumours.assign(kind=data.target.map({0: "malignant", 1: "benign"}))
train, test = train_test_split(tumours, random_state=0)
X, X_test = (part.iloc[:, :10].to_numpy() for part in (train, test))

# %%
# Three generators
# ----------------
# Each is a pipeline that scales and then learns. :func:`~skunsup.metrics.draw_rows`
# draws from the last step and goes back through the first.

settings = {"n_components": 6, "noise_variance": "isotropic", "random_state": 0}
generators = {
    "GaussianMixture": GaussianMixture(5, reg_covar=1e-3, random_state=0),
    "VAE": VariationalAutoencoder(**settings),
    "VAE, fitted prior": VariationalAutoencoder(**settings, fitted_prior=True),
}
drawn = {}
for name, generator in generators.items():
    pipeline = make_pipeline(StandardScaler(), generator).fit(X)
    drawn[name] = draw_rows(pipeline, len(X_test), random_state=0)
    four = prdc(X_test, drawn[name])
    auroc = two_sample_auroc(X_test, drawn[name])
    copied = copying_report(drawn[name], X, X_test).share_nearer_to_training
    print(f"{name:18} coverage {four['coverage']:.2f}, AUROC {auroc:.2f}", end=", ")
    print(f"nearer to a training row: {copied:.2f}")

# %%
# Coverage is the share of tumours that nobody has seen with a generated one among their
# five nearest neighbours. The AUROC is that of gradient boosting that shall tell real
# from generated rows, 0.5 if it cannot. About half of the rows are nearer to a training
# row than to a test row: they are no copies.
#
# Tumours of one kind
# -------------------
# A model of the whole table, the kind included, draws rows with given values.

model = VariationalAutoencoder(6, inputs=Table(), fitted_prior=True, random_state=0)
model.fit(train)
kinds = {
    kind: model.sample(300, random_state=0, given={"kind": kind})
    for kind in ("benign", "malignant")
}
assert (kinds["malignant"]["kind"] == "malignant").all()

# %%
# Missing cells, drawn
# --------------------
# Texture has little to do with size: what is drawn where it is missing has nearly the
# spread of the column, and ``reconstruct`` gives nearly its mean.

torn = test.copy()
torn["mean texture"] = np.nan
filled = model.complete(torn, random_state=0)
spreads = {
    "observed": test["mean texture"].std(),
    "complete": filled["mean texture"].std(),
    "reconstruct": model.reconstruct(torn)["mean texture"].std(),
}
print(", ".join(f"{name} {spread:.2f}" for name, spread in spreads.items()))
assert spreads["reconstruct"] < spreads["complete"]

# %%
# The pictures
# ------------

fig, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
x, y = 0, 4  # radius and smoothness
for ax, name in zip(axes, ("VAE", "VAE, fitted prior"), strict=False):
    ax.scatter(X_test[:, x], X_test[:, y], s=14, c="0.7", label="held out")
    ax.scatter(drawn[name][:, x], drawn[name][:, y], s=8, c="tab:blue", label=name)
    ax.set(xlabel=tumours.columns[x], ylabel=tumours.columns[y])
    ax.legend(loc="upper right")
bins = np.linspace(6, 28, 30)
for kind, rows in kinds.items():
    colour = {"benign": "tab:green", "malignant": "tab:red"}[kind]
    real = test["mean radius"][test["kind"] == kind]
    axes[2].hist(real, bins, density=True, color=colour, alpha=0.3, label=kind)
    axes[2].hist(
        rows["mean radius"],
        bins,
        density=True,
        histtype="step",
        color=colour,
        label=f"{kind}, given",
    )
axes[2].set(xlabel="mean radius", yticks=[])
axes[2].legend()
if len(sys.argv) > 1:
    fig.savefig(Path(sys.argv[1]) / "generated_rows.png", dpi=110)
plt.show()
