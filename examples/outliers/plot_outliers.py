"""
Find outliers in a table, and explain them
==========================================

:class:`~skunsup.AutoencoderDetector` learns from normal rows how their columns depend
on each other and where they lie. It scores a row by what its networks cannot restore
and by the distance to its neighbours. This example

1. compares it with scikit-learn's detectors on real data;
2. shows its scores, its threshold and its outlier probabilities;
3. shows which columns made a row an outlier.

As a script it saves its figures in the folder that the command line names:
``python examples/outliers/plot_outliers.py figures``.
"""

import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM
from threadpoolctl import threadpool_limits

from skunsup import AutoencoderDetector, OutlierDetector
from skunsup.inspection import (
    FeatureScoresDisplay,
    OutlierReliabilityDisplay,
    OutlierScoresDisplay,
)

# %%
# Compare
# -------
# Two tasks: malignant among benign tumours, and each digit among the nine others. A
# detector is fitted on half of the normal rows, and scores the other half and all
# outliers. Nothing is tuned to the labels: every detector has its default parameters.
# Those with a parameter for it are told that the training rows are normal
# (``novelty=True``). ``AutoencoderDetector`` is also shown with the score of the
# autoencoders alone, ``scoring="residual"``.

DETECTORS = {
    "AutoencoderDetector": lambda seed: AutoencoderDetector(
        novelty=True, random_state=seed
    ),
    "AutoencoderDetector, residual": lambda seed: AutoencoderDetector(
        novelty=True, scoring="residual", random_state=seed
    ),
    "OutlierDetector(PCA(0.9))": lambda seed: OutlierDetector(PCA(0.9)),
    "IsolationForest": lambda seed: IsolationForest(random_state=seed),
    "LocalOutlierFactor": lambda seed: LocalOutlierFactor(novelty=True),
    "OneClassSVM": lambda seed: OneClassSVM(),
}

tumours, digits = load_breast_cancer(as_frame=True), load_digits(as_frame=True)
malignant = tumours.target == 0
# Of each split: table, outliers, seed.
TASKS = {
    "Malignant among benign tumours": [
        (tumours.data, malignant, seed) for seed in range(5)
    ],
    "One digit among nine others": [
        (digits.data, digits.target == digit, digit) for digit in range(10)
    ],
}


def split(X, is_outlier, seed):
    """Return half of the normal rows, the other half with the outliers, and labels."""
    fitted, held = train_test_split(X[~is_outlier], test_size=0.5, random_state=seed)
    scored = pd.concat([held, X[is_outlier]])
    return fitted, scored, is_outlier[scored.index]


def judge(detector, fitted, scored, truth):
    """Fit and return the ranking metrics and the rates at the detector's threshold."""
    model = make_pipeline(StandardScaler(), detector).fit(fitted)
    anomaly, flagged = -model.score_samples(scored), model.predict(scored) == -1
    return {
        "AUROC": roc_auc_score(truth, anomaly),
        "average precision": average_precision_score(truth, anomaly),
        "found": flagged[truth].mean(),
        "false alarms": flagged[~truth].mean(),
    }


start = time.perf_counter()
fits = [
    (task, name, make(one[-1]), one)
    for task, splits in TASKS.items()
    for one in splits
    for name, make in DETECTORS.items()
]
with threadpool_limits(1):  # a core for each of two fits at a time
    found = Parallel(n_jobs=2, prefer="threads")(
        delayed(judge)(detector, *split(*one)) for _, _, detector, one in fits
    )
results = pd.DataFrame(
    {"task": task, "detector": name, **metrics}
    for (task, name, _, _), metrics in zip(fits, found, strict=True)
)
seconds = time.perf_counter() - start

by_detector = results.groupby(["task", "detector"], sort=False)
mean, spread = by_detector.mean(), by_detector.std(ddof=0)
for task in TASKS:
    print(f"\n{task:32}" + "".join(f"{metric:>20}" for metric in mean))
    for name in DETECTORS:
        cells = zip(mean.loc[task, name], spread.loc[task, name], strict=True)
        print(f"{name:32}" + "".join(f"{m:>12.3f} ± {s:.3f}" for m, s in cells))
print(f"\n{len(results)} fits in {seconds:.0f} s")

# %%
# "found" and "false alarms" are the shares of the outliers and of the normal rows that
# a detector flags at its own threshold. They are counted among rows that it was not
# fitted on.
#
# Benign tumours form one cloud, and most detectors rank about equally well. Nine digits
# form nine clouds: here the score of residual and neighbours together is far ahead of
# the others.

BLUE, GREY = "#0072B2", "#767676"


def draw_ranking(axis, task, metric):
    """One line a detector: a point for each fit, a bar at the mean."""
    rows = results[results.task == task]
    for height, name in enumerate(DETECTORS):
        values = rows.loc[rows.detector == name, metric]
        colour = BLUE if name.startswith("AutoencoderDetector") else GREY
        axis.plot(values, [height] * len(values), "o", color=colour, alpha=0.4, ms=5)
        axis.plot(values.mean(), height, "|", color=colour, ms=20, mew=3)
    axis.set_yticks(range(len(DETECTORS)), DETECTORS)
    axis.set(title=task, xlabel=metric)
    axis.locator_params(axis="x", nbins=5)
    axis.margins(y=0.12)
    axis.grid(axis="x", alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)


figure, axes = plt.subplots(
    1, 2, figsize=(11, 3.4), sharey=True, num="outliers_ranking", layout="constrained"
)
for axis, task in zip(axes, TASKS, strict=True):
    draw_ranking(axis, task, "AUROC")
axes[0].invert_yaxis()
figure.suptitle("Ranking of rows not fitted on: each split, and the mean")

# %%
# Scores, threshold, probability
# ------------------------------
# ``offset_`` is the threshold that was learned from the fitted rows, each judged by the
# networks that were not trained on it. With ``contamination="auto"`` about one normal
# row in a hundred lies beyond. ``outlier_probability`` puts scores on a scale from 0 to
# 1.

fitted, scored, truth = split(tumours.data, malignant, seed=0)
model = make_pipeline(
    StandardScaler().set_output(transform="pandas"),
    DETECTORS["AutoencoderDetector"](0),
).fit(fitted)
display = OutlierScoresDisplay.from_estimator(model, scored, truth)
display.figure_.set_label("outliers_scores")

# %%
# Is the probability calibrated? On the diagonal it would be. Here half of the rows are
# outliers, far from the others, and the probability is too low.

display = OutlierReliabilityDisplay.from_estimator(model, scored, truth)
display.figure_.set_label("outliers_reliability")

# %%
# Why a row is an outlier
# -----------------------
# ``feature_scores`` splits the score of a row over its columns. Beside each bar stands
# what was measured, and what the networks expected from the other columns.

anomaly = -model.score_samples(scored)
figure, axes = plt.subplots(
    1, 2, figsize=(13, 3.8), num="outliers_reasons", layout="constrained"
)
for axis, mask, kind in zip(
    axes, (truth, ~truth), ("malignant", "benign"), strict=True
):
    row = np.where(mask, anomaly, 0).argmax()
    FeatureScoresDisplay.from_estimator(model, scored, rows=[row], ax=axis)
    axis.set_title(f"The worst {kind} tumour, row {scored.index[row]}")

# %%
# The eight worst rows together.

display = FeatureScoresDisplay.from_estimator(model, scored)
display.figure_.set_label("outliers_columns")

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
