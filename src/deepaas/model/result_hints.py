"""What a return hint says of the answers of an operation."""

from __future__ import annotations

import collections.abc
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Union, get_args, get_origin

from pydantic import PydanticInvalidForJsonSchema, TypeAdapter

from deepaas.model.binaries import BYTES, is_binary_class
from deepaas.model.files import OCTET_STREAM
from deepaas.model.hints import (
    UNION_ORIGINS,
    HintError,
    alternatives,
    as_result,
    read_hints,
    shown,
    underlying,
)
from deepaas.model.images import IMAGE_TYPES, is_image_class
from deepaas.model.interface import batch_settings
from deepaas.model.jsonvalues import JsonWriter
from deepaas.model.negotiation import JSON, TEXT
from deepaas.model.schemas import (
    Schema,
    json_schema,
    may_hold_files,
    with_qualified_files,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_STREAMS: Final = (
    collections.abc.Iterator,
    collections.abc.Generator,
    collections.abc.AsyncIterator,
    collections.abc.AsyncGenerator,
)


def is_streaming(function: Callable[..., Any]) -> bool:
    """Return whether the result of a function is an iterator, sent piece by piece."""
    plain = underlying(function)
    return (
        inspect.isgeneratorfunction(plain)
        or inspect.isasyncgenfunction(plain)
        or get_origin(_return_hint(function)) in _STREAMS
    )


def result_hint(function: Callable[..., Any]) -> Any:
    """Return the hint of one result: of a piece of a stream, for one of a batch.

    Raises:
        HintError: The hint names something that does not exist at run time.
    """
    hint = _return_hint(function)
    if is_streaming(function):
        return _first_part(hint) if get_origin(hint) in _STREAMS else Any
    if batch_settings(function):
        return _without_exceptions(_first_part(hint))
    return hint


def _return_hint(function: Callable[..., Any]) -> Any:
    return read_hints(function).get("return", Any)


def _first_part(hint: Any) -> Any:
    return next(iter(get_args(hint)), Any)


def _without_exceptions(hint: Any) -> Any:
    """Return the hint of an element of a batch's result that is no failure."""
    # With the notes beside each, such as those of a tensor.
    is_union = get_origin(hint) in UNION_ORIGINS
    members = get_args(hint) if is_union else alternatives(hint)
    results = tuple(
        one
        for one in members
        if not (isinstance(one, type) and issubclass(one, BaseException))
    )
    if len(results) == len(members):
        return hint
    return Union[results] if results else Any  # noqa: UP007  `|` takes no tuple


# ------------------------------------------------------------ media types


@dataclass(frozen=True, slots=True)
class Sendable:
    """How results of a hint can be sent.

    Attributes:
        media_types: What they can be sent as, the default first.
        is_settled: Whether the hint decides this; else each value does.
    """

    media_types: tuple[str, ...]
    is_settled: bool


def sendable(hint: Any) -> Sendable:
    """Return how results of a hint can be sent."""
    members = {
        _sendable_alone(one): None
        for one in alternatives(hint)
        if one is not type(None)
    } or {Sendable((JSON,), True): None}
    if len(members) == 1:
        return next(iter(members))
    media_types = dict.fromkeys(one for some in members for one in some.media_types)
    return Sendable(tuple(media_types), is_settled=False)


def _sendable_alone(hint: Any) -> Sendable:
    if is_image_class(hint):
        return Sendable((*IMAGE_TYPES, JSON), is_settled=True)
    if hint in BYTES:
        return Sendable((OCTET_STREAM, JSON), is_settled=True)
    if is_binary_class(hint):
        return Sendable((OCTET_STREAM, JSON), is_settled=False)
    if hint is str:
        return Sendable((JSON, TEXT), is_settled=True)
    return Sendable((JSON,), is_settled=hint not in (Any, object))


# ------------------------------------------------------------ JSON


@dataclass(frozen=True, slots=True)
class ResultJson:
    """How results of a hint look as JSON.

    Attributes:
        writer: Writes them.
        schema: Their JSON Schema, or None if there is none.
        definitions: The schemas that it refers to.
    """

    writer: JsonWriter
    schema: Schema | None
    definitions: dict[str, Schema]


def compile_result(hint: Any) -> ResultJson:
    """Return what writes results of a hint as JSON.

    Raises:
        HintError: Pydantic cannot serve the hint.
    """
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(as_result(hint))
        schema = _schema_of(adapter)
    except Exception as error:
        raise HintError(
            "a result of this type cannot be sent; return a plain type, a pydantic "
            "model, a dataclass, an array, an image or deepaas.File instead",
            place=shown(hint),
        ) from error
    writer = JsonWriter(adapter, may_hold_files=may_hold_files(schema))
    described = with_qualified_files(schema)
    definitions = described.pop("$defs", {})
    return ResultJson(writer, described or None, definitions)


def _schema_of(adapter: TypeAdapter[Any]) -> Schema:
    """Return the JSON Schema of results; an open one if there is none."""
    try:
        return json_schema(adapter, mode="serialization")
    except PydanticInvalidForJsonSchema:
        return {}
