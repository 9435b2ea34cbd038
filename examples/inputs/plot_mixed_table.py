"""
Fill in, draw and check a table with gaps
=========================================

With ``inputs=Table()`` a model takes a DataFrame as it is: numbers in any unit,
categories, booleans, and cells that are missing. This example

1. fills in missing cells by :class:`~skunsup.Autoencoder`, and compares with what was
   there;
2. draws new rows from :class:`~skunsup.VariationalAutoencoder`;
3. finds rows whose cells do not go together, by :class:`~skunsup.AutoencoderDetector`.

As a script it saves its figures in the folder that the command line names:
``python examples/inputs/plot_mixed_table.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_wine

from skunsup import Autoencoder, AutoencoderDetector, Table, VariationalAutoencoder
from skunsup.inspection import (
    FeatureScoresDisplay,
    ReconstructionDisplay,
    SamplesDisplay,
)

# %%
# Wines as one would write them down
# ----------------------------------
# Chemists measured 13 numbers of 178 wines of three kinds. Here some are kept as
# numbers. Others become ordered words or yes and no, and the kind is a category.

bunch = load_wine(as_frame=True)
measured = bunch.data
X = pd.DataFrame(
    {
        "kind": pd.Categorical.from_codes(
            bunch.target, ["Barolo", "Grignolino", "Barbera"]
        ),
        "alcohol": measured["alcohol"],
        "magnesium": measured["magnesium"].astype("Int64"),
        "flavanoids": measured["flavanoids"],
        "proline": measured["proline"].astype("Int64"),
        "colour": pd.cut(
            measured["color_intensity"],
            [0, 3.5, 5.5, 20],
            labels=["pale", "medium", "deep"],
        ),
        "hue": measured["hue"],
        "acid": measured["malic_acid"] > 2.2,
    }
).astype({"acid": "boolean"})
X.head()

# %%
# Fill in
# -------
# The model learns from two thirds of the wines, with a tenth of their cells missing. A
# quarter of the cells of the others are hidden. The model hides cells by itself in
# training, here half of them (``input_dropout``), so it learns to do without them.

rng = np.random.default_rng(0)
order = rng.permutation(len(X))
train, test = X.iloc[order[:119]], X.iloc[order[119:]]
train = train.mask(rng.random(train.shape) < 0.1)

model = Autoencoder(8, inputs=Table(input_dropout=0.5), epochs=200, random_state=0).fit(
    train
)

hidden = rng.random(test.shape) < 0.25
gaps = test.mask(hidden)
filled = gaps.fillna(model.reconstruct(gaps))
assert not filled.isna().any().any()
assert (filled.dtypes == X.dtypes).all()
pd.concat({"with gaps": gaps, "filled in": filled}, axis=1).iloc[
    :4, [0, 3, 5, 8, 11, 13]
]

# %%
# How good is that? Cells are hidden ten times, and filled in by the model or by the
# mean of a number and the most frequent category.

NUMBERS = ["alcohol", "magnesium", "flavanoids", "proline", "hue"]
mean, scale = (train[NUMBERS].astype(float).agg(name) for name in ("mean", "std"))
typical = mean.to_dict()
typical |= {name: round(typical[name]) for name in ("magnesium", "proline")}
typical |= train.drop(columns=NUMBERS).mode().iloc[0].to_dict()
WAYS = {
    "mean or mode": lambda gaps: gaps.fillna(typical),
    "Autoencoder": lambda gaps: gaps.fillna(model.reconstruct(gaps)),
}


def error(name, result, at):
    """Error of hidden cells of a column: in deviations, or the share wrong."""
    guess, true = result[name][at], test[name][at]
    if name in NUMBERS:
        apart = (guess.astype(float) - true.astype(float)) / scale[name]
        return float(np.sqrt(np.square(apart).mean()))
    return float((guess.astype(object) != true.astype(object)).mean())


found = []
for _ in range(10):
    hidden = rng.random(test.shape) < 0.25
    for way, fill in WAYS.items():
        result = fill(test.mask(hidden))
        found += [
            (way, c, error(c, result, at)) for c, at in zip(X, hidden.T, strict=True)
        ]
errors = pd.DataFrame(found, columns=["way", "column", "error"])
errors = errors.pivot_table("error", "column", "way", sort=False)
print(errors.round(2))

# %%
# Left, hidden cells of one column, as measured and filled in. Right, all columns. The
# benchmarks compare other ways of filling in.

BLUE, GREY = "#0072B2", "#999999"
COLOURS = {"mean or mode": GREY, "Autoencoder": BLUE}

figure, axes = plt.subplots(
    1, 2, figsize=(11, 4.2), num="table_filled_in", layout="constrained"
)
at = hidden[:, X.columns.get_loc("flavanoids")]
for way, fill in WAYS.items():
    guess = fill(test.mask(hidden))["flavanoids"][at]
    axes[0].scatter(test["flavanoids"][at], guess, s=28, color=COLOURS[way], label=way)
axes[0].axline((2, 2), slope=1, color="black", lw=0.8)
axes[0].set(xlabel="measured", ylabel="filled in", title="flavanoids, hidden cells")
axes[0].legend(frameon=False)
errors.plot.bar(ax=axes[1], color=COLOURS, width=0.8, legend=False, xlabel="")
axes[1].set_title("error: deviations of numbers, share wrong of the others")
axes[1].tick_params(axis="x", rotation=30)
for axis in axes:
    axis.spines[["top", "right"]].set_visible(False)

# %%
# Draw
# ----
# :class:`~skunsup.VariationalAutoencoder` learns from the same table and draws new
# rows, with the same columns and types. Numbers stay in the range of the training rows.
# To draw rows, no cell has to be hidden in training, and rows are better without
# hiding.

variational = VariationalAutoencoder(
    3, inputs=Table(input_dropout=0.0), epochs=300, random_state=0
)
drawn = variational.fit(X).sample(500, random_state=0)
print(drawn.head())
shares = pd.DataFrame(
    {
        "wines": X.groupby("kind", observed=True)["colour"].value_counts(
            normalize=True
        ),
        "drawn": drawn.groupby("kind", observed=True)["colour"].value_counts(
            normalize=True
        ),
    }
).fillna(0.0)
print(shares.round(2))

display = SamplesDisplay.from_predictions(X, drawn)
display.figure_.set_label("table_drawn_columns")

# %%
# Pairs of columns: wines below the diagonal, drawn rows above it.

display.plot(kind="pairs", features=["flavanoids", "proline", "alcohol"])
display.figure_.set_label("table_drawn")

# %%
# What does not go together
# -------------------------
# Thirty wines get the name of another kind. Each of their cells is common; together
# they are not. ``feature_scores`` says which column is to blame.

swapped = X.iloc[order[:30]].copy()
swapped["kind"] = (
    swapped["kind"]
    .cat.rename_categories(
        {"Barolo": "Grignolino", "Grignolino": "Barbera", "Barbera": "Barolo"}
    )
    .astype(X["kind"].dtype)
)
detector = AutoencoderDetector(
    inputs=Table(), scoring="reconstruction", contamination=0.05, random_state=0
).fit(X)
found = detector.predict(swapped) == -1
blamed = detector.feature_scores(swapped).argmax(axis=1) == X.columns.get_loc("kind")
alarms = detector.predict(X) == -1
print(f"{found.mean():.0%} of the renamed wines found, the kind to blame in")
print(f"{blamed.mean():.0%}; {alarms.mean():.0%} of the wines as they are flagged")

# %%
# Shares of the columns in the scores of eight of these wines.

display = FeatureScoresDisplay.from_estimator(detector, swapped, rows=range(8))
display.figure_.set_label("table_reasons")

# %%
# Cells of wines, and what the detector's network expects in their place.

display = ReconstructionDisplay.from_estimator(detector, swapped, rows=range(6))
display.figure_.set_label("table_cells")

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
