"""Takes an inference request apart: what is asked for, and where each tensor lies.

A request is JSON, or JSON with binary tensors behind it (`binary_tensor_data`); then a
header tells how long the JSON is. No media type is looked at: clients send none.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

import msgspec

from deepaas.errors import BodyTooLargeError, InvalidInputError, MalformedBodyError
from deepaas.model.openinference.datatypes import BYTES, NUMERIC, count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CODINGS: Final = ("gzip", "deflate")
"""How a body may be compressed."""

_WINDOW_BITS: Final = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}

_NOT_OFFERED: Final = {
    "classification": "classification",
    "shared_memory_region": "shared memory",
    "sequence_id": "sequence",
}
"""Parameters that belong to extensions that are not offered, by which they ask for
something else than the tensors themselves."""

Body = bytes | memoryview | Path
Parameters = dict[str, Any] | None
Length = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Shape = Annotated[list[Length], msgspec.Meta(max_length=128)]
"""Twice as long as numpy's, so that the number of elements can still be told."""


class Input(msgspec.Struct, kw_only=True):
    """An input as the JSON has it."""

    name: str
    shape: Shape
    datatype: str
    parameters: Parameters = None
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Output(msgspec.Struct, kw_only=True):
    """An output that is asked for."""

    name: str
    parameters: Parameters = None


class _Document(msgspec.Struct, kw_only=True):
    inputs: list[Input]
    id: str | None = None
    parameters: Parameters = None
    outputs: list[Output] | None = None


@dataclass(slots=True, kw_only=True)
class Request:
    """An inference request.

    Attributes:
        id: The caller's name for it, or empty.
        inputs: In the order in which their bytes follow.
        sizes: How many bytes follow for each; None where the data is in the JSON.
        outputs: Which outputs are asked for, and whether as bytes; empty is all.
        is_binary: Whether outputs that nothing is said of are sent as bytes.
        tensors: Gives the bytes of one after the other.
    """

    id: str
    inputs: list[Input]
    sizes: list[int | None]
    outputs: dict[str, bool]
    is_binary: bool
    tensors: Tensors


class Tensors:
    """The bytes of a body, piece by piece; to be closed."""

    def __init__(self, body: Body) -> None:
        self._file = body.open("rb") if isinstance(body, Path) else None
        self._content = memoryview(b"" if isinstance(body, Path) else body)
        self.left = body.stat().st_size if isinstance(body, Path) else len(body)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file, if there is one."""
        if self._file is not None:
            self._file.close()

    def take(self, size: int) -> memoryview:
        """Return the next bytes, of which there are as many."""
        self.left -= size
        if self._file is None:
            taken, self._content = self._content[:size], self._content[size:]
            return taken
        room = memoryview(bytearray(size))
        self._file.readinto(room)
        return room


def read_request(
    body: Body, *, json_bytes: int | None, coding: str, limit_bytes: int
) -> Request:
    """Return what a body asks for. Whoever takes the tensors closes them.

    Args:
        body: The body, or the file that holds it.
        json_bytes: How long the JSON is; None if it is all.
        coding: How the body is compressed, or empty.
        limit_bytes: Largest body, once it is not compressed any more; 0 is no limit.

    Raises:
        MalformedBodyError: It is no inference request.
        InvalidInputError: It asks for what is not offered.
        BodyTooLargeError: It is, once it is not compressed any more.
    """
    if coding:
        body = _inflated(body, coding=coding, limit_bytes=limit_bytes)
    tensors = Tensors(body)
    try:
        return _read(tensors, json_bytes=json_bytes)
    except BaseException:
        tensors.close()
        raise


def deflated(body: bytes, *, coding: str) -> bytes:
    """Return a body compressed, quickly rather than well."""
    if coding == "gzip":
        return gzip.compress(body, compresslevel=1, mtime=0)
    return zlib.compress(body, level=1)


def _inflated(body: Body, *, coding: str, limit_bytes: int) -> bytes:
    content = body.read_bytes() if isinstance(body, Path) else body
    reader = zlib.decompressobj(_WINDOW_BITS[coding])
    try:
        plain = reader.decompress(content, limit_bytes + 1 if limit_bytes else 0)
    except zlib.error as error:
        raise MalformedBodyError(f"The body is no {coding}: {error}.") from None
    if limit_bytes and len(plain) > limit_bytes:
        raise BodyTooLargeError(limit_bytes)
    if not reader.eof:
        raise MalformedBodyError(f"The {coding} body ends too early.")
    if reader.unused_data:
        raise MalformedBodyError(f"Something follows the end of the {coding} body.")
    return plain


def _read(tensors: Tensors, *, json_bytes: int | None) -> Request:
    size = tensors.left
    if json_bytes is not None and json_bytes > size:
        raise MalformedBodyError(
            f"Inference-Header-Content-Length is {json_bytes}, but the body has only "
            f"{size} bytes."
        )
    document = _parse(tensors.take(size if json_bytes is None else json_bytes))
    parameters = document.parameters or {}
    _refuse_extensions(parameters)
    for one in (*document.inputs, *(document.outputs or ())):
        _refuse_extensions(one.parameters or {})
    is_binary = _flag(parameters, "binary_data_output") or False
    sizes = [_size(one, has_tensors=json_bytes is not None) for one in document.inputs]
    announced = sum(one or 0 for one in sizes)
    if announced != tensors.left:
        raise MalformedBodyError(
            f"The inputs announce {announced} bytes of binary tensors, but "
            f"{tensors.left} follow the JSON."
        )
    return Request(
        id=document.id or "",
        inputs=document.inputs,
        sizes=sizes,
        outputs=_outputs(document.outputs or (), is_binary=is_binary),
        is_binary=is_binary,
        tensors=tensors,
    )


def _parse(content: memoryview) -> _Document:
    try:
        return msgspec.json.decode(content, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = f"This is no inference request: {error}."
        if isinstance(error, msgspec.ValidationError):
            pass
        elif any(word in bytes(content) for word in (b"NaN", b"Infinity")):
            reason += " JSON has neither NaN nor infinity; send a binary tensor."
        else:
            reason += (
                " If binary tensors follow it, say where the JSON ends, with the "
                "header Inference-Header-Content-Length."
            )
        raise MalformedBodyError(reason) from None


def _refuse_extensions(parameters: Mapping[str, Any]) -> None:
    for name, extension in _NOT_OFFERED.items():
        if parameters.get(name):
            raise InvalidInputError(
                f"The {extension} extension is not offered here; leave out the "
                f"parameter {name!r}."
            )


def _size(one: Input, *, has_tensors: bool) -> int | None:
    """Return how many bytes follow for an input; None if its data is in the JSON."""
    size = (one.parameters or {}).get("binary_data_size")
    if size is None:
        if one.data is msgspec.UNSET:
            raise InvalidInputError(
                f"Input {one.name!r} has no data; give it `data`, or the parameter "
                "`binary_data_size` with its bytes behind the JSON."
            )
        return None
    if one.data is not msgspec.UNSET:
        raise InvalidInputError(
            f"Input {one.name!r} has both `data` and `binary_data_size`; leave one out."
        )
    if not has_tensors:
        raise MalformedBodyError(
            f"Input {one.name!r} is binary; say where the JSON ends, with the header "
            "Inference-Header-Content-Length."
        )
    if type(size) is not int or size < 0:
        raise InvalidInputError(
            f"The binary_data_size of input {one.name!r} is no number of bytes."
        )
    _check_size(one, size)
    return size


def _check_size(one: Input, size: int) -> None:
    """Refuse bytes that are not what the shape says, before they are read."""
    if one.datatype == BYTES or one.datatype not in NUMERIC:
        return
    wanted = count(one.shape) * NUMERIC[one.datatype].size
    if size != wanted:
        raise InvalidInputError(
            f"Input {one.name!r} has {size} bytes, but {one.datatype} of shape "
            f"{one.shape} has {wanted}."
        )


def _outputs(outputs: Iterable[Output], *, is_binary: bool) -> dict[str, bool]:
    wanted: dict[str, bool] = {}
    for one in outputs:
        own = _flag(one.parameters or {}, "binary_data")
        wanted[one.name] = is_binary if own is None else own
    return wanted


def _flag(parameters: Mapping[str, Any], name: str) -> bool | None:
    value = parameters.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise InvalidInputError(f"The parameter {name!r} has to be true or false.")
