"""Where a server keeps what must survive it.

Without a choice of the operator each set of models has a folder of its own below the
user's data folder (XDG Base Directory Specification), so that two servers for different
models do not meet, and the same one finds its jobs again.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_UNUSUAL: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_NAME: Final = 60
_LOCK: Final = "lock"
_FOLDERS: Final = ("jobs", "versions", "scratch")
_LONGEST_HOLDER: Final = 500


def default_data_dir(
    models: Mapping[str, Sequence[str]], *, environ: Mapping[str, str] = os.environ
) -> Path:
    """Return the folder for a set of models.

    Args:
        models: Where each model comes from, by name.
        environ: The environment variables.

    Raises:
        RuntimeError: The user has no home folder.
    """
    home = environ.get("XDG_DATA_HOME", "")
    base = Path(home) if home.startswith("/") else Path.home() / ".local" / "share"
    names = _UNUSUAL.sub("_", "+".join(sorted(models)))[:_LONGEST_NAME]
    text = "\n".join(f"{name} {' '.join(models[name])}" for name in sorted(models))
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return base / "deepaas" / f"{names}-{digest}"


def find_data_dir(named: str, models: Mapping[str, Sequence[str]]) -> Path:
    """Return the folder that somebody has named, else the one for a set of models.

    Raises:
        RuntimeError: Nobody has, and the user has no home folder.
    """
    return Path(named).absolute() if named else default_data_dir(models)


def versions_elsewhere(path: Path, model: str) -> list[Path]:
    """Return other data directories beside one that have versions of a model.

    Nothing if that directory has some of its own.
    """
    if _has_versions(path, model):
        return []
    try:
        beside = sorted(path.parent.iterdir())
    except OSError:
        return []
    return [one for one in beside if _has_versions(one, model)]


def _has_versions(path: Path, model: str) -> bool:
    try:
        return any((path / "versions" / model).iterdir())
    except OSError:
        return False


class DataDirHeldError(Exception):
    """Another process has the data directory.

    Attributes:
        holder: What that process has written of itself, or empty.
    """

    def __init__(self, path: Path, holder: str) -> None:
        self.holder = holder
        super().__init__(f"{path} is in use by {holder or 'another process'}")


class DataDir:
    """A data directory, which this process alone may change.

    Attributes:
        path: The directory.
    """

    def __init__(self, path: Path, *, holder: str) -> None:
        """Make the directory where needed, and take its lock.

        The kernel releases the lock when this process ends, however that comes.

        Args:
            path: The directory.
            holder: What this process is, for whoever finds the lock taken.

        Raises:
            DataDirHeldError: Another process has it.
            OSError: It cannot be written.
        """
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._lock = os.open(path / _LOCK, flags, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            found = os.pread(self._lock, _LONGEST_HOLDER, 0).decode("utf-8", "replace")
            os.close(self._lock)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            raise DataDirHeldError(path, found.strip()) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, holder.encode(), 0)
        for name in _FOLDERS:  # whoever made the directory, these are ours alone
            (path / name).mkdir(mode=0o700, exist_ok=True)

    def release(self) -> None:
        """Let another process have the directory."""
        os.ftruncate(self._lock, 0)
        os.close(self._lock)
