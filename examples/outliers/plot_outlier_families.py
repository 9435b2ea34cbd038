"""
Find outliers by four families of models
========================================

Four detectors learn what benign tumours look like, each in its own way.
:class:`~skunsup.AutoencoderDetector` restores them from short codes.
:class:`~skunsup.AAEDetector` does so with codes that follow a known distribution.
:class:`~skunsup.VAEDetector` models their density, and :class:`~skunsup.GANDetector`
learns to distinguish them from generated ones. None has seen a malignant one. How well
do they detect later malignant ones? Here each uses its own score alone
(``scoring="residual"``), without the neighbours of the default.

As a script it saves its figure in the folder that the command line names:
``python examples/outliers/plot_outlier_families.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skunsup import AAEDetector, AutoencoderDetector, GANDetector, VAEDetector
from skunsup.inspection import EmbeddingDisplay, OutlierScoresDisplay

table = load_breast_cancer(as_frame=True)
X, malignant = table.data, table.target == 0
benign_rows = np.random.default_rng(0).permutation(np.flatnonzero(~malignant))
seen, later = benign_rows[:180], np.append(benign_rows[180:], np.flatnonzero(malignant))

# %%
# One line each
# -------------
# Every detector has defaults of its own and needs nothing but scaled rows. It is told
# that the tumours to fit are all benign.

DETECTORS = (AutoencoderDetector, VAEDetector, AAEDetector, GANDetector)
pipelines = {}
print(f"{'':21}{'AUROC':>7}{'AP':>7}{'malignant flagged':>19}{'benign flagged':>16}")
for kind in DETECTORS:
    pipeline = make_pipeline(
        StandardScaler().set_output(transform="pandas"),
        kind(scoring="residual", novelty=True, random_state=0),
    ).fit(X.iloc[seen])
    pipelines[kind.__name__] = pipeline
    scores = -pipeline.score_samples(X.iloc[later])
    flagged = pipeline.predict(X.iloc[later]) == -1
    truth = malignant.iloc[later]
    print(
        f"{kind.__name__:21}{roc_auc_score(truth, scores):7.3f}"
        f"{average_precision_score(truth, scores):7.3f}"
        f"{flagged[truth].mean():19.1%}{flagged[~truth].mean():16.1%}"
    )

# %%
# Where they agree
# ----------------
# First the scores of rows that were not learned from; the line is the threshold of
# ``contamination="auto"``. Then the same rows on two principal components, by their
# outlier probability. The families differ at the border of the normal rows, and agree
# on rows that are far out.

plane = make_pipeline(StandardScaler(), PCA(2)).fit(X.iloc[seen])
at = plane.transform(X.iloc[later])
figure, axes = plt.subplots(
    2, 2, figsize=(12, 6.5), num="outlier_families", layout="constrained"
)
maps, across = plt.subplots(
    1, 4, figsize=(15, 3.2), num="outlier_families_maps", layout="constrained"
)
for (name, pipeline), axis, below in zip(
    pipelines.items(), axes.flat, across, strict=True
):
    scores = -pipeline.decision_function(X.iloc[later])
    low, high = np.quantile(scores[~truth], [0.25, 0.75])
    near = np.arcsinh(scores / (high - low))  # near 0 as it is, far out as a logarithm
    OutlierScoresDisplay.from_predictions(near, truth, threshold=0.0, ax=axis)
    axis.set_xlabel(f"{name}, AUROC {roc_auc_score(truth, scores):.3f}")
    probability = pipeline[-1].outlier_probability(
        pipeline[:-1].transform(X.iloc[later])
    )
    EmbeddingDisplay.from_predictions(
        at, probability, y_title="outlier probability", ax=below
    )
    below.set(title=name, xlabel="", ylabel="", xticks=[], yticks=[])

# %%
# What made a row an outlier
# --------------------------
# All of them split a score among the columns. The plot is for the malignant tumour with
# the highest score of the first detector:

first = pipelines["AutoencoderDetector"]
worst = X.iloc[later][truth].iloc[[first.score_samples(X.iloc[later][truth]).argmin()]]
for name, pipeline in pipelines.items():
    blame = pipeline[-1].feature_scores(pipeline[:-1].transform(worst))[0]
    columns = X.columns[blame.argsort()[::-1][:3]]
    print(f"{name:21}{', '.join(columns)}")

# %%
# Run as a script, save the figure.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
