"""Turns what a test says into what a caller would send."""

from __future__ import annotations

import json as json_module
import os
import tempfile
import uuid
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from pydantic_core import to_json, to_jsonable_python

from deepaas.model.arguments import Inputs, Upload
from deepaas.model.files import File

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from deepaas.model.arguments import Argument, Location

TestFile = str | os.PathLike[str] | bytes | File
"""A file as a test gives it; a text is its path."""


_FILE_TYPES: Final = (str, os.PathLike, bytes, File)
_JSON_LOCATIONS: Final = frozenset({"any", "json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it goes over the wire.

    Attributes:
        query: The query string.
        headers: By lower-case name.
        body: The bytes.
    """

    query: bytes
    headers: dict[str, str]
    body: bytes


@contextmanager
def inputs_of(
    arguments: Mapping[str, Any], *, known: Iterable[Argument]
) -> Iterator[Inputs]:
    """Put arguments where a caller would.

    Args:
        arguments: By name.
        known: The arguments that the model has.
    """
    by_name = {one.name: one for one in known}
    files: list[tuple[str, str | Upload]] = []
    texts: dict[Location, list[tuple[str, str]]] = defaultdict(list)
    members: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="deepaas-testing-") as folder:
        for name, value in arguments.items():
            argument = by_name.get(name)
            if argument is not None and argument.is_file and _is_file(value):
                files += [(name, _upload(name, one, folder)) for one in _listed(value)]
            elif argument is not None and argument.location not in _JSON_LOCATIONS:
                texts[argument.location] += _pairs({name: value})
            else:
                members[name] = value
        inputs = Inputs(
            query=texts["query"],
            form=[*files, *texts["form"]],
            headers={name.lower(): value for name, value in texts["header"]},
            cookies=dict(texts["cookie"]),
        )
        if members:
            inputs.raw_json = _json_bytes(members)
        yield inputs


def encode_request(
    *,
    params: Mapping[str, Any],
    json: Any,
    data: Mapping[str, Any] | str | bytes,
    files: Mapping[str, Any],
    headers: Mapping[str, str],
) -> Request:
    """Return a request; see `deepaas.testing.Client.post`."""
    given = {name.lower(): value for name, value in headers.items()}
    content_type, body = _body(json=json, data=data, files=files)
    if content_type:
        given = {"content-type": content_type, **given}
    return Request(query=urlencode(_pairs(params)).encode(), headers=given, body=body)


def _body(
    *, json: Any, data: Mapping[str, Any] | str | bytes, files: Mapping[str, Any]
) -> tuple[str, bytes]:
    """Return a body and its media type; that of raw data is the caller's business."""
    if isinstance(data, str | bytes):
        return "", data.encode() if isinstance(data, str) else data
    if files:
        boundary = uuid.uuid4().hex
        parts = b"".join(_multipart(data, files, boundary=boundary))
        return f"multipart/form-data; boundary={boundary}", parts
    if data:
        return "application/x-www-form-urlencoded", urlencode(_pairs(data)).encode()
    if json is not None:
        return "application/json", _json_bytes(json)
    return "", b""


def _is_file(value: Any) -> bool:
    """Return whether a value is a file, or a list of files, and no JSON."""
    return all(isinstance(one, _FILE_TYPES) for one in _listed(value))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _upload(name: str, file: TestFile, folder: str) -> Upload:
    if isinstance(file, bytes):
        path = Path(folder, f"{name}-{uuid.uuid4().hex}")
        path.write_bytes(file)
        file = File(path, filename=name)
    elif not isinstance(file, File):
        file = File(file)
    return Upload(
        path=str(file.path),
        filename=file.filename,
        content_type=file.content_type,
        size_bytes=file.size_bytes,
    )


def _multipart(
    data: Mapping[str, Any], files: Mapping[str, Any], *, boundary: str
) -> Iterator[bytes]:
    """Yield the parts of a multipart body."""
    for name, value in _pairs(data):
        yield f"--{boundary}\r\n".encode()
        yield f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        yield value.encode() + b"\r\n"
    for name, given in files.items():
        for file in _listed(given):
            filename, content_type, content = _file_part(name, file)
            yield f"--{boundary}\r\n".encode()
            yield (
                f'Content-Disposition: form-data; name="{name}"; '
                f'filename="{filename}"\r\nContent-Type: {content_type}\r\n\r\n'
            ).encode()
            yield content + b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def _file_part(name: str, file: TestFile) -> tuple[str, str, bytes]:
    if isinstance(file, bytes):
        return name, "application/octet-stream", file
    if not isinstance(file, File):
        file = File(file)
    return file.filename, file.content_type, file.read_bytes()


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return values as the texts of a query or form; nested ones are JSON."""
    return [
        (name, _text(one))
        for name, value in values.items()
        for one in (value if isinstance(value, list | tuple) else [value])
    ]


def _text(value: Any) -> str:
    plain = to_jsonable_python(value, fallback=_fallback)
    return plain if isinstance(plain, str) else json_module.dumps(plain)


def _json_bytes(value: Any) -> bytes:
    return to_json(value, fallback=_fallback)


def _fallback(value: Any) -> Any:
    """Return numpy's arrays and numbers, and their like, as Python's own."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(
        f"{type(value).__name__} is no JSON; only an argument that takes a file may "
        "be a path, bytes or a deepaas.File"
    )
