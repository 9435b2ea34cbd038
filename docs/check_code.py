"""Run the Python code of the pages, each from top to bottom in a folder of its own.

    python docs/check_code.py [PAGE ...]

A block that imports a package which is not installed is left out, and named.
"""

import argparse
import multiprocessing
import os
import re
import sys
import tempfile
import time
import warnings
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

DOCS = Path(__file__).parent
PAGES = (
    "../README.md",
    "getting_started.md",
    "index.md",
    "guide/*.md",
    "displays.md",
    "families.md",
    "generated_rows.md",
    "from_*.md",
    "inputs.md",
    "scaling.md",
    "sequences_and_text.md",
    "tables.md",
    "transfer.md",
    "ways_of_learning.md",
)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Each page is a copy of one process that has read these and used none of them.
READ_AHEAD = [
    "keras",
    "matplotlib.pyplot",
    "pandas",
    "skunsup.models",
    "skunsup.outliers",
]
PROCESSES = multiprocessing.get_context("forkserver")
IMPORT = re.compile(r"^\s*(?:from|import) (\w+)", re.MULTILINE)


def missing(code):
    """Packages that a block imports and that are not installed."""
    return {name for name in IMPORT.findall(code) if find_spec(name) is None}


def program(page):
    """Code of a page as one program, each block on the lines that it has there."""
    text, lines = page.read_text(encoding="utf-8"), []
    for match in BLOCK.finditer(text):
        if absent := missing(match[1]):
            print(f"{page.name}: a block is left out without {', '.join(absent)}")
            continue
        start = text.count("\n", 0, match.start(1))
        lines += [""] * (start - len(lines)) + match[1].splitlines()
    return "\n".join(lines)


def run(code, page, output):
    """Run code as the main program, in a folder of its own; print into a file."""
    with open(output, "w") as file, tempfile.TemporaryDirectory() as folder:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        os.chdir(folder)
        warnings.simplefilter("ignore")
        sys.modules["__main__"] = main = ModuleType("__main__")
        exec(compile(code, page, "exec"), vars(main))


def failed(page):
    """Run the code of a page; true if it fails, after its error is printed."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "output")
        start = time.perf_counter()
        process = PROCESSES.Process(target=run, args=(program(page), page, output))
        process.start()
        process.join()
        result = "fails" if process.exitcode else "runs"
        seconds = time.perf_counter() - start
        print(f"{page.name}: {result}, {seconds:.0f} s", flush=True)
        if process.exitcode:
            print(f"{page}\n{output.read_text()[-3500:]}")
    return bool(process.exitcode)


def main():
    """Run the pages that are named, or all, and return the exit status."""
    path = [str(DOCS.parent), os.environ.get("PYTHONPATH", "")]
    os.environ |= {"MPLBACKEND": "Agg", "PYTHONPATH": os.pathsep.join(path)}
    PROCESSES.set_forkserver_preload(READ_AHEAD)
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="*", type=Path)
    pages = parser.parse_args().pages or sorted(
        path.resolve() for page in PAGES for path in DOCS.glob(page)
    )
    wrong = [page for page in pages if failed(page)]
    print(f"code of {len(pages)} pages, {len(wrong)} with errors")
    return int(bool(wrong) or not pages)


if __name__ == "__main__":
    sys.exit(main())
