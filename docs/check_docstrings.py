"""Validate docstrings: public ones with numpydoc, all of them for their first words."""

import ast
import inspect
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from numpydoc.validate import ERROR_MSGS, validate

import skunsup
from skunsup import inspection, metrics
from skunsup.inputs import Inputs

# What a class or a function owes its reader, though its methods do not.
OWED_BY_PUBLIC_NAMES = {"EX01", "SA01"}
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
QUESTION_WORDS = {"How", "What", "When", "Where", "Whether", "Which", "Who", "Why"}
# Private names and tests too: a first line says what a thing is or does.
FOLDERS = ("skunsup", "tests", "examples", "docs")


def ignored_codes() -> set[str]:
    """Read the codes that pyproject.toml excludes, each with its reason."""
    pyproject = Path(__file__).parent.parent / "pyproject.toml"
    tool = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]
    codes = set(tool["numpydoc_validation"]["checks"]) - {"all"}
    if unknown := codes - set(ERROR_MSGS):
        raise ValueError(f"Unknown numpydoc codes in pyproject.toml: {unknown}.")
    return codes


def is_ours(member: object) -> bool:
    """Tell our own methods and properties from those scikit-learn brings."""
    function = member.fget if isinstance(member, property) else member
    module = getattr(function, "__module__", None) or ""
    return callable(function) and module.partition(".")[0] == "skunsup"


def public_objects() -> Iterator[tuple[str, bool]]:
    """Yield each public dotted name, and whether it is a method or a property."""
    for package in (skunsup, inspection, metrics):
        for name in package.__all__:
            public = getattr(package, name)
            full = f"{package.__name__}.{name}"
            if isinstance(public, type) or inspect.isfunction(public):
                yield full, False
            if inspect.isclass(public):
                for member in public_members(public):
                    yield f"{full}.{member}", True
    for member in public_members(Inputs):
        yield f"skunsup.inputs.Inputs.{member}", True


def public_members(public: type) -> Iterator[str]:
    """Yield methods and properties; what all kinds of data have is on their base."""
    is_kind = issubclass(public, Inputs) and public is not Inputs
    shared = dict(inspect.getmembers(Inputs, is_ours)) if is_kind else {}
    for member, _ in inspect.getmembers(public, is_ours):
        if not member.startswith("_") and member not in shared:
            yield member


def questions() -> Iterator[str]:
    """Yield each docstring that begins as a question and names nothing."""
    root = Path(__file__).parent.parent
    for path in sorted(p for name in FOLDERS for p in (root / name).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, DOCUMENTED):
                text = (ast.get_docstring(node) or "").removeprefix("Return ")
                first = text.partition(" ")[0].capitalize()
                if first in QUESTION_WORDS:
                    line = getattr(node, "lineno", 1)
                    yield (
                        f"{path.relative_to(root)}:{line}: begins with "
                        f"{first!r}; say what it is or does"
                    )


def main() -> int:
    """Print every violation and return the exit status."""
    ignored = ignored_codes()
    checked, violations = 0, list(questions())
    for name, is_member in public_objects():
        skipped = ignored if is_member else ignored - OWED_BY_PUBLIC_NAMES
        checked += 1
        violations += [
            f"{name}: {code} {message}"
            for code, message in validate(name)["errors"]
            if code not in skipped
        ]
    print(*violations, sep="\n", end="\n" if violations else "")
    print(f"numpydoc: {checked} docstrings, {len(violations)} violations")
    return int(bool(violations) or not checked)


if __name__ == "__main__":
    sys.exit(main())
