"""
Cluster a table with gaps, and explain the clusters
===================================================

A table of wines has numbers, categories and missing cells.
:class:`~skunsup.DeepEmbeddedClustering` with ``inputs=Table()`` takes it as it is.
:class:`~skunsup.inspection.ClusterDisplay` draws what is unusual in each cluster, the
rows that the decoder makes of the centres, and rows near them.

As a script it saves its figures in the folder that the command line names:
``python examples/clusters/plot_clusters_of_a_table.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.metrics import adjusted_rand_score

from skunsup import Autoencoder, DeepEmbeddedClustering, Table
from skunsup.inspection import ClusterDisplay, EmbeddingDisplay

# %%
# The table
# ---------
# Some measures of 178 wines are kept as numbers. One becomes a category, one a truth
# value, and a tenth of all cells is missing.

bunch = load_wine(as_frame=True)
wine = bunch.data
X = wine[["alcohol", "flavanoids", "proline", "hue", "magnesium"]].copy()
X["colour"] = pd.cut(
    wine["color_intensity"], [0, 3.5, 5.5, 20], labels=["pale", "medium", "deep"]
)
X["acid"] = (wine["malic_acid"] > 2.2).astype("boolean")
X = X.mask(np.random.default_rng(0).random(X.shape) < 0.1)
X.head()

# %%
# Cluster
# -------
# An autoencoder learns codes of the rows, and the clustering starts from it. The kind
# of each wine is known, and is used for the comparison alone.

coder = Autoencoder(4, inputs=Table(), epochs=100, random_state=0)
model = DeepEmbeddedClustering(3, estimator=coder, random_state=0).fit(X)
print("rows of each cluster:", np.bincount(model.labels_))
agreement = adjusted_rand_score(bunch.target, model.labels_)
print(f"adjusted Rand index with the kinds: {agreement:.2f}")

# %%
# What is unusual in each cluster
# -------------------------------
# A cell has the mean of a column in the cluster, or the share of a category. The colour
# says how many standard deviations that is from all wines.

display = ClusterDisplay.from_estimator(model, X)
display.figure_.set_label("table_clusters")

# %%
# Rows of the centres
# -------------------
# The centre of a cluster is a code, and ``inverse_transform`` makes a row of it: the
# prototype. It has no missing cells.

display.plot(kind="prototypes").figure_.set_label("table_prototypes")

# %%
# Rows of the table near the centres, for comparison. Cells may be missing here.

display.plot(kind="representatives").figure_.set_label("table_representatives")

# %%
# The clusters on a map
# ---------------------
# Two principal components of the codes, coloured by cluster.

display = EmbeddingDisplay.from_estimator(model, X, "predict")
display.figure_.set_label("table_map")

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
