"""Rules that all of the source keeps to, whichever module."""

import ast
from itertools import pairwise
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


def put_back(function):
    """Return what is run with something to put back, whether or not it raises."""
    tries = [node for node in ast.walk(function) if isinstance(node, ast.Try)]
    bodies = [statement for each in tries for statement in each.body]
    # The managers of a `with` are held to the same rule, or are those of a library.
    bodies += [s for n in ast.walk(function) if isinstance(n, ast.With) for s in n.body]
    return {node for statement in bodies for node in ast.walk(statement)}


def at_the_end(function):
    """Return the yields behind which there is nothing but the end."""
    for node in ast.walk(function):
        body = getattr(node, "body", ())
        for statement, after in pairwise(body if isinstance(body, list) else ()):
            if isinstance(after, ast.Return):
                yield from ast.walk(statement)


def test_context_managers_end_also_where_their_block_raises():
    seen = set()
    for name, tree in TREES.items():
        for function in context_managers(tree):
            yields = {n for n in ast.walk(function) if isinstance(n, ast.Yield)}
            bare = yields - put_back(function) - set(at_the_end(function))
            assert not bare or function.name in NO_PUT_BACK, (name, function.name)
            seen.add(function.name)
    assert {"global_state_kept", "rates_scaled", *NO_PUT_BACK} <= seen
