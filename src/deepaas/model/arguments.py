"""What an operation takes: the one description behind both ways of writing it.

Type hints (`deepaas.model.signature`) and marshmallow fields
(`deepaas.model.legacy`) both become a `Signature`. It lists its `Argument`s, which
is all that documents, forms and command lines need, and it binds the `Inputs` of
one call to the keyword arguments of the model's function.

Only `Signature` objects know the model; `Argument`s are plain records that travel
from the worker to the server.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OUTPUT: Final = "result"
"""The name of the one output that each operation has as a process (OGC)."""

Location = Literal["any", "query", "form", "json", "header", "cookie", "path"]


class Argument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One argument of an operation, as callers see it.

    Attributes:
        name: The name on the wire (query key, form field, JSON member, option).
        keyword: The name of the keyword argument that the function gets.
        schema: JSON Schema (2020-12) of one value, with `description`, `default`,
            `enum`, `minimum` … where known; references point to `#/$defs/`. For a
            file it is `{"type": "string", "format": "binary"}`; for several files an
            array of those.
        required: Whether a call without it is refused.
        location: Where a request may carry it; `any` is query, form or JSON.
        is_file: Whether its value is a file (or several).
        is_list: Whether it may be repeated.
        is_nullable: Whether null is a value of it.
    """

    name: str
    keyword: str
    schema: dict[str, Any]
    required: bool
    location: Location = "any"
    is_file: bool = False
    is_list: bool = False
    is_nullable: bool = False

    @property
    def description(self) -> str:
        """What the argument means, in the model author's words."""
        return str(self.schema.get("description", ""))


class _Missing(enum.Enum):
    MISSING = enum.auto()


MISSING: Final = _Missing.MISSING
"""Stands for "no JSON body came"; None would be JSON's null."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file of a request, on this machine's disk.

    Attributes:
        path: Where its content is; the file goes away when the request is over.
        filename: The client's name for it: data to show, never a path to open.
        content_type: The media type that the client stated.
        size_bytes: The content's length.
    """

    path: str
    filename: str
    content_type: str = "application/octet-stream"
    size_bytes: int = 0


@dataclass(slots=True, kw_only=True)
class Inputs:
    """The values of one call, read but not yet validated.

    Attributes:
        query: Pairs of the query string, decoded, in order.
        form: Pairs of an urlencoded or multipart body; parts with a file name are
            `Upload`s, all others are text.
        json: The parsed JSON body, or `MISSING`. Empty when `raw_json` is set.
        raw_json: The bytes of a JSON body that nobody has parsed yet; `json` is then
            `MISSING`. A signature may parse and validate in one step.
        headers: Header values by lower-case name.
        cookies: Cookie values by name.
    """

    query: Sequence[tuple[str, str]] = ()
    form: Sequence[tuple[str, str | Upload]] = ()
    json: Any = MISSING
    raw_json: bytes | memoryview | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)


class Signature(ABC):
    """What one operation takes.

    Attributes:
        arguments: In the order in which the model's author wrote them.
        definitions: JSON Schemas that the arguments' schemas refer to as
            `#/$defs/NAME`.
    """

    arguments: tuple[Argument, ...]
    definitions: dict[str, Any]

    @abstractmethod
    def bind(self, inputs: Inputs) -> dict[str, Any]:
        """Validate `inputs` and return the keyword arguments for the function.

        Raises:
            InvalidInputError: Something is wrong; all of it is named at once.
            MalformedBodyError: The body is no JSON.
        """
