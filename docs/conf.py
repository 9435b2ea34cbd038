"""Configuration of the documentation."""

import os
import re
from importlib.metadata import version as installed_version

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from sphinx_gallery.sorting import ExplicitOrder

from skunsup._parameters import groups

project = "skunsup"
author = "The skunsup developers"
copyright = "2026, The skunsup developers"
release = version = installed_version("skunsup")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates"]
nitpicky = True
# Names of other projects, which are links only where their inventories are read.
nitpick_ignore_regex = [
    (
        r"py:.*",
        r"(jax|joblib|keras|numpy|pandas|scipy|skl2onnx|sklearn|tensorflow|torch)(\..*)?",
    )
]

# The inventories need a network, so they are read only where the pages are hosted.
links_to_other_projects = "READTHEDOCS" in os.environ
if links_to_other_projects:
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "numpy": ("https://numpy.org/doc/stable", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "backreferences_dir": "api/backreferences",
    "subsection_order": ExplicitOrder(
        [
            "../examples/clusters",
            "../examples/outliers",
            "../examples/generation",
            "../examples/inputs",
            "../examples/transfer",
            "../examples/scaling",
        ]
    ),
    "within_subsection_order": "FileNameSortKey",
    # Tables and estimators are shown, and what Matplotlib's functions return is not.
    "capture_repr": ("_repr_html_",),
    "doc_module": ("skunsup",),
    "inspect_global_variables": False,
    "download_all_examples": False,
    "show_memory": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "skunsup"
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
}


def unlink_inherited_references(app, what, name, obj, options, lines):
    """Turn references of scikit-learn's docstrings to its own pages into plain text."""
    if what == "class" or not (getattr(obj, "__module__", None) or "").startswith(
        "sklearn"
    ):
        return
    text = "\n".join(lines)
    text = re.sub(r":(?:ref|term|func|class):`~?([^`<]+?)(?:\s*<[^`]*>)?`", r"\1", text)
    lines[:] = text.split("\n")


def group_parameters(app, what, name, obj, options, lines):
    """Give each group of an estimator's parameters a heading of its own.

    Runs behind numpydoc, which writes the parameters as one list below `:Parameters:`.
    """
    if what != "class" or not hasattr(obj, "__dataclass_fields__"):
        return
    headings = {names[0]: title for title, names in groups(obj).items() if title}
    for at in reversed(range(len(lines))):
        found = re.match(r"    \*\*(\w+)", lines[at])
        if found and found[1] in headings:
            lines[at:at] = [f":{headings[found[1]]}:", ""]


def setup(app):
    """Register the hooks; one is needed where nothing else resolves references."""
    app.connect("autodoc-process-docstring", group_parameters, priority=900)
    if not links_to_other_projects:
        app.connect("autodoc-process-docstring", unlink_inherited_references)
