"""
Faults in a long time series, and when and where they are
=========================================================

A detector of rows knows nothing of time. :class:`~skunsup.SlidingWindows` makes rows
out of a series, each the last hours up to one time point, and turns scores of windows
back into scores of time points. This example

1. finds three faults in a building's power and temperature that lie well within the
   range of normal values;
2. compares detectors on single hours and on windows;
3. shows what the autoencoder expected instead, and which column gave the fault away.

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
# pipeline's verdicts and scores are one for each hour as well, and know nothing of the
# hours to come. ``point_scores`` looks at every window that holds an hour, which tells
# better when a fault began and ended.

WIDTH = 12
windows = SlidingWindows(WIDTH)
pipeline = make_pipeline(
    windows,
    StandardScaler(),
    AutoencoderDetector(contamination=0.005, novelty=True, random_state=0),
)
pipeline.fit(past)
at_the_time = -pipeline.score_samples(present)
around = -windows.point_scores(-at_the_time)
threshold = -pipeline[-1].offset_

flagged = pipeline.predict(present) == -1
for name, when in FAULTS.items():
    hits = flagged[present.index.slice_indexer(when.start, when.stop)]
    after = f"flagged after {hits.argmax()} hours" if hits.any() else "missed"
    print(f"{name:15} {when.start} to {when.stop}: {after}")
quiet = ~pd.Series(is_fault).rolling(24, min_periods=1).max().astype(bool)
print(f"{(flagged & quiet).sum()} of {quiet.sum()} hours far from faults flagged")

BLUE, RED, GREY = "#1f6fb4", "#c8352b", "#8a8a8a"


def draw_line(axis, values, label):
    """One line over time, with the faults shaded."""
    axis.plot(values, color=BLUE, lw=0.8)
    for when in FAULTS.values():
        axis.axvspan(*map(pd.Timestamp, (when.start, when.stop)), color=RED, alpha=0.25)
    axis.set_ylabel(label)
    axis.margins(x=0)
    axis.spines[["top", "right"]].set_visible(False)


figure, axes = plt.subplots(
    3, 1, figsize=(11, 6), sharex=True, num="time_series", layout="constrained"
)
draw_line(axes[0], present["power"], "power, kW")
draw_line(axes[1], present["temperature"], "temperature, °C")
draw_line(axes[2], pd.Series(around, present.index), "score of\nthe hour")
axes[2].axhline(threshold, color=GREY, ls="--", lw=1)
axes[2].plot(present.index[flagged], np.full(flagged.sum(), 1.6), "v", color=RED, ms=4)
for name, when in FAULTS.items():
    axes[0].text(
        pd.Timestamp(when.stop), 1.02, name, transform=axes[0].get_xaxis_transform()
    )
axes[2].set_title(
    "minus the mean score of the windows around; marked: flagged at the time", size=10
)
figure.suptitle("Eight weeks of a building, with three faults")

# %%
# Compare
# -------
# The same detectors on single hours and on windows, judged by the hours of the faults.
# Many a single hour of these faults is like any other, so what looks at neighbours
# needs windows: here the local outlier factor does as well on them as the autoencoders.

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
# ``inverse_transform`` averages windows, which overlap, back into a series: here the
# reconstructions, and the shares that the columns have in the scores.

scaler, detector = pipeline[1], pipeline[2]
rows = pipeline[:-1].transform(present)
expected = windows.inverse_transform(
    scaler.inverse_transform(detector.estimator_.reconstruct(rows))
)
blame = windows.inverse_transform(detector.feature_scores(rows))

figure, axes = plt.subplots(
    3,
    3,
    figsize=(11, 6.5),
    sharex="col",
    num="time_series_faults",
    layout="constrained",
)
for column, (name, when) in zip(axes.T, FAULTS.items(), strict=True):
    start, stop = pd.Timestamp(when.start), pd.Timestamp(when.stop)
    days = slice(start - pd.Timedelta("36h"), stop + pd.Timedelta("36h"))
    near = present.index.slice_indexer(days.start, days.stop)
    time = present.index[near]
    for at, axis in enumerate(column[:2]):
        draw_line(axis, present.iloc[near, at], present.columns[at])
        axis.plot(time, expected[near, at], color="black", ls="--", lw=1)
    draw_line(column[2], pd.Series(blame[near, 0], time), "share in score")
    column[2].plot(time, blame[near, 1], color="black", lw=0.8)
    column[0].set_title(name)
    column[2].set_xlim(days.start, days.stop)
    column[2].xaxis.set_major_formatter(plt.matplotlib.dates.DateFormatter("%d %b"))
    column[2].xaxis.set_major_locator(plt.matplotlib.dates.DayLocator())
axes[2, 2].legend(axes[2, 2].lines, present.columns, loc="upper left", frameon=False)
figure.suptitle("Faults from near: measured (blue), expected (dashed), and who says so")

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
