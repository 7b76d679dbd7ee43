"""A model at a server, asked from the command line.

The server says in `/openapi.json` what the model takes; the inputs go there as a form,
or as JSON where a form cannot carry them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from pydantic_core import from_json

from deepaas.cli.answers import Answer
from deepaas.client.aio import AsyncClient
from deepaas.client.remote_errors import error_of_code
from deepaas.client.session import NETWORK_ERRORS, unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine, Iterator

    import aiohttp

    from deepaas.messages import OperationDescription
    from deepaas.model.arguments import Inputs

_T = TypeVar("_T")

_NDJSON: Final = "application/x-ndjson"


class Connection:
    """Asks one server, one request after the other.

    Attributes:
        client: What asks.
    """

    def __init__(self, url: str) -> None:
        self.client = AsyncClient(url)
        self._runner = asyncio.Runner()

    def close(self) -> None:
        """End the connection."""
        self._runner.run(self.client.close())
        self._runner.close()

    def get_json(self, path: str) -> Any:
        """Return a document of the server.

        Raises:
            DeepaasError: There is none.
        """
        return self.run(self.client.session.ask_json("GET", path))

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Return the result of something that may need the network."""
        return self._runner.run(coroutine)

    def wait(self, awaitable: Awaitable[_T]) -> _T:
        """Return what comes next in an answer.

        Raises:
            UnavailableError: The network fails.
        """
        try:
            return self._runner.run(_finish(awaitable))
        except NETWORK_ERRORS as error:
            raise unreachable(self.client.url, error) from error


class RemoteModel:
    """A model at a server.

    Attributes:
        operation: What `predict` takes and gives.
    """

    def __init__(self, url: str, model: str, *, version: int | None = None) -> None:
        """Ask the server what the model takes.

        Args:
            url: The server's address, with its base path.
            model: The model's name there.
            version: The number of a version, or None for the one that answers.

        Raises:
            ModelNotFoundError: The server has no such model.
            UnavailableError: It cannot be reached.
        """
        self._path = f"/v2/models/{quote(model, safe='')}/"
        if version is not None:
            self._path += f"versions/{version}/"
        self._server = Connection(url)
        try:
            self.operation: OperationDescription = self._server.run(
                self._server.client.describe(model, "predict")
            )
        except BaseException:
            self._server.close()
            raise

    def predict(self, inputs: Inputs, *, accept: str) -> Answer:
        """Ask the server; see `Target.predict`."""
        response = self._server.run(
            self._server.client.send(
                f"{self._path}predict/",
                inputs,
                headers={"accept": accept} if accept else None,
            )
        )
        media_type = response.headers.get("content-type", "")
        return Answer(media_type=media_type, pieces=self._pieces(response, media_type))

    def close(self) -> None:
        """End the connection."""
        self._server.close()

    def _pieces(
        self, response: aiohttp.ClientResponse, media_type: str
    ) -> Iterator[bytes]:
        """Yield an answer's body as it arrives.

        Raises:
            DeepaasError: It breaks off, or its last line says that it did.
        """
        tail = b""
        while piece := self._server.wait(response.content.readany()):
            yield piece
            tail += piece
            tail = tail[tail.rstrip(b"\n").rfind(b"\n") + 1 :]
        if media_type.startswith(_NDJSON):
            _raise_error_in(tail)


def _raise_error_in(line: bytes) -> None:
    """Raise the error that the last line of a stream tells of, if it does."""
    try:
        last = from_json(line)
    except ValueError:
        return
    match last:
        case {"error": {"code": str(code), "detail": str(detail)}} if len(last) == 1:
            raise error_of_code(code, detail)


async def _finish(awaitable: Awaitable[_T]) -> _T:
    return await awaitable
