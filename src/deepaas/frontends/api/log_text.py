"""A job's log as text, whole or a part of it (RFC 9110, section 14)."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from fastapi.responses import Response, StreamingResponse

from deepaas.frontends.api.entity_tags import is_unchanged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deepaas.backends.job_log import JobLog

_MEDIA_TYPE: Final = "text/plain; charset=utf-8"
_PIECE_BYTES: Final = 1 << 18
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


async def log_response(
    log: JobLog,
    *,
    byte_range: str,
    if_range: str = "",
    if_none_match: str = "",
    is_whole: bool = False,
) -> Response:
    """Return a log.

    Args:
        log: The log, which may be growing; what comes later is not sent.
        byte_range: The Range header; one that is malformed, or asks for several parts,
            is passed over, as the standard allows.
        if_range: The If-Range header: the range counts only for the log that it names.
        if_none_match: The If-None-Match header.
        is_whole: Whether nothing is written any more. Only then the log has an entity
            tag: one that is over its limit changes in the middle while it grows.
    """
    size = await asyncio.to_thread(lambda: log.size)
    headers = {"accept-ranges": "bytes", "cache-control": "no-cache"}
    if is_whole:
        headers["etag"] = tag = f'"{size}"'
        if is_unchanged(if_none_match, tag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if if_range and if_range != headers.get("etag"):
        byte_range = ""
    match = _RANGE.match(byte_range.strip())
    if not match or not (match[1] or match[2]):
        return StreamingResponse(
            _pieces(log, 0, size),
            media_type=_MEDIA_TYPE,
            headers={**headers, "content-length": str(size)},
        )
    start, end = _ends(match[1], match[2], size)
    if start >= end:
        return Response(
            status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            headers={**headers, "content-range": f"bytes */{size}"},
        )
    return StreamingResponse(
        _pieces(log, start, end),
        status_code=HTTPStatus.PARTIAL_CONTENT,
        media_type=_MEDIA_TYPE,
        headers={
            **headers,
            "content-length": str(end - start),
            "content-range": f"bytes {start}-{end - 1}/{size}",
        },
    )


def _ends(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(int(last) + 1, size) if last else size


async def _pieces(log: JobLog, start: int, end: int) -> AsyncIterator[bytes]:
    """Yield as many bytes as were promised, also when the log moves on meanwhile."""
    while start < end:
        size = min(_PIECE_BYTES, end - start)
        piece = await asyncio.to_thread(log.read, start, size)
        yield piece.ljust(size, b"\n")
        start += size
