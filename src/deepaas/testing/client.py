"""A client of one model, over the real pipeline and without sockets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from deepaas import messages
from deepaas.errors import DeepaasError
from deepaas.frontends.api import problems
from deepaas.frontends.api.result_answers import result_headers
from deepaas.model.discovery import find_models
from deepaas.model.loading import load_model, load_object
from deepaas.model.media_types import essence, is_json
from deepaas.testing.requests import Request, encode_request, inputs_of
from deepaas.worker.describe import describe
from deepaas.worker.inline import InlineWorker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from deepaas.model.loading import LoadedModel
    from deepaas.worker.runner import Call

_REQUEST_ID: Final = "testing"
_NDJSON: Final = "application/x-ndjson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an HTTP client would get.

    Attributes:
        status: The HTTP status.
        headers: By lower-case name.
        body: The bytes.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return what the body says, read as JSON."""
        return json.loads(self.body)


class Client:
    """Calls a model as callers of the API do.

    Arguments are validated, files are copied, results are encoded and errors are
    reported by the same code as behind a server; only the process is this one, so a
    debugger and monkeypatching work. The model's `warm` has run before the first call.
    An async model cannot be called from within a running event loop.

    Attributes:
        description: What a server would know of the model: its arguments, schemas,
            media types and metadata.
    """

    def __init__(self, model: Any, *, name: str = "") -> None:
        """Load the model and warm it up.

        Args:
            model: A module, class, instance or function; or how `deepaas serve` names
                one: an installed name, a module, `module:object`, or a `.py` file.
            name: The name in addresses; by default that which a server would choose.

        Raises:
            ModelLoadError: It cannot be loaded, or its `warm` fails.
        """
        self._model = _load(model, name=name)
        self._worker = InlineWorker(self._model)
        try:
            self._worker.warm()
            self.description = describe(self._model)
        except BaseException:
            self._worker.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Call the model's `close`, and remove the files of all calls."""
        self._worker.close()

    def predict(self, **arguments: Any) -> Any:
        """Call `predict` and return its decoded result.

        Args:
            arguments: By name, as callers name them. A file is a path, bytes, or a
                `deepaas.File`; everything else is sent as JSON.

        Returns:
            The value that the JSON answer holds; text; bytes for anything else; a list
            of these for a stream.

        Raises:
            InvalidInputError: An argument is wrong, missing or unknown.
            ModelError: The model raised an exception, which is the `__cause__`.
            DeepaasError: Any other error that a caller may be told of.
        """
        operation = self.description.operations.get("predict")
        known = operation.arguments if operation else ()
        with inputs_of(arguments, known=known) as inputs:
            accept = inputs.headers.get("accept", "")
            call = self._worker.bind("predict", inputs, accept=accept)
        try:
            return self._decoded(call)
        finally:
            self._worker.forget(call)

    def post(
        self,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: Mapping[str, Any] | str | bytes | None = None,
        files: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request to the model's `predict` address; errors are answers, too.

        Args:
            params: The query; a list is a repeated name.
            json: A JSON body.
            data: The fields of a form, where a list is a repeated name; or a body as
                it is, with its media type in `headers`.
            files: The files of a multipart form: paths, bytes, or `deepaas.File`s.
            headers: Further headers, such as `Accept`.
        """
        request = encode_request(
            params=params or {},
            json=json,
            data=data or {},
            files=files or {},
            headers=headers or {},
        )
        try:
            return self._answer(request)
        except DeepaasError as error:
            rendered = problems.render(
                error,
                request_id=_REQUEST_ID,
                accept=request.headers.get("accept", ""),
                kind=self.description.kind,
            )
            return _answer(rendered.status, rendered.headers, rendered.body)

    def _answer(self, request: Request) -> Answer:
        call = self._worker.begin(self._record(request), request.body)
        try:
            result = self._worker.run(call)
            if call.is_streamed:
                body, filename = self._streamed(call, result), ""
                media_type = call.media_type
            else:
                encoded = self._worker.encode(call, result)
                body, filename = encoded.content(), encoded.filename
                media_type = encoded.media_type
        finally:
            self._worker.forget(call)
        headers = result_headers(media_type, filename)
        return _answer(200, headers, body)

    def _record(self, request: Request) -> messages.Predict:
        operation = self.description.operations.get("predict")
        wanted = operation.header_names if operation else ()
        return messages.Predict(
            seq=0,
            request_id=_REQUEST_ID,
            query=request.query,
            content_type=request.headers.get("content-type", ""),
            accept=request.headers.get("accept", ""),
            headers={
                name: value for name, value in request.headers.items() if name in wanted
            },
            cookie=request.headers.get("cookie", ""),
        )

    def _streamed(self, call: Call, result: Any) -> bytes:
        """Return a stream's body; the first piece decides between error and answer."""
        pieces: list[bytes] = []
        try:
            pieces.extend(self._worker.stream(call, result))
        except DeepaasError:
            if not pieces:
                raise
        return b"".join(pieces)

    def _decoded(self, call: Call) -> Any:
        result = self._worker.run(call)
        if call.is_streamed:
            pieces = self._worker.stream(call, result)
            return [_decode(piece, call.media_type) for piece in pieces]
        encoded = self._worker.encode(call, result)
        return _decode(encoded.content(), encoded.media_type)


def _load(model: Any, *, name: str) -> LoadedModel:
    if not isinstance(model, str):
        return load_object(name or _name_of(model), model)
    [found] = find_models([f"{name}={model}" if name else model])
    return load_model(
        found.name, references=found.references, distribution=found.distribution
    )


def _name_of(model: Any) -> str:
    name = getattr(model, "__name__", type(model).__name__)
    return str(name).rpartition(".")[2]


def _answer(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Answer:
    return Answer(
        status=status,
        headers={
            name.decode("latin-1"): value.decode("latin-1") for name, value in headers
        },
        body=body,
    )


def _decode(content: bytes, media_type: str) -> Any:
    bare = essence(media_type)
    if bare == _NDJSON or is_json(media_type):
        return json.loads(content)
    return content.decode() if bare.startswith("text/") else content
