"""Pieces that the benchmarks share: child processes, medians, tables and result files.

Every subject runs in a process of its own, so that the thread pools of
TensorFlow, JAX, torch and BLAS never meet. A benchmark script calls itself with
``--subject NAME``; the child prints one line of JSON, which `run_child` reads.
"""

import argparse
import importlib.metadata
import itertools
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

SINGLE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}
THREADS = ("default", "one")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
PACKAGES = (
    "skunsup",
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "scikit-learn",
    "scikeras",
    "pyod",
    "numpy",
)


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options every benchmark has.

    Parameters
    ----------
    description : str
        Shown by ``--help``; the first line of a module docstring is used.

    Returns
    -------
    argparse.ArgumentParser
        With ``--output``.
    """
    options = argparse.ArgumentParser(description=description.strip().splitlines()[0])
    options.add_argument(
        "--output", type=Path, metavar="FILE.json", help="store the raw numbers here"
    )
    return options


def add_subject_options(
    options: argparse.ArgumentParser, subjects: Iterable[str], repeats: int
) -> None:
    """Add ``--only``, ``--threads``, ``--repeats`` and the child's ``--subject``."""
    names = sorted(subjects)
    options.add_argument(
        "--only", nargs="+", choices=names, metavar="SUBJECT", help=", ".join(names)
    )
    options.add_argument("--threads", nargs="+", choices=THREADS, default=THREADS)
    options.add_argument("--repeats", type=int, default=repeats)
    options.add_argument("--subject", choices=names, help=argparse.SUPPRESS)


def environment(backend: str | None, threads: str) -> dict[str, str]:
    """Return the environment variables of a child process.

    Parameters
    ----------
    backend : str or None
        Keras backend; None leaves the caller's choice.
    threads : {"default", "one"}
        Whether the libraries may choose their number of threads.

    Returns
    -------
    dict
        A copy of this process's environment with the settings applied.
    """
    env = {k: v for k, v in os.environ.items() if k not in SINGLE_THREAD}
    if backend is not None:
        env["KERAS_BACKEND"] = backend
    if threads == "one":
        env |= SINGLE_THREAD
    return env


def run_child(
    script: str,
    arguments: Sequence[object],
    backend: str | None = None,
    threads: str = "default",
    interpreter: str = sys.executable,
    limit: float | None = None,
) -> dict:
    """Run a benchmark script in a fresh process and return what it measured.

    Parameters
    ----------
    script : str
        Path of the script, usually ``__file__``.
    arguments : sequence
        Command-line arguments.
    backend : str, optional
        Keras backend of the child.
    threads : {"default", "one"}, default="default"
        Thread setting of the child.
    interpreter : str, optional
        Python that runs it; by default the one that runs this.
    limit : float, optional
        Seconds after which it is stopped, and has failed.

    Returns
    -------
    dict
        The JSON the child printed last, or ``{"error": message}`` if it failed.
    """
    print(" ".join(map(str, (*arguments, f"threads={threads}"))), file=sys.stderr)
    try:
        done = subprocess.run(
            [interpreter, script, *map(str, arguments)],
            env=environment(backend, threads),
            capture_output=True,
            text=True,
            check=False,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"stopped after {limit:g} seconds"}
    lines = done.stdout.strip().splitlines()
    if done.returncode == 0 and lines:
        return json.loads(lines[-1])
    message = (done.stderr.strip().splitlines() or ["no output"])[-1]
    print(f"  failed: {message}", file=sys.stderr)
    return {"error": message}


def run_each(
    script: str,
    subjects: Iterable[str],
    arguments: Sequence[object],
    backend: Callable[[str], str | None],
    threads: Iterable[str] = THREADS,
    repeats: int = 1,
) -> list[dict]:
    """Run every subject at every thread setting, each time in a fresh process.

    Parameters
    ----------
    script : str
        Path of the script, usually ``__file__``.
    subjects : iterable of str
        Given to the child as ``--subject``.
    arguments : sequence
        Further command-line arguments.
    backend : callable
        From a subject to its Keras backend, or None.
    threads : iterable of {"default", "one"}
        Thread settings.
    repeats : int, default=1
        Processes for each subject and setting.

    Returns
    -------
    list of dict
        What each child measured, with its "subject" and "threads".
    """
    runs = []
    for subject, setting, _ in itertools.product(subjects, threads, range(repeats)):
        found = run_child(
            script, ["--subject", subject, *arguments], backend(subject), setting
        )
        runs.append({"subject": subject, "threads": setting} | found)
    return runs


def run_pairs(script: str, options: argparse.Namespace, others: Iterable) -> list[dict]:
    """Measure each set with each of the others in a process of its own.

    Parameters
    ----------
    script : str
        Path of the script, usually ``__file__``.
    options : argparse.Namespace
        With ``only`` (the sets), ``data``, ``seeds`` and ``output``.
    others : iterable
        Methods or settings, which `answer` gets as text.

    Returns
    -------
    list of dict
        What `answer` measured, a record a seed.
    """
    runs: list[dict] = []
    for name, other in itertools.product(options.only, others):
        passed = ["--data", options.data, "--seeds", *options.seeds]
        passed += ["--subject", f"{name}:{other}"]
        runs += run_child(script, passed, "jax", "one").get("runs", [])
        store(options.output, runs=runs)
    return runs


def answer(
    options: argparse.Namespace, measure: Callable[[str, str, int, str], dict]
) -> None:
    """Print what a child of `run_pairs` measures, a record a seed.

    Parameters
    ----------
    options : argparse.Namespace
        With ``subject``, ``data`` and ``seeds``.
    measure : callable
        Of the set, the other, a seed and the folder of the data.
    """
    name, other = options.subject.split(":")
    found = [measure(name, other, seed, options.data) for seed in options.seeds]
    print(json.dumps({"runs": found}))


def best(runs: Iterable[dict], key: str) -> float:
    """Return the smallest finite `key` among the runs, NaN if all failed."""
    values = [run[key] for run in runs if "error" not in run]
    return min(values, default=float("nan"))


def seconds(call: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def cpu_seconds(call: Callable[[], object]) -> float:
    """Processor seconds of one call, all threads together."""
    start = time.process_time()
    call()
    return time.process_time() - start


def median_seconds(call: Callable[[], object], repeats: int) -> float:
    """Return the median duration of `repeats` calls."""
    return float(np.median([seconds(call) for _ in range(repeats)]))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table.

    Parameters
    ----------
    header : sequence of str
        Column names.
    rows : iterable of sequences
        Cells; numbers are written as given by `number`.

    Returns
    -------
    str
        The lines of the table, joined.
    """
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(number, line)) + " |" for line in lines)


def table_of_methods(
    runs: Iterable[dict],
    data: str,
    methods: Sequence[str],
    figures: Sequence[str],
    digits: int,
) -> str:
    """Table of a data set: a row a method, mean and spread of figures over its runs.

    Parameters
    ----------
    runs : iterable of dict
        Each with `data`, `method`, `seconds` and the figures.
    data : str
        Which data set.
    methods, figures : sequence of str
        Rows and columns.
    digits : int
        Behind the point.
    """
    runs, rows = list(runs), []
    for method in methods:
        mine = [r for r in runs if (r["data"], r["method"]) == (data, method)]
        row = [method]
        for figure in figures:
            values = [run[figure] for run in mine]
            row.append(f"{np.mean(values):.{digits}f} ± {np.std(values):.{digits}f}")
        rows.append([*row, f"{np.mean([run['seconds'] for run in mine]):.0f}"])
    return table(["", *figures, "seconds"], rows)


def number(value: object) -> str:
    """Write a float with three significant digits, and a missing one as a dash."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "-"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine() -> dict:
    """Describe where the numbers come from: interpreter, processors, versions."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "processors": os.cpu_count(),
        "versions": versions,
    }


def store(path: Path | None, **results: object) -> None:
    """Write the results and the description of the machine as JSON.

    Parameters
    ----------
    path : Path or None
        The file; with None nothing is written.
    **results : object
        What to store, JSON-serialisable.
    """
    if path is None:
        return
    text = json.dumps({"machine": machine(), **results}, indent=1)
    partial = path.with_suffix(".partial")
    partial.write_text(text + "\n")
    partial.replace(path)
