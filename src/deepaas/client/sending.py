"""What a request for an operation sends: a form where there are files, else JSON."""

from __future__ import annotations

import base64
import json
import mimetypes
import os
import shutil
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import aiohttp
from pydantic_core import to_jsonable_python

from deepaas.errors import FieldError, InvalidInputError, RequestError
from deepaas.model.arguments import MISSING, Inputs, Upload
from deepaas.model.files import File

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deepaas.messages import OperationDescription
    from deepaas.model.arguments import Argument

_NOT_BOTH: Final = (
    "a 2.x model takes files or nested values, not both, in one request; predict "
    "without --url can do it"
)
_UNKNOWN_TYPE: Final = "application/octet-stream"

SentFile = str | os.PathLike[str] | bytes | File | BinaryIO
"""A file as a caller may give it; a text is its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldUpload(Upload):
    """A file that is in the caller's memory.

    Attributes:
        content: All of it.
    """

    content: bytes


def inputs_of(values: Mapping[str, Any], *, operation: OperationDescription) -> Inputs:
    """Put arguments where a request carries them.

    Args:
        values: By name; an argument that takes a file may be a path, bytes, an open
            file or a `deepaas.File`, or a list of those.
        operation: What the server says that it takes.

    Raises:
        InvalidInputError: A file cannot be read.
    """
    known = {one.name: one for one in operation.arguments}
    inputs = Inputs(headers={}, cookies={})
    files: list[tuple[str, str | Upload]] = []
    query: list[tuple[str, str]] = []
    members: dict[str, Any] = {}
    for name, value in values.items():
        argument = known.get(name)
        location = argument.location if argument else "any"
        if argument is not None and argument.is_file and value is not None:
            files += [(name, _upload(name, one)) for one in _listed(value)]
        elif location == "query":
            query += _pairs({name: value})
        elif location == "header":
            inputs.headers = {**inputs.headers, name.lower(): _text(value)}
        elif location == "cookie":
            inputs.cookies = {**inputs.cookies, name: _text(value)}
        else:
            members[name] = value
    inputs.query = query
    if not files or (operation.allows_unknown and _has_nested(members)):
        inputs.form = files
        if members:
            inputs.json = _plain(members)
    else:
        inputs.form = [*files, *_pairs(members)]
    return inputs


def execution_of(inputs: Inputs, *, operation: OperationDescription) -> dict[str, Any]:
    """Return inputs as an execute request of OGC API Processes: all in one JSON."""
    known = {one.name: one for one in operation.arguments}
    found: dict[str, Any] = {}
    for name, value in [*inputs.form, *inputs.query]:
        argument = known.get(name)
        sent = (
            _qualified(value) if isinstance(value, Upload) else _typed(value, argument)
        )
        if argument is not None and argument.is_list:
            found.setdefault(name, []).append(sent)
        else:
            found[name] = sent
    if isinstance(inputs.json, dict):
        found |= inputs.json
    return {"inputs": found}


def query_of(inputs: Inputs) -> list[tuple[str, str]]:
    """Return the query; beside a JSON body it carries what would be in the form."""
    pairs = list(inputs.query)
    if inputs.json is not MISSING:
        pairs += [(name, one) for name, one in inputs.form if isinstance(one, str)]
    return pairs


@contextmanager
def open_body(inputs: Inputs) -> Iterator[dict[str, Any]]:
    """Open what a request sends.

    Yields:
        Arguments for aiohttp.

    Raises:
        RequestError: No one body can carry it all.
    """
    has_files = any(isinstance(value, Upload) for _, value in inputs.form)
    if inputs.json is not MISSING:
        if has_files:
            raise RequestError(_NOT_BOTH)
        yield {"json": inputs.json}
        return
    with ExitStack() as files:
        form = aiohttp.FormData(quote_fields=False)
        for name, value in inputs.form:
            if isinstance(value, Upload):
                form.add_field(
                    name,
                    _content(value, files),
                    filename=value.filename,
                    content_type=value.content_type,
                )
            else:
                form.add_field(name, value)
        yield {"data": form} if inputs.form else {}


def write_body(inputs: Inputs, path: Path) -> str:
    """Write the body that a request would have into a file.

    Returns:
        Its media type; empty, and no file, when there is no body.

    Raises:
        RequestError: No one body can carry it all.
    """
    if inputs.json is not MISSING:
        if any(isinstance(value, Upload) for _, value in inputs.form):
            raise RequestError(_NOT_BOTH)
        path.write_bytes(json.dumps(inputs.json).encode())
        return "application/json"
    if not inputs.form:
        return ""
    boundary = uuid.uuid4().hex
    with path.open("wb") as file:
        for name, value in inputs.form:
            file.write(f"--{boundary}\r\n{_part_head(name, value)}\r\n\r\n".encode())
            _write_value(value, file)
            file.write(b"\r\n")
        file.write(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}"


def _part_head(name: str, value: str | Upload) -> str:
    head = f'Content-Disposition: form-data; name="{_escaped(name)}"'
    if not isinstance(value, Upload):
        return head
    filename = _escaped(value.filename)
    return f'{head}; filename="{filename}"\r\nContent-Type: {value.content_type}'


def _escaped(name: str) -> str:
    """Return a name within quotes (RFC 7578, section 4.2)."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return escaped.replace("\r", " ").replace("\n", " ")


def _write_value(value: str | Upload, file: BinaryIO) -> None:
    if not isinstance(value, Upload):
        file.write(value.encode())
    elif isinstance(value, HeldUpload):
        file.write(value.content)
    else:
        with Path(value.path).open("rb") as source:
            shutil.copyfileobj(source, file)


def _content(upload: Upload, files: ExitStack) -> bytes | BinaryIO:
    if isinstance(upload, HeldUpload):
        return upload.content
    return files.enter_context(Path(upload.path).open("rb"))


def _upload(name: str, file: Any) -> Upload:
    match file:
        case bytes() | bytearray() | memoryview():
            return _held(bytes(file), filename=name)
        case File():
            return Upload(
                path=str(file.path),
                filename=file.filename,
                content_type=file.content_type,
                size_bytes=file.size_bytes,
            )
        case str() | os.PathLike():
            return _from_path(name, Path(file))
    try:
        content = file.read()
    except (AttributeError, OSError) as error:
        raise _refused(name, f"{file!r} is no file: {error}") from error
    filename = Path(str(getattr(file, "name", name))).name
    return _held(content.encode() if isinstance(content, str) else content, filename)


def _from_path(name: str, path: Path) -> Upload:
    if not path.is_file():
        raise _refused(name, f"there is no file {str(path)!r} in {Path.cwd()}")
    if not os.access(path, os.R_OK):
        raise _refused(name, f"{str(path)!r} may not be read")
    return Upload(
        path=str(path),
        filename=path.name,
        content_type=_media_type(path.name),
        size_bytes=path.stat().st_size,
    )


def _held(content: bytes, filename: str) -> HeldUpload:
    return HeldUpload(
        path="",
        filename=filename,
        content_type=_media_type(filename),
        size_bytes=len(content),
        content=content,
    )


def _media_type(filename: str) -> str:
    media_type, encoding = mimetypes.guess_type(filename)
    return media_type if media_type and not encoding else _UNKNOWN_TYPE


def _refused(name: str, reason: str) -> InvalidInputError:
    return InvalidInputError(errors=(FieldError(pointer=f"/{name}", detail=reason),))


def _qualified(upload: Upload) -> dict[str, str]:
    content = (
        upload.content
        if isinstance(upload, HeldUpload)
        else Path(upload.path).read_bytes()
    )
    return {
        "value": base64.b64encode(content).decode("ascii"),
        "mediaType": upload.content_type,
        "filename": upload.filename,
    }


def _typed(text: str, argument: Argument | None) -> Any:
    """Return a text of a form as the JSON that it stands for."""
    schema = argument.schema if argument else {}
    if argument is not None and argument.is_list:
        schema = schema.get("items", {})
    if schema.get("type") == "string" or "enum" in schema:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return values as texts of a form; what is None is left out."""
    return [
        (name, _text(one))
        for name, value in values.items()
        for one in _listed(value)
        if one is not None
    ]


def _text(value: Any) -> str:
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain)


def _has_nested(members: Mapping[str, Any]) -> bool:
    return any(
        isinstance(one, dict | list | tuple)
        for value in members.values()
        for one in _listed(value)
    )


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it.

    Raises:
        TypeError: It cannot.
    """
    return to_jsonable_python(value, fallback=_fallback)


def _fallback(value: Any) -> Any:
    """Return numpy's arrays and numbers, and their like, as Python's own."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(
        f"{type(value).__name__} is no JSON; only an argument that takes a file may "
        "be a path, bytes, an open file or a deepaas.File"
    )
