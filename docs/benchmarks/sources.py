"""Fits to a folder of Parquet files against a memory map of the same rows.

Each fit runs in a process of its own: two epochs of ``Autoencoder(8)`` over rows of 32
columns. Printed are processor seconds, peak memory above that before the fit, and the
loss of both epochs.

With ``--memory`` fits are measured that need something of each row: how much more
memory one over three times as many rows takes, by the row. Rows are made as they are
read, so that none is kept by the system. Below a million of them the chunks in memory
and freed memory that is not given back decide, and still grow.

Run it::

    python docs/benchmarks/sources.py --rows 500000 2000000
    python docs/benchmarks/sources.py --memory 1200000
"""

import json
import resource
import tempfile
import time
from pathlib import Path

import _common
import numpy as np

D, CHUNK = 32, 50_000
KINDS = ("map", "parquet")
NARROW = 64  # columns of the rows whose memory is measured
FITS = (
    "plain",
    "early stopping",
    "X_val",
    "sample_weight",
    "checkpoint",
    "AutoencoderDetector",
    "AutoencoderDetector, novelty",
    "VAEDetector, novelty",
)


def main():
    """Print the table."""
    options = _common.parser(__doc__)
    options.add_argument("--rows", nargs="+", type=int, default=[500_000, 2_000_000])
    options.add_argument("--subject", nargs=2, metavar=("KIND", "FOLDER"))
    options.add_argument("--memory", type=int, metavar="ROWS")
    options.add_argument("--fit", nargs=2, metavar=("NAME", "ROWS"))
    options = options.parse_args()
    if options.subject:
        print(json.dumps(measured(*options.subject)))
        return
    if options.fit:
        print(json.dumps(peak_of_fit(options.fit[0], int(options.fit[1]))))
        return
    if options.memory:
        by_row(options.memory, options.output)
        return
    rows = []
    for n in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), n)
            found = [
                _common.run_child(__file__, ["--subject", kind, folder])
                for kind in KINDS
            ]
        for kind, one in zip(KINDS, found, strict=True):
            losses = " ".join(f"{loss:.5f}" for loss in one["loss"])
            ratio = one["seconds"] / found[0]["seconds"]
            rows.append([n, kind, one["seconds"], ratio, one["megabytes"], losses])
    head = ["rows", "source", "CPU s", "ratio", "peak MB", "loss of epochs 1 and 2"]
    print(_common.table(head, rows))
    _common.store(options.output, rows=rows)


def write(folder, n):
    """Write the same rows as an array and as Parquet files."""
    import pandas as pd

    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(8, D)) / np.sqrt(8)
    rows = np.lib.format.open_memmap(
        folder / "rows.npy", "w+", dtype=np.float32, shape=(n, D)
    )
    for i, start in enumerate(range(0, n, 4 * CHUNK)):
        end = min(start + 4 * CHUNK, n)
        part = np.tanh(rng.normal(size=(end - start, 8)) @ mixing)
        part += 0.1 * rng.normal(size=part.shape)
        rows[start:end] = part
        table = pd.DataFrame(np.float32(part), columns=[f"x{j}" for j in range(D)])
        table.to_parquet(folder / f"part-{i:04d}.parquet", row_group_size=CHUNK)
    rows.flush()


def measured(kind, folder):
    """Fit in this process; return what it took."""
    import skunsup

    def data():
        if kind == "map":
            return np.load(f"{folder}/rows.npy", mmap_mode="r")
        return skunsup.ParquetSource(folder)

    def model():
        return skunsup.Autoencoder(8, batch_size=256, epochs=2, random_state=0)

    small = np.random.default_rng(0).normal(size=(2000, D)).astype(np.float32)
    model().fit(small)  # imports and compiles
    before, began = peak(), time.process_time()
    fitted = model().fit(data())
    seconds = time.process_time() - began
    loss = fitted.history_["loss"]
    return {"seconds": seconds, "megabytes": peak() - before, "loss": loss}


def by_row(n, output):
    """Print what each kind of fit takes by the row, from n and 3 n of them."""
    rows = []
    for name in FITS:
        small, large = (
            _common.run_child(__file__, ["--fit", name, str(k * n)]) for k in (1, 3)
        )
        rows.append([name, small, large, (large - small) * 2**20 / (2 * n)])
        print(*rows[-1], sep=", ", flush=True)
    head = ["fit", f"peak MB, {n} rows", f"peak MB, {3 * n} rows", "bytes a row"]
    print(_common.table(head, rows))
    _common.store(output, memory=rows)


def peak_of_fit(name, n):
    """Return the peak memory, in MB, of a fit to n rows above that before."""
    import skunsup

    class Made(skunsup.Source):
        """Rows that are drawn when they are read."""

        def __init__(self, n):
            self.boundaries = np.append(np.arange(0, n, CHUNK), n)

        def read(self, i):
            size = int(np.diff(self.boundaries)[i])
            rng = np.random.default_rng(i)
            return rng.standard_normal((size, NARROW), np.float32)

    few = {"max_steps": 50, "batch_size": 256, "random_state": 0}
    kind, _, novelty = name.partition(", ")
    if kind.endswith("Detector"):
        model = getattr(skunsup, kind)(novelty=bool(novelty), **few)
    else:
        model = skunsup.Autoencoder(4, early_stopping=kind == "early stopping", **few)
    given = {}
    model.fit(Made(2000))  # imports and compiles
    with tempfile.TemporaryDirectory() as folder:
        if kind == "checkpoint":
            model.set_params(checkpoint=f"{folder}/fit.npz")
        if kind == "X_val":
            given["X_val"] = Made(n)
        if kind == "sample_weight":
            given["sample_weight"] = np.ones(n)
        before = peak()
        model.fit(Made(n), **given)
    return peak() - before


def peak():
    """Return the largest resident memory of the process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
