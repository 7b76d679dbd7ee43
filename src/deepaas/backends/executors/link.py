"""The two sockets to a worker, seen from the server.

A `WorkerLink` sends records and hands what comes back to its listener; it knows nothing
of the process at the other end, which may be a child of this one or of a guardian.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from deepaas import errors, messages
from deepaas.failures import error_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack


_SEND_BYTES: Final = 1 << 20
"""What the kernel shall take at once, so that a large body goes out in one piece; it
takes less where the system sets a lower limit."""


class LinkListener(Protocol):
    """Hears what a worker says; called on the event loop."""

    def on_loaded(self, description: messages.ModelDescription) -> None:
        """The worker is ready for predictions."""

    def on_load_failed(self, failure: messages.LoadFailed) -> None:
        """The model cannot be loaded; the worker ends."""

    def on_record(self, record: messages.ToServer, body: bytes) -> None:
        """A record about a prediction came."""


class WorkerLink:
    """What is said between the server and one worker."""

    def __init__(
        self, data: socket.socket, control: socket.socket, listener: LinkListener
    ) -> None:
        self._listener = listener
        self._calls: dict[int, asyncio.Future[messages.ToServer]] = {}
        self._call_numbers = itertools.count()
        self._data = _Connection(data, self._on_data)
        self._control = _Connection(control, self._on_control)

    @property
    def is_closed(self) -> bool:
        """Whether the worker's ends are closed and all that it had sent was read."""
        return self._data.is_closed and self._control.is_closed

    def load(self, record: messages.Load) -> None:
        """Tell the worker what to load; the first that it hears."""
        self._control.send(record)

    def predict(self, record: messages.Predict, body: Any) -> None:
        """Send a prediction."""
        self._data.send(record, body)

    def cancel(self, seqs: tuple[int, ...]) -> None:
        """Tell the worker that the callers of these predictions have left."""
        self._control.send(messages.Cancel(seqs=seqs))

    def grant_credit(self, seq: int, *, size: int) -> None:
        """Tell the worker that `size` bytes of a stream were taken."""
        self._control.send(messages.Credit(seq=seq, size=size))

    async def metadata(self) -> dict[str, Any]:
        """Return the model's metadata as of now.

        Raises:
            DeepaasError: The model's `get_metadata` failed, or the worker died.
        """
        call = next(self._call_numbers)
        answer = await self._ask(call, messages.GetMetadata(call=call))
        return answer.metadata if isinstance(answer, messages.Metadata) else {}

    async def validate(self, record: messages.Predict, body: Any) -> dict[str, Any]:
        """Have the worker check the inputs of an operation without running it.

        Returns:
            The arguments as the model would get them, as plain JSON.

        Raises:
            DeepaasError: The inputs are wrong, or the worker died.
        """
        call = next(self._call_numbers)
        request = messages.Validate(call=call, predict=record)
        answer = await self._ask(call, request, body)
        return answer.arguments if isinstance(answer, messages.Valid) else {}

    def close_writing(self) -> None:
        """Tell the worker that no prediction will come any more."""
        self._data.close_writing()

    def when_closed(self, callback: Callable[[], None]) -> None:
        """Have `callback` called whenever one of the worker's ends was closed."""
        self._data.when_closed(callback)
        self._control.when_closed(callback)

    def close(self, error: errors.DeepaasError) -> None:
        """Let go of the sockets; who waits for an answer gets `error`."""
        for future in self._calls.values():
            if not future.done():
                future.set_exception(error)
        self._data.close()
        self._control.close()

    # ------------------------------------------------------------------ hearing

    def _on_data(self, header: bytes, body: bytes) -> None:
        self._listener.on_record(messages.decode_to_server(header), body)

    def _on_control(self, header: bytes, body: bytes) -> None:
        del body
        record = messages.decode_to_server(header)
        match record:
            case messages.Loaded(description=description):
                self._listener.on_loaded(description)
            case messages.LoadFailed():
                self._listener.on_load_failed(record)
            case messages.Metadata(call=call) | messages.Valid(call=call):
                self._settle(call, record)
            case messages.Failure(seq=call):
                self._settle(call, record)

    async def _ask(
        self, call: int, record: messages.Record, body: Any = b""
    ) -> messages.ToServer:
        future: asyncio.Future[messages.ToServer] = (
            asyncio.get_running_loop().create_future()
        )
        self._calls[call] = future
        try:
            self._control.send(record, body)
            answer = await future
        finally:
            self._calls.pop(call, None)
        if isinstance(answer, messages.Failure):
            raise error_of(answer)
        return answer

    def _settle(self, call: int, answer: messages.ToServer) -> None:
        future = self._calls.get(call)
        if future is not None and not future.done():
            future.set_result(answer)


class SocketPair(NamedTuple):
    """The server's end and the worker's."""

    near: socket.socket
    far: socket.socket


def socket_pair(undo: ExitStack, far_ends: ExitStack) -> SocketPair:
    """Return two connected sockets, each closed by its stack."""
    near, far = socket.socketpair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
    return SocketPair(undo.enter_context(near), far_ends.enter_context(far))


class _Connection(asyncio.Protocol):
    """The server's end of a socket to a worker; many frames go out in one write."""

    def __init__(
        self, connection: socket.socket, on_frame: Callable[[bytes, bytes], None]
    ) -> None:
        self._socket = connection
        self._on_frame = on_frame
        self._reader = messages.FrameReader()
        self._unsent: list[Any] = []
        self._transport: asyncio.WriteTransport | None = None
        self._is_flush_due = False
        self._wants_eof = False
        self._on_closed: Callable[[], None] = lambda: None
        self.is_closed = False
        self._loop = asyncio.get_running_loop()
        self._opening = self._loop.create_task(self._open())

    async def _open(self) -> None:
        await self._loop.create_unix_connection(lambda: self, sock=self._socket)

    def send(self, record: messages.Record, body: Any = b"") -> None:
        """Send a frame with all others of this turn of the event loop."""
        if self.is_closed:
            return
        self._unsent += messages.frame(record, body)
        if not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self._flush)

    def close_writing(self) -> None:
        """Tell the worker that nothing more will come."""
        self._wants_eof = True
        self._flush()

    def close(self) -> None:
        """Let go of the socket."""
        self._opening.cancel()
        if self._transport is not None:
            self._transport.abort()
        else:
            self._socket.close()

    def when_closed(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when the worker's end is closed and all was read."""
        self._on_closed = callback

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's transport
        self._flush()

    def data_received(self, data: bytes) -> None:
        for header, body in self._reader.feed(data):
            self._on_frame(header, body)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.is_closed = True
        self._on_closed()

    def _flush(self) -> None:
        self._is_flush_due = False
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._unsent:
            transport.writelines(self._unsent)
            self._unsent = []
        if self._wants_eof:
            self._wants_eof = False
            transport.write_eof()

    def eof_received(self) -> bool:
        return False
