"""Which media type a caller gets: the Accept header of RFC 9110, section 12.5.1.

Of the types that we can produce, the one with the highest quality wins. Among equals
the one that the caller named more precisely wins (`text/event-stream, */*` is a wish
for an event stream), then the one that we list first.

A header that does not follow the grammar is taken as `*/*`: Java's default one has a
lone `*` in it, and an answer helps its user more than a refusal.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

ANYTHING: Final = "*/*"
JSON: Final = "application/json"
TEXT: Final = "text/plain"

# Every repetition is possessive (`*+`): a hostile header must not make the search
# try all ways of sharing its blanks out.
_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED: Final = r'"(?:[^"\\]|\\.)*+"'
_BLANK: Final = r"[ \t]*+"
_PARAMETER: Final = rf"{_BLANK};{_BLANK}(?:({_WORD})=({_WORD}|{_QUOTED}))?"
_RANGE: Final = re.compile(
    rf"{_BLANK}({_WORD})/({_WORD})((?:{_PARAMETER})*+){_BLANK}(?:,|\Z)"
)
_ONE_PARAMETER: Final = re.compile(_PARAMETER)
_QUALITY: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_EMPTY_ELEMENT: Final = re.compile(rf"{_BLANK}(?:,|\Z)")

# What we send as text is always UTF-8, so asking for it narrows nothing.
_ALWAYS_TRUE: Final = ("charset", "utf-8")


class MediaRange(NamedTuple):
    """One element of an Accept header.

    Attributes:
        type: Lower case, or `*`.
        subtype: Lower case, or `*`.
        parameters: All but `q`, names in lower case.
        quality: From 0 (not acceptable) to 1.
    """

    type: str
    subtype: str
    parameters: frozenset[tuple[str, str]]
    quality: float

    @property
    def precision(self) -> tuple[bool, bool, int]:
        """How precisely it names a media type; the larger, the more."""
        return (self.type != "*", self.subtype != "*", len(self.parameters))

    def covers(self, other: MediaRange) -> bool:
        """Return whether `other`, a media type, is within this range."""
        return (
            self.type in ("*", other.type)
            and self.subtype in ("*", other.subtype)
            and self.parameters <= other.parameters
        )


def choose_media_type(accept: str, available: Sequence[str]) -> str | None:
    """Return the element of `available` that suits `accept` best, or None.

    Args:
        accept: An Accept header; empty accepts everything.
        available: What we can produce, best first.
    """
    if not available:
        return None
    if accept in ("", ANYTHING):
        return available[0]
    if accept in available:
        return accept
    return _choose(accept, tuple(available))


def only_media_type(accept: str) -> str | None:
    """Return the media type that `accept` asks for if it names exactly one."""
    ranges = _read(accept)
    if len(ranges) != 1 or not ranges[0].quality or "*" in ranges[0][:2]:
        return None
    return f"{ranges[0].type}/{ranges[0].subtype}"


def choose_for_bytes(accept: str, available: Sequence[str]) -> str | None:
    """Return the media type for content of which nobody knows what it is.

    A caller who asks for one type, and for nothing else, knows what the model returns:
    the content is sent as that.
    """
    chosen = choose_media_type(accept, available)
    if chosen is not None:
        return chosen
    wanted = only_media_type(accept)
    return None if wanted == JSON else wanted


# Clients send few different headers, and send them again and again.
@lru_cache(maxsize=512)
def _choose(accept: str, available: tuple[str, ...]) -> str | None:
    ranges = _read(accept)
    best, best_rank = None, (0.0, (False, False, 0))
    for media_type in available:
        rank = _rank(media_type, ranges)
        if rank[0] > 0 and rank > best_rank:
            best, best_rank = media_type, rank
    return best


def _rank(
    media_type: str, ranges: tuple[MediaRange, ...]
) -> tuple[float, tuple[bool, bool, int]]:
    """Return quality and precision of the range that decides about `media_type`."""
    (wanted,) = _read(media_type)
    covering = [one for one in ranges if one.covers(wanted)]
    if not covering:
        return 0.0, (False, False, 0)
    decisive = max(covering, key=lambda one: one.precision)
    return decisive.quality, decisive.precision


def _read(accept: str) -> tuple[MediaRange, ...]:
    """Return the ranges of a header; everything if it is empty or malformed."""
    ranges: list[MediaRange] = []
    position = 0
    while position < len(accept):
        if empty := _EMPTY_ELEMENT.match(accept, position):
            position = empty.end()
            continue
        match = _RANGE.match(accept, position)
        one = _media_range(match) if match else None
        if not match or one is None:
            return (_EVERYTHING,)
        ranges.append(one)
        position = match.end()
    return tuple(ranges) or (_EVERYTHING,)


_EVERYTHING: Final = MediaRange("*", "*", frozenset(), 1.0)


def _media_range(match: re.Match[str]) -> MediaRange | None:
    """Return one range, or None if it makes no sense."""
    main, sub = match[1].lower(), match[2].lower()
    if "*" in main + sub and not (sub == "*" and (main == "*" or "*" not in main)):
        return None
    parameters = {
        name.lower(): _unquoted(value)
        for name, value in _ONE_PARAMETER.findall(match[3])
        if name
    }
    quality = parameters.pop("q", "1")
    if not _QUALITY.fullmatch(quality):
        return None
    items = frozenset(parameters.items()) - {_ALWAYS_TRUE}
    return MediaRange(main, sub, items, float(quality))


def _unquoted(value: str) -> str:
    if value.startswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return value.lower()
