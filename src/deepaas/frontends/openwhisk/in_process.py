"""Calls the HTTP API without HTTP: the same routes, in the same process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from deepaas import errors
from deepaas.frontends.openwhisk import media
from deepaas.frontends.openwhisk.web_action import WebRequest, WebResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Application = Callable[[Message, Receive, Send], Awaitable[None]]


async def call(
    api: Application,
    request: WebRequest,
    *,
    base_path: str,
    api_host: str,
) -> WebResponse:
    """Return the answer to a request.

    Args:
        api: The application (ASGI).
        request: What to ask.
        base_path: What the application expects before all paths.
        api_host: Where callers reach the platform, in any form, or empty.

    Raises:
        ResultTooLargeError: The body would be larger.
        UnavailableError: The answer broke off.
    """
    exchange = _Exchange(request.body)
    path = base_path + request.path or "/"
    scheme, host = _origin(request, api_host)
    headers = [one for one in request.headers if one[0] != b"host"]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": scheme,
        "path": path,
        "raw_path": path.encode(errors="replace"),
        "root_path": "",
        "query_string": request.query,
        "headers": [*headers, (b"host", host)],
        "client": None,
        "server": None,
    }
    await api(scope, exchange.receive, exchange.send)
    return exchange.response()


def _origin(request: WebRequest, api_host: str) -> tuple[str, bytes]:
    """Return scheme and host of the platform as callers know it.

    The Host header is often that of a machine within.
    """
    given = dict(request.headers)
    address = urlsplit(api_host if "://" in api_host else f"//{api_host}")
    scheme = address.scheme or given.get(b"x-forwarded-proto", b"").decode("latin-1")
    host = address.netloc.encode()
    return ("http" if scheme == "http" else "https"), host or given.get(b"host", b"")


class _Exchange:
    """One request and its answer, as ASGI passes them."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._answer = bytearray()
        self._is_whole = False
        self._is_too_large = asyncio.Event()

    async def receive(self) -> Message:
        """Return the request; then wait until nobody wants more of the answer."""
        body, self._body = self._body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        await self._is_too_large.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = list(message.get("headers", ()))
        elif not self._is_too_large.is_set():
            self._answer += message.get("body", b"")
            self._is_whole = not message.get("more_body")
            if len(self._answer) > media.MOST_BYTES:
                self._is_too_large.set()

    def response(self) -> WebResponse:
        """Return the answer.

        Raises:
            ResultTooLargeError: It is.
            UnavailableError: Its end never came.
        """
        media.check_size(self._answer)
        if not self._is_whole:
            raise errors.UnavailableError("The answer broke off; the log tells why.")
        return WebResponse(
            status=self._status, headers=self._headers, body=bytes(self._answer)
        )
