"""SIGTERM, as commands take it: what was begun is put away, then the command ends."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Terminated(KeyboardInterrupt):
    """SIGTERM came: a batch system takes the machine back.

    It is let through wherever Ctrl-C is, also where a model's exceptions are caught.
    """


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Raise `Terminated` within the block when SIGTERM comes."""
    process = os.getpid()

    def on_sigterm(number: int, frame: object) -> None:
        del frame
        if os.getpid() == process:
            raise Terminated
        # A process that the model has forked ends as if this were not here.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    before = signal.signal(signal.SIGTERM, on_sigterm)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
