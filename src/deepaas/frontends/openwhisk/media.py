"""How OpenWhisk carries a body of some media type in JSON.

Its controller goes by the tables of Akka HTTP: text is text, everything else is base64,
and JSON is itself. What it carries has an end.
"""

from __future__ import annotations

import base64
import codecs
import re
from typing import Final

from deepaas.errors import ResultTooLargeError
from deepaas.model.media_types import essence, is_json

MOST_BYTES: Final = 1 << 20
"""Largest result of an activation; OpenWhisk cuts off what is longer."""

_CHARSET: Final = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
_FORM: Final = "application/x-www-form-urlencoded"
_TEXTS: Final = frozenset(
    {
        "application/base64",
        "application/javascript",
        _FORM,
        "application/xhtml+xml",
        "application/xml",
    }
)


def check_size(content: bytes | bytearray) -> None:
    """Refuse a result that has become too large.

    Raises:
        ResultTooLargeError: It has.
    """
    if len(content) > MOST_BYTES:
        raise ResultTooLargeError(MOST_BYTES)


def is_form(content_type: str) -> bool:
    """Tell whether a body is a form, written as a query is."""
    return essence(content_type) == _FORM


def is_text(content_type: str) -> bool:
    """Tell whether a body, which is no JSON, is carried as text."""
    name = essence(content_type)
    if name.startswith("text/") or name in _TEXTS:
        return True
    return name.startswith("application/") and bool(_CHARSET.search(content_type))


def charset(content_type: str) -> str:
    """Return the name of the character set; UTF-8 where none is known."""
    found = _CHARSET.search(content_type)
    try:
        return codecs.lookup(found[1]).name if found else "utf-8"
    except LookupError:
        return "utf-8"


def body_of(text: str, content_type: str) -> bytes:
    """Return the bytes that stand in a raw request.

    What is not base64 where it should be is taken as it is.
    """
    if is_json(content_type) or not is_text(content_type):
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            return text.encode(errors="replace")
    return text.encode(charset(content_type), errors="replace")
