"""Asks one server, and raises what it tells of as our errors."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from deepaas.client.remote_errors import error_of_answer
from deepaas.errors import ConfigurationError, RequestError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

# A prediction may take as long as the server lets it.
_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=10)

NETWORK_ERRORS: Final = (aiohttp.ClientError, TimeoutError, OSError)


class Session:
    """The connections to one server.

    Attributes:
        url: The server's address with its base path, without a final slash.
    """

    def __init__(self, url: str, *, headers: Mapping[str, str] | None = None) -> None:
        """Remember the address; nothing is sent yet.

        Args:
            url: The server's address.
            headers: To send with each request, such as `Authorization`.

        Raises:
            ConfigurationError: It is no address.
        """
        if not url.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"{url} is no address of a server; write http://127.0.0.1:5000"
            )
        self.url = url.rstrip("/")
        self._headers = dict(headers or {})
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def open(self, method: str, path: str, **how: Any) -> aiohttp.ClientResponse:
        """Send a request and return the head of its answer, whatever it says.

        Raises:
            UnavailableError: The server cannot be reached.
        """
        try:
            if self._session is None:
                self._session = aiohttp.ClientSession(
                    timeout=_TIMEOUT, trust_env=True, headers=self._headers
                )
            return await self._session.request(method, self.url + path, **how)
        except NETWORK_ERRORS as error:
            raise unreachable(self.url, error) from error

    async def read(self, response: aiohttp.ClientResponse) -> bytes:
        """Return the body of an answer.

        Raises:
            UnavailableError: It breaks off.
        """
        try:
            return await response.read()
        except NETWORK_ERRORS as error:
            raise unreachable(self.url, error) from error

    async def ask(
        self, method: str, path: str, **how: Any
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        """Send a request and return its answer.

        Raises:
            DeepaasError: What the server tells of, or it cannot be reached.
        """
        response = await self.open(method, path, **how)
        body = await self.read(response)
        if response.status >= 400:
            raise error_of_answer(response.status, body)
        return response, body

    async def ask_json(self, method: str, path: str, **how: Any) -> Any:
        """Send a request and return the JSON of its answer.

        Raises:
            DeepaasError: What the server tells of, or it cannot be reached.
        """
        _, body = await self.ask(method, path, **how)
        return parse(body, self.url + path)


def parse(body: bytes, url: str) -> Any:
    """Return JSON.

    Raises:
        RequestError: It is none.
    """
    try:
        return json.loads(body)
    except ValueError as error:
        raise RequestError(f"{url} is no JSON; is it DEEPaaS?") from error


def unreachable(url: str, error: BaseException) -> UnavailableError:
    """Return the error for a network that fails."""
    is_begun = isinstance(error, aiohttp.ClientPayloadError)
    what = "breaks off in its answer" if is_begun else "cannot be reached"
    return UnavailableError(f"{url} {what}: {_reason(error)}")


def _reason(error: BaseException) -> str:
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    return getattr(error, "strerror", "") or str(error) or "it does not answer in time"
