"""`deepaas new`: a package with a model that runs at once, and has a test."""

from __future__ import annotations

import argparse
import keyword
import re
import sys
from pathlib import Path
from typing import Any, Final

from deepaas.cli import reports
from deepaas.cli.templates import project_files
from deepaas.errors import ConfigurationError

_NAME: Final = re.compile(r"[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?")
_TAKEN: Final = sys.stdlib_module_names | {"deepaas", "pydantic", "tests"}
"""A package of such a name would hide another one."""

_EPILOG: Final = f"""\
example:
  deepaas new rose-finder
  deepaas predict rose-finder/src/rose_finder/model.py --text "to be or not to be"

{reports.EXIT_CODES}"""


def add_parser(subparsers: Any) -> None:
    """Add the command `new`."""
    parser = subparsers.add_parser(
        "new",
        help="make a package with a model that runs at once",
        description="Make a package with a model that runs at once, and its test.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "folder",
        metavar="DIR",
        type=Path,
        help="the folder to make; the package is called like it",
    )
    parser.set_defaults(run=run)


def run(namespace: argparse.Namespace) -> int:
    """Run the command and return its exit status.

    Raises:
        ConfigurationError: The folder is in use, or makes no name for a package.
    """
    folder: Path = namespace.folder
    name = folder.resolve().name
    package = _package_name(name)
    _require_empty(folder)
    for path, text in project_files(name=name, package=package).items():
        _write(folder / path, text)
    model = folder / "src" / package / "model.py"
    print(f"{folder}: a package with a model that runs at once. Next:\n")
    print(f'  deepaas predict {model} --text "to be or not to be"')
    print(f"  deepaas serve {model}")
    print(f"  pip install {_as_path(folder)}")
    return reports.EXIT_OK


def _package_name(name: str) -> str:
    """Return the Python package for a project.

    Raises:
        ConfigurationError: The name makes none.
    """
    package = name.lower().replace("-", "_")
    if not _NAME.fullmatch(name) or keyword.iskeyword(package):
        raise ConfigurationError(
            f"{name!r} is no name for a package; use letters, digits and dashes, "
            "such as rose-finder"
        )
    if package in _TAKEN:
        raise ConfigurationError(
            f"a package called {package!r} would hide that of Python or DEEPaaS; "
            "choose another name for the folder"
        )
    return package


def _require_empty(folder: Path) -> None:
    """Refuse to write into a folder that has something in it.

    Raises:
        ConfigurationError: It has, or it is no folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            f"{folder} exists and is not empty; name a folder that does not exist"
        )


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror or error}"
        ) from error


def _as_path(folder: Path) -> str:
    """Return a folder as pip takes it: never to be mistaken for a package's name."""
    return str(folder) if folder.is_absolute() else f"./{folder}"
