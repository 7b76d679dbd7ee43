"""Reads a request's query and body into `Inputs`.

This runs in the worker: the server hands on the bytes as they came. A JSON body is
left unparsed, because a signature can parse and validate it in one step. The files of
a multipart body are written to the request's folder under names of our own, with the
extension of the client's name, which many readers of files insist on.
"""

from __future__ import annotations

import logging
import os
import re
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from deepaas.errors import MalformedBodyError, UnsupportedMediaTypeError
from deepaas.model.arguments import Inputs, Upload
from deepaas.model.media_types import essence, is_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from python_multipart.multipart import MultipartCallbacks

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
SUPPORTED: Final = (JSON, MULTIPART, FORM)

_READ_BYTES: Final = 1 << 18
_MAX_PARTS: Final = 1000
_MAX_FIELDS: Final = 100_000
_SUFFIX: Final = re.compile(r"(\.[A-Za-z0-9]{1,12}){1,2}\Z")

# It warns of each body that it refuses, and the caller is told that anyway.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)

Body = bytes | bytearray | memoryview | Path


def read_inputs(
    *,
    query: bytes,
    content_type: str,
    body: Body,
    folder: Callable[[], str],
    is_lenient: bool,
) -> Inputs:
    """Return the inputs of one request.

    Args:
        query: The raw query string.
        content_type: The Content-Type header, or empty.
        body: The body, or the file that holds it.
        folder: Called when a file has to be written; returns an existing folder.
        is_lenient: Ignore a body of an unknown media type (2.x) instead of refusing.

    Raises:
        UnsupportedMediaTypeError: The body's media type is not understood.
        MalformedBodyError: The body is not what its media type says.
    """
    inputs = Inputs()
    if query:
        inputs.query = _parse_pairs(query)
    if not content_type and not isinstance(body, Path) and not body:
        return inputs
    if is_json(content_type):
        inputs.raw_json = _read_all(body)
        return inputs
    media_type = essence(content_type)
    if media_type == FORM:
        inputs.form = _read_form(_read_all(body), is_lenient=is_lenient)
    elif media_type == MULTIPART:
        inputs.form = _read_multipart(content_type, body=body, folder=folder)
    elif not is_lenient and _has_content(body):
        raise UnsupportedMediaTypeError(media_type or "(none)", supported=SUPPORTED)
    return inputs


def read_cookies(header: str) -> dict[str, str]:
    """Return the cookies of a Cookie header; a malformed one has none."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


def safe_suffix(filename: str) -> str:
    """Return the extension of a client's file name, if it is safe to use.

    Two extensions stay together (`.tar.gz`, `.nii.gz`); anything unusual is dropped.
    """
    found = _SUFFIX.search(filename)
    return found.group() if found else ""


def _parse_pairs(text: bytes) -> list[tuple[str, str]]:
    decoded = text.decode("utf-8", "replace")
    return parse_qsl(decoded, keep_blank_values=True, errors="replace")


def _read_form(body: bytes | memoryview, *, is_lenient: bool) -> list[tuple[str, str]]:
    text = bytes(body)
    # The most frequent slip of all: `curl -d '{"x": 1}'` without a content type.
    if not is_lenient and text[:1] == b"{" and text.rstrip()[-1:] == b"}":
        raise UnsupportedMediaTypeError(
            f"{FORM} (but the body looks like JSON)", supported=SUPPORTED
        )
    if text.count(b"&") >= _MAX_FIELDS:
        raise MalformedBodyError(f"The form has more than {_MAX_FIELDS} fields.")
    return _parse_pairs(text)


def _read_all(body: Body) -> bytes | memoryview:
    if isinstance(body, Path):
        return body.read_bytes()
    return bytes(body) if isinstance(body, bytearray) else body


def _has_content(body: Body) -> bool:
    return body.stat().st_size > 0 if isinstance(body, Path) else bool(body)


def _pieces(body: Body) -> Iterator[bytes]:
    if isinstance(body, Path):
        with body.open("rb") as file:
            while piece := file.read(_READ_BYTES):
                yield piece
    else:
        yield bytes(body)


def _read_multipart(
    content_type: str, *, body: Body, folder: Callable[[], str]
) -> list[tuple[str, str | Upload]]:
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise MalformedBodyError("The multipart body has no boundary.")
    reader = _MultipartReader(folder)
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        for piece in _pieces(body):
            parser.write(piece)
        parser.finalize()
    except FormParserError as error:
        raise MalformedBodyError(
            f"The multipart body cannot be read: {error}"
        ) from error
    finally:
        reader.close()
    if not reader.is_complete:
        raise MalformedBodyError("The multipart body ends before its last boundary.")
    return reader.pairs


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


class _MultipartReader:
    """Collects the parts of a multipart body as the parser finds them."""

    def __init__(self, folder: Callable[[], str]) -> None:
        self.pairs: list[tuple[str, str | Upload]] = []
        self.is_complete = False
        self._folder = folder
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._text = bytearray()
        self._file: BinaryIO | None = None
        self._path = ""
        self._filename = ""
        self._name = ""

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": self._add_to_header_name,
            "on_header_value": self._add_to_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._add_data,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _begin_part(self) -> None:
        if len(self.pairs) >= _MAX_PARTS:
            raise MalformedBodyError(
                f"The multipart body has more than {_MAX_PARTS} parts."
            )
        self._headers = {}
        self._text = bytearray()
        self._file = None

    def _add_to_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _add_to_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _end_headers(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"")
        _, options = parse_options_header(disposition)
        if b"name" not in options:
            raise MalformedBodyError("A part of the multipart body has no name.")
        self._name = options[b"name"].decode("utf-8", "replace")
        if b"filename" in options:
            self._filename = options[b"filename"].decode("utf-8", "replace")
            suffix = safe_suffix(self._filename)
            self._path = f"{self._folder()}/upload-{len(self.pairs)}{suffix}"
            self._file = open(self._path, "wb", opener=_open_private)  # noqa: SIM115 - closed in _end_part

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._text += data[start:end]
        else:
            self._file.write(memoryview(data)[start:end])

    def _end_part(self) -> None:
        if self._file is None:
            self.pairs.append((self._name, self._text.decode("utf-8", "replace")))
            return
        size = self._file.tell()
        self._file.close()
        self._file = None
        if not self._filename and not size:
            return  # what a browser sends for a file input that was left empty
        content_type = self._headers.get(b"content-type", b"application/octet-stream")
        upload = Upload(
            path=self._path,
            filename=self._filename,
            content_type=content_type.decode("latin-1"),
            size_bytes=size,
        )
        self.pairs.append((self._name, upload))

    def _end(self) -> None:
        self.is_complete = True
