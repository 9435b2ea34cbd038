"""
Judge generated rows, and draw rows with given values
=====================================================

How good are generated rows? This example compares rows of a
:class:`~skunsup.VariationalAutoencoder`, with and without a prior that is fitted to its
codes, and of :class:`~sklearn.mixture.GaussianMixture`. It looks for copies, draws
tumours of one kind, and fills in missing cells by draws.

As a script it saves its figures in the folder that the command line names:
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
from skunsup.inspection import SamplesDisplay
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
# Coverage is the share of test tumours that have a generated one among their five
# nearest neighbours. The AUROC is that of gradient boosting which is trained to
# separate real from generated rows: 0.5 if it cannot. About half of the rows are nearer
# to a training row than to a test row: they are no copies.
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
# Texture depends little on size. So draws of missing textures have nearly the spread of
# the column, and ``reconstruct`` gives nearly the mean of the column.

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
# Tumours of the test set against drawn ones, column by column. Then pairs of columns:
# real rows below the diagonal, drawn ones above it.

real = test.iloc[:, :10]
display = SamplesDisplay.from_predictions(real, drawn["VAE, fitted prior"])
display.figure_.set_label("generated_rows")
pairs = ["mean radius", "mean texture", "mean smoothness"]
display.plot(kind="pairs", features=pairs).figure_.set_label("generated_rows_pairs")

# %%
# Malignant tumours against rows that were drawn given that they are malignant.

display = SamplesDisplay.from_predictions(
    test[test["kind"] == "malignant"],
    kinds["malignant"],
    features=["mean radius", "mean texture", "mean smoothness", "mean concavity"],
)
display.figure_.set_label("generated_rows_malignant")

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
