"""`deepaas models versions`, `activate`, `compare`, `delete`: what trainings made."""

from __future__ import annotations

import argparse
import json
import math
import sys
from typing import TYPE_CHECKING, Any, Final

from deepaas import errors
from deepaas.cli import reports
from deepaas.cli.local_store import no_version
from deepaas.cli.tables import size_text, table, time_text
from deepaas.client.progress import metric_texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepaas.jobs.records import ModelVersion

    Document = dict[str, Any]
    Action = Callable[[argparse.Namespace], int]

_INSTALLED: Final = 0


def add_actions(parser: argparse.ArgumentParser) -> None:
    """Add the actions to the command `models`, which can also do without one."""
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", parser_class=argparse.ArgumentParser
    )
    _add(actions, "versions", "list the versions of a model", _versions)
    activate = _add(actions, "activate", "let a version answer", _activate)
    activate.add_argument(
        "version", metavar="N", type=int, help="its number; 0 is the model as installed"
    )
    compare = _add(
        actions, "compare", "show the metrics of versions in one table", _compare
    )
    compare.add_argument(
        "versions", metavar="N", type=int, nargs="*", help="their numbers; all if none"
    )
    remove = _add(actions, "delete", "remove a version and its files for good", _delete)
    remove.add_argument(
        "version", metavar="N", type=int, help="its number; not the one that answers"
    )


def _add(actions: Any, name: str, text: str, action: Action) -> Any:
    parser = actions.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False
    )
    # Without defaults: they would hide what stands before the action.
    hidden: Any = {"default": argparse.SUPPRESS}
    parser.add_argument("--url", metavar="URL", help="at this server", **hidden)
    parser.add_argument(
        "--data-dir", metavar="DIR", default="", help="in this data directory"
    )
    parser.add_argument(
        "--json", action="store_true", help="write JSON on one line", **hidden
    )
    parser.add_argument(
        "model", metavar="MODEL", help="as for deepaas train; with --url, a name"
    )
    parser.set_defaults(run=action)
    return parser


def _versions(namespace: argparse.Namespace) -> int:
    found = _find(namespace)
    rows = [
        {
            "version": one["version"],
            "answers": "yes" if one["is_active"] else "",
            "created": time_text(one.get("created")),
            "parent": one.get("parent"),
            "size": size_text(one["size_bytes"]) if "size_bytes" in one else "",
            "job": one.get("job"),
            "metrics": ", ".join(metric_texts(one.get("metrics", {}))),
            "cannot be activated": one.get("activation_error", ""),
        }
        for one in found["versions"]
    ]
    print(json.dumps(found) if namespace.json else "\n".join(table(rows)))
    return reports.EXIT_OK


def _activate(namespace: argparse.Namespace) -> int:
    if namespace.url:
        from deepaas.client import Client  # here, because aiohttp takes its time

        with Client(namespace.url) as client:
            client.activate(namespace.model, namespace.version)
    else:
        _activate_here(namespace)
    print(f"version {namespace.version} of {namespace.model} answers", file=sys.stderr)
    return reports.EXIT_OK


def _activate_here(namespace: argparse.Namespace) -> None:
    from deepaas.cli.job_targets import settings_of
    from deepaas.cli.local_jobs import LocalJobs
    from deepaas.client.blocking import LoopThread

    jobs = LocalJobs(namespace.model, settings=settings_of(namespace.data_dir))
    loop = LoopThread()
    try:
        loop.run(jobs.start())
        loop.run(jobs.activate(namespace.version))
    finally:
        loop.run(jobs.stop())
        loop.close()


def _delete(namespace: argparse.Namespace) -> int:
    """Remove a version, and say what is gone.

    Raises:
        RequestError: It is the model as installed, or the version that answers, or
            there is none of this number.
    """
    model, number = namespace.model, namespace.version
    if number == _INSTALLED:
        raise errors.RequestError(
            "version 0 is the model as installed, which no training has made; it "
            "cannot be deleted"
        )
    listed = {one["version"]: one for one in _find(namespace)["versions"]}
    if number not in listed:
        raise no_version(model, number, known=listed)
    if namespace.url:
        from deepaas.client import Client

        with Client(namespace.url) as client:
            client.delete_version(model, number)
    else:
        _delete_here(model, number, data_dir=namespace.data_dir)
    version = listed[number]
    if namespace.json:
        print(json.dumps(version))
    else:
        print(
            f"version {number} of {model} is deleted: {_gone(version)}",
            file=sys.stderr,
        )
    return reports.EXIT_OK


def _delete_here(reference: str, number: int, *, data_dir: str) -> None:
    """Remove a version from the data directory, as a server does it."""
    from deepaas.cli.local_store import store_of
    from deepaas.model.discovery import find_models

    [model] = find_models([reference])
    store = store_of(model, data_dir=data_dir)
    if store is None:
        raise errors.VersionNotFoundError(model.name, number)
    store.change(lambda open_store: open_store.delete_version(model.name, number))
    store.files.remove_version(model.name, number)


def _gone(version: Document) -> str:
    return (
        f"{size_text(version['size_bytes'])}, made by job {version['job']} on "
        f"{time_text(version['created'])}"
    )


def _compare(namespace: argparse.Namespace) -> int:
    found = {one["version"]: one for one in _find(namespace)["versions"]}
    wanted = namespace.versions or sorted(found)
    for number in wanted:
        if number not in found:
            raise no_version(namespace.model, number, known=found)
    rows = compared(
        [found[number] for number in wanted], nan=None if namespace.json else math.nan
    )
    if namespace.json:
        print(json.dumps(rows))
    elif rows:
        print("\n".join(table(rows)))
    else:
        print("no metrics", file=sys.stderr)
    return reports.EXIT_OK


def compared(versions: list[Document], *, nan: float | None = None) -> list[Document]:
    """Return a row for each metric with its value in each version.

    What the last validation of a version has found stands there as `validate NAME`.

    Args:
        versions: As the API describes them.
        nan: What stands for a value that was logged and is no number; None stands for
            one that was never logged.
    """
    columns = {
        f"version {one['version']}": {
            name: nan if value is None else value
            for name, value in _metrics(one).items()
        }
        for one in versions
    }
    names = dict.fromkeys(name for found in columns.values() for name in found)
    return [
        {"metric": name, **{title: found.get(name) for title, found in columns.items()}}
        for name in names
    ]


def _metrics(version: Document) -> Document:
    validations: Document = version.get("validations", {})
    # The ids of jobs ascend with time.
    last: Document = validations[max(validations)] if validations else {}
    found = {f"validate {name}": value for name, value in last.items()}
    return {**version.get("metrics", {}), **found}


def _find(namespace: argparse.Namespace) -> Document:
    if namespace.url:
        from deepaas.client import Client

        with Client(namespace.url) as client:
            return client.versions(namespace.model)
    return _find_here(namespace.model, namespace.data_dir)


def _find_here(reference: str, data_dir: str) -> Document:
    """Return the versions of a model that runs here, beside whoever has the store."""
    from deepaas.cli.local_store import store_of
    from deepaas.jobs.records import ModelVersion
    from deepaas.model.discovery import find_models

    [model] = find_models([reference])
    store = store_of(model, data_dir=data_dir)
    active, trained, failures = _INSTALLED, list[ModelVersion](), dict[int, str]()
    if store is not None:
        active, trained = store.versions(model.name)
        failures = store.files.failures(model.name)
    installed = {"model": model.name, "version": 0, "is_active": active == _INSTALLED}
    documents = [*(_document(one, active=active) for one in trained), installed]
    for one in documents:
        if one["version"] in failures:
            one["activation_error"] = failures[one["version"]]
    return {"model": model.name, "active": active, "versions": documents}


def _document(version: ModelVersion, *, active: int) -> Document:
    metrics = dict(version.metrics)
    validations = metrics.pop("validations", {})
    return {
        "model": version.model,
        "version": version.number,
        "is_active": version.number == active,
        "created": version.created.isoformat(timespec="milliseconds"),
        "parent": version.parent,
        "job": version.job,
        "size_bytes": version.size_bytes,
        "metrics": metrics,
        "validations": validations,
    }
