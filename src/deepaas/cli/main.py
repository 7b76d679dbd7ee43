"""`deepaas`: one program for all that can be done with a model.

A command's module is imported when the command is called, so that each starts as fast
as it can and `deepaas --help` at once.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import deepaas
from deepaas.cli import reports
from deepaas.cli.parsers import ModelParser
from deepaas.cli.signals import Terminated
from deepaas.errors import DeepaasError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_COMMANDS: Final = {
    "serve": "serve models over HTTP",
    "predict": "make one prediction, here or at a server",
    "train": "train a model, here or at a server",
    "validate": "validate a model, here or at a server",
    "jobs": "look at jobs, follow and cancel them",
    "models": "list the models that are installed, or served",
    "check": "say what works about a model, what does not, and what to do",
    "new": "make a package with a model that runs at once",
}
"""The commands, each a module of this package, and what they do."""

_EPILOG: Final = f"""\
"deepaas COMMAND --help" says more.

A model is a file (plants.py), a module, module:object, or the name that an
installed package gives it.

{reports.EXIT_CODES}"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        with _no_garbage():
            namespace = _parser(words).parse_args(words)
        status: int = namespace.run(namespace)
        sys.stdout.flush()
    except DeepaasError as error:
        return reports.report(error)
    except Terminated:
        return reports.EXIT_TERMINATED
    except KeyboardInterrupt:
        return reports.EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more can be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return reports.EXIT_FAILED
    return status


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Import a command without looking for garbage, of which an import makes none."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="deepaas",
        description="Turn a Python model into a service, or use it from here.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version",
        action="version",
        version=deepaas.__version__,
        help="show the version and exit",
    )
    subparsers = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=ModelParser
    )
    for name, text in _COMMANDS.items():
        _add_command(subparsers, name, text, is_called=name in words[:1])
    return parser


def _add_command(subparsers: Any, name: str, text: str, *, is_called: bool) -> None:
    if is_called:
        importlib.import_module(f"deepaas.cli.{name}").add_parser(subparsers)
    else:
        subparsers.add_parser(name, help=text)


if __name__ == "__main__":
    sys.exit(main())
