"""Write the tables of `results/` into README and the pages.

A table stands between two comments, `<!-- table: NAME ... -->` and
`<!-- end of table -->`, and comes from `results/NAME.json`: its columns, its rows, and
the command that measured it. A cell may quote another table, {NAME; row; column}, or
the first number of a cell, {NAME; row; column; 1}. Links are relative to `docs`.

    python docs/benchmarks/tables.py           # writes the tables into the pages
    python docs/benchmarks/tables.py --check   # exit status 1 if a page disagrees
    python docs/benchmarks/tables.py --take docs/benchmarks/speed.md  # page to results
"""

import argparse
import json
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parent / "results"
PAGES = ("README.md", "docs/*.md", "docs/*/*.md")
BLOCK = re.compile(
    r"(?P<start><!-- table: (?P<name>\w+)[^>]*-->\n)(?P<table>.*?)"
    r"(?P<end>\n?<!-- end of table -->)",
    re.DOTALL,
)
QUOTE = re.compile(r"\{(\w+); ([^;{}]+); ([^;{}]+)(?:; (\d))?\}")
LINK = re.compile(r"\]\((benchmarks/[^)]*)\)")


def read(name):
    """Stored table of a name: a dict with `columns` and `rows`."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def plain(text):
    """Text without the signs for bold and code, to compare names by."""
    return re.sub(r"[*`]", "", text).strip()


def cell(name, row, column, number=None):
    """Cell of a stored table by its row and column, or one of the numbers in it."""
    table = read(name)
    at = [plain(title) for title in table["columns"]].index(plain(column))
    found = [each[at] for each in table["rows"] if plain(each[0]) == plain(row)]
    if len(found) != 1:
        raise ValueError(f"{name}.json has {len(found)} rows named {row!r}.")
    text = plain(found[0])
    return text if number is None else re.findall(r"[\d.]+", text)[int(number) - 1]


def quoted(text):
    """Text with its quotations of other tables filled in."""
    return QUOTE.sub(lambda match: cell(*match.groups()), text)


def written(name):
    """Table of a name in Markdown."""
    table = read(name)
    rows = [table["columns"], ["---"] * len(table["columns"]), *table["rows"]]
    lines = ("| " + " | ".join(map(quoted, row)) + " |" for row in rows)
    return "\n".join(lines)


def filled(path):
    """Text of a page with its tables as stored."""

    def link(match):
        return f"]({os.path.relpath(ROOT / 'docs' / match[1], path.parent)})"

    def block(match):
        table = LINK.sub(link, written(match["name"]))
        return f"{match['start']}{table}\n{match['end'].lstrip()}"

    return BLOCK.sub(block, path.read_text(encoding="utf-8"))


def take(path):
    """Store the tables of a page that quote no others."""
    for match in BLOCK.finditer(path.read_text(encoding="utf-8")):
        table = read(match["name"])
        if QUOTE.search(json.dumps(table["rows"])):
            continue
        head, _, *rows = (
            [part.strip() for part in line.strip().strip("|").split("|")]
            for line in match["table"].strip().splitlines()
        )
        store(match["name"], {**table, "columns": head, "rows": rows})


def store(name, table):
    """Write a stored table, a row a line."""
    rows = ",\n".join("    " + json.dumps(r, ensure_ascii=False) for r in table["rows"])
    others = {key: value for key, value in table.items() if key != "rows"}
    head = json.dumps(others, ensure_ascii=False, indent=2).rstrip("\n}")
    text = f'{head},\n  "rows": [\n{rows}\n  ]\n}}\n'
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")


def main():
    """Write, check or take, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--take", type=Path)
    asked = parser.parse_args()
    if asked.take:
        take(asked.take)
    wrong = []
    for path in sorted(path for page in PAGES for path in ROOT.glob(page)):
        if (new := filled(path)) != path.read_text(encoding="utf-8"):
            wrong.append(str(path.relative_to(ROOT)))
            if not asked.check:
                path.write_text(new, encoding="utf-8")
    if asked.check and wrong:
        print(*wrong, sep="\n")
        print("disagree with docs/benchmarks/results. Run docs/benchmarks/tables.py.")
    return int(asked.check and bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
