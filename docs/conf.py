"""How Sphinx builds this documentation; `make docs` runs it."""

from __future__ import annotations

import re
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "DEEPaaS"
author = "The DEEPaaS authors"
version = release = version_of("deepaas")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"DEEPaaS {version}"

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

# Docstrings name exceptions by their last name, which Sphinx cannot follow.
nitpick_ignore_regex = [("py:exc", r"\w+"), ("py:class", r"pathlib\.Path")]

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it in words


def read_markdown(_app: Sphinx, *context: Any) -> None:
    """Turn a docstring's Markdown, code in backticks and indented, into Sphinx's."""
    lines: list[str] = context[-1]
    text = "\n".join(lines)
    text = re.sub(r"(?<!`)`([^`\n]+)`(?!`)", r"``\1``\\ ", text)
    text = re.sub(r"(?m)^(\S.*)\n\n(?= {4})", r"\1\n\n::\n\n", text)
    lines[:] = text.split("\n")


def setup(app: Sphinx) -> None:
    """Read docstrings before napoleon does, whose priority is 500."""
    app.connect("autodoc-process-docstring", read_markdown, priority=400)
