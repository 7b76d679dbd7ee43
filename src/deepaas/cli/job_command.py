"""What `deepaas train` and `deepaas validate` have in common: a job, and its end.

Standard output gets the result and nothing else; the log of the job and a progress bar
go to standard error. Ctrl-C asks whether to cancel the job.
"""

from __future__ import annotations

import argparse
import logging
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deepaas import errors
from deepaas.cli import arguments, reports
from deepaas.cli.answers import show
from deepaas.cli.job_targets import make_target
from deepaas.cli.signals import Terminated, sigterm_raises
from deepaas.client.event_source import is_end
from deepaas.client.progress import ProgressBar, show_event

if TYPE_CHECKING:
    from deepaas.cli.job_targets import JobTarget

_OURS: Final = (
    "--url",
    "--json",
    "--output",
    "--detach",
    "--data-dir",
    "--model-version",
    "--quiet",
    "-o",
)

_EXIT_CODES: Final = {
    "successful": reports.EXIT_OK,
    "failed": reports.EXIT_FAILED,
    "dismissed": reports.EXIT_INTERRUPTED,
}


def add_command(subparsers: Any, name: str, *, text: str, examples: str) -> None:
    """Add a command that runs an operation as a job.

    Args:
        subparsers: Of argparse.
        name: The command, and the operation.
        text: What it does.
        examples: For the end of its help.
    """
    program = f"deepaas {name}"
    parser = subparsers.add_parser(
        name,
        help=text,
        usage=f"{program} [options] MODEL [--ARGUMENT VALUE ...]",
        description=f"{text[0].upper()}{text[1:]}. It is a job: its log, metrics, "
        "files and result stay, see deepaas jobs.",
        epilog=f"{examples}\n{reports.JOB_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_options(parser)
    arguments.add_model(parser)
    parser.set_defaults(run=run, operation=name)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", metavar="URL", help="run it at this server")
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        default="",
        help="keep the job here; by default where a server of this model keeps its own",
    )
    parser.add_argument(
        "--model-version",
        metavar="N",
        type=int,
        help="run against this version of the model, not the one that answers",
    )
    parser.add_argument(
        "--detach",
        action="store_true",
        help="print the job's id and leave; the server goes on (needs --url)",
    )
    parser.add_argument(
        "--quiet", action="store_true", help="show neither log nor progress"
    )
    parser.add_argument(
        "--json", action="store_true", help="write JSON on one line, for programs"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="write the result to a file"
    )


def run(namespace: argparse.Namespace) -> int:
    """Run the command and return its exit status.

    Raises:
        DeepaasError: There is no job.
    """
    if namespace.detach and not namespace.url:
        raise errors.ConfigurationError(
            "--detach needs --url: a job that runs here ends with this command"
        )
    # What happens to the job is said here, and not also in log lines of a server.
    logging.getLogger("deepaas").addHandler(logging.NullHandler())
    target = make_target(
        namespace.model,
        operation=namespace.operation,
        url=namespace.url,
        data_dir=namespace.data_dir,
    )
    with closing(target), sigterm_raises():
        return _run(target, namespace)


def _run(target: JobTarget, namespace: argparse.Namespace) -> int:
    program = f"deepaas {namespace.operation}"
    parser = arguments.make_parser(
        target.operation, program=f"{program} {namespace.model}"
    )
    arguments.refuse_our_options(
        namespace.words, target.operation, ours=_OURS, parser=parser, program=program
    )
    inputs = arguments.read_inputs(target.operation, namespace.words, parser=parser)
    job_id = target.submit(inputs, version=namespace.model_version)
    if namespace.detach:
        print(job_id)
        return reports.EXIT_OK
    _say(f"job {job_id}; afterwards: deepaas jobs show {target.place()} {job_id}")
    bar = ProgressBar(namespace.operation, is_shown=False if namespace.quiet else None)
    with bar:
        code = _follow(target, bar, with_log=not namespace.quiet)
    return _end(target, namespace, job_id) if code is None else code


def _follow(target: JobTarget, bar: ProgressBar, *, with_log: bool) -> int | None:
    """Show what happens to a job until its end.

    Returns:
        The exit status when it is left to itself, else None.
    """
    events = target.events()
    interrupts = 0
    while True:
        try:
            for event in events:
                show_event(event, bar, with_log=with_log)
                if is_end(event):
                    return None
        except Terminated:
            bar.hide()
            if target.can_outlive_us:
                return reports.EXIT_TERMINATED
            target.interrupt()
        except KeyboardInterrupt:
            interrupts += 1
            bar.hide()
            wish = _ask() if interrupts == 1 else "leave"
            if wish == "no":
                interrupts = 0
                continue
            if wish != "leave" or not target.can_outlive_us:
                _say("cancelling the job")
                target.cancel()
                continue
            _say("the job goes on")
            return reports.EXIT_INTERRUPTED
        else:
            return None


def _ask() -> str:
    """Ask whether to cancel; returns `yes`, `no` or `leave`."""
    if not sys.stdin.isatty():
        return "yes"  # nobody can answer, and whoever sent the signal meant something
    print("Cancel the job? [y/N] ", end="", file=sys.stderr, flush=True)
    try:
        answer = sys.stdin.readline()
    except Terminated:
        raise
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return "leave"
    return "yes" if answer.strip().lower() in ("y", "yes") else "no"


def _end(target: JobTarget, namespace: argparse.Namespace, job_id: str) -> int:
    """Show how a job has ended."""
    document = target.document()
    status = str(document["status"])
    if status == "successful":
        show(
            target.result(),
            stdout=sys.stdout.buffer,
            output=namespace.output,
            as_json=namespace.json,
        )
        sys.stdout.flush()
        _say_version(document)
    elif status == "failed":
        why = f" ({document['cause']})" if document.get("cause") else ""
        _say(f"job {job_id} failed{why}: {document.get('message', '')}")
    elif status == "dismissed":
        _say(f"job {job_id} was dismissed")
    else:  # a restartable one that SIGTERM has ended
        _say(f"job {job_id} waits for a server, which goes on with it")
        return reports.EXIT_TERMINATED
    is_ours = not target.can_outlive_us
    if is_ours and document.get("cause") == "interrupted":
        return reports.EXIT_TERMINATED
    return _EXIT_CODES[status]


def _say_version(document: dict[str, Any]) -> None:
    made = document.get("made_version")
    if not made:
        if document.get("operation") == "train":
            _say("no new version: the training has left no files as its artifacts")
        return
    if document.get("is_active"):
        _say(f"version {made} of {document['model']} answers from now on")
        return
    if reason := document.get("activation_error"):
        _say(f"version {made} cannot be activated: {reason}")
    if document.get("is_beside"):
        _say("its version gets a number when the server of the data directory takes it")
        return
    _say(f"version {made} of {document['model']} is there; see deepaas models versions")


def _say(text: str) -> None:
    print(f"deepaas: {text}", file=sys.stderr, flush=True)
