"""
Find topics of texts
====================

Every function of SciPy comes with a text that says what it does. Which belong together?
The example

1. turns the texts into bags of words, and these into codes of ten numbers by an
   :class:`~skunsup.Autoencoder` whose decoder is a distribution over words;
2. clusters the codes, beside the same by latent semantic analysis (``TruncatedSVD``),
   and compares the clusters with SciPy's own modules, which no model has seen;
3. asks the decoder which words make each cluster;
4. reads the first sentences in the order of their words, gets texts back, and finds
   sentences that are like a new one.

As a script it saves its figures in the folder that the command line names:
``python examples/inputs/plot_texts.py figures``.
"""

import importlib
import inspect
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import normalized_mutual_info_score
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from skunsup import Autoencoder, Text
from skunsup.inspection import EmbeddingDisplay, ReconstructionDisplay

# %%
# The texts
# ---------
# The module of a function is kept aside, to judge clusters by.

MODULES = ("fft", "interpolate", "linalg", "ndimage", "optimize", "signal", "spatial")
found = {}
for module in MODULES:
    for name, function in vars(importlib.import_module(f"scipy.{module}")).items():
        text = inspect.getdoc(function) or ""
        if callable(function) and not name.startswith("_") and len(text) > 200:
            found.setdefault(text, (module, name))
texts = list(found)
modules, names = (np.array(column) for column in zip(*found.values(), strict=True))
print(f"{len(texts)} texts of {len(set(modules))} modules")

# %%
# Codes of bags of words
# ----------------------
# Words of only letters, which at least three texts and at most a third of them have.
# The loss is the cross-entropy between the words of a text and those that the decoder
# finds likely.

words = TfidfVectorizer(
    token_pattern=r"[a-z]{3,}", min_df=3, max_df=1 / 3, sublinear_tf=True
)
autoencoder = Autoencoder(
    n_components=10,
    hidden_layer_sizes=(128,),
    loss="categorical_crossentropy",
    batch_size=64,
    epochs=None,
    max_steps=600,
    learning_rate_schedule="cosine",
    random_state=0,
)
MODELS = {
    "latent semantic analysis": TruncatedSVD(10, random_state=0),
    "autoencoder": autoencoder,
}
bags = words.fit_transform(texts)
codes = {
    title: make_pipeline(model, Normalizer()).fit_transform(bags)
    for title, model in MODELS.items()
}
clusters = {
    title: KMeans(len(MODULES), n_init=10, random_state=0).fit_predict(code)
    for title, code in codes.items()
}
for title, cluster in clusters.items():
    score = normalized_mutual_info_score(modules, cluster)
    print(f"{title:25} mutual information with the modules {score:.2f}")

figure, axes = plt.subplots(
    1, 2, figsize=(11, 4.8), num="texts_clusters", layout="constrained", sharey=True
)
for axis, (title, cluster) in zip(axes, clusters.items(), strict=True):
    shares = np.array(
        [
            np.bincount(cluster[modules == module], minlength=len(MODULES))
            / np.sum(modules == module)
            for module in MODULES
        ]
    )
    order = np.argsort(shares.argmax(axis=0), kind="stable")
    axis.imshow(shares[:, order], cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(shares[:, order]):
        if share >= 0.05:
            colour = "white" if share > 0.5 else "black"
            axis.text(column, row, f"{share:.0%}", ha="center", va="center", c=colour)
    score = normalized_mutual_info_score(modules, cluster)
    axis.set(title=f"{title}: NMI {score:.2f}", xlabel="cluster", xticks=[])
    axis.set_yticks(range(len(MODULES)), MODULES)
figure.suptitle("Share of each module's texts in each cluster")

# %%
# Words of a cluster
# ------------------
# The decoder turns the mean code of a cluster into a distribution over words. The words
# of a cluster are those that are likelier in it than in all texts.

vocabulary = words.get_feature_names_out()
raw, usual = autoencoder.transform(bags), np.asarray(bags.mean(axis=0)).ravel()
usual = usual / usual.sum()
members = clusters["autoencoder"]
for cluster in range(len(MODULES)):
    centre = raw[members == cluster].mean(axis=0, keepdims=True)
    likely = autoencoder.inverse_transform(centre)[0]
    telling = np.argsort(likely * np.log(likely / usual))[::-1][:8]
    print(f"{np.sum(members == cluster):4} texts:", ", ".join(vocabulary[telling]))

# %%
# Sentences in order
# ------------------
# The first sentence of each text, token by token. A code of 32 numbers holds most of a
# short sentence, so the decoder gives it back nearly as it was.

first = [text.split("\n\n")[0].replace("\n", " ") for text in texts]
inputs = Text(sequence_length=12, max_tokens=2000, layer="conv", input_dropout=0.1)
reader = Autoencoder(
    n_components=32,
    inputs=inputs,
    batch_size=64,
    epochs=None,
    max_steps=1200,
    learning_rate=3e-3,
    learning_rate_schedule="cosine",
    random_state=0,
).fit(first)
shown = first[:60:12]
for sentence, again in zip(shown, reader.reconstruct(shown), strict=True):
    print(f"{sentence[:70]}\n    -> {again}")

# %%
# The same as a picture: wrong words are coloured.

display = ReconstructionDisplay.from_estimator(reader, first, rows=range(0, 60, 12))
display.figure_.set_label("texts_restored")

# %%
# Sentences on a map of their codes, coloured by module; ten are listed below it.

display = EmbeddingDisplay.from_estimator(reader, first, modules, thumbnails=True)
display.figure_.set_label("texts_map")

# %%
# A new sentence, and those whose codes are nearest.

question = "Find the minimum of a function of several variables."
nearest = NearestNeighbors(n_neighbors=4).fit(reader.transform(first))
print(question)
for row in nearest.kneighbors(reader.transform([question]))[1][0]:
    print(f"    {modules[row]}.{names[row]}: {first[row][:70]}")

# %%
# Run as a script, save the figures.

if "sphinx_gallery" not in sys.modules:
    folder = Path(*sys.argv[1:2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in plt.get_figlabels():
        plt.figure(name).savefig(folder / f"{name}.png", dpi=120)
plt.show()
