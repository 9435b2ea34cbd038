"""Rules that all of the source keeps to, whichever module."""

import ast
from pathlib import Path

import skunsup

TREES = {
    path.name: ast.parse(path.read_text())
    for path in Path(skunsup.__file__).parent.rglob("*.py")
}
# What they do at the end is not to be done where the block raises.
NO_PUT_BACK = {"rates_together"}


def context_managers(tree):
    for node in ast.walk(tree):
        named = [ast.unparse(each) for each in getattr(node, "decorator_list", [])]
        if "contextmanager" in named:
            yield node


def test_context_managers_end_also_where_their_block_raises():
    seen = set()
    for name, tree in TREES.items():
        for function in context_managers(tree):
            guarded = {
                node
                for part in ast.walk(function)
                if isinstance(part, ast.Try)
                for statement in part.body
                for node in ast.walk(statement)
            }
            yields = {n for n in ast.walk(function) if isinstance(n, ast.Yield)}
            assert function.name in NO_PUT_BACK or yields <= guarded, (name, function)
            seen.add(function.name)
    assert {"global_state_kept", "rates_scaled", *NO_PUT_BACK} <= seen
