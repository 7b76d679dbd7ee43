"""Named points where tests let the program fail; without a test they do nothing.

`DEEPAAS_INJECT=store.before_commit:kill` ends the process there, `:error` raises an
error of the disk, and a number waits for so many milliseconds; a second number after
another colon means the n-th time only. The variable is read once.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
from typing import Final

_VARIABLE: Final = "DEEPAAS_INJECT"


class _Fault:
    """What shall happen at one point."""

    def __init__(self, text: str) -> None:
        self.name, _, rest = text.partition(":")
        self._action, _, nth = rest.partition(":")
        self._nth = int(nth) if nth else None
        self._passed = 0

    def strike(self) -> None:
        """Let it happen, if it is time."""
        self._passed += 1
        if self._nth is not None and self._nth != self._passed:
            return
        if self._action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self._action == "error":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        else:
            threading.Event().wait(int(self._action) / 1000)


_fault = _Fault(os.environ[_VARIABLE]) if _VARIABLE in os.environ else None


def inject(name: str) -> None:
    """Fail here, if a test wants it."""
    if _fault is not None and _fault.name == name:
        _fault.strike()
