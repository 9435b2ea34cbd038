"""The pages for contributors are true: their code works, and layers are those named."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .helpers import on_torch_or_asked

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(python|diff)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FOUND = """
import numpy as np, skunsup
from tests.estimators import public_estimators
model, = (e for e in public_estimators() if type(e).__name__ == {name!r})
X = np.random.default_rng(0).normal(size=(40, 5))
assert np.isfinite(model.fit(X).transform(X)).all()
assert {name!r} in skunsup.__all__
"""


@pytest.fixture
def copied(tmp_path):
    """A copy of the package with its tests and reference."""
    shutil.copytree(ROOT / "skunsup", tmp_path / "skunsup")
    shutil.copytree(ROOT / "tests", tmp_path / "tests")
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "api.rst", tmp_path / "docs")
    return tmp_path


def add_code(page, root):
    """Do to the files under `root` what the code of a page says."""
    for kind, text in BLOCK.findall((ROOT / "docs" / page).read_text()):
        if kind == "diff":
            add_lines(text, root)
            continue
        path, _, continued = text.partition("\n")[0].removeprefix("# ").partition(",")
        file = root / path
        file.parent.mkdir(exist_ok=True)
        before = file.read_text() + "\n\n" if continued else ""
        file.write_text(before + text.partition("\n")[2])


def add_lines(text, root):
    """Add each line with a plus behind the line above it, which is there once."""
    file = above = None
    for line in text.splitlines():
        if line.startswith("--- "):
            file = root / line[4:]
        elif line.startswith("+"):
            content = file.read_text()
            assert f"\n{above}\n" in content, above
            added = f"\n{above}\n{line[1:]}\n"
            file.write_text(content.replace(f"\n{above}\n", added, 1))
            above = line[1:]
        else:
            above = line[1:]


def run(root, *command):
    env = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, *command], cwd=root, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@on_torch_or_asked
def test_a_model_added_as_the_page_says_is_found_and_fitted(copied):
    add_code("adding_a_model.md", copied)
    run(copied, "-W", "ignore", "-c", FOUND.format(name="DecorrelatedAutoencoder"))
    lists = (
        "tests/test_import.py::test_every_estimator_is_exported_and_in_the_reference"
    )
    run(copied, "-m", "pytest", "-q", "-p", "no:cacheprovider", lists)


def layers():
    """Return the row of each module and folder in the table of the layers."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named = [re.findall(r"`(?:skunsup/)?(\w+)(?:\.py|/)`", row) for row in rows]
    return {name: at for at, names in enumerate(named) for name in names}


def imported(path):
    """Yield the modules and folders of the package that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        found = []
        if isinstance(node, ast.Import):
            found = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "skunsup":
            found = [f"skunsup.{each.name}" for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [node.module or ""]
        yield from (n.split(".")[1] for n in found if n.startswith("skunsup."))


def test_the_page_has_all_layers_in_the_order_of_imports():
    found, package = layers(), ROOT / "skunsup"
    for path in package.rglob("*.py"):
        own = path.relative_to(package).parts[0].removesuffix(".py")
        assert own in found
        for name in imported(path):
            assert found[name] >= found[own], (path.name, name)


RANKED = """
const vm = require("vm"), fs = require("fs");
const code = fs.readFileSync(process.argv[1], "utf8");
vm.runInThisContext(code + "; this.Scorer = Scorer");
const score = ([page, at]) => Scorer.score([page, "", "", null, Scorer[at], ""]);
console.log(JSON.stringify(JSON.parse(process.argv[2]).map(score)));
"""


def ranked(results):
    """Pages in the order in which a search shows them, given what was found where."""
    scorer = ROOT / "docs" / "_search" / "scorer.js"
    done = subprocess.run(
        ["node", "-e", RANKED, str(scorer), json.dumps(results)],
        capture_output=True,
        text=True,
        check=True,
    )
    scores = json.loads(done.stdout)
    pairs = sorted(zip(scores, results, strict=True), key=lambda pair: -pair[0])
    return [page for _, (page, _) in pairs]


@pytest.mark.skipif(not shutil.which("node"), reason="the order is one of JavaScript")
def test_among_equal_results_the_guide_is_first_and_history_last():
    pages = ["changelog", "api", "auto_examples/plot_quickstart", "api/skunsup.GAN"]
    pages += ["guide/cluster", "benchmarks/index"]
    found = ranked([(page, "term") for page in pages])
    assert found == [
        "guide/cluster",
        "api/skunsup.GAN",
        "auto_examples/plot_quickstart",
        "api",
        "changelog",
        "benchmarks/index",
    ]


@pytest.mark.skipif(not shutil.which("node"), reason="the order is one of JavaScript")
def test_a_title_comes_before_text_of_any_page():
    assert ranked([("inputs", "term"), ("changelog", "title")])[0] == "changelog"
    found = [("inputs", "partialTitle"), ("api/skunsup.Images", "objNameMatch")]
    assert ranked(found)[0] == "api/skunsup.Images"


def test_pages_that_the_search_ranks_exist():
    text = (ROOT / "docs" / "_search" / "scorer.js").read_text(encoding="utf-8")
    names = [p.relative_to(ROOT / "docs") for p in (ROOT / "docs").rglob("*.md")]
    found = [path.with_suffix("").as_posix() for path in names]
    patterns = [line.split("/^(", 1)[1] for line in text.splitlines() if "[/^(" in line]
    for pattern in (each.rpartition(")")[0] for each in patterns):
        for page in pattern.replace("\\/", "/").split("|"):
            if not page.startswith(("api", "auto_examples")):
                assert any(name.startswith(page) for name in found), page
