"""Files that come in with a request: `deepaas.File` and its simpler relatives.

A file reaches us as a part of a multipart form, which the worker has put on disk
(`Upload`), or within JSON as OGC's *qualified value*, base64 text with a media type.
A model takes it as what suits its code best: `deepaas.File` (name and media type
included), `pathlib.Path` (a file on disk that keeps the client's extension), `bytes`,
or an image (see `deepaas.model.images`).

A qualified value for a model that wants a path has to be written somewhere: into the
folder of the current request, which is made only when the first file needs it.
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
import os
import re
import tempfile
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pydantic_core import core_schema

from deepaas.model.arguments import Upload

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

FILE_SCHEMA: Final = {"type": "string", "format": "binary"}
"""JSON Schema of a file that comes in."""

QUALIFIED_SCHEMA: Final = {
    "type": "object",
    "properties": {
        "value": {"type": "string", "contentEncoding": "base64"},
        "mediaType": {"type": "string"},
        "filename": {"type": "string"},
    },
    "required": ["value", "mediaType"],
}
"""JSON Schema of a file within a JSON answer."""

OCTET_STREAM: Final = "application/octet-stream"

_EXTENSION: Final = re.compile(r"(\.[A-Za-z0-9]{1,16}){1,2}\Z")

_FILE_WANTED: Final = (
    "A file belongs here: send it as a part of a multipart form, with a file name, or "
    'in JSON as {"value": "<base64>", "mediaType": "image/png"}.'
)


class File:
    """A file that came with a request, or that a model returns.

    As an argument it is valid until the prediction ends; copy what has to stay. As a
    result it is sent under its name:

        def predict(scan: deepaas.File) -> deepaas.File:
            return deepaas.File(segment(scan.path), filename="mask.nii.gz")

    Attributes:
        path: Where its content is. The client's extension is kept.
        filename: The client's name for it: data to show, never a path to open.
        content_type: The media type that the client stated, or that its name suggests.
    """

    __slots__ = ("content_type", "filename", "path")

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        filename: str = "",
        content_type: str = "",
    ) -> None:
        self.path = Path(path)
        self.filename = filename or self.path.name
        self.content_type = content_type or guess_media_type(self.filename)

    def __repr__(self) -> str:
        return (
            f"File({str(self.path)!r}, filename={self.filename!r}, "
            f"content_type={self.content_type!r})"
        )

    @property
    def size_bytes(self) -> int:
        """The content's length."""
        return self.path.stat().st_size

    def open(self) -> BinaryIO:
        """Open the content for reading."""
        return self.path.open("rb")

    def read_bytes(self) -> bytes:
        """Return the content."""
        return self.path.read_bytes()

    def read_text(self, encoding: str = "utf-8") -> str:
        """Return the content as text."""
        return self.path.read_text(encoding)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Let `File` stand in every place where pydantic takes a type."""
        del source, handler
        return core_schema.no_info_plain_validator_function(
            read_file,
            serialization=core_schema.plain_serializer_function_ser_schema(qualified),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe a file that comes in, or one within a JSON answer."""
        del schema
        return dict(FILE_SCHEMA if handler.mode == "validation" else QUALIFIED_SCHEMA)


def guess_media_type(filename: str) -> str:
    """Return the media type that a file's name suggests."""
    media_type, compression = mimetypes.guess_type(filename)
    if compression:
        return "application/gzip" if compression == "gzip" else OCTET_STREAM
    return media_type or OCTET_STREAM


# ------------------------------------------------------------ from the wire


def read_file(value: object) -> File:
    """Return an upload or a qualified value as a `File`.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, File):
        return value
    if isinstance(value, Upload):
        return File(
            value.path, filename=value.filename, content_type=value.content_type
        )
    content, media_type, filename = _read_qualified(value)
    suffix = extension(filename) or mimetypes.guess_extension(media_type) or ""
    path = _write(content, suffix=suffix)
    return File(path, filename=filename, content_type=media_type)


def read_path(value: object) -> Path:
    """Return an upload or a qualified value as a path to a file."""
    return read_file(value).path


def read_content(value: object) -> bytes:
    """Return the content of an upload or a qualified value."""
    if isinstance(value, Upload):
        return Path(value.path).read_bytes()
    return _read_qualified(value)[0]


def extension(filename: str) -> str:
    """Return the extension of a name, also a double one; empty if it has none.

    Only letters and digits count, so the result is safe in a path.
    """
    match = _EXTENSION.search(filename)
    return match[0] if match else ""


def _read_qualified(value: Any) -> tuple[bytes, str, str]:
    """Return content, media type and file name of a qualified value, or of bytes."""
    match value:
        case bytes():  # an element of a tensor
            return value, OCTET_STREAM, ""
        case {"value": str(text)}:
            media_type = str(value.get("mediaType") or OCTET_STREAM)
            return _decode(text), media_type, str(value.get("filename") or "")
        case _:
            raise ValueError(_FILE_WANTED)


def _decode(text: str) -> bytes:
    """Return the bytes of base64 text; line breaks within it are allowed."""
    try:
        return base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError('The "value" of a file has to be base64 text.') from None


def qualified(value: File) -> dict[str, str]:
    """Return a file as a qualified value, for a JSON answer."""
    return qualified_value(
        value.read_bytes(), media_type=value.content_type, filename=value.filename
    )


def qualified_value(
    content: bytes | bytearray | memoryview,
    *,
    media_type: str = OCTET_STREAM,
    filename: str = "",
) -> dict[str, str]:
    """Return content as a qualified value, for a JSON answer."""
    value = {"value": base64.b64encode(content).decode(), "mediaType": media_type}
    return {**value, "filename": filename} if filename else value


# ------------------------------------------------------------ the request's folder

_folder: ContextVar[use_folder | None] = ContextVar("request_folder", default=None)


class use_folder:  # noqa: N801  used as a context manager, like contextlib's
    """Name the folder of the current request, for as long as the block runs.

    Args:
        make: Makes the folder and returns its path; called at most once, and only if
            a file has to be written. Whoever enters the block removes the folder.
    """

    __slots__ = ("_make", "_path", "_token")

    def __init__(self, make: Callable[[], Path]) -> None:
        self._make = make
        self._path: Path | None = None

    def __enter__(self) -> None:
        self._token: Token[use_folder | None] = _folder.set(self)

    def __exit__(self, *exception: object) -> None:
        _folder.reset(self._token)

    @property
    def path(self) -> Path:
        """The folder, made on first use."""
        if self._path is None:
            self._path = self._make()
        return self._path


def request_folder() -> Path:
    """Return the folder of the current request.

    Raises:
        RuntimeError: No request is being served.
    """
    current = _folder.get()
    if current is None:
        raise RuntimeError("a file can only be written within `use_folder`")
    return current.path


def _write(content: bytes, *, suffix: str) -> Path:
    descriptor, name = tempfile.mkstemp(suffix=suffix, dir=request_folder())
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return Path(name)
