"""Files as V1 models get them: what they use of werkzeug's `FileStorage`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any, BinaryIO

from deepaas.model.media_types import essence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepaas.model.v2.wrapper import UploadedFile


class FileStorage:
    """A file that a caller sent; what it lacks here, its `stream` has.

    Attributes:
        stream: The content, open for reading.
        name: The name of the argument.
        filename: The caller's name for the file, without folders: V1 models write to a
            path that they make from it.
        content_type: The media type that the caller stated.
    """

    def __init__(self, file: UploadedFile) -> None:
        self.stream: BinaryIO = Path(file.filename or "").open("rb")  # noqa: SIM115 - closed when the call is over
        self.name = file.name
        self.filename = PureWindowsPath(file.original_filename or "").name
        self.content_type = file.content_type or ""

    @property
    def mimetype(self) -> str:
        """The media type without parameters, in lower case."""
        return essence(self.content_type)

    def read(self, size: int = -1) -> bytes:
        """Return the rest of the content, or at most `size` bytes of it."""
        return self.stream.read(size)

    def save(
        self, dst: str | os.PathLike[str] | BinaryIO, buffer_size: int = 1 << 14
    ) -> None:
        """Write the rest of the content to a path, or to an open file."""
        if isinstance(dst, str | os.PathLike):
            with Path(dst).open("wb") as file:
                shutil.copyfileobj(self.stream, file, buffer_size)
        else:
            shutil.copyfileobj(self.stream, dst, buffer_size)

    def close(self) -> None:
        """Close the stream."""
        self.stream.close()

    def __bool__(self) -> bool:
        return bool(self.filename)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.stream)

    def __getattr__(self, name: str) -> Any:
        if name == "stream":  # of an object that was never made
            raise AttributeError(name)
        return getattr(self.stream, name)


class Content(bytes):
    """The content of a file, as 0.1 to 0.4 gave it; with what a `FileStorage` has."""

    file: FileStorage

    @classmethod
    def of(cls, file: FileStorage) -> Content:
        """Return the content of a file, which can still be read and saved."""
        content = cls(file.read())
        content.file = file
        file.seek(0)
        return content

    def __getattr__(self, name: str) -> Any:
        if name == "file":
            raise AttributeError(name)
        return getattr(self.file, name)
