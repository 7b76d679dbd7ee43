"""Return what was sent: to see what a platform passes on, and what it makes of it."""

import os
import sys
from typing import Any


def predict(
    string: str | None = None,
    numbers: list[float] | None = None,
    object: dict[str, Any] | None = None,  # noqa: A002 - what callers call it
    variables: list[str] | None = None,
) -> dict[str, Any]:
    """Return what was sent, and the environment variables that were asked for."""
    print("hello stdout")
    print("hello stderr", file=sys.stderr)
    sent = {"string": string, "numbers": numbers, "object": object}
    found = {name: os.environ.get(name) for name in variables or ()}
    return {name: one for name, one in sent.items() if one is not None} | found
