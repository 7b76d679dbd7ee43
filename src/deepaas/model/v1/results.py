"""Turns what V1 models return into the answer: the value itself, as JSON.

Some return a response of Flask, made by its `send_file`; that is taken for the bytes
and the media type that it holds. It is known by what it has: Flask is not imported.
"""

from __future__ import annotations

import re
from email.message import Message
from typing import Any, Final
from urllib.parse import unquote

from deepaas.errors import ModelHttpError
from deepaas.model.legacy import LegacyCodec
from deepaas.model.results import Encoded

_RESPONSE: Final = ("get_data", "headers", "mimetype", "status_code")
_ENCODED_NAME: Final = re.compile(r"filename\*=UTF-8''([^;]+)", re.IGNORECASE)
_FIRST_ERROR: Final = 400


class V1Codec(LegacyCodec):
    """The answers of a V1 operation."""

    def encode(self, result: Any, media_type: str) -> Encoded:
        """Return `result` as `media_type`, or as what a response of Flask says.

        Raises:
            BadOutputError: The result cannot be represented.
            ModelHttpError: It is a response that reports an error.
        """
        if not all(hasattr(result, name) for name in _RESPONSE):
            return super().encode(result, media_type)
        result.direct_passthrough = False  # else it does not give its content away
        content = result.get_data()
        if result.status_code >= _FIRST_ERROR:
            text = content.decode("utf-8", "replace")
            raise ModelHttpError(text, status=result.status_code)
        return Encoded(
            media_type=result.headers.get("Content-Type") or result.mimetype,
            body=content,
            filename=_filename(result.headers.get("Content-Disposition", "")),
        )


def _filename(disposition: str) -> str:
    """Return the name in a Content-Disposition header (RFC 6266), or empty."""
    if found := _ENCODED_NAME.search(disposition):
        return unquote(found[1])
    message = Message()
    message["Content-Disposition"] = disposition
    return message.get_filename("") or ""
