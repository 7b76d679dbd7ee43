"""A model at a server, asked from the command line.

The server says in `/openapi.json` what the model takes; the inputs go there as a form,
or as JSON where a form cannot carry them.
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

import aiohttp
from pydantic_core import from_json

from deepaas.cli import openapi_reader
from deepaas.cli.answers import Answer
from deepaas.cli.remote_errors import error_of_answer, error_of_code, make_error
from deepaas.errors import (
    ConfigurationError,
    ModelNotFoundError,
    RequestError,
    UnavailableError,
)
from deepaas.model.arguments import MISSING, Inputs, Upload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from deepaas.messages import OperationDescription

_T = TypeVar("_T")

# A prediction may take as long as the server lets it.
_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=10)
_NDJSON: Final = "application/x-ndjson"


class Connection:
    """Asks one server, one request after the other."""

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"--url {url} is no address of a server; write http://127.0.0.1:5000"
            )
        self.url = url.rstrip("/")
        self._runner = asyncio.Runner()
        self._session: aiohttp.ClientSession | None = None

    def close(self) -> None:
        """End the connection."""
        if self._session is not None:
            self._runner.run(self._session.close())
        self._runner.close()

    def get_json(self, path: str) -> Any:
        """Return a document of the server.

        Raises:
            DeepaasError: There is none.
        """
        response = self.request("GET", path)
        body = self.wait(response.read())
        if response.status >= 400:
            raise error_of_answer(response.status, body)
        try:
            return json.loads(body)
        except ValueError as error:
            raise RequestError(
                f"{self.url}{path} is no JSON; is it DEEPaaS?"
            ) from error

    def request(self, method: str, path: str, **how: Any) -> aiohttp.ClientResponse:
        """Send a request and return the head of its answer.

        Raises:
            UnavailableError: The server cannot be reached.
        """
        return self.wait(self._request(method, path, **how))

    def wait(self, awaitable: Awaitable[_T]) -> _T:
        """Return the result of something that may need the network.

        Raises:
            UnavailableError: The network fails.
        """
        try:
            return self._runner.run(_finish(awaitable))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            is_begun = isinstance(error, aiohttp.ClientPayloadError)
            what = "breaks off in its answer" if is_begun else "cannot be reached"
            raise UnavailableError(f"{self.url} {what}: {_reason(error)}") from error

    async def _request(
        self, method: str, path: str, **how: Any
    ) -> aiohttp.ClientResponse:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=True)
        return await self._session.request(method, self.url + path, **how)


class RemoteModel:
    """A model at a server.

    Attributes:
        operation: What `predict` takes and gives.
    """

    def __init__(self, url: str, model: str) -> None:
        """Ask the server what the model takes.

        Args:
            url: The server's address, with its base path.
            model: The model's name there.

        Raises:
            ModelNotFoundError: The server has no such model.
            UnavailableError: It cannot be reached.
        """
        self._model = model
        self._server = Connection(url)
        try:
            self.operation: OperationDescription = self._describe()
        except BaseException:
            self._server.close()
            raise

    def predict(self, inputs: Inputs, *, accept: str) -> Answer:
        """Ask the server; see `Target.predict`."""
        headers = dict(inputs.headers)
        if accept:
            headers["accept"] = accept
        with _body(inputs) as body:
            response = self._server.request(
                "POST",
                f"/v2/models/{quote(self._model, safe='')}/predict/",
                params=_query(inputs),
                headers=headers,
                cookies=dict(inputs.cookies),
                **body,
            )
        if response.status >= 400:
            raise error_of_answer(response.status, self._server.wait(response.read()))
        media_type = response.headers.get("content-type", "")
        return Answer(media_type=media_type, pieces=self._pieces(response, media_type))

    def close(self) -> None:
        """End the connection."""
        self._server.close()

    def _describe(self) -> OperationDescription:
        document = self._server.get_json("/openapi.json")
        operation = openapi_reader.read_predict(document, self._model)
        if operation is not None:
            return operation
        names = openapi_reader.model_names(document)
        there = f"there are: {', '.join(names)}" if names else "there is none"
        raise make_error(
            ModelNotFoundError,
            f"No model {self._model!r} is served at {self._server.url}; {there}.",
        )

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


def _query(inputs: Inputs) -> list[tuple[str, str]]:
    """Return the query; beside a JSON body it carries what would be in the form."""
    pairs = list(inputs.query)
    if inputs.json is not MISSING:
        pairs += [(name, one) for name, one in inputs.form if isinstance(one, str)]
    return pairs


@contextmanager
def _body(inputs: Inputs) -> Iterator[dict[str, Any]]:
    """Open what the request sends.

    Raises:
        RequestError: No one body can carry it all.
    """
    has_files = any(isinstance(value, Upload) for _, value in inputs.form)
    if inputs.json is not MISSING:
        if has_files:
            raise RequestError(
                "a 2.x model at a server takes files or nested values, not both in one "
                "call; predict without --url can do it"
            )
        yield {"json": inputs.json}
        return
    with ExitStack() as files:
        form = aiohttp.FormData(quote_fields=False)
        for name, value in inputs.form:
            if isinstance(value, Upload):
                form.add_field(
                    name,
                    files.enter_context(Path(value.path).open("rb")),
                    filename=value.filename,
                    content_type=value.content_type,
                )
            else:
                form.add_field(name, value)
        yield {"data": form} if inputs.form else {}


def _raise_error_in(line: bytes) -> None:
    """Raise the error that the last line of a stream tells of, if it does."""
    try:
        last = from_json(line)
    except ValueError:
        return
    match last:
        case {"error": {"code": str(code), "detail": str(detail)}} if len(last) == 1:
            raise error_of_code(code, detail)


def _reason(error: BaseException) -> str:
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    return getattr(error, "strerror", "") or str(error) or "it does not answer in time"


async def _finish(awaitable: Awaitable[_T]) -> _T:
    return await awaitable
