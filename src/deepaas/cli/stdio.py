"""Keeps what a model prints apart from what a command prints.

A command's standard output is its result, and a program may read it. A model prints
whenever it likes, also from native code, straight to descriptor 1.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import contextmanager, redirect_stdout
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
        ctypes.CDLL(None).fflush(None)  # what native code has printed and not written
        os.dup2(kept, 1)
        os.close(kept)
