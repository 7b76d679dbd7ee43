"""`deepaas check`: what works about a model, what does not, and what to do."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any, Final

import msgspec

from deepaas.cli import reports
from deepaas.cli.advice import Finding
from deepaas.cli.examination import Report
from deepaas.model.discovery import find_models

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepaas.cli.examination import ArgumentReport, OperationReport
    from deepaas.model.discovery import ModelReference

_WIDEST_TITLE: Final = 24
_STAGES: Final = {
    "": "before it was imported",
    "import": "while it was imported",
    "warm": "in its `warm`",
    "metadata": "in its `get_metadata`",
}

_EPILOG: Final = f"""\
The model is loaded in a process of its own, its `warm` is called, and nothing is
predicted.

examples:
  deepaas check plants.py
  deepaas check --json plants    the report for programs

{reports.EXIT_CODES}"""


def add_parser(subparsers: Any) -> None:
    """Add the command `check`."""
    parser = subparsers.add_parser(
        "check",
        help="say what works about a model, what does not, and what to do",
        description="Load a model and say what works, what does not, and what to do.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="an installed name, a module, module:object, or a .py file",
    )
    parser.add_argument(
        "--json", action="store_true", help="write the report as JSON on one line"
    )
    parser.set_defaults(run=run)


def run(namespace: argparse.Namespace) -> int:
    """Run the command and return its exit status.

    Raises:
        ModelLoadError: There is no such model.
    """
    [found] = find_models([namespace.model])
    report = _examine(found)
    if report.traceback:
        print(report.traceback.rstrip(), file=sys.stderr)
    if namespace.json:
        document = {**msgspec.to_builtins(report), "ok": report.is_fit}
        print(msgspec.json.encode(document).decode())
    else:
        width = min(100, shutil.get_terminal_size().columns)
        print("\n".join(_lines(report, reference=namespace.model, width=width)))
    return reports.EXIT_OK if report.is_fit else reports.EXIT_FAILED


# -------------------------------------------------------------------- the process


def _examine(found: ModelReference) -> Report:
    """Have a process examine the model; if it dies, that is the report."""
    reading, writing = os.pipe()
    command = [sys.executable, "-P", "-m", "deepaas.cli.examination", str(writing)]
    with subprocess.Popen(  # noqa: S603 - the model is what the user asked for
        [*command, found.name, found.distribution, *found.references],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        pass_fds=(writing,),
    ) as process:
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            lines = pipe.read().splitlines()
    last = msgspec.json.decode(lines[-1]) if lines else {}
    if "model" in last:
        return msgspec.convert(last, Report)
    text = f"the process ended {_STAGES[last.get('stage', '')]}: "
    text += _ending(process.returncode)
    return Report(model=found.name, findings=[Finding(level="error", text=text)])


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit code {status}; a model must not end its process"
    name = signal.Signals(-status).name
    causes = {
        "SIGKILL": "killed, perhaps because memory ran out",
        "SIGSEGV": "a crash in native code",
    }
    return f"{name}, {causes.get(name, 'a signal')}"


# ---------------------------------------------------------------------- for people


def _lines(report: Report, *, reference: str, width: int) -> Iterator[str]:
    kinds = {
        "native": "a native model",
        "v2": "a model of DEEPaaS 2.x",
        "v1": "a model of DEEPaaS 0.x or 1.x",
    }
    yield f"{report.model}: {kinds.get(report.kind, 'not loaded')}"
    for operation in report.operations:
        yield ""
        yield from _operation_lines(operation, width=width)
    if text := _metadata_text(report.metadata):
        yield ""
        yield from _wrapped("metadata", text, width=width)
    if report.warm_s is not None:
        yield f"warm      ran in {report.warm_s:.1f} s"
    if report.findings:
        yield ""
    for finding in report.findings:
        yield from _wrapped(finding.level, finding.text, width=width)
    yield ""
    if report.is_fit:
        yield f"It can be served: deepaas serve {reference}"
    else:
        yield "It cannot be served before the errors are mended."


def _operation_lines(operation: OperationReport, *, width: int) -> Iterator[str]:
    yield from _wrapped(operation.name, operation.summary, width=width)
    rows = [(f"--{one.name}", _argument_text(one)) for one in operation.arguments]
    rows.append(("gives", _result_text(operation)))
    column = min(_WIDEST_TITLE, max(len(title) for title, _ in rows))
    for title, text in rows:
        yield from _wrapped(f"  {title:<{column}}", text, width=width)


def _argument_text(argument: ArgumentReport) -> str:
    required = ", required" if argument.required else ""
    description = f". {argument.description}" if argument.description else ""
    return f"{argument.type}{required}{description}"


def _result_text(operation: OperationReport) -> str:
    how = ", as a stream" if operation.is_streaming else ""
    if operation.max_batch_size > 1:
        how += f", in batches of up to {operation.max_batch_size}"
    return " or ".join(operation.media_types) + how


def _metadata_text(metadata: dict[str, Any]) -> str:
    shown = ("name", "version", "description", "author", "license", "url")
    return "; ".join(f"{key}: {metadata[key]}" for key in shown if metadata.get(key))


def _wrapped(title: str, text: str, *, width: int) -> list[str]:
    """Return a text with its title in front, and its lines below each other."""
    start = f"{title:<9} "
    return textwrap.wrap(
        text or "(says nothing of itself)",
        width=max(width, 40 + len(start)),
        initial_indent=start,
        subsequent_indent=" " * len(start),
    )
