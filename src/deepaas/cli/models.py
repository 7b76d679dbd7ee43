"""`deepaas models`: what is installed, or what a server serves, and its versions."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
from typing import TYPE_CHECKING, Any, Final

from deepaas.cli import model_versions, reports
from deepaas.cli.tables import table
from deepaas.model.discovery import installed_models

if TYPE_CHECKING:
    from deepaas.model.discovery import ModelReference

_EPILOG: Final = f"""\
Nothing is imported: "deepaas check NAME" tells more about one of them.

examples:
  deepaas models
  deepaas models --url http://127.0.0.1:5000
  deepaas models versions plants.py
  deepaas models activate plants.py 3
  deepaas models delete plants.py 1
  deepaas models compare --url http://127.0.0.1:5000 plants 2 3

{reports.EXIT_CODES}"""


def add_parser(subparsers: Any) -> None:
    """Add the command `models`."""
    parser = subparsers.add_parser(
        "models",
        help="list the models that are installed, or served",
        description="List the models that are installed here, or served elsewhere.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--url", metavar="URL", help="list those of this server")
    parser.add_argument("--json", action="store_true", help="write JSON on one line")
    parser.set_defaults(run=run)
    model_versions.add_actions(parser)


def run(namespace: argparse.Namespace) -> int:
    """Run the command and return its exit status.

    Raises:
        DeepaasError: The server does not tell.
    """
    models = _served(namespace.url) if namespace.url else _installed()
    if namespace.json:
        print(json.dumps(models))
    elif models:
        print("\n".join(table(models)))
    else:
        where = f"served at {namespace.url}" if namespace.url else "installed"
        print(f"no model is {where}", file=sys.stderr)
    return reports.EXIT_OK


def _installed() -> list[dict[str, str]]:
    return [_row(model) for model in installed_models().values()]


def _row(model: ModelReference) -> dict[str, str]:
    return {
        "name": model.name,
        "distribution": model.distribution,
        "version": _version(model.distribution),
        "reference": ", ".join(model.references),
    }


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution) if distribution else ""
    except importlib.metadata.PackageNotFoundError:
        return ""


def _served(url: str) -> list[dict[str, str]]:
    from deepaas.cli.remote import Connection  # here, because aiohttp takes its time

    connection = Connection(url)
    try:
        document = connection.get_json("/v2/models/")
    finally:
        connection.close()
    return [
        {
            "name": str(one.get("id", "")),
            "version": str(one.get("version") or ""),
            "description": str(one.get("description") or one.get("summary") or ""),
        }
        for one in document["models"]
    ]
