"""Resident memory of a fit on data that does not grow with the number of rows.

Four measurements, each in a fresh process:

``rows``
    One epoch on a read-only float32 memory map of 1,000,000 x 100 and of
    2,000,000 x 100, in minibatches of 1,024.
``sparse``
    The same on a scipy CSR matrix with one entry in a hundred, held in memory.
``images``
    The same from a list of paths: 4,000 and 16,000 files of 64 x 64 pixels in colour.
``fits``
    Fifty fits on 500 x 20: resident memory after the fifth and the fiftieth, beside
    the same fits with stock Keras.

The peak is read twice. `ru_maxrss` counts pages of the mapped file as well, which
the kernel keeps while there is room and takes back when there is not; "own" is
resident memory less those shared pages, sampled every 10 ms, and is what a fit
really needs. ``KERAS_BACKEND`` chooses the backend.

Run it::

    python docs/benchmarks/memory.py rows sparse images fits --output memory.json
"""

import argparse
import gc
import json
import os
import resource
import sys
import tempfile
import threading

import _common
import numpy as np

N_FEATURES, BLOCK, DENSITY, MIB = 100, 10_000, 0.01, 2**20
SHAPE = (64, 64, 3)


def main():
    """Run the chosen measurements, or one of them in this process."""
    options = _common.parser(__doc__)
    options.add_argument("what", nargs="*", default=[*MEASUREMENTS])
    options.add_argument("--rows", type=int, nargs="+", default=[10**6, 2 * 10**6])
    options.add_argument("--files", type=int, nargs="+", default=[4_000, 16_000])
    options.add_argument("--fits", type=int, default=50)
    options.add_argument("--map", help=argparse.SUPPRESS)
    options.add_argument("--subject", help=argparse.SUPPRESS)
    options = options.parse_args()
    if options.subject:
        print(json.dumps(SUBJECTS[options.subject](options)))
        return
    results = {name: MEASUREMENTS[name](options) for name in options.what}
    _common.store(options.output, **results)


def measure_rows(options):
    """Fit each number of rows from a memory map and print the table."""
    runs = []
    for n_rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rows.f32")
            write_rows(path, n_rows)
            arguments = ["--subject", "map", "--map", path, "--rows", n_rows]
            runs.append({"rows": n_rows} | _common.run_child(__file__, arguments))
    print_peaks("memory map", runs)
    return runs


def measure_sparse(options):
    """Fit each number of rows from a CSR matrix and print the table."""
    runs = []
    for n_rows in options.rows:
        arguments = ["--subject", "csr", "--rows", n_rows]
        runs.append({"rows": n_rows} | _common.run_child(__file__, arguments))
    print_peaks("CSR", runs)
    return runs


def measure_images(options):
    """Fit each number of image files and print the table."""
    runs = []
    for n_files in options.files:
        with tempfile.TemporaryDirectory() as folder:
            write_images(folder, n_files)
            arguments = ["--subject", "images", "--map", folder]
            runs.append({"rows": n_files} | _common.run_child(__file__, arguments))
    print_peaks("image files", runs)
    return runs


def measure_fits(options):
    """Repeat small fits with skunsup and with Keras and print the table."""
    subjects = ("skunsup-fits", "keras-fits")
    arguments = ["--fits", options.fits]
    runs = _common.run_each(__file__, subjects, arguments, lambda _: None, ("default",))
    header = ["subject", "after 5 fits, MiB", f"after {options.fits} fits, MiB"]
    ok = [run for run in runs if "error" not in run]
    rows = [[r["subject"], r["resident"][4], r["resident"][-1]] for r in ok]
    print(_common.table(header, rows))
    return runs


def print_peaks(kind, runs):
    """Print peak memory by number of rows."""
    names = ("data", "before", "own_peak", "maxrss_before", "maxrss")
    header = ["X", "rows", "X, MiB", "own before fit", "own peak"]
    header += ["ru_maxrss before fit", "ru_maxrss"]
    ok = [run for run in runs if "error" not in run]
    print(_common.table(header, [[kind, r["rows"], *map(r.get, names)] for r in ok]))


def write_rows(path, n_rows):
    """Write Gaussian float32 rows to a file, a block at a time."""
    rng = np.random.default_rng(0)
    with open(path, "wb") as file:
        for start in range(0, n_rows, BLOCK):
            shape = (min(BLOCK, n_rows - start), N_FEATURES)
            rng.standard_normal(shape, dtype=np.float32).tofile(file)


def write_images(folder, n_files):
    """Write files of random pixels."""
    from keras.utils import save_img

    rng = np.random.default_rng(0)
    for i in range(n_files):
        pixels = rng.integers(0, 256, SHAPE, dtype=np.uint8)
        save_img(os.path.join(folder, f"{i}.png"), pixels, scale=False)


def fit_map(options):
    """Fit a memory map and return the peaks."""
    (n_rows,) = options.rows
    shape = (n_rows, N_FEATURES)
    X = np.memmap(options.map, dtype=np.float32, mode="r", shape=shape)
    return peaks_of_fit(X, X.nbytes)


def fit_csr(options):
    """Fit a sparse matrix and return the peaks."""
    from scipy import sparse

    (n_rows,) = options.rows
    per_row = round(DENSITY * N_FEATURES)
    rng = np.random.default_rng(0)
    columns = rng.integers(N_FEATURES, size=n_rows * per_row, dtype=np.int32)
    values = rng.standard_normal(n_rows * per_row, dtype=np.float32)
    starts = np.arange(0, n_rows * per_row + 1, per_row, dtype=np.int32)
    X = sparse.csr_array((values, columns, starts), shape=(n_rows, N_FEATURES))
    return peaks_of_fit(X, values.nbytes + columns.nbytes + starts.nbytes)


def fit_images(options):
    """Fit a list of paths and return the peaks; the data are the pixels in float32."""
    from skunsup import Images

    paths = [entry.path for entry in os.scandir(options.map)]
    n_bytes = 4 * len(paths) * int(np.prod(SHAPE))
    return peaks_of_fit(paths, n_bytes, inputs=Images(image_shape=SHAPE))


def peaks_of_fit(X, n_bytes, **given):
    """Fit one epoch under observation; all figures in MiB."""
    from skunsup import Autoencoder

    dense = {"hidden_layer_sizes": (64, 32), "batch_size": 1024}
    model = Autoencoder(8, epochs=1, random_state=0, **(given or dense))
    before = {"before": own_memory(), "maxrss_before": peak_resident()}
    with OwnPeak() as observer:
        model.fit(X)
    peak = {"own_peak": observer.peak, "maxrss": peak_resident()}
    return {"data": n_bytes / MIB} | before | peak


def own_memory():
    """Return resident MiB without pages shared with a file."""
    import psutil

    memory = psutil.Process().memory_info()
    return (memory.rss - getattr(memory, "shared", 0)) / MIB


def peak_resident():
    """Return the highest resident MiB of this process so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MIB


class OwnPeak:
    """Watch `own_memory` from a thread and keep its highest value in ``peak``."""

    interval = 0.01

    def __enter__(self):
        self.peak = own_memory()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self):
        while not self._done.wait(self.interval):
            self.peak = max(self.peak, own_memory())

    def __exit__(self, *exception):
        self._done.set()
        self._thread.join()
        self.peak = max(self.peak, own_memory())


def repeat_skunsup(options):
    """Fit again and again with skunsup."""
    import _peers

    return repeat(_peers.load("skunsup-tensorflow"), options.fits)


def repeat_keras(options):
    """Fit again and again with stock Keras, a new model each time."""
    import _peers

    return repeat(_peers.load("keras-tensorflow"), options.fits)


def repeat(peer, n_fits):
    """Return resident memory after each of many fits of new objects."""
    import _peers

    X = _peers.gaussian(500, 20)
    task = _peers.Task(batch_size=32, epochs=2)
    resident = []
    for _ in range(n_fits):
        fitted = peer(task)
        fitted.fit(X)
        fitted.score(X)
        del fitted
        gc.collect()
        resident.append(own_memory())
    return {"resident": resident}


SUBJECTS = {
    "map": fit_map,
    "csr": fit_csr,
    "images": fit_images,
    "skunsup-fits": repeat_skunsup,
    "keras-fits": repeat_keras,
}
MEASUREMENTS = {
    "rows": measure_rows,
    "sparse": measure_sparse,
    "images": measure_images,
    "fits": measure_fits,
}


if __name__ == "__main__":
    main()
