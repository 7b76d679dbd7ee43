"""The ids of jobs: UUIDs of version 7 (RFC 9562, 5.7) as 32 hexadecimal digits.

They sort by the time of their making, so a list by id is a list by age, and they have
the form that clients of DEEPaaS 2.x know.
"""

from __future__ import annotations

from typing import Final

_RANDOM_BITS: Final = 74
_VARIANT: Final = 0b10


class JobIds:
    """Makes ids, each larger than the one before, whatever the clock does."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, unix_ms: int, random: bytes) -> str:
        """Return an id.

        Args:
            unix_ms: The time, in milliseconds since 1970.
            random: At least ten random bytes.
        """
        noise = int.from_bytes(random[:10], "big") & ((1 << _RANDOM_BITS) - 1)
        value = max(unix_ms << _RANDOM_BITS | noise, self._last + 1)
        self._last = value
        return f"{_with_version(value):032x}"


def _with_version(value: int) -> int:
    """Put version and variant where the RFC wants them."""
    unix_ms = value >> _RANDOM_BITS
    random_a = value >> 62 & 0xFFF
    random_b = value & ((1 << 62) - 1)
    return unix_ms << 80 | 7 << 76 | random_a << 64 | _VARIANT << 62 | random_b
