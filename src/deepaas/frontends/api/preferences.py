"""What a caller would prefer (RFC 7240), and the key that makes sending twice safe.

The Idempotency-Key header is of the IETF's draft of that name (07): a string of a
structured field, in quotes; a bare token is taken too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deepaas.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PREFERENCE: Final = re.compile(
    r"""[\s,;]*+([!#$%&'*+.^_`|~0-9A-Za-z-]++)\s*+(?:=\s*+("(?:[^"\\]|\\.)*+"|[^\s,;]*+))?
    ([^,]*+)""",
    re.VERBOSE,
)
_LONGEST_KEY: Final = 255
_LONGEST_WAIT_S: Final = 60.0
"""Also how long a validation is waited for by callers without a preference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a caller would prefer.

    Attributes:
        is_async: Whether to be answered before the work is done.
        wait_s: How long to wait for the work before that, in seconds, or None.
        applied: The preferences that we understand, as they were sent.
    """

    is_async: bool = False
    wait_s: float | None = None
    applied: tuple[str, ...] = ()


def read_preferences(values: Iterable[str]) -> Preferences:
    """Return the preferences in the values of all Prefer headers.

    What is unknown or malformed is passed over; of the same one twice, the first
    counts.
    """
    found: dict[str, str] = {}
    for match in _PREFERENCE.finditer(", ".join(values)):
        value = (match[2] or "").strip('"')
        found.setdefault(match[1].lower(), value)
    is_async = "respond-async" in found
    wait = found.get("wait", "")
    wait_s = float(wait) if wait.isdecimal() and len(wait) < 10 else None
    applied = ["respond-async"] if is_async else []
    if wait_s is not None:
        applied.append(f"wait={wait}")
    return Preferences(
        is_async=is_async,
        wait_s=None if wait_s is None else min(wait_s, _LONGEST_WAIT_S),
        applied=tuple(applied),
    )


def validation_wait_s(preferences: Preferences) -> float:
    """Return how long the answer to a validation waits for its result, in seconds."""
    if preferences.wait_s is not None:
        return preferences.wait_s
    return 0.0 if preferences.is_async else _LONGEST_WAIT_S


def read_idempotency_key(values: Sequence[str]) -> str:
    """Return the key in an Idempotency-Key header, or empty if there is none.

    Raises:
        RequestError: It is none.
    """
    if not values:
        return ""
    key = values[0].strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not key or len(key) > _LONGEST_KEY or not key.isprintable() or '"' in key:
        raise RequestError(
            "The Idempotency-Key header has to be one text of 1 to "
            f"{_LONGEST_KEY} printable characters, best a UUID."
        )
    return key
