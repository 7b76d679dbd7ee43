"""Takes a request's body in: small ones in memory, large ones into a file.

The bytes are counted as they arrive and never parsed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from deepaas.errors import BodyTooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from deepaas.frontends.api.answers import Receive

_READ_ON_BYTES: Final = 1_000_000
"""How much more is read of a body that is too large, so that a client that sends all
before it listens still sees the answer."""


class CallerLeftError(Exception):
    """The connection ended before the body did; nobody waits for an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body that has arrived.

    Attributes:
        content: Its bytes, when it is small.
        path: The file that has it, when it is large.
        folder: The folder of that file, which goes to whoever takes the request on.
    """

    content: bytes = b""
    path: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyReader:
    """Reads bodies.

    Attributes:
        limit_bytes: Largest body; 0 is no limit.
        inline_bytes: Larger ones go into a file.
        make_folder: Makes a private folder.
        remove_folder: Removes it, when the body never becomes a request.
    """

    limit_bytes: int
    inline_bytes: int
    make_folder: Callable[[], str]
    remove_folder: Callable[[str], None]

    @property
    def most_inline_bytes(self) -> int:
        """Size of the largest body that is kept in memory."""
        limit = self.limit_bytes or self.inline_bytes
        return min(limit, self.inline_bytes)

    async def read(self, receive: Receive, *, announced_bytes: int) -> Body:
        """Return the body of a request.

        Args:
            receive: ASGI's.
            announced_bytes: The Content-Length header, or 0.

        Raises:
            BodyTooLargeError: It is, or announces that it will be.
            CallerLeftError: The connection ended first.
        """
        if self.limit_bytes and announced_bytes > self.limit_bytes:
            await self._read_on(receive)
            raise BodyTooLargeError(self.limit_bytes)
        message = await receive()
        if not message.get("more_body") and message["type"] == "http.request":
            content: bytes = message.get("body", b"")
            self.check_size(len(content))
            if len(content) <= self.inline_bytes:
                return Body(content=content)
        return await self._read_pieces(message, receive)

    async def _read_pieces(
        self, message: MutableMapping[str, Any], receive: Receive
    ) -> Body:
        spool = _Spool(self)
        try:
            while spool.add(message):
                message = await receive()
            return spool.finish()
        except BodyTooLargeError:
            spool.discard()
            await self._read_on(receive)
            raise
        except BaseException:
            spool.discard()
            raise

    def check_size(self, size: int) -> None:
        """Refuse a body that has become too large.

        Raises:
            BodyTooLargeError: It has.
        """
        if self.limit_bytes and size > self.limit_bytes:
            raise BodyTooLargeError(self.limit_bytes)

    async def _read_on(self, receive: Receive) -> None:
        size = 0
        while size < _READ_ON_BYTES:
            message = await receive()
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                return


class _Spool:
    """Collects the pieces of one body: in memory first, then in a file."""

    def __init__(self, reader: BodyReader) -> None:
        self._reader = reader
        self._pieces: list[bytes] = []
        self._size = 0
        self._file: BinaryIO | None = None
        self._folder = ""
        self._path = ""

    def add(self, message: MutableMapping[str, Any]) -> bool:
        """Take the piece of a message; returns whether more will come."""
        if message["type"] == "http.disconnect":
            raise CallerLeftError
        self._add_piece(message.get("body", b""))
        return bool(message.get("more_body"))

    def _add_piece(self, piece: bytes) -> None:
        self._size += len(piece)
        self._reader.check_size(self._size)
        if self._file is not None:
            self._write(piece)
            return
        self._pieces.append(piece)
        if self._size > self._reader.inline_bytes:
            self._move_to_file()

    def finish(self) -> Body:
        if self._file is None:
            return Body(content=b"".join(self._pieces))
        self._file.close()
        return Body(path=self._path, folder=self._folder)

    def discard(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._folder:
            self._reader.remove_folder(self._folder)

    def _move_to_file(self) -> None:
        self._folder = self._reader.make_folder()
        self._path = f"{self._folder}/body"
        # Unbuffered: the pieces are large, and a second copy would buy nothing.
        self._file = Path(self._path).open("wb", buffering=0)  # noqa: SIM115 - closed by finish or discard
        self._write(b"".join(self._pieces))
        self._pieces.clear()

    def _write(self, piece: bytes) -> None:
        """Write all of a piece; a nearly full disk takes a part of it without a word.

        Raises:
            OSError: The disk takes no more.
        """
        assert self._file is not None  # noqa: S101 - who calls this has opened it
        rest = memoryview(piece)
        while rest:
            rest = rest[self._file.write(rest) :]
