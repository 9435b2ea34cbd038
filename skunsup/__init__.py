"""Deep unsupervised learning for scikit-learn users, on Keras 3.

Autoencoders and their relatives as ordinary scikit-learn estimators. Importing
this package takes milliseconds: Keras and its backend are imported when the
first name is used.
"""

import ast
import importlib
from pathlib import Path
from typing import Any

from skunsup._version import __version__ as __version__


def _listed() -> dict[str, str]:
    """Return the module of each public name, as the stub beside this file lists them.

    Type checkers and editors read the stub too, so that names are listed once.
    """
    stub = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    return {
        name.name: str(node.module)
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
        if name.name != "__version__"
    }


_HOME = _listed()
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
