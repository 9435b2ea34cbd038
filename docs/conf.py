"""Configuration of the documentation."""

import inspect
import os
import re
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from sphinx_gallery.sorting import ExplicitOrder

import skunsup
from skunsup._parameters import groups

project = "skunsup"
author = "The skunsup developers"
copyright = "2026, The skunsup developers"
release = version = skunsup.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
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

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "substitution"]
myst_substitutions = {"version": version}
myst_heading_anchors = 3


def properties():
    """Names of the public properties of each public class, by its name."""
    return {
        name: [
            each
            for each, value in inspect.getmembers_static(getattr(skunsup, name))
            if isinstance(value, property) and not each.startswith("_")
        ]
        for name in skunsup.__all__
        if inspect.isclass(getattr(skunsup, name))
    }


autosummary_generate = True
autosummary_context = {"properties": properties()}
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
    "first_notebook_cell": "# In a new environment:\n# %pip install 'skunsup[plot]'",
    "show_memory": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "skunsup"
html_static_path = ["_static"]
html_css_files = ["skunsup.css"]
html_search_scorer = str(Path(__file__).parent / "_search" / "scorer.js")
html_show_sourcelink = False
html_sidebars = {"index": []}
html_theme_options = {
    "github_url": "https://github.com/skunsup/skunsup",
    "header_links_before_dropdown": 5,
    "logo": {"text": f"skunsup {version}"},
    "navbar_align": "left",
    "navigation_depth": 2,
    "navigation_with_keys": False,
    "show_nav_level": 2,
    "show_toc_level": 2,
}

# "fit()", not "Autoencoder.fit()", in the list of a page, which is narrow.
toc_object_entries_show_parents = "hide"


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
