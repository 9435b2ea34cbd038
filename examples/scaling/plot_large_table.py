"""
Learn from a table larger than memory
=====================================

The readings of a machine lie in a folder of Parquet files. They are read a row group at
a time, here to

1. learn the scale of each column, and the usual readings from the first nine days;
2. write the score of every reading to another folder;
3. look for the hours in which the machine had a fault.

With ``checkpoint`` the fit can continue if the process is killed.

As a script it saves its figure in the folder that the command line names:
``python examples/scaling/plot_large_table.py figures``.
"""

import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from skunsup import Autoencoder, ParquetSource, write_parquet
from skunsup.inspection import SeriesScoresDisplay

# %%
# A folder of readings
# --------------------
# Sixteen sensors follow four hidden states of the machine, once in ten seconds, for
# fifteen days: one file a day. On the twelfth and the fourteenth day a sensor drifts
# for some hours. Each single value is then still usual.

PER_DAY, N_DAYS, N_SENSORS = 8640, 15, 16
FAULTS = {11: slice(3000, 5000), 13: slice(6000, 7500)}  # by day

folder = Path(tempfile.mkdtemp())
rng = np.random.default_rng(0)
mixing = rng.normal(size=(4, N_SENSORS))
for day in range(N_DAYS):
    time = np.arange(PER_DAY) + day * PER_DAY
    pace = np.array([700, 1900, 4300, 8640])
    states = np.sin(2 * np.pi * time[:, None] / pace + np.arange(4))
    readings = np.tanh(states @ mixing) + 0.1 * rng.normal(size=(PER_DAY, N_SENSORS))
    if day in FAULTS:
        readings[FAULTS[day], day % N_SENSORS] *= -1
    table = pd.DataFrame(readings, columns=[f"sensor_{j}" for j in range(N_SENSORS)])
    for name, chosen in {"usual": day < 9, "all": True}.items():
        if chosen:
            (folder / name).mkdir(exist_ok=True)
            path = folder / name / f"day-{day:02d}.parquet"
            table.to_parquet(path, row_group_size=4320)

# %%
# Learn what is usual
# -------------------
# A scaler of scikit-learn learns by the chunk. ``map`` applies it to chunks when they
# are read.

usual = ParquetSource(folder / "usual")
scaler = StandardScaler()
for chunk in usual:
    scaler.partial_fit(chunk)

autoencoder = Autoencoder(
    n_components=4,
    batch_size=256,
    epochs=10,
    checkpoint=folder / "fit.npz",
    random_state=0,
).fit(usual.map(scaler.transform))
print(f"{len(usual):,} rows in {usual.n_chunks} chunks")
print("loss by epoch:", np.round(autoencoder.history_["loss"], 3))

# %%
# Score everything
# ----------------
# Each chunk becomes a file of scores. A row's score does not depend on the other rows.

readings = ParquetSource(folder / "all")
scored = write_parquet(
    autoencoder.score_samples,
    readings.map(scaler.transform),
    folder / "scores",
    columns=["score"],
)
score = pd.concat(list(scored))["score"].to_numpy()
hourly = -score.reshape(-1, 360).mean(axis=1)

# %%
# The mean loss of each hour, below the mean readings of two sensors that drift. The
# threshold is a fifth above the worst hour that the model has learned from. The faults
# are far above it, in days that the model has not seen.

hours = pd.date_range("2024-05-01", periods=24 * N_DAYS, freq="h")
drifting = [f"sensor_{day % N_SENSORS}" for day in FAULTS]
chunks = [chunk[drifting] for chunk in readings]
means = pd.concat(chunks).to_numpy().reshape(-1, 360, len(drifting)).mean(axis=1)
fault = np.zeros(N_DAYS * PER_DAY, bool)
for day, rows in FAULTS.items():
    fault[day * PER_DAY + rows.start : day * PER_DAY + rows.stop] = True

display = SeriesScoresDisplay.from_predictions(
    pd.DataFrame(means, hours, drifting),
    hourly,
    y=fault.reshape(-1, 360).any(axis=1),
    threshold=1.2 * hourly[: 9 * 24].max(),
)
figure = display.figure_

# %%
# Run as a script, save the figure.

if "sphinx_gallery" not in sys.modules:
    directory = Path(*sys.argv[1:2])
    directory.mkdir(parents=True, exist_ok=True)
    figure.savefig(directory / "large_table.png", dpi=150)
plt.show()
