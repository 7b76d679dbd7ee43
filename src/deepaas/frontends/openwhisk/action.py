"""The two requests of OpenWhisk: `/init` once, then `/run` for each activation.

What they promise is in `docs/how-to/run-on-openwhisk.md`; here is how it is kept:

- models are loaded by `/init`, because what it says is in their environment;
- a model prints to the container's own streams, and has done so when its answer comes;
  then the markers are written, and then the platform is answered;
- an answer says how long it is, whatever becomes of it, and is never 503, which tells
  the platform to try another container.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec

from deepaas import errors
from deepaas.frontends.openwhisk import environment, in_process, web_action
from deepaas.frontends.openwhisk.invocation import invoke
from deepaas.frontends.openwhisk.markers import write_markers
from deepaas.problems import document_of, problem_of, status_of
from deepaas.runtime.activation import Activation, activation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from deepaas.frontends.openwhisk.in_process import (
        Application,
        Message,
        Receive,
        Send,
    )
    from deepaas.runtime.dataplane import DataPlane

logger = logging.getLogger(__name__)

_OURS_TO_MEND: Final = frozenset(
    {
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""The problems of an action's developer; all others are results that say `error`."""

_PROBES: Final = ("/livez", "/readyz")
"""What the image's health check asks, whatever the container serves."""

_NO_VALUE: Final = "The action did not receive a dictionary or array as an argument."
_NO_RESULT: Final = "The action did not return a dictionary or array."
_NO_INIT: Final = (
    "The action cannot be initialized: `value`, and `env` in it, are JSON objects."
)
_AGAIN: Final = "Cannot initialize the action more than once."
_NOT_INITIALIZED: Final = "The action is not initialized; `/init` comes first."


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What an action serves, once it is initialized.

    Attributes:
        plane: The models.
        api: The HTTP API over them (ASGI).
        base_path: What the API has before all paths.
        predicts: Whether predictions are switched on.
    """

    plane: DataPlane
    api: Application
    base_path: str
    predicts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    status: int
    body: bytes
    media_type: str = "application/json"


class Action:
    """The ASGI application of an action's container."""

    def __init__(
        self,
        load: Callable[[], Awaitable[Models]],
        *,
        finish_output: Callable[[], None],
        may_init_again: bool,
    ) -> None:
        """Make an action that is not initialized.

        Args:
            load: Starts the models, in the environment of that moment.
            finish_output: Writes what models have printed until now, in whole lines.
            may_init_again: Whether a second `/init` starts them anew.
        """
        self._load = load
        self._finish_output = finish_output
        self._may_init_again = may_init_again
        self._is_taken = False
        self._loading = asyncio.Lock()
        self._models: Models | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            raise ValueError(f"{scope['type']} is not spoken here")
        content = await _read(receive)
        if content is None:
            return
        answer = {"/init": self._init, "/run": self._run}.get(scope["path"])
        if scope["path"] in _PROBES and scope["method"] in ("GET", "HEAD"):
            reply = _Reply(status=200, body=b'{"status":"live"}')
        elif answer is None:
            reply = _error(404, f"There is nothing at {scope['path']!r}.")
        elif scope["method"] != "POST":
            reply = _error(405, f"{scope['method']} is not possible here; use POST.")
        else:
            reply = await answer(content)
        headers = [
            (b"content-type", reply.media_type.encode()),
            (b"content-length", str(len(reply.body)).encode()),
        ]
        if reply.status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append((b"allow", b"POST"))
        start = {"type": "http.response.start", "status": reply.status}
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    def worker_pids(self) -> list[int]:
        """Return the process ids of all workers."""
        return self._models.plane.worker_pids() if self._models else []

    def leave(self) -> None:
        """Go on answering."""

    def drain(self) -> None:
        """Take no more work."""
        if self._models:
            self._models.plane.is_draining = True

    def kill(self) -> None:
        """End everything now."""
        if self._models:
            self._models.plane.kill()

    async def stop(self, *, grace_s: float) -> None:
        """End the models."""
        models, self._models = self._models, None
        if models:
            await models.plane.stop(grace_s=grace_s)

    # -------------------------------------------------------------------- /init

    async def _init(self, content: bytes) -> _Reply:
        if self._is_taken and not self._may_init_again:
            sys.stderr.write(f"{_AGAIN}\n")
            sys.stderr.flush()
            return _error(403, _AGAIN)
        message = _object(content)
        value = None if message is None else message.get("value", {})
        variables = value.get("env") or {} if isinstance(value, dict) else None
        if not isinstance(variables, dict):
            return _error(404, _NO_INIT)
        self._is_taken = True
        try:
            async with self._loading:
                await self.stop(grace_s=0)
                os.environ.update(environment.variables(variables))
                self._models = await self._load()
        except Exception as error:  # noqa: BLE001 - whatever it is, the developer hears it
            self._is_taken = False
            reply = _Reply(status=502, body=_told(_known(error), "init"))
            self._end_log()
            return reply
        self._finish_output()
        return _Reply(status=200, body=b"OK", media_type="text/plain")

    # --------------------------------------------------------------------- /run

    async def _run(self, content: bytes) -> _Reply:
        try:
            return await self._activate(content)
        finally:
            self._end_log()

    def _end_log(self) -> None:
        self._finish_output()
        write_markers()

    async def _activate(self, content: bytes) -> _Reply:
        message = _object(content)
        value = None if message is None else message.get("value", {})
        if message is None or not isinstance(value, dict | list):
            return _error(404, _NO_VALUE)
        models = self._models
        if models is None:
            return _error(502, _NOT_INITIALIZED)
        variables = environment.of_activation(message)
        due = environment.due(message.get("deadline"))
        activation.set(Activation(environment=variables, due=due))
        request_id = variables.get("__OW_ACTIVATION_ID") or uuid.uuid4().hex
        try:
            os.environ.update(variables)  # for workers that start from now on
            if isinstance(value, dict) and web_action.METHOD in value:
                body = await _answer_web(models, value, request_id=request_id)
            elif models.predicts:
                body = await invoke(models.plane, value, request_id=request_id)
            else:
                body = _told(errors.OperationDisabledError("predict"), request_id)
        except errors.BadOutputError:  # the log tells why
            return _error(502, _NO_RESULT)
        except Exception as error:  # noqa: BLE001 - whatever it is, there is an answer
            known = _known(error)
            status = 502 if status_of(known) in _OURS_TO_MEND else 200
            return _Reply(status=status, body=_told(known, request_id))
        return _Reply(status=200, body=body)


async def _answer_web(
    models: Models, value: dict[str, Any], *, request_id: str
) -> bytes:
    """Pass a web action's request to the API, and return what it answers."""
    request = web_action.read_request(value)
    request.add_missing_header(b"x-request-id", request_id.encode("ascii", "replace"))
    try:
        response = await in_process.call(
            models.api,
            request,
            base_path=models.base_path,
            api_host=os.environ.get("__OW_API_HOST", ""),
        )
        return web_action.write_response(response)
    except errors.DeepaasError as error:
        return web_action.write_problem(error, request_id=request_id)


async def _read(receive: Receive) -> bytes | None:
    """Return the body of a request, or None if the platform has gone."""
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        content += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(content)


def _object(content: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a body; an empty one has nothing in it."""
    try:
        document = msgspec.json.decode(content) if content else {}
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _error(status: int, text: str) -> _Reply:
    return _Reply(status=status, body=msgspec.json.encode({"error": text}))


def _known(error: Exception) -> errors.DeepaasError:
    """Return an error that callers can be told; others are bugs, and logged."""
    if isinstance(error, errors.DeepaasError):
        return error
    logger.error("Bug: unhandled error", exc_info=error)
    return errors.DeepaasError("The server failed; its log tells why.")


def _told(error: errors.DeepaasError, request_id: str) -> bytes:
    """Return an error as the platform shows it: all of it within `error`."""
    document = document_of(problem_of(error), request_id=request_id)
    return msgspec.json.encode({"error": document})
