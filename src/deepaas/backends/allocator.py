"""Has the C library keep the memory of large arrays that were freed."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3

_LARGEST_BYTES: Final = 32 << 20


def keep_freed_memory() -> None:
    """Take the thresholds at which glibc itself arrives in a process with large arrays.

    It maps large blocks one by one, and gives them back when they are freed, until it
    has learned better (`mallopt(3)`: dynamic mmap threshold, at most 32 MiB, and twice
    that at the end of the heap). To a model that makes arrays of a megabyte, each
    prediction then costs a thousand page faults. Does nothing where the operator has
    chosen, or where the C library is another one.
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    with suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_BYTES)
        mallopt(_M_TRIM_THRESHOLD, 2 * _LARGEST_BYTES)
