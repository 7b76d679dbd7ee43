"""Reads an execute request of OGC API Processes, and writes its response document.

Part 1: Core (OGC 18-062r2), requirements 17 to 22: inputs stand under `inputs`, a value
may be *qualified* (`{"value": …, "mediaType": …}`), a list stands for an input that may
occur more than once, and `response` chooses between the value itself (`raw`) and a
document of all outputs, of which we have one: `result`.
"""

from __future__ import annotations

import base64
import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from deepaas.errors import (
    BadOutputError,
    FieldError,
    InvalidInputError,
    MalformedBodyError,
)
from deepaas.model.arguments import OUTPUT, Inputs, Upload
from deepaas.model.files import read_file
from deepaas.model.inputs import parse_json
from deepaas.model.interface import LEGACY_KINDS
from deepaas.model.media_types import essence, is_json
from deepaas.model.refusals import OBJECT_WANTED, invalid_input
from deepaas.model.results import Encoded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepaas.model.arguments import Argument

_QUALIFIERS: Final = frozenset({"value", "mediaType", "encoding", "schema", "format"})
_ALSO_OF_FILES: Final = _QUALIFIERS | {"filename"}
_ONE_LINE: Final = bytes.maketrans(b"\r\n", b"  ")


class _Request(msgspec.Struct, kw_only=True):
    inputs: dict[str, Any] = {}
    outputs: dict[str, Any] | None = None
    response: Literal["raw", "document"] = "raw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What a caller asks for.

    Attributes:
        inputs: For the operation's signature.
        is_document: Whether the result goes into a document of the outputs.
    """

    inputs: Inputs
    is_document: bool


def read_execution(
    body: bytes | memoryview, *, arguments: Sequence[Argument], kind: str
) -> Execution:
    """Return what the body of an execute request asks for.

    Must be called within `deepaas.model.files.use_folder`.

    Args:
        body: A JSON object; empty stands for one without inputs.
        arguments: Of the operation.
        kind: Of the model; fields of `v1` and `v2` take files only from a form.

    Raises:
        MalformedBodyError: It is no JSON, or no execute request.
        InvalidInputError: A value cannot be taken from where it is.
    """
    request = _read_request(body, arguments)
    unknown = sorted(set(request.outputs or ()) - {OUTPUT})
    if unknown:
        raise InvalidInputError(
            errors=tuple(
                FieldError(
                    pointer=f"/outputs/{name}",
                    detail=f"There is no such output; the only one is {OUTPUT!r}.",
                )
                for name in unknown
            )
        )
    by_name = {one.name: one for one in arguments}
    values = {
        name: _read_value(name, value, by_name.get(name))
        for name, value in request.inputs.items()
    }
    inputs = (
        as_form(values, by_name)
        if kind in LEGACY_KINDS
        else Inputs(raw_json=msgspec.json.encode(values))
    )
    return Execution(inputs=inputs, is_document=request.response == "document")


def in_document(encoded: Encoded) -> Encoded:
    """Return a result as the one output of a response document."""
    content = encoded.content()
    if is_json(encoded.media_type):
        value = content
    elif essence(encoded.media_type).startswith("text/"):
        qualified = {"value": content.decode("utf-8", "replace")}
        value = msgspec.json.encode({**qualified, "mediaType": encoded.media_type})
    else:
        text = base64.b64encode(content).decode("ascii")
        value = msgspec.json.encode({"value": text, "mediaType": encoded.media_type})
    return Encoded(
        media_type="application/json", body=b'{"%s":' % OUTPUT.encode() + value + b"}"
    )


def in_line(encoded: Encoded) -> Encoded:
    """Return a result as `in_document` does, as a single line.

    Raises:
        BadOutputError: The model calls its result JSON, and it is none.
    """
    document = in_document(encoded)
    try:
        msgspec.json.decode(document.body, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        raise BadOutputError(f"The result is no valid JSON: {error}.") from None
    # Within JSON an end of a line means nothing: texts have `\\n` for it.
    body = bytes(document.body).translate(_ONE_LINE)
    return Encoded(media_type=document.media_type, body=body)


def _read_request(body: bytes | memoryview, arguments: Sequence[Argument]) -> _Request:
    document = parse_json(body) if body else {}
    if isinstance(document, dict):
        _refuse_misplaced(document, arguments)
    try:
        return msgspec.convert(document, _Request)
    except msgspec.ValidationError as error:
        raise MalformedBodyError(
            f"This is no execute request: {error}. It has the form "
            '{"inputs": {"name": value}}.'
        ) from None


def _refuse_misplaced(document: dict[str, Any], arguments: Sequence[Argument]) -> None:
    """Refuse inputs that do not stand in `inputs`; other extensions are passed over."""
    names = {one.name for one in arguments}
    others = set(document) - set(_Request.__struct_fields__)
    misplaced = [
        *(one for one in sorted(others) if one in names),
        *difflib.get_close_matches("inputs", sorted(others - names), n=1),
    ]
    if misplaced:
        raise InvalidInputError(
            errors=tuple(
                FieldError(
                    pointer=f"/{name}",
                    detail="Arguments stand in 'inputs': "
                    '{"inputs": {"name": value}}.',
                )
                for name in misplaced
            )
        )


def _read_value(name: str, value: Any, argument: Argument | None) -> Any:
    """Return the value of one input, taken out of its qualification."""
    is_list = argument is not None and argument.is_list
    if is_list and isinstance(value, list):
        return [
            _unqualified(f"{name}/{index}", one, argument)
            for index, one in enumerate(value)
        ]
    read = _unqualified(name, value, argument)
    return [read] if is_list and read is not None else read


def _unqualified(place: str, value: Any, argument: Argument | None) -> Any:
    is_file = argument is not None and argument.is_file
    if is_file and isinstance(value, str):
        return {"value": value}
    if not isinstance(value, dict):
        return value
    if "href" in value and (is_file or set(value) <= _QUALIFIERS | {"href", "type"}):
        raise InvalidInputError(
            errors=(
                FieldError(
                    pointer=f"/{place}",
                    detail="Inputs by reference (href) are not fetched here; send the "
                    "value itself.",
                ),
            )
        )
    if is_file or "value" not in value or not set(value) <= _ALSO_OF_FILES:
        return value
    has_member = argument is not None and "value" in argument.schema.get(
        "properties", {}
    )
    return value if has_member else value["value"]


def object_inputs(
    content: bytes | memoryview, *, arguments: Sequence[Argument], kind: str
) -> Inputs:
    """Return the arguments in an object, where an operation looks for them.

    Must be called within `deepaas.model.files.use_folder`.

    Args:
        content: The object, as JSON.
        arguments: Of the operation.
        kind: Of the model; fields of `v1` and `v2` take files only from a form.

    Raises:
        MalformedBodyError: It is no JSON.
        InvalidInputError: It is no object, or a file in it is none.
    """
    if kind not in LEGACY_KINDS:
        return Inputs(raw_json=content)
    values = parse_json(content)
    if not isinstance(values, dict):
        raise invalid_input({"": OBJECT_WANTED})
    return as_form(values, {one.name: one for one in arguments})


def as_form(values: dict[str, Any], by_name: dict[str, Argument]) -> Inputs:
    """Return values where the fields of a 2.x model look for them."""
    form: list[tuple[str, str | Upload]] = []
    query: list[tuple[str, str]] = []
    for name in [one for one in values if one in by_name]:
        parts = values[name] if isinstance(values[name], list) else [values[name]]
        if by_name[name].is_file:
            form.extend((name, _upload(name, part)) for part in parts)
        elif by_name[name].location == "query":
            query.extend((name, str(part)) for part in parts)
        elif by_name[name].location == "form":
            form.extend((name, str(part)) for part in parts)
        else:
            continue
        del values[name]
    return Inputs(query=query, form=form, json=values)


def _upload(name: str, value: Any) -> Upload:
    try:
        file = read_file(value)
    except ValueError as error:
        raise InvalidInputError(
            errors=(FieldError(pointer=f"/{name}", detail=str(error)),)
        ) from None
    return Upload(
        path=str(file.path),
        filename=file.filename or Path(file.path).name,
        content_type=file.content_type,
        size_bytes=file.size_bytes,
    )
