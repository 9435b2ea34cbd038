"""Latency, start and size of a pipeline in onnxruntime, beside the pipeline itself.

StandardScaler, Autoencoder (64-32-8) and KMeans of 10 clusters on 5,000 x 64 Gaussian
rows, exported by `skunsup.onnx.to_onnx`. One row as float64, the median of 2,000 calls
in onnxruntime (one thread) and of 300 of the pipeline. Labels are compared on 10,000
new rows. The start is that of a new process until its first answer: Python, imports,
file and one row; memory is the resident size then.

Run it on an otherwise idle machine::

    python docs/benchmarks/onnx_latency.py
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import _common
import numpy as np

N_ROWS, N_FEATURES, N_NEW = 5_000, 64, 10_000
RUNTIME = """
import sys
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options)
session.run(None, {"X": numpy.zeros((1, 64))})
"""
LIVE = """
import sys
import numpy, skops.io, skunsup
pipeline = skops.io.load(sys.argv[1], trusted=skunsup.TRUSTED_TYPES)
pipeline.predict(numpy.zeros((1, 64)))
"""
END = """
import json, time
(resident,) = (x for x in open("/proc/self/status") if x.startswith("VmRSS"))
print(json.dumps({
    "cpu": time.process_time(),
    "memory": int(resident.split()[1]) / 1e3,
    "tensorflow": "tensorflow" in sys.modules,
}))
"""


def main():
    """Print the table."""
    options = _common.parser(__doc__)
    options.add_argument("--repeats", type=int, default=3)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), options.repeats)
    rows = [
        [f["subject"], f["latency"], f["start"], f["cpu"], f["memory"], f["size"]]
        for f in found["subjects"]
    ]
    names = ["", "one row, ms", "start, s", "start, s of CPU", "memory, MB", "file, kB"]
    print(_common.table(names, rows))
    print(
        f"{found['differ']} of {N_NEW} labels differ; relative difference of codes "
        f"{found['codes']:.1e}"
    )
    _common.store(options.output, **found)


def measured(folder, repeats):
    """Measurements of both."""
    import onnxruntime
    import skops.io

    pipeline, model, codes = made()
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    (folder / "c.onnx").write_bytes(codes.SerializeToString())
    skops.io.dump(pipeline, folder / "m.skops")
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / "m.onnx", settings)
    encoder = onnxruntime.InferenceSession(folder / "c.onnx", settings)
    new = np.random.default_rng(1).normal(size=(N_NEW, N_FEATURES))
    labels, expected = session.run(["label"], {"X": new})[0], pipeline.predict(new)
    ours, theirs = encoder.run(None, {"X": new})[0], pipeline[:-1].transform(new)
    subjects = [
        {
            "subject": "onnxruntime",
            "latency": median(
                lambda row: session.run(["label"], {"X": row}), new, 2000
            ),
            **started(RUNTIME, folder / "m.onnx", repeats),
        },
        {
            "subject": "pipeline",
            "latency": median(pipeline.predict, new, 300),
            **started(LIVE, folder / "m.skops", repeats),
        },
    ]
    difference = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    return {
        "subjects": subjects,
        "differ": int((labels != expected).sum()),
        "codes": difference,
    }


def made():
    """Return a fitted pipeline, its ONNX model, and that of its codes."""
    from sklearn.cluster import KMeans
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from skunsup import Autoencoder
    from skunsup.onnx import to_onnx

    X = np.random.default_rng(0).normal(size=(N_ROWS, N_FEATURES))
    model = Autoencoder(8, hidden_layer_sizes=(64, 32), epochs=2, random_state=0)
    kmeans = KMeans(10, n_init=1, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model, kmeans).fit(X)
    return pipeline, to_onnx(pipeline), to_onnx(pipeline[:-1])


def median(call, rows, n):
    """Return the median of single rows, in milliseconds."""
    took = []
    for at in range(n):
        row = rows[at : at + 1]
        begun = time.perf_counter()
        call(row)
        took.append(time.perf_counter() - begun)
    return 1e3 * float(np.median(took))


def started(script, path, repeats):
    """Return the medians of a process that answers once, and the size of the file."""
    runs = []
    for _ in range(repeats):
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", script + END, path], capture_output=True, check=True
        )
        took = time.perf_counter() - begun
        runs.append({"start": took, **json.loads(done.stdout.splitlines()[-1])})
    if path.suffix == ".onnx" and any(run["tensorflow"] for run in runs):
        raise AssertionError("onnxruntime brought TensorFlow along.")
    found = {
        k: float(np.median([r[k] for r in runs])) for k in ("start", "cpu", "memory")
    }
    return {**found, "size": path.stat().st_size / 1e3}


if __name__ == "__main__":
    main()
