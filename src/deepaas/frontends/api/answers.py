"""What every answer has in common, written straight to ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    from deepaas.frontends.api.problems import ProblemAnswer

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Header = tuple[bytes, bytes]

REQUEST_ID: Final = b"x-request-id"

COMMON: Final[tuple[Header, ...]] = ((b"x-content-type-options", b"nosniff"),)
"""Headers of every answer."""

CALLER_LEFT: Final = 499
"""For the access log, as nginx writes it; nobody is there to be sent it."""

_LONGEST_FILENAME: Final = 255


def header(scope: Scope, name: bytes) -> str:
    """Return a request header by its lower-case name, or an empty text."""
    return find_header(scope["headers"], name)


def find_header(headers: Iterable[Header], name: bytes) -> str:
    """Return the first header of a lower-case name, or an empty text."""
    for key, value in headers:
        if key == name:
            return str(value, "latin-1")
    return ""


def common(request_id: str) -> tuple[Header, ...]:
    """Return the headers of every answer to a request."""
    return (*COMMON, (REQUEST_ID, request_id.encode("latin-1")))


def header_lines(headers: Iterable[Header]) -> bytes:
    """Return headers as HTTP/1.1 writes them."""
    return b"".join([b"%s: %s\r\n" % one for one in headers])


def attachment(filename: str) -> str:
    """Return a Content-Disposition value (RFC 6266) that any client understands."""
    filename = filename[-_LONGEST_FILENAME:]  # from the end, where the extension is
    plain = "".join(
        one if one.isascii() and one.isprintable() and one not in '"\\' else "_"
        for one in filename
    )
    value = f'attachment; filename="{plain}"'
    if plain != filename:
        value += f"; filename*=UTF-8''{quote(filename, safe='')}"
    return value


def problem_response(answer: ProblemAnswer, *, is_last: bool = False) -> Response:
    """Return a problem document as Starlette sends it.

    Args:
        answer: The document.
        is_last: Close the connection, because the rest of the request is unread.
    """
    response = Response(answer.body, answer.status)
    response.raw_headers = [*answer.headers]
    if is_last:
        response.raw_headers.append((b"connection", b"close"))
    return response


def add_common(response: Response, *, request_id: str) -> None:
    """Give an answer the headers that each has, where nobody else will."""
    response.raw_headers.extend(common(request_id))


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
    headers = [*answer.headers, *common(request_id)]
    if is_last:
        headers.append((b"connection", b"close"))
    await send_whole(send, status=answer.status, headers=headers, body=answer.body)


class Recorder:
    """Passes messages on and notes what the access log wants to know."""

    __slots__ = ("_send", "extra_headers", "size_bytes", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.size_bytes = 0
        self.extra_headers: tuple[Header, ...] = ()

    def __call__(self, message: MutableMapping[str, Any]) -> Awaitable[None]:
        """Send a message (ASGI)."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.extra_headers:
                headers = list(message.get("headers", ()))
                names = {name for name, _ in headers}
                headers += [one for one in self.extra_headers if one[0] not in names]
                message = {**message, "headers": headers}
        else:
            self.size_bytes += len(message.get("body", b""))
        return self._send(message)
