"""Finds the values of a call's arguments in its query, form, JSON, headers, cookies.

What webargs 5 did, with two repairs: files may be repeated, and a list within one text
may come as a JSON array whichever webargs is installed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from marshmallow import missing

from deepaas.errors import MalformedBodyError
from deepaas.model.arguments import MISSING
from deepaas.model.legacy.accept import NAME as ACCEPT
from deepaas.model.legacy.fields import is_delimited, is_list, location_of, wire_name
from deepaas.model.v2.wrapper import UploadedFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from marshmallow import fields as ma_fields

    from deepaas.model.arguments import Inputs, Location, Upload

_ANYWHERE: Final[tuple[Location, ...]] = ("query", "form", "json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Where the value of one argument is looked for, and how it is read.

    Attributes:
        name: The name on the wire.
        locations: In the order of looking.
        is_list: Whether a repeated value makes a list.
        delimiter: What joins an array into the one text that the field takes, or
            empty for one that takes it as it is.
    """

    name: str
    locations: tuple[Location, ...]
    is_list: bool
    delimiter: str


def slot_of(name: str, field: ma_fields.Field) -> Slot:
    """Return where the value of `field`, an argument called `name`, is looked for."""
    # A media type may be asked for in every place; the header is looked at last.
    location = "any" if name == ACCEPT else location_of(field)
    return Slot(
        name=wire_name(name, field),
        locations=_ANYWHERE if location == "any" else (location,),
        is_list=is_list(field),
        delimiter=_delimiter_of(field),
    )


def _delimiter_of(field: Any) -> str:
    # The fields of webargs 5, which have `as_string`, take arrays by themselves.
    if not is_delimited(field) or hasattr(field, "as_string"):
        return ""
    return str(field.delimiter)


class Finder:
    """Looks for the values of one call."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._sources: dict[Location, Mapping[str, Sequence[Any]]] = {}
        self._json: Any = MISSING

    def find(self, slot: Slot) -> Any:
        """Return the value as it came, or `missing`."""
        for location in slot.locations:
            value = self._find_in(location, slot)
            if value is not missing:
                return value
        return missing

    def _find_in(self, location: Location, slot: Slot) -> Any:
        if location == "json":
            return self._find_in_json(slot)
        name = slot.name.lower() if location == "header" else slot.name
        values = self._source(location).get(name)
        if not values:
            return missing
        return list(values) if slot.is_list else values[0]

    def _source(self, location: Location) -> Mapping[str, Sequence[Any]]:
        if location not in self._sources:
            self._sources[location] = self._read_source(location)
        return self._sources[location]

    def _read_source(self, location: Location) -> Mapping[str, Sequence[Any]]:
        inputs = self._inputs
        if location == "query":
            return _by_name(inputs.query)
        if location == "form":
            return _by_name((name, _as_uploaded(name, v)) for name, v in inputs.form)
        if location == "header":
            return _by_name((name.lower(), v) for name, v in inputs.headers.items())
        if location == "cookie":
            return _by_name(inputs.cookies.items())
        return {}  # no prediction's address has a variable part

    def _find_in_json(self, slot: Slot) -> Any:
        if self._json is MISSING:
            self._json = _read_json(self._inputs)
        value = self._json.get(slot.name, missing)
        if value is missing or value is None:
            return value
        if slot.is_list and not isinstance(value, list):
            return [value]
        if slot.delimiter and isinstance(value, list):
            return slot.delimiter.join(map(str, value))
        return value


def _by_name(pairs: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _as_uploaded(name: str, value: str | Upload) -> str | UploadedFile:
    if isinstance(value, str):
        return value
    return UploadedFile(
        name=name,
        filename=value.path,
        content_type=value.content_type,
        original_filename=value.filename,
    )


def _read_json(inputs: Inputs) -> dict[str, Any]:
    """Return the body's JSON object; anything else counts as an empty one."""
    body = {} if inputs.json is MISSING else inputs.json
    if inputs.raw_json:
        body = _parse_json(inputs.raw_json)
    return body if isinstance(body, dict) else {}


def _parse_json(raw: bytes | memoryview) -> Any:
    # By the standard library, which takes NaN as 2.x did.
    try:
        return json.loads(str(raw, "utf-8"))
    except (ValueError, RecursionError) as error:
        raise MalformedBodyError(
            f"The body is not valid JSON: {error}",
            messages={"json": ["Invalid JSON body."]},
        ) from error
