"""A streaming model."""

from __future__ import annotations

import os
from collections.abc import Iterator  # noqa: TC003 - read when the model is loaded
from pathlib import Path


def predict(
    count: int = 3, *, size: int = 1, fail_at: int = -1, die_at: int = -1
) -> Iterator[str]:
    """Count, in texts of `size` characters; note the end of the generator."""
    number = 0
    try:
        while count < 0 or number < count:
            if number == fail_at:
                raise ValueError("lost count")
            if number == die_at:
                os._exit(9)
            yield f"{number}".ljust(size, ".")
            number += 1
    finally:
        notes = os.environ.get("FAULTY_NOTES")
        if notes:
            with Path(notes).open("a") as file:
                file.write(f"ended at {number}\n")
