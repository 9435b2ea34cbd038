"""The tables of README and the pages are those of the stored results."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TABLES = ROOT / "docs" / "benchmarks" / "tables.py"


def test_pages_quote_the_stored_results():
    done = subprocess.run(
        [sys.executable, str(TABLES), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
