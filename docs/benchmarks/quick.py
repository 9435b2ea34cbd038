"""Measure the tables of speed again, in about ten minutes on two idle cores.

    python docs/benchmarks/quick.py [--store]

Prints each table as it is now. `--store` writes them into `results/`, all of one run
and one machine; then run `tables.py`, and commit both.
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

import _common
import tables

FOLDER = Path(__file__).parent
OURS = ["skunsup-tensorflow", "skunsup-jax", "skunsup-torch"]
PEERS = ["keras-tensorflow", "keras-jax", "pyod", "mlp"]
ONE_THREAD = ["--threads", "one"]
RUNS = {
    "training_speed": [*ONE_THREAD, "--repeats=3", "--only", *OURS, *PEERS, "scikeras"],
    "small_data": [*ONE_THREAD, "--repeats=1", "--only", *OURS, *PEERS, "scikeras"],
    "scoring_speed": ["--only", *OURS, *PEERS, "pca"],  # the better of two settings
    "search": ONE_THREAD,
}
# Start of the stored name of a row, and its end, by subject of the scripts.
NAMES = {
    "skunsup-tensorflow": ("skunsup", "TensorFlow"),
    "skunsup-jax": ("skunsup", "JAX"),
    "skunsup-torch": ("skunsup", "torch"),
    "keras-tensorflow": ("Keras", "TensorFlow"),
    "keras-jax": ("Keras", "JAX"),
    "scikeras": ("scikeras", ""),
    "pyod": ("PyOD AutoEncoder", ""),
    "mlp": ("scikit-learn MLPRegressor", ""),
    "pca": ("scikit-learn PCA", ""),
}


def measured(name):
    """Rows of the table that a script prints, without their bars."""
    command = [sys.executable, str(FOLDER / f"{name}.py")]
    done = subprocess.run(
        [*command, *RUNS[name]], stdout=subprocess.PIPE, text=True, check=True
    )
    print(f"\n## {name}\n\n{done.stdout}", flush=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    return [[part.strip() for part in line[1:-1].split("|")] for line in lines[2:]]


def stored_row(rows, subject):
    """Stored row of a subject.

    Raises
    ------
    LookupError
        If there is none or more than one.
    """
    start, end = NAMES[subject]
    fitting = re.compile(f"{re.escape(start)}.*{re.escape(end)}")
    found = [row for row in rows if fitting.match(tables.plain(row[0]))]
    if len(found) != 1:
        raise LookupError(f"{len(found)} stored rows fit {subject!r}.")
    return found[0]


def replaced(table, rows):
    """Stored table with measured rows alone, under the names that it has for them."""
    named = [[stored_row(table["rows"], row[0])[0], *row[1:]] for row in rows]
    versions = _common.machine()["versions"]
    machine = ", ".join(f"{name} {version}" for name, version in versions.items())
    return {**table, "command": "quick.py", "machine": machine, "rows": named}


def main():
    """Measure, print, and store if asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--store", action="store_true")
    parser.add_argument("--only", nargs="+", choices=RUNS, default=list(RUNS))
    asked = parser.parse_args()
    start = time.perf_counter()
    for name in asked.only:
        rows = measured(name)
        if asked.store:
            tables.store(name, replaced(tables.read(name), rows))
    print(f"{(time.perf_counter() - start) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
