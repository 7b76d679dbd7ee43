"""Notes what a job ran with: packages, machine, device and the digests of its files."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deepaas.model.files import File
from deepaas.model.job import PROVENANCE_FILE
from deepaas.model.shown import shown_arguments

if TYPE_CHECKING:
    from deepaas.model.loading import LoadedModel
    from deepaas.worker.runner import Call

_SEEDS: Final = ("seed", "random_seed", "random_state")
_DEVICE_VARIABLES: Final = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")


def write_provenance(call: Call, *, model: LoadedModel) -> None:
    """Write down what is known of a job when it begins."""
    assert call.job is not None  # noqa: S101 - only jobs have a folder
    folder = Path(call.job.folder) / "work" / f"attempt-{call.job.attempt}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    document = {
        "model": model.name,
        "operation": call.operation.name,
        "distribution": model.distribution,
        "version": model.version.number,
        "arguments": shown_arguments(call.arguments),
        "seed": _seed(call.arguments),
        "inputs": [_digest(file) for file in _files(call.arguments)],
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "pid": os.getpid(),
        "command": sys.executable,
        "devices": {
            name: os.environ[name] for name in _DEVICE_VARIABLES if name in os.environ
        },
        "packages": _packages(),
    }
    text = json.dumps(document, ensure_ascii=False, indent=1, default=str)
    (folder / PROVENANCE_FILE).write_text(text, "utf-8", "replace")


def _seed(arguments: Mapping[str, Any]) -> Any:
    return next((arguments[name] for name in _SEEDS if name in arguments), None)


def _files(value: Any) -> Iterator[tuple[str, Path]]:
    """Yield name and path of all files among the arguments."""
    match value:
        case File():
            yield value.filename, value.path
        case Path():
            yield value.name, value
        case Mapping():
            for part in value.values():
                yield from _files(part)
        case _ if hasattr(value, "original_filename"):
            yield str(value.original_filename), Path(value.filename)
        case list() | tuple():
            for part in value:
                yield from _files(part)


def _digest(file: tuple[str, Path]) -> dict[str, Any]:
    name, path = file
    try:
        with path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        size = path.stat().st_size
    except OSError as error:
        return {"filename": name, "error": str(error)}
    return {"filename": name, "size_bytes": size, "sha256": digest}


def _packages() -> dict[str, str]:
    """Return the installed distributions with their versions, by name."""
    found = {
        one.metadata["Name"]: one.version
        for one in importlib.metadata.distributions()
        if one.metadata["Name"]
    }
    return dict(sorted(found.items()))
