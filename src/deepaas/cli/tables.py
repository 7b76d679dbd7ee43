"""Rows of facts for people: columns below each other, titles first."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines of a table; the keys of the first row are its titles."""
    titles = {key: key.upper() for key in rows[0]}
    texts = [{key: _text(row.get(key)) for key in titles} for row in rows]
    widths = {key: max(len(row[key]) for row in (titles, *texts)) for key in titles}
    return [
        "  ".join(f"{row[key]:<{width}}" for key, width in widths.items()).rstrip()
        for row in (titles, *texts)
    ]


def size_text(size: float) -> str:
    """Return a number of bytes as people write it."""
    for unit in _UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {_UNITS[-1]}"


def time_text(text: str | None) -> str:
    """Return a time of RFC 3339 as this machine's clock shows it."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def duration_text(begin: str | None, end: str | None) -> str:
    """Return how long something has lasted; empty while that is not known."""
    if not begin or not end:
        return ""
    lasted = datetime.fromisoformat(end) - datetime.fromisoformat(begin)
    minutes, seconds = divmod(int(lasted.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def _text(value: Any) -> str:
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return f"{value:.6g}"
    return "" if value is None else str(value)
