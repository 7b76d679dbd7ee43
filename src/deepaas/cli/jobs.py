"""`deepaas jobs`: look at jobs, follow them, cancel them; here or at a server."""

from __future__ import annotations

import argparse
import json
import math
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deepaas import errors
from deepaas.cli import reports
from deepaas.cli.answers import show
from deepaas.cli.job_sources import find_source
from deepaas.cli.tables import duration_text, size_text, table, time_text
from deepaas.jobs.states import JobState

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepaas.cli.job_sources import JobSource

    Action = Callable[[JobSource, argparse.Namespace], None]

_EPILOG: Final = f"""\
Without --url and --data-dir all data directories of this user are looked at. What only
looks also works beside a server that has the directory; what changes something then
needs --url.

examples:
  deepaas jobs list
  deepaas jobs log -f JOB
  deepaas jobs metrics --csv JOB > curves.csv
  deepaas jobs artifacts --save weights JOB
  deepaas jobs cancel --url http://127.0.0.1:5000 JOB

{reports.EXIT_CODES}"""


def add_parser(subparsers: Any) -> None:
    """Add the command `jobs`."""
    parser = subparsers.add_parser(
        "jobs",
        help="look at jobs, follow and cancel them",
        description="Look at jobs, follow and cancel them; here or at a server.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(
        title="actions",
        metavar="ACTION",
        required=True,
        parser_class=argparse.ArgumentParser,
    )
    _add_list(actions)
    _add(actions, "show", "show all that is known of a job", _show)
    log = _add(actions, "log", "show what a job prints", _log)
    log.add_argument(
        "-f", "--follow", action="store_true", help="go on until the job is over"
    )
    metrics = _add(
        actions, "metrics", "show the values that a job has logged", _metrics
    )
    metrics.add_argument("--csv", action="store_true", help="write all as a table")
    artifacts = _add(actions, "artifacts", "list the files of a job", _artifacts)
    artifacts.add_argument(
        "--save", metavar="DIR", type=Path, help="save them all in this folder"
    )
    results = _add(actions, "results", "get the result of a job", _results)
    results.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="write it to a file"
    )
    _add(actions, "cancel", "cancel a job; never removes a result", _cancel)
    _add(actions, "delete", "remove a job that is over from sight", _delete)
    _add(actions, "usage", "show how much of the disk jobs take", _usage, has_id=False)


def _add_list(actions: Any) -> None:
    parser = _add(actions, "list", "list jobs, the newest first", _list, has_id=False)
    parser.add_argument(
        "--process",
        metavar="MODEL.OPERATION",
        default="",
        help="only of this kind, such as plants.train",
    )
    parser.add_argument(
        "--status", choices=list(map(str, JobState)), default="", help="only of these"
    )
    parser.add_argument(
        "--limit", metavar="N", type=int, default=20, help="most jobs (default: 20)"
    )


def _add(
    actions: Any, name: str, text: str, action: Action, *, has_id: bool = True
) -> Any:
    parser = actions.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False
    )
    parser.add_argument("--url", metavar="URL", help="at this server")
    parser.add_argument(
        "--data-dir", metavar="DIR", default="", help="in this data directory"
    )
    parser.add_argument("--json", action="store_true", help="write JSON on one line")
    if has_id:
        parser.add_argument("job", metavar="JOB", help="the job's id")
    parser.set_defaults(run=run, action=action)
    return parser


def run(namespace: argparse.Namespace) -> int:
    """Run the command and return its exit status.

    Raises:
        DeepaasError: It cannot be done.
    """
    with closing(find_source(namespace.url, namespace.data_dir)) as source:
        namespace.action(source, namespace)
    return reports.EXIT_OK


def _list(source: JobSource, namespace: argparse.Namespace) -> None:
    limit = namespace.limit
    if limit < 1:
        raise errors.ConfigurationError(f"--limit is at least 1, and not {limit}")
    found = source.find(
        process=namespace.process, status=namespace.status, limit=limit + 1
    )
    has_more = len(found) > limit
    del found[limit:]
    rows = [
        {
            "job": one["id"],
            "process": one["processID"],
            "status": one["status"],
            "progress": f"{one['progress']} %" if "progress" in one else "",
            "created": time_text(one.get("created")),
            "lasted": duration_text(one.get("started"), one.get("finished")),
            "version": one.get("made_version"),
        }
        for one in found
    ]
    _print_rows(rows, found, namespace, none="no job")
    if has_more:
        sys.stdout.flush()
        print(
            f"deepaas: there are more jobs than the newest {limit}; "
            f"--limit {10 * limit} lists up to {10 * limit}",
            file=sys.stderr,
        )


def _show(source: JobSource, namespace: argparse.Namespace) -> None:
    document = source.show(namespace.job)
    document.pop("links", None)
    if namespace.json:
        print(json.dumps(document))
        return
    if metrics := document.get("metrics"):
        document["metrics"] = {name: _value(one) for name, one in metrics.items()}
    width = max(map(len, document))
    for name, value in document.items():
        text = (
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        )
        print(f"{name:<{width}}  {text}")


def _log(source: JobSource, namespace: argparse.Namespace) -> None:
    if not namespace.follow:
        for piece in source.log(namespace.job):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    for line in source.follow(namespace.job):
        print(line, flush=True)


def _metrics(source: JobSource, namespace: argparse.Namespace) -> None:
    if namespace.csv:
        sys.stdout.write(source.metrics_csv(namespace.job))
        return
    found = source.metrics(namespace.job)
    rows = [
        {
            "metric": name,
            "last": _value(points[-1]["value"]),
            "least": min(_numbers(points), default=math.nan),
            "most": max(_numbers(points), default=math.nan),
            "values": len(points),
        }
        for name, points in found.items()
        if points
    ]
    _print_rows(rows, found, namespace, none="no metrics")


def _value(logged: float | None) -> float:
    """Return what a job has logged; what is no number has no place in JSON."""
    return math.nan if logged is None else logged


def _numbers(points: list[dict[str, Any]]) -> list[float]:
    return [one["value"] for one in points if one["value"] is not None]


def _artifacts(source: JobSource, namespace: argparse.Namespace) -> None:
    found = source.artifacts(namespace.job)
    if namespace.save is not None:
        _save(source, namespace, [one["path"] for one in found])
    rows = [
        {
            "path": one["path"],
            "size": size_text(one["size_bytes"]),
            "type": one["type"],
            "sha256": one["sha256"],
        }
        for one in found
    ]
    _print_rows(rows, found, namespace, none="no files")


def _save(source: JobSource, namespace: argparse.Namespace, paths: list[str]) -> None:
    folder = namespace.save.absolute()
    for path in paths:
        target = (folder / path).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise errors.RequestError(f"the name {path!r} leads out of {folder}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            source.save(namespace.job, path, target)
        except OSError as error:
            raise errors.ConfigurationError(
                f"{target} cannot be written: {error.strerror or error}"
            ) from error


def _results(source: JobSource, namespace: argparse.Namespace) -> None:
    show(
        source.result(namespace.job),
        stdout=sys.stdout.buffer,
        output=namespace.output,
        as_json=namespace.json,
    )


def _cancel(source: JobSource, namespace: argparse.Namespace) -> None:
    status = source.cancel(namespace.job)
    if namespace.json:
        print(json.dumps({"id": namespace.job, "status": status}))
    else:
        print(f"{namespace.job} is {status}")


def _delete(source: JobSource, namespace: argparse.Namespace) -> None:
    source.delete(namespace.job)


def _usage(source: JobSource, namespace: argparse.Namespace) -> None:
    found = source.usage()
    rows = [{**one, "bytes": size_text(one["bytes"])} for one in found]
    _print_rows(rows, found, namespace, none="no jobs")


def _print_rows(
    rows: list[dict[str, Any]], found: Any, namespace: argparse.Namespace, *, none: str
) -> None:
    """Write rows for people, or what they were made from for programs."""
    if namespace.json:
        print(json.dumps(found))
    elif rows:
        print("\n".join(table(rows)))
    else:
        print(none, file=sys.stderr)
