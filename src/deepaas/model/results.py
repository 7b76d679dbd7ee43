"""How a result becomes bytes: the contract of both ways.

A `ResultCodec` stands behind each operation. `choose` runs before the model does, so
a caller who accepts nothing that we can send learns it before anything is computed.
Type hints are read by `deepaas.model.outputs`, 2.x models by `deepaas.model.legacy`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A result as it goes out.

    Attributes:
        media_type: With parameters, as in a Content-Type header.
        body: The bytes; empty when `path` is set.
        path: A file to send instead; never removed by whoever sends it, who copies
            or opens it before the request's folder goes away.
        filename: The name to suggest to the caller for a download, or empty.
        json_bytes: How long the JSON is before the binary tensors, if there are some.
        coding: How the body is compressed, or empty.
    """

    media_type: str
    body: bytes | bytearray | memoryview = b""
    path: str = ""
    filename: str = ""
    json_bytes: int | None = None
    coding: str = ""

    def content(self) -> bytes:
        """Return the bytes, wherever they are."""
        return Path(self.path).read_bytes() if self.path else bytes(self.body)


class ResultCodec(ABC):
    """Turns the results of one operation into bytes.

    Attributes:
        media_types: What it can produce; the first is the default.
        schema: JSON Schema of the whole JSON answer, or None where unknown.
        schema_name: The name that documents give to `schema`, or None (2.x).
        definitions: JSON Schemas that `schema` refers to as `#/$defs/NAME`.
        is_streaming: Whether the result is an iterator that is sent piece by piece.
    """

    media_types: tuple[str, ...] = ("application/json",)
    schema: dict[str, Any] | None = None
    schema_name: str | None = None
    definitions: Mapping[str, Any] = {}
    is_streaming: bool = False

    @abstractmethod
    def choose(self, accept: str, arguments: Mapping[str, Any]) -> str:
        """Return the media type for a caller.

        Args:
            accept: The Accept header, or empty.
            arguments: The bound keyword arguments of the call.

        Raises:
            NotAcceptableError: The caller accepts nothing that we can produce.
        """

    @abstractmethod
    def encode(self, result: Any, media_type: str) -> Encoded:
        """Return `result` as `media_type`.

        Raises:
            BadOutputError: The result cannot be represented; says where and why.
        """

    def encode_bare(self, result: Any, media_type: str) -> Encoded:
        """Return `result` without anything that 2.x puts around it; see `encode`."""
        return self.encode(result, media_type)

    def streams(self, media_type: str) -> bool:
        """Tell whether a result of this media type is sent piece by piece."""
        del media_type
        return self.is_streaming

    def encode_chunk(self, piece: Any, media_type: str) -> bytes:
        """Return one piece of a streamed result.

        Raises:
            BadOutputError: The piece cannot be represented.
        """
        raise NotImplementedError

    def encode_broken(self, detail: str, media_type: str) -> bytes:
        """Return the last piece of a stream that failed, where the type allows one."""
        del detail, media_type
        return b""
