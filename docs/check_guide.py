"""Check the words of the guide, and that it names every parameter.

A page of the guide has fewer than 1,500 words, and each parameter of each estimator and
of each kind of data stands on one of its pages, in the type of code.
"""

import inspect
import re
import sys
from pathlib import Path

import skunsup

DOCS = Path(__file__).parent
GUIDE = (
    "getting_started.md",
    "user_guide.md",
    "guide/*.md",
    "families.md",
    "displays.md",
    "generated_rows.md",
    "inputs.md",
    "tables.md",
    "sequences_and_text.md",
    "transfer.md",
    "scaling.md",
    "ways_of_learning.md",
    "deployment.md",
    "from_*.md",
    "faq.md",
    "glossary.md",
)
MOST_WORDS = 1500


def pages():
    """Text of each page of the guide by its name."""
    found = sorted(path for page in GUIDE for path in DOCS.glob(page))
    return {str(path.relative_to(DOCS)): path.read_text("utf-8") for path in found}


def unexplained(text):
    """Parameters of public classes that a text does not name, with the first class."""
    named, absent = set(re.findall(r"\w+", " ".join(code(text)))), {}
    for name in skunsup.__all__:
        public = getattr(skunsup, name)
        if inspect.isclass(public):
            for parameter in inspect.signature(public).parameters:
                if parameter not in named:
                    absent.setdefault(parameter, name)
    return absent


def code(text):
    """Spans and blocks of code in a text."""
    return re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)


def main():
    """Print every fault and return the exit status."""
    texts = pages()
    words = {name: len(text.split()) for name, text in texts.items()}
    faults = [
        f"{name} has {count} words; divide it"
        for name, count in words.items()
        if count >= MOST_WORDS
    ]
    faults += [
        f"no page of the guide names {parameter} of {owner}"
        for parameter, owner in unexplained("\n".join(texts.values())).items()
    ]
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"guide: {len(texts)} pages, {sum(words.values())} words")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
