"""Docstrings of classes and functions that share parameters with others.

Text in the format of numpydoc is taken apart into sections and entries, and put
together again. Only what numpydoc itself fixes is relied on.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable)

# The order that numpydoc asks for.
SECTIONS = (
    "Parameters",
    "Attributes",
    "Returns",
    "Raises",
    "Warns",
    "See Also",
    "Notes",
    "References",
    "Examples",
)
HEADING = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
CITATION = re.compile(r"\[(\d+)\]_")


class Docstring:
    """Summary, sections and entries of a docstring in the format of numpydoc.

    Parameters
    ----------
    text : str or None
        The docstring; None, as under `python -OO`, is an empty one.

    Attributes
    ----------
    text : str or None
        As given.
    summary : str
        All before the first section.
    sections : dict of str to str
        Text of each section.
    """

    def __init__(self, text: str | None) -> None:
        self.text = text
        head, *rest = HEADING.split(inspect.cleandoc(text or ""))
        self.summary = head.strip()
        texts = (part.strip("\n") for part in rest[1::2])
        self.sections = dict(zip(rest[::2], texts, strict=True))

    def entries(self, section: str) -> dict[str, str]:
        """Text of each entry of a section by name; `a, b : int` is that of both.

        Parameters
        ----------
        section : str
            Such as "Parameters".
        """
        text = self.sections.get(section, "")
        found = [part for part in re.split(r"\n(?=\S)", text) if part.strip()]
        return {
            name: part
            for part in found
            for name in part.partition("\n")[0].partition(" : ")[0].split(", ")
        }

    def references(self) -> dict[str, str]:
        """Text of each reference by its number."""
        text = self.sections.get("References", "")
        found = re.split(r"^\.\. \[(\d+)\] ", text, flags=re.MULTILINE)[1:]
        return dict(zip(found[::2], map(str.rstrip, found[1::2]), strict=True))

    def __str__(self) -> str:
        known = [name for name in SECTIONS if self.sections.get(name)]
        parts = [
            f"{name}\n{'-' * len(name)}\n{self.sections[name].rstrip()}"
            for name in known
        ]
        return "\n\n".join([self.summary, *parts]) + "\n"


class Bibliography:
    """References of a docstring, to which those of others are added.

    Parameters
    ----------
    references : dict of str to str
        The first ones, which keep their numbers.
    """

    def __init__(self, references: Mapping[str, str]) -> None:
        self._texts = list(references.values())

    def adopt(self, text: str, references: Mapping[str, str]) -> str:
        """Return `text` with the numbers that its references have here.

        Parameters
        ----------
        text : str
            Text that cites `references`.
        references : dict of str to str
            By the number that `text` uses.
        """
        return CITATION.sub(lambda m: f"[{self._number(references[m[1]])}]_", text)

    def _number(self, reference: str) -> int:
        if reference not in self._texts:
            self._texts.append(reference)
        return self._texts.index(reference) + 1

    def __str__(self) -> str:
        return "\n".join(f".. [{i}] {text}" for i, text in enumerate(self._texts, 1))


def completed(entry: str, default: object, numbers: str) -> str:
    """Return the entry of a parameter with its default and the range of its numbers.

    Parameters
    ----------
    entry : str
        Name, type and description.
    default : object
        Its representation, on the first line, is what a reader sees; MISSING for none.
    numbers : str
        Range in words, put behind a description that does not name its upper end; ""
        for none.
    """
    shown = f'"{default}"' if isinstance(default, str) else repr(default)
    shown = "" if default is MISSING else f", default={shown}"
    head, *rest = entry.rstrip().split("\n")
    text, line = "\n".join(rest), f"    Range: {numbers}."
    ends = "in " in numbers or " to " in numbers
    known = line in text or (ends and numbers.split()[-1] in text)
    if numbers and not known:
        rest.append(line)
    return "\n".join([head + shown, *rest])


def merged(
    own: str | None,
    others: Iterable[str | None],
    defaults: Mapping[str, object],
    origins: Mapping[str, str | None],
    ranges: Mapping[str, str],
) -> str:
    """Return a docstring with the entries that it lacks taken from others.

    Parameters
    ----------
    own : str or None
        The docstring of a class.
    others : iterable of str or None
        Docstrings of the classes it is derived from, nearest first.
    defaults : dict of str to object
        Default of each parameter, in the order of the signature.
    origins : dict of str to str or None
        Docstring of the class that declares each parameter first. What any other class
        says of the parameter goes before that.
    ranges : dict of str to str
        Range of the numbers of each parameter, in words.
    """
    doc = Docstring(own)
    sources = [doc, *map(Docstring, others)]
    bibliography = Bibliography(doc.references())

    def entry(section: str, name: str, last: str | None = None) -> str | None:
        having = [source for source in sources if name in source.entries(section)]
        having.sort(key=lambda source: source.text == last)
        for source in having[:1]:
            text = source.entries(section)[name]
            return bibliography.adopt(text, source.references())
        return None

    described = [
        completed(text, default, ranges[name])
        for name, default in defaults.items()
        if (text := entry("Parameters", name, origins[name])) is not None
    ]
    names = dict.fromkeys(n for source in sources for n in source.entries("Attributes"))
    attributes = [text for name in names if (text := entry("Attributes", name))]
    doc.sections["Parameters"] = "\n".join(dict.fromkeys(described))
    doc.sections["Attributes"] = "\n".join(dict.fromkeys(attributes))
    doc.sections["References"] = str(bibliography)
    return str(doc)


def documented(shared: str) -> Callable[[Function], Function]:
    """Complete the docstring of a function by what several functions share.

    Parameters
    ----------
    shared : str
        Sections in the format of numpydoc. The function gets the entries of its
        parameters that it does not describe itself, and each other section that it
        does not have.

    Returns
    -------
    callable
        Decorator, which changes nothing but the docstring.
    """
    common = Docstring(shared)

    def complete(function: Function) -> Function:
        if function.__doc__ is None:  # under `python -OO`
            return function
        doc = Docstring(function.__doc__)
        known = common.entries("Parameters") | doc.entries("Parameters")
        stars: dict[Any, str] = {
            inspect.Parameter.VAR_POSITIONAL: "*",
            inspect.Parameter.VAR_KEYWORD: "**",
        }
        names = [
            stars.get(parameter.kind, "") + name
            for name, parameter in inspect.signature(function).parameters.items()
        ]
        described = [known[name] for name in names if name in known]
        sections = {"Parameters": "\n".join(dict.fromkeys(described))}
        doc.sections = common.sections | doc.sections | sections
        function.__doc__ = str(doc)
        return function

    return complete
