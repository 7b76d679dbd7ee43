"""Results that come in pieces: NDJSON, server-sent events, or the bytes themselves.

A piece is a line of JSON (`application/x-ndjson`), an event (`text/event-stream`, text
as it is and all else as JSON), or raw bytes or text, one after the other. A caller who
insists on plain JSON gets an array, when the last piece is there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json

from deepaas.errors import BadOutputError, ModelError, NotAcceptableError
from deepaas.model.binaries import BYTES, TEXT_UTF8, utf8
from deepaas.model.files import OCTET_STREAM
from deepaas.model.negotiation import choose_for_bytes, choose_media_type
from deepaas.model.results import Encoded, ResultCodec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepaas.model.result_hints import ResultJson

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
EVENT_STREAM: Final = "text/event-stream"


class StreamCodec(ResultCodec):
    """Sends results piece by piece.

    Args:
        form: How a piece looks as JSON.
        hint: The hint of a piece.
    """

    is_streaming = True

    def __init__(self, form: ResultJson, *, hint: Any) -> None:
        self.media_types = _media_types(hint)
        self.schema = form.schema
        self.definitions = form.definitions
        self._write = form.writer.write

    def choose(self, accept: str, arguments: Mapping[str, Any]) -> str:
        """Return the media type for a caller."""
        del arguments
        is_bytes = self.media_types[0] == OCTET_STREAM
        choose = choose_for_bytes if is_bytes else choose_media_type
        chosen = choose(accept, self.media_types)
        if chosen is None:
            raise NotAcceptableError(accept, available=self.media_types)
        return chosen

    def streams(self, media_type: str) -> bool:
        """Tell whether a result of this media type is sent piece by piece."""
        return media_type != JSON

    def encode(self, result: Any, media_type: str) -> Encoded:
        """Return all pieces at once."""
        if media_type == JSON:
            body = b"[" + b",".join(self._write(piece) for piece in result) + b"]"
        else:
            body = b"".join(self.encode_chunk(piece, media_type) for piece in result)
        return Encoded(media_type=media_type, body=body)

    def encode_chunk(self, piece: Any, media_type: str) -> bytes:
        """Return one piece of a streamed result."""
        if media_type == NDJSON:
            return self._write(piece) + b"\n"
        if media_type == EVENT_STREAM:
            return _event(utf8(piece) if isinstance(piece, str) else self._write(piece))
        if isinstance(piece, BYTES):
            return bytes(piece)
        if isinstance(piece, str):
            return utf8(piece)
        raise BadOutputError(
            f"A piece of the result is a {type(piece).__name__}; only bytes and text "
            f"can be sent as {media_type}."
        )

    def encode_broken(self, detail: str, media_type: str) -> bytes:
        """Return the last piece of a stream that failed, where the type allows one."""
        error = {"code": ModelError.code, "detail": detail}
        if media_type == NDJSON:
            return to_json({"error": error}) + b"\n"
        if media_type == EVENT_STREAM:
            return b"event: error\n" + _event(to_json(error))
        return b""


def _media_types(hint: Any) -> tuple[str, ...]:
    if hint in BYTES:
        return (OCTET_STREAM, NDJSON, EVENT_STREAM, JSON)
    if hint is str:
        return (NDJSON, EVENT_STREAM, TEXT_UTF8, JSON)
    if hint is Any:
        return (NDJSON, EVENT_STREAM, OCTET_STREAM, JSON)
    return (NDJSON, EVENT_STREAM, JSON)


def _event(data: bytes) -> bytes:
    """Return a server-sent event; each line of its data needs a field of its own."""
    lines = re.split(rb"\r\n|\r|\n", data)
    return b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"
