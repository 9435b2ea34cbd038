"""Milliseconds that ``import skunsup`` adds to the start of Python.

The cumulative time which ``python -X importtime`` gives for the package, the median
of several fresh interpreters, and whether it drew in anything heavy.

Run it::

    python docs/benchmarks/import_time.py
"""

import subprocess
import sys

import _common
import numpy as np

HEAVY = ("keras", "tensorflow", "jax", "torch", "scikeras", "sklearn", "numpy", "scipy")


def main():
    """Print the table."""
    options = _common.parser(__doc__)
    options.add_argument("--repeats", type=int, default=9)
    options = options.parse_args()
    runs = [import_times() for _ in range(options.repeats)]
    micros = [run["skunsup"] for run in runs]
    heavy = sorted(set(HEAVY) & set(runs[0]))
    row = [
        float(np.median(micros)) / 1e3,
        max(micros) / 1e3,
        ", ".join(heavy) or "none",
    ]
    print(_common.table(["median, ms", "slowest, ms", "heavy modules"], [row]))
    _common.store(options.output, microseconds=micros, heavy_modules=heavy)


def import_times():
    """Return the cumulative microseconds of each module one import draws in."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import skunsup"],
        capture_output=True,
        text=True,
        check=True,
    )
    times = {}
    for line in done.stderr.splitlines():
        _, _, fields = line.partition("import time:")
        parts = fields.split("|")
        if len(parts) == 3 and parts[1].strip().isdigit():
            times[parts[2].strip()] = int(parts[1])
    return times


if __name__ == "__main__":
    main()
