"""Rules that all of the source keeps to, whichever module."""

import ast
from collections import Counter
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path

import skunsup

TREES = {
    path: ast.parse(path.read_text())
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
    """Nodes of a function that run with something to put back, also where it raises."""
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


# What a library does not document may change in any release: it is used in one module
# for each, where a change is found and put right.
DOORS = {
    "_sklearn.py": "sklearn",
    "_skl2onnx_private.py": "skl2onnx",
    "_keras_private.py": "keras",
    "_tensorflow_private.py": "tensorflow",
    "_torch_private.py": "torch",
}
# Modules and names without an underscore that are private all the same.
UNDOCUMENTED = {"src", "python", "compiler", "core", "experimental"}
PRIVATE_NAMES = {"call_flat", "inference_fn", "seed_generator_state"}
# Of our own: a key in a pickle, the endings of names of columns.
OWN_STRINGS = {"_skunsup_version", "_lag", "_"}


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def own_names(tree):
    """Return the names that a module defines, and gives to its objects."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if ast.unparse(node.value) in ("self", "cls", "made"):
                yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def foreign(tree, own):
    """Yield what a module uses of the private API of others."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
            names = [n for n in names if not n.startswith("skunsup")]
            names = [part for name in names for part in name.split(".")]
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module.startswith("skunsup"):
                continue
            names = [*node.module.split("."), *(each.name for each in node.names)]
        elif isinstance(node, ast.Attribute):
            names = [node.attr]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            names = [text] if text.isidentifier() and text not in OWN_STRINGS else []
            names = [n for n in names if n in PRIVATE_NAMES or is_private(n)]
        else:
            continue
        known = PRIVATE_NAMES
        if isinstance(node, ast.Import | ast.ImportFrom):
            known = PRIVATE_NAMES | UNDOCUMENTED
        yield from (n for n in names if n in known or (is_private(n) and n not in own))


def test_private_api_of_others_is_used_in_one_module_for_each():
    own = {name for tree in TREES.values() for name in own_names(tree)}
    found = {path: set(foreign(tree, own)) for path, tree in TREES.items()}
    used = {path.name for path, names in found.items() if names}
    assert used == {*DOORS}, {path: names for path, names in found.items() if names}


def test_modules_of_optional_backends_are_not_searched_for_doctests(pytestconfig):
    options = pytestconfig.getini("addopts")
    ignored = [o.partition("=")[2] for o in options if o.startswith("--ignore")]
    package, found = Path(skunsup.__file__).parent, set()
    for path, tree in TREES.items():
        names = [
            each.name
            for n in tree.body
            if isinstance(n, ast.Import)
            for each in n.names
        ]
        names += [n.module or "" for n in tree.body if isinstance(n, ast.ImportFrom)]
        if {name.split(".")[0] for name in names} & {"jax", "torch"}:
            own = path.relative_to(package.parent).as_posix()
            assert any(fnmatch(own, pattern) for pattern in ignored), own
            found.add(path.stem)
    assert {"_jax", "_jax_devices", "_torch"} <= found


def test_names_of_classes_are_given_once():
    # Files name a class without its module, unless two have the name.
    names = Counter(
        node.name
        for tree in TREES.values()
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    )
    twice = {name for name, n in names.items() if n > 1}
    assert twice == {"Group", "Neighbors", "Place", "Trainer"}
