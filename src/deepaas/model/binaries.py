"""Results that are files rather than JSON: bytes, paths, open files and images.

As a whole result they are sent as they are; within a larger one they become qualified
values (`{"value": "<base64>", "mediaType": …}`).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any, Final, get_origin

from deepaas.errors import BadOutputError
from deepaas.model.files import (
    OCTET_STREAM,
    File,
    guess_media_type,
    qualified_value,
)
from deepaas.model.images import IMAGE_TYPES, is_image, is_image_class, write_image

TEXT_UTF8: Final = "text/plain; charset=utf-8"
BYTES: Final = (bytes, bytearray, memoryview)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """A result that is a file.

    Attributes:
        media_type: What it is.
        body: Its content, unless it has a path.
        path: Where it is on disk, or empty.
        filename: The name to suggest to the caller, or empty.
    """

    media_type: str
    body: bytes = b""
    path: str = ""
    filename: str = ""

    def qualified(self) -> dict[str, str]:
        """Return it as a qualified value."""
        body = Path(self.path).read_bytes() if self.path else self.body
        return qualified_value(body, media_type=self.media_type, filename=self.filename)


def is_binary_class(hint: Any) -> bool:
    """Return whether a hint says that a result is a file, an image or bytes."""
    kind = get_origin(hint) or hint
    return isinstance(kind, type) and (_is_binary_class(kind) or _is_open_file(kind))


def is_binary(value: Any) -> bool:
    """Return whether a result is a file, an image or bytes."""
    kind: Any = type(value)
    return _is_binary_class(kind) or _is_open_file(value)


def _is_open_file(value: Any) -> bool:
    """Return whether a value is an open file, also a temporary one, or their class."""
    return hasattr(value, "read") and hasattr(value, "close")


@lru_cache(maxsize=256)
def _is_binary_class(kind: type) -> bool:
    return issubclass(kind, (*BYTES, File, PurePath)) or is_image_class(kind)


def read_binary(value: Any) -> Binary:
    """Return a result for which `is_binary` holds as what will be sent.

    Raises:
        BadOutputError: The file is not there, or cannot be read.
    """
    if isinstance(value, BYTES):
        return Binary(media_type=OCTET_STREAM, body=bytes(value))
    if is_image(value):
        media_type = next(iter(IMAGE_TYPES))
        body = write_image(value, media_type=media_type)
        return Binary(media_type=media_type, body=body)
    if isinstance(value, (File, PurePath)):
        return _from_disk(value if isinstance(value, File) else File(value))
    return _from_open_file(value)


def _from_disk(file: File) -> Binary:
    if not file.path.is_file():
        raise BadOutputError(
            f"The model returned the path {str(file.path)!r}, where there is no file."
        )
    return Binary(
        media_type=file.content_type, path=str(file.path), filename=file.filename
    )


def _from_open_file(file: Any) -> Binary:
    """Return all of an open file, wherever its position is, and close it.

    One that lives in memory stays open: a model may keep it and return it again.
    """
    try:
        if hasattr(file, "seek"):
            file.seek(0)
        content = file.read()
        if not isinstance(file, (io.BytesIO, io.StringIO)):
            file.close()
    except (OSError, ValueError) as error:
        reason = f"The file that the model returned cannot be read: {error}."
        raise BadOutputError(reason) from error
    name = getattr(file, "name", "")
    filename = Path(name).name if isinstance(name, str) else ""
    if isinstance(content, str):
        return Binary(media_type=TEXT_UTF8, body=utf8(content), filename=filename)
    media_type = guess_media_type(filename)
    return Binary(media_type=media_type, body=bytes(content), filename=filename)


def utf8(text: str) -> bytes:
    """Return text as bytes.

    Raises:
        BadOutputError: It is not valid Unicode.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadOutputError(f"The text is not valid Unicode: {error}.") from None
