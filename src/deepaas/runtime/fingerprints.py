"""Tells whether two requests are the same, for callers who try again.

A form that is sent again is the same form, and yet not the same bytes: every HTTP
library makes up a new boundary each time (RFC 2046, section 5.1.1). So the boundary
does not count.
"""

from __future__ import annotations

import hashlib
from email.message import Message
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def fingerprint(query: bytes, content_type: str, body: Iterable[bytes]) -> str:
    """Return what two requests have in common if, and only if, they ask the same.

    Args:
        query: The query string.
        content_type: The header, or empty.
        body: The body, in pieces of any size.
    """
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_param("boundary")
    if isinstance(boundary, str) and boundary:
        content_type = header.get_content_type()
        body = _without(b"--" + boundary.encode(errors="replace"), body)
    digest = hashlib.sha256(query + b"\0" + content_type.encode())
    for piece in body:
        digest.update(piece)
    return digest.hexdigest()


def _without(mark: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a body with a mark taken out, also where it lies across two pieces."""
    rest = b""
    for piece in pieces:
        *whole, last = (rest + piece).split(mark)
        yield from whole
        cut = max(0, len(last) - len(mark) + 1)
        yield last[:cut]
        rest = last[cut:]
    yield rest
