"""Fit a pipeline, and write it for serving: `python make_model.py FOLDER`.

`detector.onnx` is what the app serves. `detector.skops` is the pipeline itself, which
the load test serves for comparison.
"""

import json
import sys
from pathlib import Path

import skops.io
from sklearn.datasets import load_breast_cancer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skunsup import AutoencoderDetector
from skunsup.onnx import to_onnx


def main(folder):
    """Fit a detector of unusual tumours, and write its files to a folder."""
    data = load_breast_cancer(as_frame=True)
    X = data.data[data.target == 1]  # benign ones count as normal
    pipeline = make_pipeline(
        StandardScaler(), AutoencoderDetector(max_steps=200, random_state=0)
    ).fit(X.to_numpy())
    (folder / "detector.onnx").write_bytes(to_onnx(pipeline).SerializeToString())
    skops.io.dump(pipeline, folder / "detector.skops")
    columns = [name.replace(" ", "_") for name in X.columns]
    rows = data.data.iloc[:8].to_numpy().tolist()
    text = json.dumps({"columns": columns, "rows": rows})
    (folder / "detector.json").write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
