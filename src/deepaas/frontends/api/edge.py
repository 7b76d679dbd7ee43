"""The outermost layer: what holds for every request, whatever its route.

It gives a request its id, checks the Host, finds the route, and writes one line to the
access log. Predictions are found in a table of exact paths, made from the routes that
the application declares: the router's own search costs half of a small prediction.
"""

from __future__ import annotations

import itertools
import logging
import re
import time
import uuid
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from starlette.routing import Route

from deepaas import errors
from deepaas.frontends.api import answers, problems
from deepaas.frontends.api.place import root_path
from deepaas.frontends.api.predict import PredictEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import FastAPI

    from deepaas.backends.telemetry.logs import AccessLog
    from deepaas.frontends.api.answers import Receive, Scope, Send
    from deepaas.frontends.api.hosts import HostCheck
    from deepaas.frontends.api.place import Place

logger = logging.getLogger(__name__)

_PROBES: Final = ("/livez", "/readyz", "/v2/health/live", "/v2/health/ready")
"""Asked every few seconds by machines; the log would hold nothing else."""

_PLAIN: Final = "/-._~!$&'()*+,;=:@"
"""What stands in the path of an address as it is (RFC 3986)."""

_SAFE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}\Z")
_V2_BARE_PATH: Final = re.compile(
    r"/(ui|api|swagger\.json|v2/models/[^/]+/train/[^/]+)?\Z"
)
"""The paths of 2.x that get no final slash."""

_INFERENCE_PATH: Final = re.compile(r"/v2(/models/[^/]+)?\Z")
"""The paths that without a final slash belong to the Open Inference Protocol."""

_V2_PATH: Final = re.compile(
    r"/v2(/debug|/models(/[^/]+((/versions/[^/]+)?(/predict|/train|/validate))?)?)?\Z"
)
"""The paths of 2.x that are answered with a final slash."""


class Edge:
    """The ASGI application that a server runs.

    Attributes:
        predictions: What answers predictions, by its path as requests spell it.
    """

    def __init__(
        self,
        app: FastAPI,
        *,
        place: Place,
        hosts: HostCheck | None,
        access_log: AccessLog | None,
    ) -> None:
        self._app = app
        self._place = place
        self._base_path = base_path = place.base_path
        self._hosts = hosts
        self._access_log = access_log
        self._run = uuid.uuid4().hex[:8]
        self._numbers = itertools.count(1)
        self._probes = {base_path + path for path in _PROBES}
        self._predictions = {
            base_path + route.path: route.endpoint
            for route in app.router.routes
            if isinstance(route, Route) and isinstance(route.endpoint, PredictEndpoint)
        }
        self.predictions = {
            (prefix + quote(path)).encode(): endpoint
            for path, endpoint in self._predictions.items()
            for prefix in ("", quote(place.prefix, safe="/%"))
        }
        self._default_headers: list[answers.Header] = []
        self._default_lines = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            raise ValueError(f"{scope['type']} is not spoken here")
        began = time.perf_counter()
        request_id = self.request_id(scope["headers"])
        scope["deepaas.request_id"] = request_id
        recorder = answers.Recorder(send)
        path = scope["path"]
        is_allowed = self.allows(scope["headers"])
        prefix = self._place.locate(scope)
        root_path.set(prefix + self._base_path)
        is_probe = scope["path"] in self._probes
        endpoint = self._predictions.get(scope["path"])
        try:
            if not is_allowed:
                await self._refuse_host(scope, recorder)
            elif endpoint is not None and scope["method"] == "POST":
                await endpoint(scope, receive, recorder)
            else:
                await self._route(scope, receive, recorder, request_id=request_id)
        except Exception:
            logger.exception("Bug: unhandled error", extra={"request_id": request_id})
            if not recorder.status:
                await self._answer_bug(recorder, request_id=request_id)
        finally:
            if not is_probe:
                self.log(
                    method=scope["method"],
                    path=path,
                    status=recorder.status,
                    began=began,
                    size_bytes=recorder.size_bytes,
                    request_id=request_id,
                    model=endpoint.model if endpoint else "",
                )

    def allows(self, headers: Iterable[answers.Header]) -> bool:
        """Whether a request names this server as the one that it is for."""
        return self._hosts is None or self._hosts.allows(headers)

    def request_id(self, headers: Iterable[answers.Header]) -> str:
        """Return the id of a request: the caller's, if it can stand in a log."""
        given = answers.find_header(headers, answers.REQUEST_ID)
        if given and _SAFE_ID.match(given):
            return given
        return f"{self._run}-{next(self._numbers):x}"

    def default_lines(self, headers: list[answers.Header]) -> bytes:
        """Return uvicorn's own headers as text; it has new ones once a second."""
        if headers is not self._default_headers:
            self._default_headers = headers
            self._default_lines = answers.header_lines(headers)
        return self._default_lines

    def log(  # noqa: PLR0913 - all of it stands in the line
        self,
        *,
        method: str,
        path: str,
        status: int,
        began: float,
        size_bytes: int,
        request_id: str,
        model: str,
    ) -> None:
        """Write the line of a request; without a status its caller has left."""
        if self._access_log is not None:
            self._access_log.line(
                method=method,
                path=path,
                status=status or answers.CALLER_LEFT,
                duration_s=time.perf_counter() - began,
                size_bytes=size_bytes,
                request_id=request_id,
                model=model,
            )

    async def _route(
        self, scope: Scope, receive: Receive, send: answers.Recorder, *, request_id: str
    ) -> None:
        path: str = scope["path"]
        base_path = self._base_path
        if path != base_path and not path.startswith(base_path + "/"):
            await self._answer_not_found(scope, send, request_id=request_id)
            return
        location = self._v2_location(path)
        if location:
            await self._redirect(scope, send, location, request_id=request_id)
            return
        root = root_path.get()
        scope["root_path"] = root
        scope["path"] = root + (path.removeprefix(base_path) or "/")
        send.extra_headers = answers.common(request_id)
        await self._app(scope, receive, send)

    def _v2_location(self, path: str) -> str:
        """Return where 2.x would have sent the caller, or an empty text.

        2.x merges slashes and adds the last one, and never removes one.
        """
        local = path.removeprefix(self._base_path)
        merged = re.sub("/{2,}", "/", local)
        is_bare = _V2_BARE_PATH.match(merged) or _INFERENCE_PATH.match(merged)
        if not is_bare and _V2_PATH.match(merged):
            merged += "/"
        is_v2 = is_bare or (merged.endswith("/") and _V2_PATH.match(merged[:-1]))
        return self._base_path + merged if is_v2 and merged != local else ""

    async def _redirect(
        self, scope: Scope, send: Send, location: str, *, request_id: str
    ) -> None:
        # A proxy's part is written as addresses are already.
        root = quote(root_path.get(), safe=f"%{_PLAIN}")
        local = quote(location.removeprefix(self._base_path), safe=_PLAIN)
        target = (root + local).encode("ascii")
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        headers = [
            (b"location", target),
            (b"content-length", b"0"),
            *answers.common(request_id),
        ]
        await answers.send_whole(send, status=308, headers=headers, body=b"")

    async def _answer_not_found(
        self, scope: Scope, send: Send, *, request_id: str
    ) -> None:
        answer = problems.render_problem(
            problems.route_not_found(scope["path"]),
            request_id=request_id,
            accept=answers.header(scope, b"accept"),
        )
        await answers.send_problem(send, answer, request_id=request_id)

    async def _refuse_host(self, scope: Scope, send: Send) -> None:
        request_id = scope["deepaas.request_id"]
        answer = problems.render_problem(
            problems.host_not_allowed(answers.header(scope, b"host")),
            request_id=request_id,
        )
        await answers.send_problem(send, answer, request_id=request_id, is_last=True)

    async def _answer_bug(self, send: Send, *, request_id: str) -> None:
        answer = problems.render(
            errors.DeepaasError("The server failed; its log tells why."),
            request_id=request_id,
        )
        await answers.send_problem(send, answer, request_id=request_id)
