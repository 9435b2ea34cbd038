"""Classes that a file of skops names for an estimator of skunsup, and no others."""

import ast
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES = ("inputs", "models", "outliers", "preprocessing", "transfer")
# `fine_tune` returns them.
TUNED = ("FineTunedClassifier", "FineTunedRegressor")


def _imported(path: Path) -> dict[str, str]:
    """Return the module of each name that a file imports, without running it."""
    return {
        name.name: str(node.module)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }


def _home(module: str, name: str) -> str:
    """Return the module that defines a name which packages hand on."""
    path = HERE.joinpath(*module.split(".")[1:], "__init__.py")
    return _home(_imported(path)[name], name) if path.exists() else module


def _trusted_types() -> tuple[str, ...]:
    """Return the names of the public estimators; functions begin in lower case."""
    found = [f"skunsup.transfer._tuned.{name}" for name in TUNED]
    for name, package in _imported(HERE / "__init__.pyi").items():
        if name[0].isupper() and package.split(".")[1] in PACKAGES:
            found.append(f"{_home(package, name)}.{name}")
    return tuple(sorted(found))


TRUSTED_TYPES = _trusted_types()
