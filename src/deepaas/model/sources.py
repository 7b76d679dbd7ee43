"""The source files that a loaded model consists of, and which of them have changed.

Editing a file changes nothing in a worker that has loaded it. But the next worker, one
that replaces another, loads what is there then: from that moment on two callers may be
answered by different code, and somebody should know.
"""

from __future__ import annotations

import hashlib
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})
"""Folders that hold what is no part of a model in a folder above them."""


def source_digests(target: Any) -> dict[str, str]:
    """Return the SHA-256 of the source files of a model, by path.

    They are those modules that are loaded from the model's package, or from the folder
    of its file; what is installed beside it is left out.

    Args:
        target: The module, class, function or instance that was loaded.
    """
    digests: dict[str, str] = {}
    for path in _files(target):
        with suppress(OSError):
            digests[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return digests


def changed_sources(first: Mapping[str, str], later: Mapping[str, str]) -> list[str]:
    """Return the files that differ; one that was loaded only once does not."""
    return sorted(
        path for path in first.keys() & later.keys() if first[path] != later[path]
    )


def _files(target: Any) -> Iterator[Path]:
    name = _module_name(target)
    own = _file(sys.modules.get(name))
    if own is None:
        return
    yield own
    top = _file(sys.modules.get(name.partition(".")[0])) or own
    if top.parent.name in _INSTALLED:
        return  # a single installed module: its neighbours are strangers
    for other in list(sys.modules.values()):
        path = _file(other)
        if path is None or path == own or not path.is_relative_to(top.parent):
            continue
        if _INSTALLED.isdisjoint(path.relative_to(top.parent).parts):
            yield path


def _module_name(target: Any) -> str:
    """Return the name of the module that a model is, or that defines it."""
    if isinstance(target, ModuleType):
        return target.__name__
    return str(getattr(target, "__module__", None) or type(target).__module__)


def _file(module: Any) -> Path | None:
    path = getattr(module, "__file__", None)
    return Path(path) if isinstance(path, str) and path.endswith(".py") else None
