"""`deepaas validate`: a validation, here or at a server."""

from __future__ import annotations

from typing import Any, Final

from deepaas.cli.job_command import add_command

_EXAMPLES: Final = """\
examples:
  deepaas validate plants.py
  deepaas validate --model-version 3 plants.py     a version that does not answer
  deepaas validate --url http://127.0.0.1:5000 plants

What it finds stays with the version: deepaas models compare plants.
"""


def add_parser(subparsers: Any) -> None:
    """Add the command `validate`."""
    add_command(
        subparsers,
        "validate",
        text="validate a model, here or at a server",
        examples=_EXAMPLES,
    )
