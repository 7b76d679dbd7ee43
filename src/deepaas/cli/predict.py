"""`deepaas predict`: one prediction, in this process or at a server.

Our options stand before MODEL, the model's after it, so that no name can clash.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deepaas.cli import arguments, each, reports
from deepaas.cli.answers import ACCEPT_JSON, show
from deepaas.cli.signals import sigterm_raises
from deepaas.cli.stdio import model_output_to_stderr
from deepaas.client.progress import ProgressBar
from deepaas.errors import ConfigurationError

if TYPE_CHECKING:
    from deepaas.cli.answers import Target
    from deepaas.messages import OperationDescription

PROGRAM: Final = "deepaas predict"

_OPTIONS: Final = (
    *("--url", "--json", "--accept", "--output", "--each", "--detach"),
    *("--model-version", "--data-dir", "-o"),
)

_EPILOG: Final = f"""\
examples:
  deepaas predict plants.py --help                 show the model's arguments
  deepaas predict plants.py --photo rose.jpg --top_k 3
  deepaas predict --json plants --photo rose.jpg   the result on one line
  deepaas predict --output mask.png cells.py --image cells.tif
  deepaas predict --url http://127.0.0.1:5000 plants --photo rose.jpg
  deepaas predict --each 'photo=photos/*.jpg' plants.py --top_k 3

A file is given by its path, several values one after the other, a nested value as
JSON text. What the model prints goes to standard error.

{reports.EXIT_CODES}"""


def add_parser(subparsers: Any) -> None:
    """Add the command `predict`."""
    parser = subparsers.add_parser(
        "predict",
        help="make one prediction, here or at a server",
        usage=f"{PROGRAM} [options] MODEL [--ARGUMENT VALUE ...]",
        description="Make one prediction, in this process or at a server.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_options(parser)
    arguments.add_model(parser)
    parser.set_defaults(run=run)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url", metavar="URL", help="ask the server at this address, and load nothing"
    )
    parser.add_argument(
        "--model-version",
        metavar="N",
        type=int,
        help="ask this version of the model, not the one that answers; 0 is the model "
        "as installed",
    )
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        default="",
        help="where trainings on this machine have left versions; by default where "
        "deepaas train does",
    )
    parser.add_argument(
        "--json", action="store_true", help="write JSON on one line, for programs"
    )
    parser.add_argument(
        "--accept", metavar="TYPE", default="", help="the media type of the result"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="write the result to a file"
    )
    parser.add_argument(
        "--each",
        metavar="ARGUMENT=PATTERN",
        help="predict once for each file, such as 'photo=photos/*.jpg'; writes a line "
        "of JSON for each",
    )
    parser.add_argument(
        "--detach",
        action="store_true",
        help="submit a job to the server, print its id and leave (needs --url)",
    )


def run(namespace: argparse.Namespace) -> int:
    """Run the command and return its exit status.

    Raises:
        DeepaasError: There is no prediction.
    """
    if namespace.detach:
        return _submit(namespace)
    with sigterm_raises():
        return _ask(namespace)


def _ask(namespace: argparse.Namespace) -> int:
    with model_output_to_stderr():
        target = _target(namespace)
    with closing(target):
        if namespace.each:
            return _predict_each(target, namespace)
        _predict(target, namespace)
    return reports.EXIT_OK


def _submit(namespace: argparse.Namespace) -> int:
    """Leave the prediction to the server.

    Raises:
        ConfigurationError: There is none.
        DeepaasError: It refuses.
    """
    if not namespace.url or namespace.each:
        raise ConfigurationError("--detach needs --url, and excludes --each")
    from deepaas.cli.job_targets import RemoteTarget

    with closing(
        RemoteTarget(namespace.url, namespace.model, operation="predict")
    ) as target:
        parser = _parser(target.operation, namespace)
        inputs = arguments.read_inputs(target.operation, namespace.words, parser=parser)
        print(target.submit(inputs, version=namespace.model_version))
    return reports.EXIT_OK


def _predict_each(target: Target, namespace: argparse.Namespace) -> int:
    if namespace.output:
        raise ConfigurationError(
            "--each and --output exclude each other; the lines go to standard output"
        )
    files = each.find_files(namespace.each)
    parser = _parser(target.operation, namespace)
    failures = 0
    with (
        model_output_to_stderr() as stdout,
        ProgressBar("predict", is_shown=None if len(files) > 1 else False) as bar,
    ):
        for index, path in enumerate(files):
            words = [*namespace.words, f"--{each.argument_of(namespace.each)}", path]
            inputs = arguments.read_inputs(target.operation, words, parser=parser)
            line = each.line_for(target, inputs, accept=namespace.accept or ACCEPT_JSON)
            stdout.write(each.encode({"index": index, "file": path, **line}))
            stdout.flush()
            failures += "problem" in line
            bar.update((index + 1) / len(files), path)
    if failures:
        print(f"deepaas: {failures} of {len(files)} files failed", file=sys.stderr)
    return reports.EXIT_FAILED if failures else reports.EXIT_OK


def _target(namespace: argparse.Namespace) -> Target:
    # Each is imported where it is needed: both cost a noticeable time.
    if namespace.url:
        from deepaas.cli.remote import RemoteModel

        return RemoteModel(
            namespace.url, namespace.model, version=namespace.model_version
        )
    from deepaas.cli.local import LocalModel

    return LocalModel(
        namespace.model, data_dir=namespace.data_dir, version=namespace.model_version
    )


def _predict(target: Target, namespace: argparse.Namespace) -> None:
    parser = _parser(target.operation, namespace)
    inputs = arguments.read_inputs(target.operation, namespace.words, parser=parser)
    accept = namespace.accept or (ACCEPT_JSON if namespace.json else "")
    with model_output_to_stderr() as stdout:
        answer = target.predict(inputs, accept=accept)
        show(answer, stdout=stdout, output=namespace.output, as_json=namespace.json)


def _parser(
    operation: OperationDescription, namespace: argparse.Namespace
) -> argparse.ArgumentParser:
    program = f"{PROGRAM} {namespace.model}"
    parser = arguments.make_parser(operation, program=program)
    arguments.refuse_our_options(
        namespace.words, operation, ours=_OPTIONS, parser=parser, program=PROGRAM
    )
    return parser
