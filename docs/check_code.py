"""Run the Python code of the pages, each from top to bottom in a folder of its own.

    python docs/check_code.py [PAGE ...]

A block that imports a package which is not installed is left out, and named.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

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


def failed(page):
    """Run the code of a page; true if it fails, after its error is printed."""
    path = [str(DOCS.parent), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": os.pathsep.join(path)}
    run = "import sys; exec(compile(sys.stdin.read(), sys.argv[1], 'exec'))"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", run, str(page)],
            input=program(page),
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
        )
    print(f"{page.name}: {'fails' if done.returncode else 'runs'}", flush=True)
    if done.returncode:
        print(f"{page}\n{done.stdout[-500:]}\n{done.stderr[-3000:]}")
    return bool(done.returncode)


def main():
    """Run the pages that are named, or all, and return the exit status."""
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
