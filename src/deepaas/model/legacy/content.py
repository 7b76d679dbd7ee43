"""Results that are bytes already: what a 2.x model may return instead of JSON.

Bytes, texts, buffers, open files and `ReturnedFile`s, with the media type that the
content itself shows where the caller left it open.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deepaas.errors import BadOutputError
from deepaas.model.binaries import utf8
from deepaas.model.files import guess_media_type
from deepaas.model.results import Encoded
from deepaas.model.v2.wrapper import ReturnedFile, UploadedFile

_SIGNATURES: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftyp", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
)
"""Where in the content, what stands there, and what it then is."""

_LONGEST_SIGNATURE_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Bytes, or the file that holds them.

    Attributes:
        body: The bytes; empty where `path` is set.
        path: The file, or empty.
        filename: Its name for the caller, or empty.
        media_type: What the model says that it is, or empty.
    """

    body: bytes | bytearray | memoryview = b""
    path: str = ""
    filename: str = ""
    media_type: str = ""

    def encoded(self, media_type: str) -> Encoded:
        """Return the content as `media_type`."""
        return Encoded(
            media_type=media_type,
            body=self.body,
            path=self.path,
            filename=self.filename,
        )

    def natural_type(self) -> str:
        """Return the media type that the model, the content or the name tells."""
        if self.media_type:
            return self.media_type
        head = self._head()
        for offset, mark, media_type in _SIGNATURES:
            if head[offset:].startswith(mark):
                return media_type
        return guess_media_type(self.filename)

    def _head(self) -> bytes:
        if not self.path:
            return bytes(self.body[:_LONGEST_SIGNATURE_BYTES])
        with Path(self.path).open("rb") as file:
            return file.read(_LONGEST_SIGNATURE_BYTES)


def binary_content(result: Any) -> Content | None:
    """Return the content of a result that can only be bytes, or None.

    Raises:
        BadOutputError: It names a file that is not there.
    """
    if isinstance(result, bytes | bytearray | memoryview):
        return Content(body=result)
    if isinstance(result, ReturnedFile):
        return _named_file(result)
    if _is_stream(result) and not isinstance(result, io.TextIOBase):
        return _stream_content(result)
    return None


def text_of(result: Any) -> Any:
    """Return the text of an open text file or buffer, and anything else as it is."""
    return _read(result) if isinstance(result, io.TextIOBase) else result


def any_content(result: Any) -> Content | None:
    """Return the content of any result that can be sent as it is, or None.

    Raises:
        BadOutputError: It names a file that is not there.
    """
    if result is None:
        return Content()
    if isinstance(result, UploadedFile):
        return _named_file(result)
    if isinstance(result, str | io.TextIOBase):
        filename = _filename_of(result) if isinstance(result, io.TextIOBase) else ""
        return Content(body=utf8(text_of(result)), filename=filename)
    return binary_content(result)


def _named_file(file: ReturnedFile | UploadedFile) -> Content:
    path = file.filename or ""
    if not Path(path).is_file():
        raise BadOutputError(
            f"The model returned {type(file).__name__}(filename={file.filename!r}), "
            "and there is no such file; return its content, or keep it until the "
            "answer is sent."
        )
    return Content(
        path=str(Path(path).absolute()),
        filename=Path(file.original_filename or path).name,
        media_type=file.content_type or "",
    )


def _is_stream(result: Any) -> bool:
    return isinstance(result, io.IOBase) or callable(getattr(result, "read", None))


def _stream_content(stream: Any) -> Content:
    """Return the content of a stream; of a plain file only the path, if it leads there.

    A file that was unlinked or replaced while it is open is read instead.
    """
    filename = _filename_of(stream)
    if path := _path_of(stream):
        stream.close()
        return Content(path=path, filename=filename)
    content = _read(stream)
    if isinstance(content, str):
        content = utf8(content)
    return Content(body=content, filename=filename)


def _read(stream: Any) -> Any:
    """Return the whole content, wherever the model left the stream's position.

    A file is closed then, because models leave that to us; a buffer may serve them
    again.
    """
    try:
        _rewind(stream)
        content = stream.read()
    except ValueError as error:
        raise BadOutputError(
            f"The {type(stream).__name__} that the model returned cannot be read: "
            f"{error}"
        ) from error
    if _is_file(stream):
        stream.close()
    return content


def _is_file(stream: Any) -> bool:
    """Return whether `stream` reads a file as it is, unpacking nothing."""
    if isinstance(stream, io.TextIOWrapper):
        stream = stream.buffer
    if isinstance(stream, io.BufferedReader | io.BufferedRandom):
        stream = stream.raw
    return isinstance(stream, io.FileIO)


def _path_of(stream: Any) -> str:
    """Return the path of a plain file's content, or empty if it has none any more."""
    name = _name_of(stream)
    if not name or not _is_file(stream):
        return ""
    try:
        if not stream.closed:
            stream.flush()
            if not os.path.samestat(os.fstat(stream.fileno()), Path(name).stat()):
                return ""
    except OSError:
        return ""
    return str(Path(name).absolute()) if Path(name).is_file() else ""


def _rewind(stream: Any) -> None:
    seekable = getattr(stream, "seekable", None)
    if seekable is not None and seekable():
        stream.seek(0)


def _filename_of(stream: Any) -> str:
    name = _name_of(stream)
    return "" if name.startswith("<") else Path(name).name


def _name_of(stream: Any) -> str:
    name = getattr(stream, "name", "")
    if isinstance(name, str | os.PathLike):
        return os.fspath(name)
    return ""
