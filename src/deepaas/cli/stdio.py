"""Keeps what a model prints apart from what a command prints.

A command's standard output is its result, and a program may read it. A model prints
whenever it likes, also from native code, straight to descriptor 1.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


@contextmanager
def model_output_to_stderr() -> Iterator[BinaryIO]:
    """Have everything printed within the block appear on standard error.

    Yields:
        The real standard output, for the result.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(kept), "wb") as stdout, redirect_stdout(sys.stderr):
            yield stdout
    finally:
        _flush_native_output()
        os.dup2(kept, 1)
        os.close(kept)


def _flush_native_output() -> None:
    """Write what native code has printed and the C library still holds."""
    with suppress(OSError, TypeError):  # where a system has no library of this name
        ctypes.CDLL(None).fflush(None)
