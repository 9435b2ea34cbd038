"""
Generate rows by a diffusion model
==================================

A :class:`~skunsup.DiffusionModel` learns to remove noise from rows. This example shows
how rows arise from noise, and generates a table with whole numbers, a column that is
mostly zero, and a category.

As a script it saves its figures as PNG files in the current directory, or in the one
named on the command line::

    python examples/generation/plot_diffusion.py figures
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import make_moons

from skunsup import DiffusionModel, Table
from skunsup.inspection import EmbeddingDisplay, SamplesDisplay

# %%
# From noise to rows
# ------------------
# The number of steps is a parameter of the sampler alone: it can be changed after
# ``fit``. One or three steps are too few; after ten the rows are close to the data.

X = make_moons(2000, noise=0.07, random_state=0)[0]
settings = {"hidden_layer_sizes": (128, 128), "random_state": 0}
model = DiffusionModel(**settings, max_steps=1000).fit(X)

shown = {"training rows": X}
for n_steps in (1, 3, 10, 25):
    model.set_params(n_steps=n_steps)
    shown[f"n_steps={n_steps}"] = model.sample(2000, random_state=0)

fig, axes = plt.subplots(
    1, len(shown), figsize=(12, 2.6), sharex=True, sharey=True, num="diffusion_steps"
)
for ax, (name, rows) in zip(axes, shown.items(), strict=True):
    EmbeddingDisplay.from_predictions(rows, ax=ax)
    ax.set(title=name, xlabel="", ylabel="", xticks=[], yticks=[])
fig.tight_layout()

# %%
# A table
# -------
# Columns of a table are seldom normal. Insurance claims are zero for most people and
# have a long tail for the others. The number of children is whole, and smoking is a
# category. Repeated values are generated exactly, as often as they occur.

rng = np.random.default_rng(0)
children = rng.poisson(1.2, 3000)
smoker = rng.random(3000) < 0.15 + 0.1 * (children == 0)
chance = np.where(smoker, 0.5, 0.1)
claims = np.where(rng.random(3000) < chance, rng.lognormal(6 + smoker, 1), 0.0)
table = pd.DataFrame(
    {
        "children": children,
        "smoker": np.where(smoker, "yes", "no"),
        "claims": np.round(claims, 2),
    }
)
model = DiffusionModel(**settings, inputs=Table(), max_steps=1500)
drawn = model.fit(table).sample(3000, random_state=0)
print(drawn.head())

for name, frame in {"data": table, "generated": drawn}.items():
    by_group = frame.groupby("smoker")["claims"]
    print(f"\n{name}")
    print(pd.DataFrame({"rows": by_group.size(), "mean claims": by_group.mean()}))

# %%
# The distributions of columns agree, and so do the differences between groups.

fig, axes = plt.subplots(
    1, 3, figsize=(11, 3), num="diffusion_table", layout="constrained"
)
display = SamplesDisplay.from_predictions(
    table, drawn, features=["children", "smoker"], ax=axes[:2]
)
for name, frame in {"real": table, "drawn": drawn}.items():
    claimed = np.sort(frame["claims"][frame["claims"] > 0])
    axes[2].plot(claimed, np.linspace(1, 0, len(claimed)), label=name)
axes[2].set(title="share of claims above", xscale="log", xlabel="claim")
axes[2].legend()

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
