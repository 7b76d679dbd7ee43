"""The Open Inference Protocol over gRPC, on a port of its own.

Errors have the sentence that those of HTTP have, and a code of gRPC. Each request has
an id and a line in the access log, as over HTTP.
"""

from __future__ import annotations

import asyncio
import logging
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import grpc

from deepaas import errors
from deepaas.errors import ConfigurationError
from deepaas.frontends.api import answers
from deepaas.frontends.openinference.grpc_methods import Methods
from deepaas.frontends.openinference.protocol import SERVICE
from deepaas.problems import status_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from deepaas.frontends.api.edge import Edge
    from deepaas.frontends.openinference.grpc_methods import Method
    from deepaas.frontends.openinference.service import OpenInference
    from deepaas.runtime.dataplane import DataPlane
    from deepaas.settings import Settings

logger = logging.getLogger(__name__)

_REQUEST_ID: Final = answers.REQUEST_ID.decode("ascii")
_BUG: Final = "The server failed; its log tells why."
_LONGEST_SENTENCE: Final = 2000
"""Bytes of an error. A client takes 8 kB of headers, in which each byte that is not
ASCII takes three."""

_LARGEST_MESSAGE: Final = 2**31 - 1
"""Bytes of a message; gRPC takes no higher limit, and protobuf no larger message."""

_HEALTH: Final = "grpc.health.v1.Health"
_PROBE: Final = f"/{_HEALTH}/Check"
"""Asked every few seconds by machines; the log would hold nothing else."""

_CODES: Final = {
    HTTPStatus.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    HTTPStatus.PAYMENT_REQUIRED: grpc.StatusCode.UNIMPLEMENTED,
    HTTPStatus.TOO_MANY_REQUESTS: grpc.StatusCode.RESOURCE_EXHAUSTED,
    HTTPStatus.NOT_IMPLEMENTED: grpc.StatusCode.UNIMPLEMENTED,
    HTTPStatus.SERVICE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT: grpc.StatusCode.DEADLINE_EXCEEDED,
}
_CODES_OF_ERRORS: Final[dict[type[errors.DeepaasError], grpc.StatusCode]] = {
    errors.ExtensionNotOfferedError: grpc.StatusCode.UNIMPLEMENTED,
    errors.QueueFullError: grpc.StatusCode.RESOURCE_EXHAUSTED,
}

_NOT_OFFERED: Final = {
    "ModelConfig": "model_configuration",
    "ModelStatistics": "statistics",
    "TraceSetting": "trace",
    "LogSettings": "logging",
    "SystemSharedMemoryStatus": "system_shared_memory",
    "SystemSharedMemoryRegister": "system_shared_memory",
    "SystemSharedMemoryUnregister": "system_shared_memory",
    "CudaSharedMemoryStatus": "cuda_shared_memory",
    "CudaSharedMemoryRegister": "cuda_shared_memory",
    "CudaSharedMemoryUnregister": "cuda_shared_memory",
}
"""Extensions of other servers, by the methods that clients may call."""


class GrpcServer:
    """Serves gRPC beside HTTP.

    Attributes:
        port: Where it listens.
    """

    def __init__(
        self,
        service: OpenInference,
        *,
        plane: DataPlane,
        edge: Edge,
        settings: Settings,
    ) -> None:
        """Take the port.

        Args:
            service: What the protocol tells.
            plane: The models.
            edge: Gives ids to requests, and logs them.
            settings: Of the server.

        Raises:
            ConfigurationError: The port is in use.
        """
        self._edge = edge
        self._ending: asyncio.Future[None] | None = None
        limit = min(int(settings.limits.body_bytes), _LARGEST_MESSAGE) or -1
        self._server = grpc.aio.server(
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", limit),
                ("grpc.max_send_message_length", -1),
            ]
        )
        methods = Methods(
            service, plane=plane, is_enabled=settings.api.predict_endpoint
        )
        self._server.add_generic_rpc_handlers(self._handlers(methods))
        host, port = settings.server.listen_ip, settings.server.grpc_port
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            self.port: int = self._server.add_insecure_port(address)
        except RuntimeError:
            raise ConfigurationError(
                f"Cannot listen on {address} for gRPC; choose another port with "
                "--grpc-port.",
                setting="server.grpc_port",
            ) from None

    async def start(self) -> None:
        """Begin to answer."""
        await self._server.start()

    def drain(self, *, grace_s: float) -> None:
        """Take no more calls, and let those that run finish.

        Args:
            grace_s: How long they may take; may be called again to shorten it.
        """
        self._ending = asyncio.ensure_future(self._server.stop(grace_s))

    async def stop(self) -> None:
        """Return when all calls are over, at once unless `drain` gave them time."""
        await (self._ending or self._server.stop(0))

    def _handlers(self, methods: Methods) -> tuple[Any, ...]:
        inference = self._of(methods.of_protocol(), service=SERVICE)
        for name, extension in _NOT_OFFERED.items():
            inference[name] = self._handler(
                f"/{SERVICE}/{name}", _refusing(extension), request=None
            )
        inference["ModelStreamInfer"] = grpc.stream_stream_rpc_method_handler(
            _refuse_stream
        )
        return (
            grpc.method_handlers_generic_handler(SERVICE, inference),
            grpc.method_handlers_generic_handler(
                _HEALTH, self._of(methods.of_health(), service=_HEALTH)
            ),
        )

    def _of(
        self, methods: Mapping[str, tuple[Method, Any]], *, service: str
    ) -> dict[str, Any]:
        return {
            name: self._handler(f"/{service}/{name}", method, request=request)
            for name, (method, request) in methods.items()
        }

    def _handler(self, path: str, method: Method, *, request: Any) -> Any:
        """Return a method as gRPC calls it: with an id, a log line, and its errors."""

        async def call(sent: Any, context: Any) -> Any:
            began = time.perf_counter()
            request_id = self._request_id(context)
            context.set_trailing_metadata(((_REQUEST_ID, request_id),))
            status, size = int(HTTPStatus.OK), 0
            try:
                answer = await method(sent, request_id)
                size = answer.ByteSize()
            except errors.DeepaasError as error:
                status = status_of(error)
                await context.abort(_code(error), _sentence(error))
            except asyncio.CancelledError:
                status = answers.CALLER_LEFT
                raise
            except Exception:
                status = int(HTTPStatus.INTERNAL_SERVER_ERROR)
                logger.exception(
                    "Bug: unhandled error", extra={"request_id": request_id}
                )
                await context.abort(grpc.StatusCode.INTERNAL, _BUG)
            else:
                return answer
            finally:
                if path != _PROBE:
                    self._edge.log(
                        method="GRPC",
                        path=path,
                        status=status,
                        began=began,
                        size_bytes=size,
                        request_id=request_id,
                        model=getattr(sent, "model_name", "")
                        or getattr(sent, "name", ""),
                    )

        return grpc.unary_unary_rpc_method_handler(
            call,
            request_deserializer=request and request.FromString,
            response_serializer=lambda answer: answer.SerializeToString(),
        )

    def _request_id(self, context: Any) -> str:
        headers = [
            (key.encode("ascii"), value.encode("latin-1"))
            for key, value in context.invocation_metadata() or ()
            if isinstance(value, str)
        ]
        return self._edge.request_id(headers)


def _code(error: errors.DeepaasError) -> grpc.StatusCode:
    if type(error) in _CODES_OF_ERRORS:
        return _CODES_OF_ERRORS[type(error)]
    status = status_of(error)
    if status in _CODES:
        return _CODES[HTTPStatus(status)]
    is_callers = status < HTTPStatus.INTERNAL_SERVER_ERROR
    return grpc.StatusCode.INVALID_ARGUMENT if is_callers else grpc.StatusCode.INTERNAL


def _sentence(error: errors.DeepaasError) -> str:
    """Return what is wrong, short enough for a header."""
    sentence = (str(error) or error.detail).encode("utf-8", "replace")
    return sentence[:_LONGEST_SENTENCE].decode("utf-8", "ignore")


def _refusing(extension: str) -> Method:
    async def refuse(_request: Any, _id: str) -> Any:
        raise errors.ExtensionNotOfferedError(extension)

    return refuse


async def _refuse_stream(_requests: Any, context: Any) -> AsyncIterator[bytes]:
    error = errors.ExtensionNotOfferedError("decoupled: streams")
    await context.abort(_code(error), error.detail)
    yield b""
