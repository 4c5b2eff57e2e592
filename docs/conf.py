"""Sphinx's settings. Every build begins with the guide's pictures and tables: see generate.py."""

import sys
from pathlib import Path

import fastloss

sys.path.insert(0, str(Path(__file__).parent))
import generate

project = "fastloss"
author = "the fastloss authors"
release = version = fastloss.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "_generated"]
suppress_warnings = ["config.cache"]

html_theme = "furo"
html_title = f"fastloss {release}"
html_show_copyright = False
html_show_sphinx = False

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
default_role = "py:obj"  # single backticks in docstrings: a link if it is a public name, else code


def add_formula(app, what, name, thing, options, lines):
    """Below a loss's first paragraph: the formula as `python -m fastloss list` prints it."""
    if isinstance(thing, fastloss.Loss):
        end = lines.index("")
        lines[end:end] = ["", f"Formula: ``{thing.formula}``"]


def setup(app):
    app.connect("builder-inited", lambda app: generate.everything(Path(app.srcdir)))
    app.connect("autodoc-process-docstring", add_formula, priority=400)  # before napoleon
