"""Sphinx's settings. Every build begins with the guide's pictures and tables: see generate.py."""

import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

import fastloss

sys.path.insert(0, str(Path(__file__).parent))
import generate
import twins

project = "fastloss"
author = "the fastloss authors"
release = version = fastloss.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["_build", "_generated"]
suppress_warnings = ["config.cache"]

html_theme = "furo"
html_title = f"fastloss {release}"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_js_files = ["access.js"]
html_favicon = "_static/icon.svg"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = html_show_sourcelink = False  # beside each page lies its Markdown
html_math_renderer = "mathml"
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"
copybutton_prompt_text = ">>> |\\.\\.\\. "
copybutton_prompt_is_regexp = True

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
default_role = "py:obj"  # single backticks in docstrings: a link if it is a public name, else code


def without_summary(app, what, name, thing, options, lines):
    """A loss's page begins with its docstring's first line and its formula; what is below them need not."""
    if isinstance(thing, fastloss.Loss):
        del lines[: lines.index("") + 1]


def mathematics(self, node):
    """A formula as MathML, which browsers show without a script."""
    block = isinstance(node, nodes.math_block)
    formula = tex2mathml(node.astext(), as_block=block)
    self.body.append(f'<div class="math">{formula}</div>' if block else formula)
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (mathematics, None), (mathematics, None))
    app.connect("builder-inited", lambda app: generate.everything(Path(app.srcdir)))
    app.connect("autodoc-process-docstring", without_summary, priority=400)  # before napoleon
    app.connect("html-page-context", twins.announce)
    app.connect("build-finished", twins.write)
