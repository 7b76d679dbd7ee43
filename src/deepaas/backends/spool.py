"""The private folder of one server, for what is too large for memory.

Request bodies, uploads and large answers live here for as long as their request does.
The folder is this user's alone and goes away with the server. What a server that was
killed has left behind is removed by the next one: each holds a lock on its folder,
which the kernel releases however the server ends, also in another container.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from deepaas.errors import ConfigurationError

_PREFIX: Final = "deepaas-spool-"
_LOCK: Final = "lock"
_DEFAULT: Final = "of the system"


class Spool:
    """A server's folder.

    Attributes:
        path: The folder; it exists, and nobody else can look into it.
    """

    def __init__(self, parent: str = "") -> None:
        """Make the folder, and begin to sweep what dead servers have left.

        Args:
            parent: Where to make it; empty is the system's folder for such files.

        Raises:
            ConfigurationError: It cannot be written.
        """
        try:
            folder = Path(parent or tempfile.gettempdir())
            self.path, self._lock = _make(folder)
        except OSError as error:
            raise ConfigurationError(
                f"Cannot write to the spool directory {parent or _DEFAULT} "
                f"({error.strerror}); choose another with --spool-dir.",
                setting="spool_dir",
            ) from error
        # A thread that nobody waits for: there may be a million stale files.
        threading.Thread(
            target=sweep, args=(folder, self.path), name="sweep", daemon=True
        ).start()

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _make(folder: Path) -> tuple[str, int]:
    """Make a spool; return its path, and the descriptor that holds its lock.

    Another server that starts now may sweep it away before it is locked.

    Raises:
        OSError: It cannot be written.
    """
    while True:
        path = tempfile.mkdtemp(prefix=_PREFIX, dir=folder)
        with suppress(FileNotFoundError, BlockingIOError):
            return path, _lock(Path(path))


def sweep(folder: Path, own: str = "") -> None:
    """Remove the spools in `folder` that are this user's and whose server is dead.

    Args:
        folder: Where they are.
        own: The one of this server. To try its lock could make the file anew while the
            folder is removed, and leave it there.
    """
    for spool in folder.glob(f"{_PREFIX}*"):
        if str(spool) == own:
            continue
        with suppress(OSError):
            if spool.is_symlink() or spool.stat().st_uid != os.getuid():
                continue
            lock = _lock(spool)  # fails while its server lives
            try:
                shutil.rmtree(spool, ignore_errors=True)
            finally:
                os.close(lock)


def _lock(folder: Path) -> int:
    """Return a descriptor that holds the lock of a spool.

    Raises:
        OSError: Another process holds it.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(folder / _LOCK, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
