"""How Sphinx builds this documentation; `make docs` runs it."""

from importlib.metadata import version as version_of

project = "DEEPaaS"
author = "The DEEPaaS authors"
version = release = version_of("deepaas")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"DEEPaaS {version}"

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it in words
