"""What every answer has in common, written straight to ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from deepaas.frontends.api.problems import ProblemAnswer

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Header = tuple[bytes, bytes]

REQUEST_ID: Final = b"x-request-id"

COMMON: Final[tuple[Header, ...]] = ((b"x-content-type-options", b"nosniff"),)
"""Headers of every answer."""


def header(scope: Scope, name: bytes) -> str:
    """Return a request header by its lower-case name, or an empty text."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


async def send_whole(
    send: Send, *, status: int, headers: list[Header], body: bytes
) -> None:
    """Send an answer in one piece; the headers have its length already."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_problem(
    send: Send, answer: ProblemAnswer, *, request_id: str, is_last: bool = False
) -> None:
    """Send a problem document.

    Args:
        send: ASGI's.
        answer: The document.
        request_id: For the header that all answers have.
        is_last: Close the connection, because the rest of the request is unread.
    """
    headers = [*answer.headers, *COMMON, (REQUEST_ID, request_id.encode("latin-1"))]
    if is_last:
        headers.append((b"connection", b"close"))
    await send_whole(send, status=answer.status, headers=headers, body=answer.body)
