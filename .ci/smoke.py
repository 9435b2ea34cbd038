"""Use an installed skunsup, not that of the repository: fit, write, read, export."""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import skops.io
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skunsup
from skunsup.onnx import to_onnx

repository, home = Path(sys.argv[1]).resolve(), Path(skunsup.__file__).resolve()
if repository in home.parents:
    raise SystemExit(f"{home} is in the repository.")
if version("skunsup") != skunsup.__version__:
    raise SystemExit("The version of the package is not that of its files.")
if not home.with_name("py.typed").exists():
    raise SystemExit("The package lacks py.typed.")
X = np.random.default_rng(0).normal(size=(60, 4))
pipeline = make_pipeline(StandardScaler(), skunsup.Autoencoder(2, epochs=1)).fit(X)
data = skops.io.dumps(pipeline)
twin = skops.io.loads(data, trusted=skunsup.TRUSTED_TYPES)
if not np.array_equal(twin.transform(X), pipeline.transform(X)):
    raise SystemExit("The copy computes something else.")
to_onnx(pipeline).SerializeToString()
