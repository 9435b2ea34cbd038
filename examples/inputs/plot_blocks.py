"""
Restore images from names, and names from images
================================================

:class:`~skunsup.Blocks` lets a model take several kinds of data at once. Here each row
is a digit's image and its name, as ten columns of zeros and a one. Both are encoded
into one code and restored from it. In training each is sometimes hidden. So the model
learns to restore one from the other: it names images, and draws images from names.

As a script it saves its figures in the folder that the command line names:
``python examples/inputs/plot_blocks.py figures``.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skunsup import Autoencoder, Blocks, Images
from skunsup.inspection import ReconstructionDisplay, SamplesDisplay

digits = load_digits()
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
X = pd.DataFrame({"image": list(digits.images / 16)})
X[NAMES] = np.eye(10)[digits.target]
train, test = train_test_split(X, stratify=digits.target, random_state=0)

# %%
# One code for both
# -----------------
# ``weights="learned"`` keeps the losses of the two, which differ in size, in balance.

model = Autoencoder(
    n_components=16,
    inputs=Blocks(
        [("image", Images(), "image"), ("name", None, NAMES)],
        missing="allow",
        input_dropout=0.4,
        weights="learned",
    ),
    epochs=None,
    max_steps=2500,
    learning_rate_schedule="cosine",
    random_state=0,
).fit(train)

# %%
# Names of images
# ---------------
# A block that is None or NaN in all of its columns is missing. Here all names are
# missing.

named = model.reconstruct(test.assign(**dict.fromkeys(NAMES, np.nan)))[NAMES]
right = named.to_numpy().argmax(1) == test[NAMES].to_numpy().argmax(1)
print(f"names given to new images: {right.mean():.1%} right")

# %%
# Images of names
# ---------------
# Here all images are missing. From a name alone the model draws the image with the
# smallest loss over all digits of that name.

asked = pd.DataFrame(np.eye(10), columns=NAMES).assign(image=None)
drawn = np.stack(model.reconstruct(asked)["image"])
images = Images().fit(drawn)
mean = np.stack(
    [np.stack(train["image"][train[name] == 1]).mean(axis=0) for name in NAMES]
)
print(f"mean distance to the mean image of the name: {np.abs(drawn - mean).mean():.3f}")

# %%
# Digits drawn from names, digits of that name, and reconstructions of a digit with its
# name.

examples = np.stack([train["image"][train[name] == 1].iloc[0] for name in NAMES])
display = SamplesDisplay.from_predictions(examples, drawn, inputs=images, cmap="gray_r")
display.ax_.set_title("Digits, and digits drawn from their names alone")
display.figure_.set_label("blocks")

display = ReconstructionDisplay.from_estimator(model, test, cmap="gray_r")
display.figure_.set_label("blocks_restored")

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
