"""Classes of the package by their names, as files hold them."""

import importlib
import re
import sys
from collections import defaultdict
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = "skunsup"
CLASS = re.compile(r"^class (\w+)", re.MULTILINE)
UNKNOWN = (
    "The file names {name!r}, which this version of skunsup does not know. It was "
    "written by another version, or was changed."
)


def own_class(name: str) -> Any:
    """Return a class of skunsup by its name.

    Parameters
    ----------
    name : str
        Such as "FittedNetwork", or with its module, "skunsup._graph:Graph", where
        the name alone does not tell.

    Raises
    ------
    ValueError
        If there is none.
    """
    module, _, attribute = str(name).rpartition(":")
    module = module or _homes().get(attribute, "")
    inside = module.split(".")[0] == PACKAGE
    found: Any = None
    with suppress(ImportError, AttributeError, TypeError, ValueError):
        found = getattr(importlib.import_module(module), attribute) if inside else None
    defined = isinstance(found, type)
    if not defined or (found.__module__, found.__name__) != (module, attribute):
        raise ValueError(UNKNOWN.format(name=name))
    return found


def is_own(kind: Any) -> bool:
    """Return True for a class or function that `own_class` finds."""
    module, name = getattr(kind, "__module__", ""), getattr(kind, "__qualname__", "")
    ours = isinstance(module, str) and module.split(".")[0] == PACKAGE
    return ours and getattr(sys.modules.get(module), name, None) is kind


def own_name(kind: Any) -> str:
    """Return the name of a class without its module, which may change."""
    name, module = kind.__qualname__, kind.__module__
    return name if _homes().get(name) == module else f"{module}:{name}"


@cache
def _homes() -> dict[str, str]:
    """Return the module of each class of the package whose name no other has."""
    root, found = Path(__file__).parent, defaultdict(list)
    for path in root.rglob("*.py"):
        module = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        for name in CLASS.findall(path.read_text(encoding="utf-8")):
            found[name].append(module)
    return {name: homes[0] for name, homes in found.items() if len(homes) == 1}
