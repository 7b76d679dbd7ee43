"""Sends the results of predictions, straight to ASGI."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from deepaas import errors
from deepaas.frontends.api import answers
from deepaas.model.openinference.request import CODINGS
from deepaas.runtime.prediction import Result

if TYPE_CHECKING:
    from deepaas.frontends.api.answers import Header, Send
    from deepaas.runtime.prediction import Outcome, ResultStream

logger = logging.getLogger(__name__)

_FILE_PIECE_BYTES: Final = 1 << 18

_MEDIA_TYPE: Final = re.compile(r"[!-~][ -~]{0,254}")
_OCTET_STREAM: Final = b"application/octet-stream"

JSON_LENGTH: Final = b"inference-header-content-length"
"""The header that says where the JSON ends and the binary tensors begin."""


async def send_outcome(send: Send, outcome: Outcome, *, request_id: str) -> None:
    """Send a result: whole, or piece by piece as the model makes it.

    The file of a result is removed.
    """
    if isinstance(outcome, Result):
        await _send_result(send, outcome, request_id=request_id)
    else:
        await _send_stream(send, outcome, request_id=request_id)


async def _send_result(send: Send, result: Result, *, request_id: str) -> None:
    if result.path:
        await _send_file(send, result, request_id=request_id)
        return
    headers = [
        *headers_of(result),
        (answers.REQUEST_ID, request_id.encode("latin-1")),
        (b"content-length", b"%d" % len(result.body)),
    ]
    await answers.send_whole(send, status=200, headers=headers, body=result.body)


async def _send_file(send: Send, result: Result, *, request_id: str) -> None:
    descriptor = os.open(result.path, os.O_RDONLY)
    os.unlink(result.path)  # noqa: PTH108 - open already, so it goes when we close it
    try:
        size = os.fstat(descriptor).st_size
        headers = [
            *headers_of(result),
            (answers.REQUEST_ID, request_id.encode("latin-1")),
            (b"content-length", b"%d" % size),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while piece := await asyncio.to_thread(os.read, descriptor, _FILE_PIECE_BYTES):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        os.close(descriptor)


async def _send_stream(send: Send, stream: ResultStream, *, request_id: str) -> None:
    headers = [
        *result_headers(stream.media_type, ""),
        (answers.REQUEST_ID, request_id.encode("latin-1")),
        (b"cache-control", b"no-cache"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    try:
        async for piece in stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except errors.DeepaasError as error:
        logger.warning(
            "A stream broke off: %s", error, extra={"request_id": request_id}
        )
        last = _broken_piece(stream.media_type, error)
        if not last:
            return  # without an end the client sees that something is missing
        await send({"type": "http.response.body", "body": last, "more_body": True})
    finally:
        stream.close()
    with suppress(OSError):
        await send({"type": "http.response.body", "body": b""})


def _broken_piece(media_type: str, error: errors.DeepaasError) -> bytes:
    """Return the last piece of a stream whose worker was lost, if the type has one."""
    document = msgspec.json.encode({"code": error.code, "detail": error.detail})
    if media_type.startswith("application/x-ndjson"):
        return b'{"error":' + document + b"}\n"
    if media_type.startswith("text/event-stream"):
        return b"event: error\ndata: " + document + b"\n\n"
    return b""


def headers_of(result: Result) -> list[Header]:
    """Return the headers of a result, as `result_headers`, with those of tensors."""
    headers = result_headers(result.media_type, result.filename)
    if result.json_bytes is not None:
        headers.append((JSON_LENGTH, b"%d" % result.json_bytes))
    if result.coding in CODINGS:
        headers.append((b"content-encoding", result.coding.encode("ascii")))
    return headers


def result_headers(media_type: str, filename: str) -> list[Header]:
    """Return the headers of a result, but for its length and the request's id."""
    headers = [(b"content-type", _content_type(media_type)), *answers.COMMON]
    if filename:
        headers.append(
            (b"content-disposition", answers.attachment(filename).encode("latin-1"))
        )
    return headers


def _content_type(media_type: str) -> bytes:
    """Return a Content-Type value; what cannot be one says nothing of the content.

    It may be the word of whoever uploaded the file that a model sends back.
    """
    if _MEDIA_TYPE.fullmatch(media_type):
        return media_type.encode("ascii")
    return _OCTET_STREAM
