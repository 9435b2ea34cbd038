"""Write the files of this release: `python tests/golden/make.py` from the root.

Each new release writes its own, in a folder of its version, and reads the older ones.
"""

import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import skops.io
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skunsup
from skunsup import Autoencoder, AutoencoderDetector, Table, VariationalAutoencoder

SMALL = {"hidden_layer_sizes": (4,), "max_steps": 4, "random_state": 0}
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(24, 3)).round(3)
TABLE = pd.DataFrame({"a": NUMBERS[:, 0], "b": ["x", "y", None] * 8})
MODELS = {
    "pipeline": make_pipeline(
        StandardScaler(), Autoencoder(2, **SMALL), KMeans(2, n_init=1, random_state=0)
    ),
    "detector": AutoencoderDetector(n_components=2, **SMALL, n_estimators=2),
    "table": VariationalAutoencoder(2, inputs=Table(), **SMALL),
}


def found(model, X):
    """Scores or codes of rows by a model."""
    if hasattr(model, "score_samples") and not hasattr(model, "steps"):
        return model.score_samples(X)
    return model.transform(X)


def main():
    """Write a file for each model, and what it says."""
    folder = Path(__file__).parent / skunsup.__version__
    folder.mkdir(exist_ok=True)
    said = {}
    for name, model in MODELS.items():
        X = TABLE if name == "table" else NUMBERS
        said[name] = found(model.fit(X), X)
        path = folder / f"{name}.skops"
        skops.io.dump(model, path, compression=zipfile.ZIP_DEFLATED, compresslevel=9)
    np.savez_compressed(folder / "said.npz", numbers=NUMBERS, **said)


if __name__ == "__main__":
    sys.exit(main())
