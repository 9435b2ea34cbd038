"""
Find faults in a time series
============================

A detector of rows knows nothing of time. Each row that :class:`~skunsup.SlidingWindows`
makes of a series has the last hours up to one time point. It also turns scores of
windows back into scores of time points. This example

1. finds three faults in a building's power and temperature that lie well within the
   range of normal values;
2. compares detectors on single hours and on windows;
3. shows what the autoencoder expected instead, and which column showed the fault.

As a script it saves its figures in the folder that the command line names:
``python examples/outliers/plot_time_series.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skunsup import AutoencoderDetector, OutlierDetector, SlidingWindows
from skunsup.inspection import SeriesScoresDisplay

# %%
# A building, hour by hour
# ------------------------
# Twenty weeks of a made-up office. It draws power by day, less on weekends, and more
# where cooling works against the heat outside. The last eight weeks have three faults.

HOURS = pd.date_range("2024-05-06", periods=20 * 7 * 24, freq="h")
TRAINED = 12 * 7 * 24
FAULTS = {
    "sensor stuck": slice("2024-08-06 15:00", "2024-08-07 08:00"),
    "lights left on": slice("2024-08-20 20:00", "2024-08-21 05:00"),
    "cooling off": slice("2024-09-04 09:00", "2024-09-04 20:00"),
}


def building(rng):
    """Power in kW and temperature outside in degrees Celsius, with faults."""
    hour, day = np.asarray(HOURS.hour), np.asarray(HOURS.day_of_week)
    wander = pd.Series(rng.normal(size=len(HOURS))).ewm(span=60).mean().to_numpy()
    warmth = 19 + 12 * wander - 5 * np.cos(2 * np.pi * (hour - 3) / 24)
    work = np.exp(-(((hour - 13) / 4.5) ** 4)) * np.where(day < 5, 1, 0.25)
    cooling = pd.Series(2.5 * np.maximum(warmth - 18, 0), HOURS)
    cooling[FAULTS["cooling off"]] = 0
    table = pd.DataFrame({"power": 20 + 40 * work + cooling, "temperature": warmth})
    table.loc[FAULTS["lights left on"], "power"] += 22
    table += rng.normal(size=table.shape) * [1.5, 0.4]
    stuck = table.loc[FAULTS["sensor stuck"], "temperature"]
    table.loc[stuck.index, "temperature"] = stuck.iloc[0]
    return table


series = building(np.random.default_rng(3))
truth = pd.Series(False, HOURS)
for when in FAULTS.values():
    truth[when] = True
past, present = series[:TRAINED], series[TRAINED:]
is_fault = truth[TRAINED:].to_numpy()

# %%
# Windows, a scaler, a detector
# -----------------------------
# ``SlidingWindows`` gives one window for each hour, the one that ends in it. So the
# pipeline gives one label and one score for each hour, and looks at no later hours.
# ``point_scores`` looks at every window that holds an hour, which shows better when a
# fault began and ended.

WIDTH = 12
windows = SlidingWindows(WIDTH)
pipeline = make_pipeline(
    windows,
    StandardScaler(),
    AutoencoderDetector(contamination=0.005, novelty=True, random_state=0),
)
pipeline.fit(past)

flagged = pipeline.predict(present) == -1
for name, when in FAULTS.items():
    hits = flagged[present.index.slice_indexer(when.start, when.stop)]
    after = f"flagged after {hits.argmax()} hours" if hits.any() else "missed"
    print(f"{name:15} {when.start} to {when.stop}: {after}")
quiet = ~pd.Series(is_fault).rolling(24, min_periods=1).max().astype(bool)
print(f"{(flagged & quiet).sum()} of {quiet.sum()} hours far from faults flagged")

# %%
# The series, what the autoencoder expected (dashed) and the scores of the hours. Above
# the threshold they are flagged; the black bars are the faults that we know of.

display = SeriesScoresDisplay.from_estimator(pipeline, present, is_fault)
display.figure_.set_label("time_series")

# %%
# Compare
# -------
# The same detectors on single hours and on windows, judged by the hours of the faults.
# Many single hours of these faults are like any other hour, so a detector by neighbours
# needs windows. On windows the local outlier factor does as well here as the
# autoencoders.

DETECTORS = {
    "AutoencoderDetector": AutoencoderDetector(novelty=True, random_state=0),
    "OutlierDetector(PCA(0.9))": OutlierDetector(PCA(0.9)),
    "IsolationForest": IsolationForest(random_state=0),
    "LocalOutlierFactor": LocalOutlierFactor(novelty=True),
}
print(f"\n{'AUROC / average precision':28}{'single hours':>18}{'windows':>18}")
for name, detector in DETECTORS.items():
    cells = []
    for width in (1, WIDTH):
        cut = SlidingWindows(width)
        model = make_pipeline(cut, StandardScaler(), detector).fit(past)
        anomaly = -cut.point_scores(model.score_samples(present))
        auroc = roc_auc_score(is_fault, anomaly)
        precision = average_precision_score(is_fault, anomaly)
        cells.append(f"{auroc:.3f} / {precision:.3f}")
    print(f"{name:28}" + "".join(f"{cell:>18}" for cell in cells))

# %%
# What was expected, and which column it was
# ------------------------------------------
# Three days around each fault. Expected values (dashed) differ from the measured ones.

for name, when in FAULTS.items():
    start, stop = (pd.Timestamp(end) for end in (when.start, when.stop))
    around = {"start": start - pd.Timedelta("36h"), "stop": stop + pd.Timedelta("36h")}
    display.plot(**around).figure_.suptitle(name)
    display.figure_.set_label(f"time_series_{name.replace(' ', '_')}")

# %%
# Which column showed the fault? ``inverse_transform`` of the windows averages shares of
# their scores into shares of the hours.

rows = pipeline[:-1].transform(present)
blame = windows.inverse_transform(pipeline[-1].feature_scores(rows))
for name, when in FAULTS.items():
    near = present.index.slice_indexer(when.start, when.stop)
    share = blame[near].sum(axis=0) / blame[near].sum()
    columns = zip(present.columns, share, strict=True)
    print(f"{name:15}", ", ".join(f"{column} {part:.0%}" for column, part in columns))

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
