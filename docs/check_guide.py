"""Check the words of the guide, and that it names every parameter.

A page of the guide has fewer than 1,500 words, a sentence at most 25. Each parameter of
each estimator and of each kind of data is named in a sentence or table of one of them.
Sentences of README, the home page, the benchmarks and the examples are checked too. No
page has a metaphor that CONTRIBUTING names, or a word that is rare outside of books.
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
ALSO = (
    "docs/index.md",
    "docs/about.md",
    "README.md",
    "docs/benchmarks/*.md",
    "examples/*/*.py",
    "examples/*.py",
)
MOST_WORDS = 1500
LONGEST_SENTENCE = 25
METAPHORS = re.compile(
    r"\b(games?|referee|price|verdicts?|by heart|at its word|stands? out)\b",
    re.IGNORECASE,
)
RARE = re.compile(
    r"\b(anew|whatever|wherever|whichever|whereof|thereof|sees? to it|in the midst)\b",
    re.IGNORECASE,
)
# Code, formulas, tables, headings, comments and other directives.
NO_SENTENCES = re.compile(
    r"```.*?```|\$\$.*?\$\$|<!--.*?-->|^\s*(\||#|:::|\(\S+\)=).*?$|^[=-]{4,}$",
    re.DOTALL | re.MULTILINE,
)


def pages():
    """Text of each page of the guide by its name."""
    found = sorted(path for page in GUIDE for path in DOCS.glob(page))
    return {str(path.relative_to(DOCS)): path.read_text("utf-8") for path in found}


def other_texts():
    """Text of pages whose sentences alone are checked, by name."""
    found = sorted(path for each in ALSO for path in DOCS.parent.glob(each))
    return {str(path.relative_to(DOCS.parent)): prose(path) for path in found}


def prose(path):
    """Text of a page, or the comments of a script of the gallery."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        return text
    head, *rest = text.removeprefix('"""').split('"""\n', 1)
    cells = re.findall(r"^# %%\n((?:#.*\n)*)", "".join(rest), re.MULTILINE)
    return "\n\n".join([head, *(re.sub(r"^# ?", "", c, flags=re.M) for c in cells)])


def sentences(text):
    """Sentences of a page; an item of a list ends one."""
    paragraphs = re.split(
        r"\n\s*\n|\n(?=\s*(?:- |: |\d+\. ))", NO_SENTENCES.sub("", text)
    )
    for each in paragraphs:
        line = " ".join(each.split())
        yield from re.split(r"(?<=[.?!:;])\s+(?=[A-Z`{\[*(:])", line)


def bad_sentences(texts):
    """Faults of the sentences of pages."""
    for name, text in texts.items():
        for each in sentences(text):
            if len(each.split()) > LONGEST_SENTENCE:
                yield f"{name}: divide {each!r}"
            if found := METAPHORS.search(each) or RARE.search(each):
                yield f"{name}: say it without {found[0]!r}: {each!r}"


def unexplained(text):
    """Parameters of public classes that no sentence names, with the first class."""
    spans = re.findall(r"`[^`\n]+`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    named, absent = set(re.findall(r"\w+", " ".join(spans))), {}
    for name in skunsup.__all__:
        public = getattr(skunsup, name)
        if inspect.isclass(public):
            for parameter in inspect.signature(public).parameters:
                if parameter not in named:
                    absent.setdefault(parameter, name)
    return absent


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
    faults += bad_sentences(texts | other_texts())
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"guide: {len(texts)} pages, {sum(words.values())} words")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
